import type { Texts } from "../language.js";

const nl = {
  title: "Inloggen",
  lead: "Log in om API-tokens, gebruikers en toegang te beheren.",
  withProvider: "Inloggen",
  withPassword: "Inloggen met een wachtwoord",
  emergency:
    "Voor beheerders met een wachtwoord, zoals wanneer de inlogdienst niet werkt. Elk gebruik wordt vastgelegd.",
  inEmergency: "Werkt de inlogdienst niet? Log in met een wachtwoord",
  again: "Typ uw wachtwoord nog eens. Zo weten we zeker dat u het bent.",
  username: "Gebruikersnaam",
  password: "Wachtwoord",
  signedOut: { title: "U bent uitgelogd", text: "U kunt dit venster sluiten, of opnieuw inloggen." },
  signedOutHere: "U bent hier uitgelogd",
  alsoAtProvider: "Nu ook uitloggen bij de inlogdienst",
  signedInAgain: {
    title: "U bent opnieuw ingelogd",
    text: "Ga terug naar het venster waar u bezig was, en verstuur het formulier opnieuw. Dit venster kunt u sluiten.",
  },
  tryAgain: "Opnieuw inloggen",
  tooMany: {
    title: "Te veel pogingen",
    text: "Vanaf uw adres is te vaak met een verkeerd wachtwoord of een verkeerde code geprobeerd in te loggen.",
    action: "Wacht een paar minuten en probeer het dan opnieuw.",
  },
  toCode: "Nog geen beheerder? Typ de eenmalige code van de server",
};

const en: typeof nl = {
  title: "Sign in",
  lead: "Sign in to look after API tokens, users and access.",
  withProvider: "Sign in",
  withPassword: "Sign in with a password",
  emergency:
    "For administrators with a password, such as while the sign-in service does not work. Each use is recorded.",
  inEmergency: "Does the sign-in service not work? Sign in with a password",
  again: "Type your password again. That way we know that it is you.",
  username: "Username",
  password: "Password",
  signedOut: { title: "You are signed out", text: "You can close this window, or sign in again." },
  signedOutHere: "You are signed out here",
  alsoAtProvider: "Now sign out at the sign-in service, too",
  signedInAgain: {
    title: "You signed in again",
    text: "Go back to the window that you were working in, and send the form again. You can close this window.",
  },
  tryAgain: "Sign in again",
  tooMany: {
    title: "Too many attempts",
    text: "From your address, there were too many attempts to sign in with a wrong password or a wrong code.",
    action: "Wait a few minutes, then try again.",
  },
  toCode: "No administrator yet? Type the one-time code of the server",
};

export const wayInTexts: Texts<typeof nl> = { nl, en };
