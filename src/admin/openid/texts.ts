import type { Texts } from "../language.js";

const nl = {
  trial: {
    title: "Inloggen uitgeprobeerd",
    works: "Deze persoon zou kunnen inloggen. Er is niets opgeslagen.",
    fails: "Deze persoon zou niet kunnen inloggen. Er is niets opgeslagen.",
    claims: "Wat de inlogvoorziening over deze persoon zegt",
  },
};

const en: typeof nl = {
  trial: {
    title: "Sign-in tried out",
    works: "This person could sign in. Nothing was saved.",
    fails: "This person could not sign in. Nothing was saved.",
    claims: "What the sign-in service says of this person",
  },
};

export const openidTexts: Texts<typeof nl> = { nl, en };
