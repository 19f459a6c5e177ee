import { invisibleCharacters } from "../users/names.js";

const everyInvisible = new RegExp(invisibleCharacters, "gu");

/** In what names that were meant to be the same may differ, and what takes that away. */
const forms = [
  ["invisible characters", (name: string) => name.replace(everyInvisible, "")],
  ["how letters are composed", (name: string) => name.normalize("NFC")],
  ["blanks", (name: string) => name.trim().replace(/\s+/g, " ")],
  ["case", (name: string) => name.toLowerCase()],
] as const;

/** A name that is there, and in what alone another one differs from it: such as `case`, or `blanks and case`. */
export interface NearName {
  readonly name: string;
  readonly difference: string;
}

/** Finds what a name that is not there was meant to be. */
export function createNearNames(names: Iterable<string>): (name: string) => NearName | undefined {
  const byForm = new Map<string, string>();
  for (const name of names) byForm.set(plain(name), byForm.get(plain(name)) ?? name);
  return (wanted) => {
    const name = byForm.get(plain(wanted));
    if (name === undefined) return undefined;
    // What can't be left out without the two being different again.
    const needed = forms.filter((form) => plain(wanted, form) !== plain(name, form)).map(([what]) => what);
    return { name, difference: needed.join(" and ") };
  };
}

function plain(name: string, without?: (typeof forms)[number]): string {
  return forms.filter((form) => form !== without).reduce((text, [, change]) => change(text), name);
}
