import type { Texts } from "../language.js";

const nl = {
  title: "Start",
  attention: "Wat aandacht vraagt",
  allWell: "Er is nu niets dat aandacht vraagt.",
  expiring: (count: number, days: number) =>
    `${count} ${count === 1 ? "API-token verloopt" : "API-tokens verlopen"} binnen ${days} dagen`,
  idle: (count: number, days: number) =>
    `${count} ${count === 1 ? "API-token is" : "API-tokens zijn"} al ${days} dagen niet gebruikt`,
  unused: (count: number) =>
    `${count} ${count === 1 ? "API-token werkt" : "API-tokens werken"} niet meer omdat ${count === 1 ? "het" : "ze"} te lang niet ${count === 1 ? "is" : "zijn"} gebruikt`,
  expired: (count: number) => `${count} ${count === 1 ? "API-token is" : "API-tokens zijn"} verlopen`,
  noEmergency:
    "Er is geen superuser met een wachtwoord. Als de inlogdienst uitvalt, kan niemand hier inloggen. Maak een noodaccount.",
  differences: "Bekijk wat hier anders is dan in de bestanden",
  tokens: "Uw API-tokens",
  noTokens: "U hebt geen API-tokens.",
  toTokens: (count: number) => `Bekijk uw API-tokens (${count})`,
  columns: { name: "Naam", expires: "Verloopt", used: "Laatst gebruikt" },
  you: "Uw account",
  rights: "Uw rechten",
  username: "Gebruikersnaam",
  superuser: "U bent superuser en mag alles.",
  noRights: "U hebt geen rechten.",
  provenAt: "U hebt laten zien wie u bent op",
  until: "Zonder nieuwe aanvraag wordt u uitgelogd op",
};

const en: typeof nl = {
  title: "Start",
  attention: "What needs attention",
  allWell: "Nothing needs attention right now.",
  expiring: (count, days) => `${count} API ${count === 1 ? "token expires" : "tokens expire"} within ${days} days`,
  idle: (count, days) => `${count} API ${count === 1 ? "token was" : "tokens were"} not used for ${days} days`,
  unused: (count) =>
    `${count} API ${count === 1 ? "token does" : "tokens do"} not work any more, since ${count === 1 ? "it was" : "they were"} not used for too long`,
  expired: (count) => `${count} API ${count === 1 ? "token has" : "tokens have"} expired`,
  noEmergency:
    "There is no superuser with a password. If the sign-in service fails, nobody can sign in here. Make an emergency account.",
  differences: "See what is different here from the files",
  tokens: "Your API tokens",
  noTokens: "You have no API tokens.",
  toTokens: (count) => `See your API tokens (${count})`,
  columns: { name: "Name", expires: "Expires", used: "Last used" },
  you: "Your account",
  rights: "Your rights",
  username: "Username",
  superuser: "You are a superuser and may do everything.",
  noRights: "You have no rights.",
  provenAt: "You proved who you are on",
  until: "Without another request, you will be signed out on",
};

export const homeTexts: Texts<typeof nl> = { nl, en };
