import type { ScalarNode, Source } from "./node.js";

/** A part of a file's text that is hidden, or cut off with all behind it. */
export interface Hidden {
  readonly start: number;
  readonly end: number;
}

/** What to hide of a file's text between two offsets of one line. */
export function hiddenParts(
  source: Source,
  from: number,
  to: number,
  shown: ReadonlySet<ScalarNode>,
): readonly Hidden[] {
  const line = source.text.slice(from, to);
  if (source.scalars === undefined) {
    const isWhole = from === 0 || source.text[from - 1] === "\n";
    return unparsed(line, from, isWhole ? (blockKey.exec(line)?.[0].length ?? 0) : 0);
  }
  const scalars = scalarsBetween(source.scalars, from, to);
  const isInShown = (offset: number) => scalars.some((node) => shown.has(node) && contains(node, offset));
  const hidden = scalars.filter((node) => !shown.has(node)).map(({ place: { start, end } }) => ({ start, end }));
  // Anchors, aliases and tags: `token: &abc` and `token: !abc` are easily secrets that should have been quoted.
  for (const { index, 0: match } of line.matchAll(/(?<=^|[\s[{,])[&*!][^\s,[\]{}]+/g)) {
    const start = from + index + 1;
    if (!isInShown(start)) hidden.push({ start, end: from + index + match.length });
  }
  return hidden.filter(({ start, end }) => end > start);
}

/** Where a comment starts on a line, as the offset of the space before it; `to` without one. */
export function commentStart(source: Source, from: number, to: number): number {
  const line = source.text.slice(from, to);
  const scalars = source.scalars === undefined ? [] : scalarsBetween(source.scalars, from, to);
  for (const { index } of line.matchAll(/(?<=^|\s)#/g)) {
    if (!scalars.some((node) => contains(node, from + index))) return from + line.slice(0, index).trimEnd().length;
  }
  return to;
}

function contains({ place: { start, end } }: ScalarNode, offset: number): boolean {
  return start <= offset && offset < end;
}

/** They don't overlap and are in file order. */
function scalarsBetween(scalars: readonly ScalarNode[], from: number, to: number): readonly ScalarNode[] {
  let low = 0;
  let high = scalars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((scalars[middle]?.place.end ?? 0) <= from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < scalars.length && (scalars[end]?.place.start ?? to) < to) end += 1;
  return scalars.slice(low, end);
}

const harmlessWords: ReadonlySet<string> = new Set(["value_from", "env", "file", "default", "required"]);

const blockKey = /^\s*(?:-\s+)*(?:(["']?)[\w.-]{1,60}\1\s*:(?=\s|$))?/;

/** Without nodes, nobody knows what is a value: every word behind the line's first key is hidden. */
function unparsed(line: string, from: number, prefix: number): readonly Hidden[] {
  return [...line.slice(prefix).matchAll(/(?:[^\s{}[\],:]|:(?!\s|$))+/g)]
    .filter(([word]) => !harmlessWords.has(word))
    .map(({ index, 0: word }) => ({ start: from + prefix + index, end: from + prefix + index + word.length }));
}
