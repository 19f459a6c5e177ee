import type { Texts } from "../language.js";

const nl = {
  affected: {
    title: "Dit stopt met werken",
    rotated: {
      title: "Hier is de nieuwe waarde nodig",
      item: (name: string) =>
        `Programma's die het token ${name} gebruiken. Zonder nieuwe waarde krijgen ze geen toegang meer.`,
    },
    item: (name: string) => `Programma's die het token ${name} gebruiken, krijgen geen toegang meer.`,
    used: "Laatst gebruikt:",
    never: "nog nooit",
    recent: "Let op: dit token is de afgelopen 24 uur nog gebruikt.",
    contact: "Contact:",
  },
  revoke: {
    title: (count: number, name: string) => (count === 1 ? `Token ${name} intrekken` : `${count} tokens intrekken`),
    text: "Intrekken kan niet ongedaan worden gemaakt. Alle waarden werken daarna nooit meer, ook eerdere.",
    reason: "Waarom trekt u in?",
    reasons: {
      leaked: "De waarde is uitgelekt",
      compromised: "Het programma of de computer is niet meer te vertrouwen",
      superseded: "Er is een ander token voor in de plaats",
      unused: "Niemand gebruikt het nog",
      other: "Iets anders",
    },
    noReason: "Kies een reden.",
    button: "Definitief intrekken",
    gone: "Een van de tokens is er niet meer. Ga terug naar de lijst en kies opnieuw.",
  },
  disable: {
    title: (name: string) => `Token ${name} uitschakelen`,
    text: "Het token werkt niet meer, tot iemand het weer inschakelt.",
    button: "Uitschakelen",
  },
  enable: {
    title: (name: string) => `Token ${name} inschakelen`,
    text: "Programma's die dit token hebben, krijgen weer toegang.",
    button: "Inschakelen",
  },
  rotate: {
    title: (name: string) => `Token ${name} een nieuwe waarde geven`,
    text: "U krijgt de nieuwe waarde één keer te zien. Zet die in alle programma's die dit token gebruiken.",
    overlap: "Hoe lang moet de oude waarde nog werken?",
    overlaps: {
      "0": "Niet: de oude waarde stopt meteen",
      "86400": "24 uur",
      "604800": "7 dagen",
    },
    until: (moment: string) => `tot ${moment}`,
    noOverlap: "Kies hoe lang de oude waarde nog werkt.",
    button: "Nieuwe waarde maken",
  },
  errors: {
    policy: "Volgens de regels voor tokens kan dit niet: het token moet eerst een andere einddatum krijgen.",
    notFound: "Dit token is er niet meer.",
    notAll:
      "Dit token mag alles wat zijn gebruiker mag. Alleen die gebruiker of een superuser kan het een nieuwe waarde geven.",
    failed: "Dit kan zo niet. Controleer wat u hebt ingevuld.",
  },
  created: {
    title: (name: string) => `Token ${name} is gemaakt`,
    rotatedTitle: (name: string) => `Token ${name} heeft een nieuwe waarde`,
    once: "Kopieer de waarde nu. U krijgt die maar één keer te zien: alleen een vingerafdruk ervan wordt bewaard.",
    value: "De waarde",
    use: "Zo gebruikt u het",
    header: "Zet deze header in elk verzoek aan de API. Vervang WAARDE door de waarde hierboven.",
    curl: "Of probeer het met curl. Zo komt de waarde niet in de geschiedenis van uw terminal:",
    expires: "Het token verloopt op",
    never: "Het token verloopt niet.",
    toToken: "Naar het token",
  },
};

const en: typeof nl = {
  affected: {
    title: "This will stop working",
    rotated: {
      title: "This needs the new value",
      item: (name) => `Programs that use the token ${name}. Without the new value, they get no access any more.`,
    },
    item: (name) => `Programs that use the token ${name} get no access any more.`,
    used: "Last used:",
    never: "never",
    recent: "Mind: this token was used in the last 24 hours.",
    contact: "Contact:",
  },
  revoke: {
    title: (count, name) => (count === 1 ? `Revoke the token ${name}` : `Revoke ${count} tokens`),
    text: "Revoking can't be undone. No value works afterwards, earlier ones included.",
    reason: "Why do you revoke?",
    reasons: {
      leaked: "The value leaked",
      compromised: "The program or the machine can't be trusted any more",
      superseded: "Another token replaces it",
      unused: "Nobody uses it any more",
      other: "Something else",
    },
    noReason: "Choose a reason.",
    button: "Revoke for good",
    gone: "One of the tokens is gone. Go back to the list and choose again.",
  },
  disable: {
    title: (name) => `Disable the token ${name}`,
    text: "The token does not work until someone enables it again.",
    button: "Disable",
  },
  enable: {
    title: (name) => `Enable the token ${name}`,
    text: "Programs that have this token get access again.",
    button: "Enable",
  },
  rotate: {
    title: (name) => `Give the token ${name} a new value`,
    text: "You will see the new value once. Put it into all programs that use this token.",
    overlap: "How long must the old value still work?",
    overlaps: {
      "0": "Not at all: the old value stops at once",
      "86400": "24 hours",
      "604800": "7 days",
    },
    until: (moment) => `until ${moment}`,
    noOverlap: "Choose how long the old value still works.",
    button: "Make a new value",
  },
  errors: {
    policy: "The rules for tokens do not allow this: the token must get another end date first.",
    notFound: "This token is gone.",
    notAll: "This token may everything that its user may. Only that user or a superuser can give it a new value.",
    failed: "This can't be done. Check what you filled in.",
  },
  created: {
    title: (name) => `The token ${name} was made`,
    rotatedTitle: (name) => `The token ${name} has a new value`,
    once: "Copy the value now. You see it only once: nothing but a fingerprint of it is stored.",
    value: "The value",
    use: "How to use it",
    header: "Put this header into each request to the API. Replace VALUE by the value above.",
    curl: "Or try it with curl. This keeps the value out of your terminal's history:",
    expires: "The token expires on",
    never: "The token does not expire.",
    toToken: "To the token",
  },
};

/** For what is done to tokens. */
export const changeTexts: Texts<typeof nl> = { nl, en };
