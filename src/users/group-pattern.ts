type Piece = { readonly kind: "star" } | { readonly kind: "one"; readonly fits: (character: string) => boolean };

/**
 * The names that a shell pattern fits, as Python's `fnmatchcase` has it: `*`, `?`, `[seq]` and `[!seq]`. The time it takes
 * grows with the product of both lengths at most, which a regular expression would not promise.
 */
export function compileGroupPattern(pattern: string): (name: string) => boolean {
  const pieces = parsePattern([...pattern]);
  return (name) => matches(pieces, [...name]);
}

function matches(pieces: readonly Piece[], characters: readonly string[]): boolean {
  let piece = 0;
  let at = 0;
  let star: { readonly piece: number; at: number } | undefined;
  while (at < characters.length) {
    const next = pieces[piece];
    if (next?.kind === "star") {
      star = { piece, at };
      piece += 1;
    } else if (next?.fits(characters[at] ?? "")) {
      piece += 1;
      at += 1;
    } else if (star) {
      // The last star takes one character more; an earlier one could give nothing better.
      star.at += 1;
      piece = star.piece + 1;
      at = star.at;
    } else {
      return false;
    }
  }
  return pieces.slice(piece).every(({ kind }) => kind === "star");
}

function parsePattern(pattern: readonly string[]): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? "";
    const close = character === "[" ? closingBracket(pattern, at) : -1;
    if (character === "*") pieces.push({ kind: "star" });
    else if (character === "?") pieces.push({ kind: "one", fits: () => true });
    else if (close !== -1) {
      pieces.push({ kind: "one", fits: parseSequence(pattern.slice(at + 1, close)) });
      at = close;
    } else pieces.push({ kind: "one", fits: (other) => other === character });
  }
  return pieces;
}

/** A bracket right at the start of a sequence belongs to it. -1 where none closes it: then the opening one is just that. */
function closingBracket(pattern: readonly string[], open: number): number {
  const first = pattern[open + 1] === "!" ? open + 2 : open + 1;
  return pattern.indexOf("]", first + 1);
}

function parseSequence(written: readonly string[]): (character: string) => boolean {
  const isNegated = written[0] === "!";
  const sequence = isNegated ? written.slice(1) : written;
  const ranges: (readonly [number, number])[] = [];
  for (let at = 0; at < sequence.length; at += 1) {
    const isRange = sequence[at + 1] === "-" && at + 2 < sequence.length;
    ranges.push([codeOf(sequence[at]), codeOf(sequence[isRange ? at + 2 : at])]);
    if (isRange) at += 2;
  }
  return (character) => {
    const code = codeOf(character);
    return ranges.some(([from, to]) => from <= code && code <= to) !== isNegated;
  };
}

function codeOf(character: string | undefined): number {
  return character?.codePointAt(0) ?? 0;
}
