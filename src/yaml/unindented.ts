import { CST, Lexer } from "yaml";

/** A file's text, of the same length, with the lines joined that YAML 1.2 finds too little indented. */
export interface Joined {
  readonly text: string;
  /** The contents of quoted texts that span such lines, by start offset; `text` has a harmless value there. */
  readonly quoted: ReadonlyMap<number, string>;
  /** The values that were joined into one line, in file order. */
  readonly values: readonly { readonly start: number; readonly end: number }[];
}

/** A range of the text that is replaced by another text of the same length. */
interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly quoted: readonly (readonly [start: number, value: string])[];
}

/**
 * Joins values in brackets or quotes into one line where their lines are indented less than their parent: PyYAML, for which
 * many files were written, ignores indentation there. Unclosed values stay as they are, as does everything from `limit` on.
 */
export function joinUnindented(text: string, limit = text.length): Joined {
  const quoted = new Map<number, string>();
  const values: Replacement[] = [];
  let joined = "";
  let from = 0;
  for (;;) {
    const start = firstUnfinished(text, from);
    const replacement = start === undefined || start >= limit ? undefined : joinValue(text, start);
    if (!replacement) return { text: joined + text.slice(from), quoted, values };
    values.push(replacement);
    for (const [at, value] of replacement.quoted) quoted.set(at, value);
    joined += text.slice(from, replacement.start) + replacement.text;
    from = replacement.end;
  }
}

/** Where the first bracket or quote opens that the package fails on, from an offset outside brackets on. */
function firstUnfinished(text: string, from: number): number | undefined {
  let offset = from;
  let depth = 0;
  let outermost = from;
  let isContent = false;
  for (const lexeme of new Lexer().lex(text.slice(from))) {
    if (lexeme === CST.FLOW_END) return outermost;
    if (lexeme === CST.DOCUMENT) continue;
    if (lexeme === CST.SCALAR) {
      isContent = true;
      continue;
    }
    if (!isContent) {
      const opens = lexeme === "[" || lexeme === "{";
      if (opens && depth === 0) outermost = offset;
      if (opens) depth += 1;
      if (lexeme === "]" || lexeme === "}") depth -= 1;
      const isOpen = /^["']/.test(lexeme) && quotedEnd(lexeme, 0) !== lexeme.length;
      if (isOpen) return depth > 0 ? outermost : offset;
    }
    isContent = false;
    offset += lexeme.length;
  }
  return undefined;
}

function joinValue(text: string, start: number): Replacement | undefined {
  return /["']/.test(text.charAt(start)) ? joinQuoted(text, start) : joinBrackets(text, start);
}

function joinQuoted(text: string, start: number): Replacement | undefined {
  const end = quotedEnd(text, start);
  if (end === undefined) return undefined;
  const source = text.slice(start, end);
  if (!source.includes("\n")) return { start, end, text: source, quoted: [] };
  const quote = source.charAt(0);
  const type = quote === '"' ? "double-quoted-scalar" : "single-quoted-scalar";
  let isSound = true;
  const { value } = CST.resolveAsScalar({ type, offset: start, indent: 0, source }, true, () => {
    isSound = false;
  });
  if (!isSound) return undefined;
  return { start, end, text: quote + "x".repeat(source.length - 2) + quote, quoted: [[start, value]] };
}

function joinBrackets(text: string, start: number): Replacement | undefined {
  const quoted: (readonly [number, string])[] = [];
  let joined = "";
  let depth = 0;
  // Whether a value may begin here: only there can a quote open.
  let isBetween = true;
  for (let at = start; at < text.length; ) {
    const character = text.charAt(at);
    const isBlank = /\s/.test(character);
    if (isBlank && !isBetween && isFolded(text, at)) return undefined;
    if (character === "\n" && isDocumentMarker(text, at + 1)) return undefined;
    if (character === "#" && /\s/.test(text.charAt(at - 1))) {
      const end = lineEnd(text, at);
      joined += " ".repeat(end - at);
      at = end;
    } else if (isBetween && /["']/.test(character)) {
      const value = joinQuoted(text, at);
      if (!value) return undefined;
      joined += value.text;
      for (const entry of value.quoted) quoted.push(entry);
      at = value.end;
      isBetween = text.charAt(at) === ":";
    } else {
      joined += isBlank ? " " : character;
      at += 1;
      if (/[[{]/.test(character)) depth += 1;
      if (/[\]}]/.test(character)) depth -= 1;
      if (depth === 0) return { start, end: at, text: joined, quoted };
      if (!isBlank) isBetween = /[[{,]/.test(character) || (character === ":" && /[\s[\]{},]/.test(text.charAt(at)));
    }
  }
  return undefined;
}

/** Whether an unquoted text continues on the next line. Joining its lines would change it, so it stays an error. */
function isFolded(text: string, at: number): boolean {
  const next = /[ \t]*\r?\n\s*(?:#.*\s+)*([^#\s])/y;
  next.lastIndex = at;
  const [, character = ","] = next.exec(text) ?? [];
  return !/[\]},:]/.test(character);
}

/** The offset after the closing quote; undefined where the document ends first. */
function quotedEnd(text: string, start: number): number | undefined {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\" && quote === '"') at += 1;
    else if (character === "\n" && isDocumentMarker(text, at + 1)) return undefined;
    else if (character === quote && quote === "'" && text.charAt(at + 1) === quote) at += 1;
    else if (character === quote) return at + 1;
  }
  return undefined;
}

function isDocumentMarker(text: string, at: number): boolean {
  return /^(?:---|\.\.\.)(?:\s|$)/.test(text.slice(at, at + 4));
}

/** The offset of a line's break, or of the text's end. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}
