import { placeholders } from "../secrets/placeholder.js";
import type { RawDiagnostic, SourceText } from "./node.js";

/**
 * Text written for another tool that is not valid YAML where it stands: `value_from` after a text, or a template. A
 * `statement` is a template on its own line.
 */
export interface Misplaced {
  readonly kind: "value_from" | "value" | "statement";
  readonly start: number;
  readonly end: number;
  /** The field that it is in, if any. */
  readonly field: string | undefined;
  /** A guess matches the pattern on a line without an error; in a block of text it is no mistake. */
  readonly guess: boolean;
}

// The start of a value in block style: indentation, dashes, and a key.
const blockPrefix = /^\s*(?:-\s+)*(?:(["']?)([\w.-]+)\1\s*:\s+)?/;
const valueFrom = /\bvalue_from\b["']?\s*:(?:\s|\{|$)/;
const textBefore = /(?<=[[{,]\s*|[:-]\s+)[^\s{}[\],](?:[^{}[\],:]|:(?!\s))*\{\s*["']?value_from\b/;

/** Longer lines are skipped: matching takes more than linear time. */
const maxLine = 10_000;

/** Such mistakes on the lines that have errors, and what looks just like them on other lines. `text` may have lines of `source` joined. */
export function findMisplaced(text: string, errorOffsets: readonly number[], source: SourceText): readonly Misplaced[] {
  const seen = new Set<number>();
  const found: Misplaced[] = [];
  const lookAt = (offset: number, find: (text: string, lineStart: number) => Misplaced | undefined) => {
    const start = offset - source.positionOf(offset).column + 1;
    if (seen.has(start)) return;
    seen.add(start);
    const mistake = lineEnd(text, start) - start > maxLine ? undefined : find(text, start);
    if (mistake) found.push(mistake);
  };
  for (const offset of errorOffsets) lookAt(offset, onLine);
  if (found.some(({ kind }) => kind === "value_from")) {
    for (const { index } of text.matchAll(/\bvalue_from\b/g)) lookAt(index, guessOnLine);
  }
  return found.sort((one, other) => one.start - other.start);
}

function guessOnLine(text: string, start: number): Misplaced | undefined {
  const value = blockValue(text, start);
  if (!valueFrom.test(value.text) || /^["'{[&*!|>#]/.test(value.text)) return undefined;
  return { ...value, kind: "value_from", guess: true };
}

function onLine(text: string, start: number): Misplaced | undefined {
  const line = text.slice(start, lineEnd(text, start));
  const value = blockValue(text, start);
  if (/\{\{|\{%/.test(line)) {
    const kind = value.field === undefined && /^\{[{%].*[%}]\}$/.test(value.text) ? "statement" : "value";
    return { ...value, kind, guess: false };
  }
  if (!valueFrom.test(line)) return onNextLine(text, value);
  // In brackets, the line holds more than this value.
  if (!/^[{[]/.test(value.text)) return { ...value, kind: "value_from", guess: false };
  const inner = textBefore.exec(line);
  if (inner) {
    const opening = line.indexOf("{", inner.index);
    const end = start + closing(line, opening);
    return { kind: "value_from", start: start + inner.index, end, field: undefined, guess: false };
  }
  const goesOn = /^\{\s*["']?value_from\b/.test(value.text) && closing(value.text, 0) < value.text.length;
  return goesOn ? { ...value, kind: "value_from", guess: false } : undefined;
}

/** A text that continues on the next line, which has `value_from`. */
function onNextLine(text: string, value: BlockValue): Misplaced | undefined {
  const next = lineEnd(text, value.start) + 1;
  const end = lineEnd(text, next);
  const startsText = value.text !== "" && !/^["'{[|>#]/.test(value.text);
  if (!startsText || !/^\s+\{\s*value_from\b/.test(text.slice(next, end))) return undefined;
  return { ...value, end, kind: "value_from", guess: false };
}

interface BlockValue {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly field: string | undefined;
}

/** The value after a line's key, without the comment. */
function blockValue(text: string, lineStart: number): BlockValue {
  const line = text.slice(lineStart, lineEnd(text, lineStart));
  const prefix = blockPrefix.exec(line);
  const start = prefix?.[0].length ?? 0;
  const value = line
    .slice(start)
    .replace(/\s+#.*$/, "")
    .trimEnd();
  return { text: value, start: lineStart + start, end: lineStart + start + value.length, field: prefix?.[2] };
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end === -1 ? text.length : end;
}

/** The offset after the brace that closes the one at `opening`; the line's end where none does. */
function closing(line: string, opening: number): number {
  let depth = 0;
  for (let index = opening; index < line.length; index += 1) {
    if (line[index] === "{") depth += 1;
    if (line[index] === "}") depth -= 1;
    if (depth === 0) return index + 1;
  }
  return line.length;
}

/** The text with the mistakes replaced by harmless values (or comments) of the same length, so that the rest can be parsed. */
export function blankOut(text: string, misplaced: readonly Misplaced[]): string {
  let blanked = "";
  let from = 0;
  for (const { kind, start, end } of misplaced) {
    blanked += text.slice(from, start) + text.slice(start, end).replace(/[^\s]/g, kind === "statement" ? "#" : "x");
    from = end;
  }
  return blanked + text.slice(from);
}

/** The diagnostic for one of them. */
export function describeMisplaced({ kind, field, start, end }: Misplaced, source: SourceText): RawDiagnostic {
  const range = source.range(start, end);
  if (kind !== "value_from") return { severity: "error", ...placeholders.template, range };
  const { code, message } = placeholders.value_from;
  const hint = `put the whole text in the variable and write ${field ?? "the field"}: {value_from: {env: NAME}}; if it is plain text, put it in quotes`;
  return { severity: "error", code, message, hint, range };
}
