import { escapeControls } from "../characters.js";
import type { Excerpt } from "../errors.js";
import { mask } from "../secrets/random-looking.js";
import { commentStart, hiddenParts } from "./mask.js";
import type { Place, ScalarNode, Source } from "./node.js";

const maxWidth = 120;
const contextBefore = 40;
/** How much of a line is looked at on either side of a place: some files are a single line. */
const reach = 400;

/** The line of a place with every value hidden but those `shown`, and no comment; undefined where nothing is left of it. */
export function quoteLine(source: Source, place: Place, shown: ReadonlySet<ScalarNode>): Excerpt | undefined {
  const { text } = source;
  const lineStart = place.start - place.position.column + 1;
  const lineBreak = text.indexOf("\n", place.start);
  const end = lineBreak === -1 ? text.length : lineBreak;
  const lineEnd = text[end - 1] === "\r" && end > lineStart ? end - 1 : end;
  const from = Math.max(lineStart, place.start - reach);
  const windowEnd = Math.min(lineEnd, place.start + reach);
  const to = commentStart(source, from, windowEnd);
  const { pieces, columnOf } = render(source, from, Math.max(from, to), shown);
  if (pieces.trim() === "") return undefined;
  const caret = columnOf(Math.max(place.start, from));
  const width = Math.max(1, columnOf(Math.min(place.end, windowEnd)) - caret);
  return cut(pieces, caret, width, from > lineStart, windowEnd < lineEnd);
}

function render(source: Source, from: number, to: number, shown: ReadonlySet<ScalarNode>) {
  // For each offset, the column (from 0) at which it is shown.
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

/** Cuts a line to what stands around its caret. */
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
