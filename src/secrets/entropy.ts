// What is typed without thinking; also looked for backwards.
const wellKnown = "0123456789 abcdefghijklmnopqrstuvwxyz qwertyuiop asdfghjkl zxcvbnm password secret token admin test";
const dictionary = `${wellKnown} ${[...wellKnown].reverse().join("")} `;
const shortestCopy = 3;

/**
 * An upper estimate, in bits, of what a guesser has to find out. Each character that can't be foretold counts as one of
 * the text's different characters; a piece that came before, or everybody knows, counts as one, however long it is.
 */
export function estimatedBits(text: string): number {
  const known = dictionary + text.toLowerCase();
  let guesses = 0;
  for (let at = dictionary.length; at < known.length; guesses += 1) {
    at += copiedLength(known, at) || 1;
  }
  return guesses * Math.log2(new Set(text).size || 1);
}

/** How many characters from `at` on repeat earlier ones; 0 when too few do. A copy may overlap itself, as in `aaaa`. */
function copiedLength(text: string, at: number): number {
  const start = text.slice(at, at + shortestCopy);
  if (start.length < shortestCopy) return 0;
  let longest = 0;
  for (let from = text.indexOf(start); from < at; from = text.indexOf(start, from + 1)) {
    let length = shortestCopy;
    while (at + length < text.length && text[from + length] === text[at + length]) length += 1;
    longest = Math.max(longest, length);
  }
  return longest;
}
