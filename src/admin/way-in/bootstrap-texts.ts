import type { Texts } from "../language.js";

const nl = {
  code: {
    title: "Eerste keer: typ de eenmalige code",
    lead: "Nog niemand kan hier als beheerder inloggen. Wie de server heeft gestart, ziet daar een eenmalige code. Met die code maakt u de eerste beheerder.",
    label: "Eenmalige code",
    hint: "Vier groepjes van vier letters en cijfers. De code werkt één keer, tot tien minuten na het starten van de server.",
    send: "Verder",
    wrong:
      "Deze code werkt niet: hij klopt niet, is te oud of is al gebruikt. Typ de code nog eens over, of start de server opnieuw voor een nieuwe code.",
    empty: "Typ de eenmalige code.",
  },
  over: {
    title: "Er is een beheerder: log nu in",
    text: "Er is nu iemand die als beheerder kan inloggen. De eenmalige code is daarmee niet meer nodig, en geldt niet meer.",
    action: "Log in als die beheerder.",
    signIn: "Inloggen",
  },
  home: {
    title: "Maak de eerste beheerder",
    lead: "Kies hoe de eerste beheerder straks inlogt.",
    password: "Met een naam en een wachtwoord",
    passwordText: "Dit kan meteen. Bewaar het wachtwoord goed: dit account werkt ook als de inlogdienst uitvalt.",
    openid: "Via de inlogdienst van uw organisatie",
    openidText:
      "Voeg bij OpenID Connect eerst een provider en een client toe, en probeer het inloggen uit. Geef daar een groep superuserrechten, en schakel de client in. Daarna logt u in via uw organisatie.",
    until: "Deze sessie eindigt uiterlijk op",
    toForm: "Beheerder met een wachtwoord maken",
    toOpenid: "Naar OpenID Connect",
  },
  form: {
    title: "Eerste beheerder maken",
    username: "Gebruikersnaam",
    email: "E-mailadres",
    way: "Hoe logt deze beheerder in?",
    ways: { password: "Met een wachtwoord", provider: "Via een inlogdienst" },
    password: "Wachtwoord",
    passwordHint: "Minstens 12 tekens. Een zin met een paar woorden is makkelijk te onthouden.",
    again: "Wachtwoord herhalen",
    provider: "Provider",
    subject: "Kenmerk van de persoon (sub)",
    subjectHint:
      "Hoe de inlogdienst deze persoon noemt in de claim sub. Laat dit leeg als de gebruikersnaam daar dezelfde is.",
    save: "Beheerder maken",
    noUsername: "Vul een gebruikersnaam in.",
    takenUsername: "Deze gebruikersnaam bestaat al. Kies een andere.",
    weakPassword: "Het wachtwoord is te kort of te bekend. Kies er een van minstens 12 tekens.",
    longPassword: "Het wachtwoord is te lang. Kies er een van hoogstens 1024 tekens.",
    otherPassword: "De twee wachtwoorden zijn niet gelijk. Typ ze nog eens.",
    noProvider: "Kies een provider.",
    closedProvider:
      "Via deze provider kan nog niemand inloggen. Schakel bij OpenID Connect eerst een client voor deze provider in.",
  },
};

const en: typeof nl = {
  code: {
    title: "First time: type the one-time code",
    lead: "Nobody can sign in here as an administrator yet. The person who started the server sees a one-time code there. With that code, you make the first administrator.",
    label: "One-time code",
    hint: "Four groups of four letters and digits. The code works once, until ten minutes after the server was started.",
    send: "Continue",
    wrong:
      "This code does not work: it is wrong, too old or was used before. Type it again, or restart the server for a new code.",
    empty: "Type the one-time code.",
  },
  over: {
    title: "There is an administrator: now sign in",
    text: "Someone can sign in as an administrator now. So the one-time code is no longer needed, and no longer valid.",
    action: "Sign in as that administrator.",
    signIn: "Sign in",
  },
  home: {
    title: "Make the first administrator",
    lead: "Choose how the first administrator will sign in.",
    password: "With a name and a password",
    passwordText:
      "This works at once. Keep the password safe: the account also works while the sign-in service is down.",
    openid: "Through the sign-in service of your organization",
    openidText:
      "First add a provider and a client at OpenID Connect, and try out the sign-in. Give a group superuser rights there, and enable the client. Then sign in through your organization.",
    until: "This session ends at the latest on",
    toForm: "Make an administrator with a password",
    toOpenid: "To OpenID Connect",
  },
  form: {
    title: "Make the first administrator",
    username: "Username",
    email: "E-mail address",
    way: "How does this administrator sign in?",
    ways: { password: "With a password", provider: "Through a sign-in service" },
    password: "Password",
    passwordHint: "At least 12 characters. A sentence of a few words is easy to remember.",
    again: "Repeat the password",
    provider: "Provider",
    subject: "The person's identifier (sub)",
    subjectHint:
      "What the sign-in service calls this person in the claim sub. Leave it empty if the username is the same there.",
    save: "Make the administrator",
    noUsername: "Fill in a username.",
    takenUsername: "This username exists already. Choose another one.",
    weakPassword: "The password is too short or too well known. Choose one of at least 12 characters.",
    longPassword: "The password is too long. Choose one of at most 1024 characters.",
    otherPassword: "The two passwords are not the same. Type them again.",
    noProvider: "Choose a provider.",
    closedProvider:
      "Nobody can sign in through this provider yet. First enable a client of this provider at OpenID Connect.",
  },
};

export const bootstrapTexts: Texts<typeof nl> = { nl, en };
