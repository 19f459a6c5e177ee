/** Invisible controls, and marks that reorder text: with them, one name can look like another. */
export const hiddenCharacters = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** All that leaves no mark of its own in a name: controls, joiners, fillers, selectors, and a blank that is no space. */
export const invisibleCharacters = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Why two names that look the same may be stored as two; undefined for a name that can't be taken for another so. */
export function nameFault(name: string): "control" | "invisible" | "blanks" | "composition" | undefined {
  if (hiddenCharacters.test(name)) return "control";
  if (invisibleCharacters.test(name)) return "invisible";
  if (name !== name.trim()) return "blanks";
  return name === name.normalize("NFC") ? undefined : "composition";
}
