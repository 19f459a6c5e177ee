import { longestUsername, nameFault } from "./names.js";

// Controls, invisible and direction-changing characters, separators of lines, halves of characters.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const lookalikes = new Map(
  [
    ["аеорсухіјѕԁһӏԛԝ", "aeopcyxijsdhlqw"],
    ["АВЕКМНОРСТУХІЈЅԚԜ", "ABEKMHOPCTYXIJSQW"],
    ["αιοκνρυγχ", "aioknpuyx"],
    ["ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"],
  ].flatMap(([foreign = "", latin = ""]) =>
    [...foreign].map((letter, index) => [letter, latin.charAt(index)] as const),
  ),
);

/** A username in the one form that it is stored in. */
export interface Username {
  /** NFKC, as the incumbent stores it. */
  readonly name: string;
  /** False where the name was written with characters that only NFKC takes for the usual ones. */
  readonly isPlain: boolean;
  /** The name in Latin letters where others only look like them; the name itself otherwise. */
  readonly skeleton: string;
}

/**
 * Takes a text of printable characters that is not too long, or a whole number, whose digits `mozilla-django-oidc-db` takes for a name as well;
 * undefined for anything else.
 */
export function readUsername(claim: unknown): Username | undefined {
  const text = Number.isSafeInteger(claim) ? String(claim) : claim;
  if (typeof text !== "string") return undefined;
  const name = text.normalize("NFKC");
  if (name === "" || name.length > longestUsername || nameFault(name) !== undefined || unprintable.test(text))
    return undefined;
  const skeleton = Array.from(name, (letter) => lookalikes.get(letter) ?? letter).join("");
  return { name, isPlain: text.normalize("NFC") === name, skeleton };
}

/** Whether a text can be stored and shown as it is. */
export function isPrintable(text: string): boolean {
  return !unprintable.test(text);
}
