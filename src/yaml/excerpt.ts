import { escapeControls } from "../characters.js";
import type { Diagnostic, Excerpt } from "../errors.js";
import { mask, maskName, maskRandom } from "../secrets/random-looking.js";
import type { Range, RawDiagnostic, ScalarNode, Source } from "./node.js";
import { valueFromKeys, valueSources } from "./value-sources.js";

/** The scalars that a quoted line may show: those that a schema has found harmless. */
export interface ShownScalars {
  readonly has: (node: ScalarNode) => boolean;
}

/**
 * Diagnostics with the source line of each, without duplicates: in the order of the sources, then of their lines; those without a
 * range come last. A quoted line hides every value but those `shown`. Text where a name
 * belongs may be a secret: where it looks random, it is masked in everything that is shown.
 */
export function quoteSource(
  diagnostics: readonly RawDiagnostic[],
  sources: readonly Source[],
  shown: ShownScalars,
): readonly Diagnostic[] {
  const order = new Map(sources.map(({ file }, index) => [file, index]));
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const rank = ({ range }: RawDiagnostic): number =>
    range ? (order.get(range.position.file) ?? sources.length) : Infinity;
  const sorted = [...diagnostics].sort((one, other) => {
    if (rank(one) !== rank(other)) return rank(one) < rank(other) ? -1 : 1;
    return (one.range?.start ?? 0) - (other.range?.start ?? 0);
  });
  const seen = new Set<string>();
  return sorted.flatMap(({ range, ...diagnostic }) => {
    const identity = JSON.stringify([diagnostic.code, range?.position.file, range?.start, diagnostic.message]);
    if (seen.has(identity)) return [];
    seen.add(identity);
    const source = range && byFile.get(range.position.file);
    const excerpt = source && quoteLine(source, range, shown);
    return [{ ...withoutSecrets(diagnostic), ...(range && { position: range.position }), ...(excerpt && { excerpt }) }];
  });
}

function withoutSecrets<Described extends Omit<RawDiagnostic, "range">>(reported: Described): Described {
  const { message, hint, path } = reported;
  return {
    ...reported,
    message: maskRandom(message),
    ...(hint !== undefined && { hint: maskRandom(hint) }),
    // A path holds nothing but keys and indexes.
    ...(path !== undefined && { path: path.split(".").map(maskName).join(".") }),
  };
}

/** The sources with more of their scalars hidden in quoted lines, in file order. */
export function hideScalars(sources: readonly Source[], more: readonly ScalarNode[]): readonly Source[] {
  if (more.length === 0) return sources;
  return sources.map((source) => {
    const own = more.filter((scalar) => scalar.source.file === source.file);
    if (source.scalars === undefined || own.length === 0) return source;
    // A key without a value is already among them.
    const byStart = new Map([...source.scalars, ...own].map((scalar) => [scalar.start, scalar]));
    return { ...source, scalars: [...byStart.values()].sort((one, other) => one.start - other.start) };
  });
}

const maxWidth = 120;
const contextBefore = 40;
/** How many characters of a line are read on either side of a range: some files are a single line. */
const reach = 400;

/** The line of a range without its comment and with every value hidden but those `shown`; undefined where nothing is left. */
function quoteLine(source: Source, range: Range, shown: ShownScalars): Excerpt | undefined {
  const { text } = source;
  const lineStart = range.start - range.position.column + 1;
  const lineBreak = text.indexOf("\n", range.start);
  const end = lineBreak === -1 ? text.length : lineBreak;
  const lineEnd = text[end - 1] === "\r" && end > lineStart ? end - 1 : end;
  const from = Math.max(lineStart, range.start - reach);
  const windowEnd = Math.min(lineEnd, range.start + reach);
  const to = commentStart(source, from, windowEnd);
  const { pieces, columnOf } = render(source, from, Math.max(from, to), shown);
  if (pieces.trim() === "") return undefined;
  const caret = columnOf(Math.max(range.start, from));
  const width = Math.max(1, columnOf(Math.min(range.end, windowEnd)) - caret);
  return cut(pieces, caret, width, from > lineStart, windowEnd < lineEnd);
}

/** All lines of a file with every value hidden but those `shown`, and what comments say. */
export function maskLines(source: Source, shown: ShownScalars): readonly string[] {
  let start = 0;
  return source.text.split("\n").map((whole) => {
    const from = start;
    start += whole.length + 1;
    const line = whole.replace(/\r$/, "");
    const to = commentStart(source, from, from + line.length);
    const { pieces } = render(source, from, to, shown);
    const [comment] = /^\s*#/.exec(line.slice(to - from)) ?? [];
    return comment === undefined ? pieces : `${pieces}${comment} ${mask}`;
  });
}

function render(source: Source, from: number, to: number, shown: ShownScalars) {
  // For each offset, the column (from 0) where it is shown.
  const columns: number[] = [];
  const hidden = [...hiddenParts(source, from, to, shown)].sort((one, other) => one.start - other.start);
  let pieces = "";
  let at = from;
  const show = (end: number) => {
    for (const character of source.text.slice(at, end)) {
      for (let unit = 0; unit < character.length; unit += 1) columns.push(pieces.length);
      pieces += escapeControls(character);
    }
    at = Math.max(at, end);
  };
  for (const { start, end } of hidden) {
    if (end <= at) continue;
    show(Math.max(at, start));
    for (; at < Math.min(end, to); at += 1) columns.push(pieces.length);
    pieces += mask;
  }
  show(to);
  columns.push(pieces.length);
  const columnOf = (offset: number) => columns[Math.min(offset - from, columns.length - 1)] ?? pieces.length;
  return { pieces, columnOf };
}

/** Cuts a line to the text around its caret. */
function cut(line: string, caret: number, width: number, cutBefore: boolean, cutAfter: boolean): Excerpt {
  const start = line.length <= maxWidth ? 0 : Math.max(0, Math.min(caret - contextBefore, line.length - maxWidth));
  const end = Math.min(line.length, start + maxWidth);
  const before = cutBefore || start > 0 ? "…" : "";
  const after = cutAfter || end < line.length ? "…" : "";
  const from = start + (start > 0 ? 1 : 0);
  const text = before + line.slice(from, end - (end < line.length ? 1 : 0)) + after;
  const caretColumn = caret - from + before.length + 1;
  return { text, caretColumn, caretWidth: Math.max(1, Math.min(width, text.length + 1 - caretColumn)) };
}

/** A range of a file's text that is hidden, or cut off with everything after it. */
interface Hidden {
  readonly start: number;
  readonly end: number;
}

/** What to hide of a file's text between two offsets on one line. */
function hiddenParts(source: Source, from: number, to: number, shown: ShownScalars): readonly Hidden[] {
  const line = source.text.slice(from, to);
  if (source.scalars === undefined) {
    const isWhole = from === 0 || source.text[from - 1] === "\n";
    return unparsed(line, from, isWhole ? (blockKey.exec(line)?.[0].length ?? 0) : 0);
  }
  const scalars = scalarsBetween(source.scalars, from, to);
  const isInShown = (offset: number) => scalars.some((node) => shown.has(node) && contains(node, offset));
  const hidden = scalars.filter((node) => !shown.has(node)).map(({ start, end }) => ({ start, end }));
  // Anchors, aliases and tags: `token: &abc` and `token: !abc` may well be secrets that should have been quoted.
  for (const { index, 0: match } of line.matchAll(/(?<=^|[\s[{,])[&*!][^\s,[\]{}]+/g)) {
    const start = from + index + 1;
    if (!isInShown(start)) hidden.push({ start, end: from + index + match.length });
  }
  return hidden.filter(({ start, end }) => end > start);
}

/** The offset of the space before a line's comment, or `to` without one. */
function commentStart(source: Source, from: number, to: number): number {
  const line = source.text.slice(from, to);
  const scalars = source.scalars === undefined ? [] : scalarsBetween(source.scalars, from, to);
  for (const { index } of line.matchAll(/(?<=^|\s)#/g)) {
    if (!scalars.some((node) => contains(node, from + index))) return from + line.slice(0, index).trimEnd().length;
  }
  return to;
}

function contains({ start, end }: ScalarNode, offset: number): boolean {
  return start <= offset && offset < end;
}

/** They don't overlap and are in file order. */
function scalarsBetween(scalars: readonly ScalarNode[], from: number, to: number): readonly ScalarNode[] {
  let low = 0;
  let high = scalars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((scalars[middle]?.end ?? 0) <= from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < scalars.length && (scalars[end]?.start ?? to) < to) end += 1;
  return scalars.slice(low, end);
}

const harmlessWords: ReadonlySet<string> = new Set(["value_from", ...valueFromKeys(valueSources)]);

const blockKey = /^\s*(?:-\s+)*(?:(["']?)[\w.-]{1,60}\1\s*:(?=\s|$))?/;

/** Without nodes, values are unknown: every word after the line's first key is hidden. */
function unparsed(line: string, from: number, prefix: number): readonly Hidden[] {
  return [...line.slice(prefix).matchAll(/(?:[^\s{}[\],:]|:(?!\s|$))+/g)]
    .filter(([word]) => !harmlessWords.has(word))
    .map(({ index, 0: word }) => ({ start: from + prefix + index, end: from + prefix + index + word.length }));
}
