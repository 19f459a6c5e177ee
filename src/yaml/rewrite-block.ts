import { isMap, isScalar, isSeq, type Pair } from "yaml";
import { assertNever } from "../errors.js";
import {
  contentEnd,
  flowText,
  movedFields,
  nodeEnd,
  ownPair,
  pairOf,
  type Rewrite,
  RewriteObstacle,
  type RewriteTarget,
  shared,
  spanOf,
  type TextEdit,
  type WrittenField,
} from "./rewrite-parts.js";

/** How deep a mapping stands in another one where the file shows no habit. */
const indent = 2;

/** The edits of an entry that is written over several lines. */
export function rewriteBlock(target: RewriteTarget, { fields, other }: Rewrite): readonly TextEdit[] {
  const { entry, lineBreak } = target;
  const leaving = new Set(
    [...movedFields(fields), ...movedFields(other?.fields ?? [])].map((name) => ownPair(entry, name)),
  );
  const pieces = piecesOf(target);
  const first = pieces.findIndex(({ pair }) => leaving.has(pair));
  const [begin, last] = [pieces[0], pieces.at(-1)];
  if (!begin || !last) return [];
  const lines = pieces.flatMap((piece, index) => [
    ...piece.apart,
    ...(index === first ? renderBlock(target, fields, columnOf(target, begin.pair)) : []),
    ...(leaving.has(piece.pair) ? [] : [...piece.lead, ...piece.lines]),
  ]);
  // The first line follows the dash.
  const text = lines.join(lineBreak).replace(/^ +/, "");
  const edit = { start: spanOf(begin.pair.key)[0], end: last.end, text };
  return [edit, ...(other ? [otherEntryEdit(target, other)] : [])];
}

/** A field of the entry, and the lines between it and the field before. */
interface Piece {
  readonly pair: Pair;
  /** Comments and empty lines that stay where they are. */
  readonly apart: readonly string[];
  /** The comments right above the field. */
  readonly lead: readonly string[];
  /** From the indentation of its key to the end of its last line, and deeper comments that follow. */
  readonly lines: readonly string[];
  /** The offset of that end, without those comments. */
  readonly end: number;
}

function piecesOf({ text, entry }: Pick<RewriteTarget, "text" | "entry">): readonly Piece[] {
  const pairs: readonly Pair[] = entry.items;
  const column = columnOf({ text }, pairs[0]);
  let gap: readonly string[] = [];
  return pairs.map((pair, index) => {
    if (!isScalar(pair.key) || columnOf({ text }, pair) !== column) {
      const hint = "write each field as `name: value` on its own line, and run upgrade again";
      throw new RewriteObstacle("the fields of this entry are written in an unusual way", hint);
    }
    const [start, content] = [spanOf(pair.key)[0], contentEnd(pair)];
    // A block text includes its last line break.
    const end = endOfLine(text, text[content - 1] === "\n" ? content - 1 : content);
    const next = pairs[index + 1];
    const between = next && text.slice(end, spanOf(next.key)[0]);
    const after = between === undefined ? [] : linesOf(between).slice(1, -1);
    const isDeeper = (line: string) => /^ *#/.test(line) && widthOf(line) > column;
    const own = after.findIndex((line) => !isDeeper(line));
    const tail = after.slice(0, own === -1 ? after.length : own);
    const begin = gap.findLastIndex((line) => !/^ *#/.test(line)) + 1;
    const [apart, lead] = [gap.slice(0, begin), gap.slice(begin)];
    gap = after.slice(tail.length);
    const lines = [...linesOf(" ".repeat(column) + text.slice(start, end)), ...tail];
    return { pair, apart, lead, lines, end };
  });
}

/** Fields as lines with this indentation. */
function renderBlock(target: RewriteTarget, fields: readonly WrittenField[], column: number): readonly string[] {
  const pad = " ".repeat(column);
  return fields.flatMap(({ name, content }): readonly string[] => {
    switch (content.kind) {
      case "text":
        return [`${pad}${name}: ${content.text}`];
      case "mapping":
        return [`${pad}${name}:`, ...renderBlock(target, content.fields, column + indent)];
      case "copied":
        return [`${pad}${name}: ${flowText(target, [{ name, content }]).slice(name.length + 2)}`];
      case "moved":
        return renderMoved(target, name, content, column);
      default:
        return assertNever(content);
    }
  });
}

function renderMoved(
  target: RewriteTarget,
  name: string,
  { from, more = [] }: { readonly from: string; readonly more?: readonly WrittenField[] },
  column: number,
): readonly string[] {
  const pad = " ".repeat(column);
  if (target.entry.flow) {
    const content = { kind: "moved", from, more } as const;
    return linesOf(pad + flowText(target, [{ name, content }]));
  }
  const piece = piecesOf(target).find(({ pair }) => pair === ownPair(target.entry, from));
  if (!piece) throw shared(from);
  const { key, value } = piece.pair;
  const [keyStart, keyEnd] = spanOf(key);
  const [head = "", ...rest] = piece.lines;
  const shift = column - columnOf(target, piece.pair);
  const afterKey = head.slice(columnOf(target, piece.pair) + keyEnd - keyStart);
  const shifted = (lines: readonly string[]) => lines.map((line) => shiftLine(line, shift));
  if (more.length === 0) return [...shifted(piece.lead), `${pad}${name}${afterKey}`, ...shifted(rest)];
  if (isMap(value) && !value.flow) {
    const inner = columnOf(target, value.items[0]) + shift;
    return [...shifted(piece.lead), `${pad}${name}${afterKey}`, ...renderBlock(target, more, inner), ...shifted(rest)];
  }
  const [valueStart, valueEnd] = spanOf(value);
  const text = target.text.slice(valueStart, valueEnd);
  if (!isMap(value) || value.anchor !== undefined || text.includes("#")) throw notMerged(from);
  const own = (value.items as readonly Pair[]).map((pair) => {
    const [start] = spanOf(pair.key);
    return `${pad}${" ".repeat(indent)}${target.text.slice(start, contentEnd(pair))}`;
  });
  const comment = target.text.slice(valueEnd, piece.end);
  const inside = [...renderBlock(target, more, column + indent), ...own];
  return [...shifted(piece.lead), `${pad}${name}:${comment}`, ...inside];
}

function notMerged(name: string): RewriteObstacle {
  const hint = "write its fields over several lines, without an anchor, and run upgrade again";
  return new RewriteObstacle(`\`${name}\` can't get the fields that belong into it today`, hint, name);
}

/** Adds the entry to its list, which is made before the list of the rewritten one where there is none. */
export function otherEntryEdit(target: RewriteTarget, other: NonNullable<Rewrite["other"]>): TextEdit {
  const { text, namespace, list, entries, entry, lineBreak } = target;
  const existing = pairOf(namespace, other.list);
  const listColumn = columnOf(target, list);
  // As the file writes the list that it has.
  const isBlock = !entries.flow && !entry.flow;
  const dash = isBlock ? columnOf(target, entries) - listColumn : indent;
  const field = isBlock ? columnOf(target, entry) - columnOf(target, entries) : indent;
  const entryLines = (at: number) => {
    const [head = "", ...rest] = renderBlock(target, other.fields, at + field);
    return [`${" ".repeat(at)}-${head.trimStart().padStart(head.trimStart().length + field - 1)}`, ...rest];
  };
  if (namespace.flow) {
    const written = `{${flowText(target, other.fields)}}`;
    if (existing === undefined) {
      const [start] = spanOf(list.key);
      return { start, end: start, text: `${other.list}: [${written}], ` };
    }
    return appendFlow(existing, written, other.list);
  }
  if (existing === undefined) {
    const start = aboveComments(text, spanOf(list.key)[0] - listColumn);
    const lines = [`${" ".repeat(listColumn)}${other.list}:`, ...entryLines(listColumn + dash), ""];
    return { start, end: start, text: lines.join(lineBreak) };
  }
  const { value } = existing;
  if (!isSeq(value)) throw shared(other.list);
  if (!value.flow) {
    const content = nodeEnd(value);
    const end = endOfLine(text, text[content - 1] === "\n" ? content - 1 : content);
    return { start: end, end, text: lineBreak + entryLines(columnOf(target, value)).join(lineBreak) };
  }
  if (value.items.length > 0) return appendFlow(existing, `{${flowText(target, other.fields)}}`, other.list);
  const [start, end] = spanOf(value);
  const after = text.slice(end, endOfLine(text, end));
  const lines = ["", ...entryLines(columnOf(target, existing) + dash)].join(lineBreak);
  return { start: text.slice(0, start).trimEnd().length, end: end + after.length, text: after + lines };
}

function appendFlow({ value }: Pair, written: string, name: string): TextEdit {
  if (!isSeq(value) || !value.flow) throw shared(name);
  const last = value.items.at(-1);
  const at = last === undefined ? spanOf(value)[0] + 1 : nodeEnd(last);
  return { start: at, end: at, text: last === undefined ? written : `, ${written}` };
}

/** The start of the comments right above a line. */
function aboveComments(text: string, line: number): number {
  const previous = text.lastIndexOf("\n", line - 2) + 1;
  return line > 0 && /^ *#/.test(text.slice(previous, line)) ? aboveComments(text, previous) : line;
}

/** The column, from 0, at which a node or a pair starts. */
function columnOf({ text }: Pick<RewriteTarget, "text">, node: unknown): number {
  const isPair = typeof node === "object" && node !== null && "key" in node;
  const [start] = spanOf(isPair ? node.key : node);
  return start - (text.lastIndexOf("\n", start - 1) + 1);
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  if (end === -1) return text.length;
  return text[end - 1] === "\r" ? end - 1 : end;
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/);
}

function widthOf(line: string): number {
  return line.length - line.trimStart().length;
}

function shiftLine(line: string, by: number): string {
  if (line === "") return line;
  return by >= 0 ? " ".repeat(by) + line : line.slice(Math.min(-by, widthOf(line)));
}
