/** Invisible controls, and marks that reorder text: with them, one name can look like another. */
export const hiddenCharacters = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
