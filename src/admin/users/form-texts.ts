import type { Texts } from "../language.js";

const userFormNl = {
  newTitle: "Nieuwe gebruiker",
  editTitle: (name: string) => `${name} wijzigen`,
  create: "Gebruiker maken",
  username: "Gebruikersnaam",
  usernameHint: "De naam om mee in te loggen. U kunt deze later niet wijzigen.",
  firstName: "Voornaam",
  lastName: "Achternaam",
  email: "E-mailadres",
  isStaff: "Mag inloggen op deze beheerpagina's (staff)",
  isStaffHint: "Wat iemand hier kan doen, hangt af van de rechten.",
  isSuperuser: "Superuser: mag alles",
  isSuperuserHint: "Geef dit alleen aan wie alles moet kunnen beheren.",
  ways: {
    title: "Hoe logt deze gebruiker in?",
    none: "Niet, of via de inlogdienst met dezelfde gebruikersnaam",
    noneHint: "Zo kan iemand zonder superuser en staff ook via de inlogdienst binnenkomen.",
    provider: "Via de inlogdienst",
    password: "Met een wachtwoord, voor noodgevallen",
  },
  noProvider: "niemand in het bijzonder",
  signIn: "Inlogdienst",
  signInHint: "Wie bij deze inlogdienst inlogt, kan deze gebruiker worden.",
  subject: "Kenmerk bij de inlogdienst (sub)",
  subjectHint: "Leeg: wie daar dezelfde gebruikersnaam heeft.",
  password: "Wachtwoord",
  passwordHint: "Minstens 8 tekens. Het wordt daarna nooit meer getoond.",
  permissions: "Eigen rechten",
  rights: "Rechten",
  ownAlone: "U kunt alleen rechten geven die u zelf hebt.",
  permissionsHint: "De rechten van groepen komen daarbij.",
  nothingToGive: "U hebt zelf geen rechten die u kunt geven.",
  findPermission: "Zoek een recht",
  kept: "Deze rechten hebt u zelf niet. Ze blijven zoals ze zijn:",
  otherPermissions: "Andere rechten",
  otherPermissionsHint: "Rechten die nog nergens voorkomen, elk op een eigen regel. Bijvoorbeeld taken.view_taak.",
  passwordMissing: "Vul een wachtwoord in, of kies een andere manier om in te loggen.",
  providerMissing: "Kies een inlogdienst, of een andere manier om in te loggen.",
  taken: "Er is al een gebruiker met deze naam.",
  conflict: {
    title: "Iemand anders heeft dit intussen gewijzigd",
    text: "Er is nog niets opgeslagen. Hieronder staat wat u invulde. Vergelijk het met wat er nu staat. Verstuur het formulier daarna opnieuw om uw versie op te slaan.",
    caption: "Verschillen",
    field: "Veld",
    stored: "Nu opgeslagen",
    typed: "Door u ingevuld",
    groups:
      "Iemand anders heeft deze gebruiker intussen gewijzigd. Hieronder staan de groepen van nu. Verstuur het formulier opnieuw als u uw wijziging nog wilt.",
    same: "Wat u invulde, is gelijk aan wat nu is opgeslagen.",
  },
};

const userFormEn: typeof userFormNl = {
  newTitle: "New user",
  editTitle: (name) => `Change ${name}`,
  create: "Make the user",
  username: "Username",
  usernameHint: "The name to sign in with. You can't change it later.",
  firstName: "First name",
  lastName: "Last name",
  email: "E-mail address",
  isStaff: "May sign in to these admin pages (staff)",
  isStaffHint: "What someone can do here depends on their rights.",
  isSuperuser: "Superuser: may do everything",
  isSuperuserHint: "Give this only to those who must be able to look after everything.",
  ways: {
    title: "How does this user sign in?",
    none: "Not at all, or through the sign-in service with the same username",
    noneHint: "This way, someone who is neither a superuser nor staff can come in through the sign-in service as well.",
    provider: "Through the sign-in service",
    password: "With a password, for emergencies",
  },
  noProvider: "nobody in particular",
  signIn: "Sign-in service",
  signInHint: "Who signs in at this service can become this user.",
  subject: "Identity at the sign-in service (sub)",
  subjectHint: "Empty: who has the same username there.",
  password: "Password",
  passwordHint: "At least 8 characters. It is never shown again.",
  permissions: "Own rights",
  rights: "Rights",
  ownAlone: "You can only give rights that you have yourself.",
  permissionsHint: "The rights of groups come on top.",
  nothingToGive: "You have no rights yourself that you can give.",
  findPermission: "Find a right",
  kept: "You do not have these rights yourself. They stay as they are:",
  otherPermissions: "Other rights",
  otherPermissionsHint: "Rights that nothing has yet, each on its own line. Such as taken.view_taak.",
  passwordMissing: "Fill in a password, or choose another way to sign in.",
  providerMissing: "Choose a sign-in service, or another way to sign in.",
  taken: "There is a user with this name already.",
  conflict: {
    title: "Someone else has changed this in the meantime",
    text: "Nothing was saved yet. What you filled in is below. Compare it with what is stored now. Then send the form again to save your version.",
    caption: "Differences",
    field: "Field",
    stored: "Stored now",
    typed: "Filled in by you",
    groups:
      "Someone else has changed this user in the meantime. The groups of now are below. Send the form again if you still want your change.",
    same: "What you filled in is the same as what is stored now.",
  },
};

export const userFormTexts: Texts<typeof userFormNl> = { nl: userFormNl, en: userFormEn };

const confirmNl = {
  actions: {
    deactivate: {
      title: (name: string) => `${name} deactiveren`,
      text: "Deze gebruiker kan dan niet meer inloggen, en de API-tokens van de gebruiker werken niet meer. Dat blijft zo tot iemand de gebruiker weer activeert.",
      button: "Deactiveren",
      isDangerous: true,
    },
    activate: {
      title: (name: string) => `${name} activeren`,
      text: "Deze gebruiker kan dan weer inloggen, en de API-tokens van de gebruiker werken weer.",
      button: "Activeren",
      isDangerous: false,
    },
    "end-sessions": {
      title: (name: string) => `Sessies van ${name} beëindigen`,
      text: "Deze gebruiker wordt overal uitgelogd, maar kan daarna weer inloggen.",
      button: "Sessies beëindigen",
      isDangerous: true,
    },
    unlink: {
      title: (name: string) => `Koppeling van ${name} verbreken`,
      text: "De identiteit bij de inlogdienst hoort dan niet meer bij deze gebruiker. De groepen en rechten die van de inlogdienst komen, vervallen. Bij een volgende keer inloggen kan opnieuw een koppeling ontstaan.",
      button: "Koppeling verbreken",
      isDangerous: true,
    },
    delete: {
      title: (name: string) => `${name} verwijderen`,
      text: "De gebruiker wordt verwijderd, met alle groepen en rechten. Dit kunt u niet ongedaan maken. Deactiveren kan ook: dan blijft de gebruiker bestaan.",
      button: "Verwijderen",
      isDangerous: true,
    },
  },
  tokens: (count: number) => (count === 1 ? "Dit API-token stopt" : `Deze ${count} API-tokens stoppen`),
  noTokens: "Deze gebruiker heeft geen API-tokens die werken.",
  lastUse: "Laatst gebruikt:",
  sessions: (count: number) => (count === 1 ? "Deze sessie eindigt" : `Deze ${count} sessies eindigen`),
  noSessions: "Deze gebruiker is nu nergens ingelogd.",
  errors: {
    USER_INACTIVE:
      "Deze gebruiker is niet actief volgens een bestand of de inlogdienst. Pas dat daar aan; hier activeren helpt niet.",
    USER_OF_PROVIDER:
      "Deze gebruiker logt in via een inlogdienst, of is een superuser die dat mag. Een wachtwoord geldt dan niet.",
    RESOURCE_IN_USE: "Er zijn nog API-tokens van deze gebruiker. Verwijder die eerst, of deactiveer de gebruiker.",
    PROTECTED: "Dit is beschermd tegen verwijderen, zolang een bestand dat zegt.",
  } as Readonly<Record<string, string>>,
};

const confirmEn: typeof confirmNl = {
  actions: {
    deactivate: {
      title: (name) => `Deactivate ${name}`,
      text: "Then this user can't sign in any more, and the user's API tokens stop working. That stays so until someone activates the user again.",
      button: "Deactivate",
      isDangerous: true,
    },
    activate: {
      title: (name) => `Activate ${name}`,
      text: "Then this user can sign in again, and the user's API tokens work again.",
      button: "Activate",
      isDangerous: false,
    },
    "end-sessions": {
      title: (name) => `End the sessions of ${name}`,
      text: "This user is signed out everywhere, and can sign in again afterwards.",
      button: "End sessions",
      isDangerous: true,
    },
    unlink: {
      title: (name) => `Unlink ${name}`,
      text: "Then the identity at the sign-in service no longer belongs to this user. The groups and rights that come from the sign-in service go. The next sign-in may link an identity again.",
      button: "Unlink",
      isDangerous: true,
    },
    delete: {
      title: (name) => `Delete ${name}`,
      text: "The user is deleted, with all its groups and rights. You can't undo this. You can deactivate the user instead, which keeps it.",
      button: "Delete",
      isDangerous: true,
    },
  },
  tokens: (count) => (count === 1 ? "This API token stops working" : `These ${count} API tokens stop working`),
  noTokens: "This user has no API tokens that work.",
  lastUse: "Last used:",
  sessions: (count) => (count === 1 ? "This session ends" : `These ${count} sessions end`),
  noSessions: "This user is signed in nowhere right now.",
  errors: {
    USER_INACTIVE:
      "This user is inactive because of a file or the sign-in service. Change it there; activating it here does not help.",
    USER_OF_PROVIDER:
      "This user signs in through a sign-in service, or is a superuser who may do so. A password would not be accepted.",
    RESOURCE_IN_USE: "There are API tokens of this user. Delete them first, or deactivate the user.",
    PROTECTED: "This is protected from being deleted, as long as a file says so.",
  },
};

export const confirmTexts: Texts<typeof confirmNl> = { nl: confirmNl, en: confirmEn };

const passwordNl = {
  title: (name: string) => `Wachtwoord van ${name} instellen`,
  text: "De sessies van deze gebruiker eindigen. Geef het wachtwoord zelf door, en vraag om het meteen te wijzigen.",
  button: "Wachtwoord instellen",
  missing: "Vul een wachtwoord in.",
  account: {
    title: "Uw account",
    sessions: "Uw sessies",
    sessionsText: "Ziet u hier iets dat u niet kent? Beëindig dan alle sessies en wijzig uw wachtwoord.",
    end: "Alle sessies beëindigen",
    endText: "U wordt overal uitgelogd, ook hier.",
    password: "Uw wachtwoord wijzigen",
    passwordText: "Daarna wordt u overal uitgelogd, en logt u in met het nieuwe wachtwoord.",
    noPassword: "U logt in via de inlogdienst. Wijzig uw wachtwoord daar.",
    current: "Uw huidige wachtwoord",
    new: "Uw nieuwe wachtwoord",
    wrong: "Dit is niet uw huidige wachtwoord.",
    tooMany: "U hebt dit te vaak geprobeerd. Wacht 5 minuten en probeer het dan nog eens.",
    change: "Wachtwoord wijzigen",
  },
};

const passwordEn: typeof passwordNl = {
  title: (name) => `Set the password of ${name}`,
  text: "The sessions of this user end. Tell the password yourself, and ask to change it at once.",
  button: "Set password",
  missing: "Fill in a password.",
  account: {
    title: "Your account",
    sessions: "Your sessions",
    sessionsText: "Do you see something here that you do not know? Then end all sessions, and change your password.",
    end: "End all sessions",
    endText: "You are signed out everywhere, also here.",
    password: "Change your password",
    passwordText: "Afterwards, you are signed out everywhere, and sign in with the new password.",
    noPassword: "You sign in through the sign-in service. Change your password there.",
    current: "Your current password",
    new: "Your new password",
    wrong: "This is not your current password.",
    tooMany: "You tried this too often. Wait 5 minutes, then try again.",
    change: "Change password",
  },
};

export const passwordTexts: Texts<typeof passwordNl> = { nl: passwordNl, en: passwordEn };
