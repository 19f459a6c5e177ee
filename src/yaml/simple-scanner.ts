import { ScalarNode, type SourceText } from "./node.js";

const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
const doubleQuote = 34;
const hash = 35;
const singleQuote = 39;
export const comma = 44;
export const ampersand = 38;
export const asterisk = 42;
const dash = 45;
const dot = 46;
const colon = 58;
export const openBracket = 91;
const backslash = 92;
export const closeBracket = 93;
export const openBrace = 123;
export const bar = 124;
export const closeBrace = 125;

/** ASCII characters that an unquoted scalar can begin with. A dash can too, before one of the second set. */
const plainStart = asciiTable(/[\w./$()+;<=^~\\]/);
const afterDash = asciiTable(/[\w.]/);

function asciiTable(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/** The full parser refuses keys that are hardly longer. */
const maxKey = 1000;

const keyCacheSize = 1024;

/**
 * Scans a text in the simple form, in which every scalar stands on one line. What it does not know for sure it gives up, by
 * returning false. The text has no carriage return but in line breaks.
 */
export class SimpleScanner {
  readonly source: SourceText;
  /** The offset of what is read next. */
  at = 0;
  /** The column, from 0, of the current line's content; -1 at the end of the text. */
  indent = -1;
  /** The scalar or key that was scanned last, as fields: an object for each would be most of the work. */
  content = "";
  start = 0;
  end = 0;
  isPlain = false;
  /** Whether it is a key: its colon has been scanned too. */
  isKey = false;
  /** Where the last part that was read ends. */
  lastEnd = 0;
  #lineStart = 0;
  readonly #text: string;
  readonly #length: number;
  /** The same few keys return in every entry of a list. */
  readonly #keys: (string | undefined)[] = new Array(keyCacheSize).fill(undefined);

  constructor(source: SourceText) {
    this.source = source;
    this.#text = source.text;
    this.#length = source.text.length;
  }

  /** Moves from a line's end to the next line with content, past blank lines and comments. */
  nextLine(): void {
    let at = this.at;
    while (at < this.#length) {
      const lineStart = at;
      while (this.#code(at) === space) at += 1;
      if (this.#code(at) === hash) at = this.#lineEnd(at);
      if (at < this.#length && !this.#isBreak(at)) {
        this.#lineStart = lineStart;
        this.indent = at - lineStart;
        this.at = at;
        return;
      }
      at += this.#code(at) === carriageReturn ? 2 : 1;
    }
    this.at = this.#length;
    this.indent = -1;
  }

  /** Moves over spaces. Returns whether nothing but a comment is left of the line. */
  skipToLineEnd(): boolean {
    while (this.#code(this.at) === space) this.at += 1;
    return this.#isBreak(this.at) || (this.#code(this.at) === hash && this.#text.charCodeAt(this.at - 1) === space);
  }

  /** Moves over spaces and line breaks in brackets. Returns whether it got to content, in a column beyond `column`. */
  skipBlank(column: number): boolean {
    let isSameLine = true;
    for (; this.at < this.#length; this.at += 1) {
      const code = this.#text.charCodeAt(this.at);
      if (code === lineFeed) {
        isSameLine = false;
        this.#lineStart = this.at + 1;
      } else if (code !== space && code !== carriageReturn) {
        return isSameLine || (this.column > column && !this.startsWith("..."));
      }
    }
    return false;
  }

  get isAtEnd(): boolean {
    return this.indent === -1;
  }

  /** The character that is read next; a line break at the end of the text. */
  get code(): number {
    return this.#code(this.at);
  }

  /** The column, from 0, of what is read next. */
  get column(): number {
    return this.at - this.#lineStart;
  }

  /** Whether an entry of a list starts here. */
  get isAtDash(): boolean {
    return this.#code(this.at) === dash && this.#isBlank(this.at + 1);
  }

  startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.at);
  }

  /** Scans a scalar, or a key with its colon. */
  scan(inBrackets: boolean): boolean {
    const code = this.#code(this.at);
    // At the start of a line, three dots end the document.
    if (code === dot && this.column === 0 && this.startsWith("...")) return false;
    if (code !== doubleQuote && code !== singleQuote) {
      return this.#canStartPlain(code) && this.#scanPlain(inBrackets);
    }
    if (!this.#scanQuoted(code)) return false;
    this.isKey = this.#code(this.at) === colon && (inBrackets || this.#isBlank(this.at + 1));
    return !this.isKey || this.#endKey();
  }

  /** Scans the name of an anchor or alias, after its sign. */
  scanName(): string | undefined {
    const name = /[\w-]{1,64}(?=[ \r\n])/y;
    name.lastIndex = this.at + 1;
    const [found] = name.exec(this.#text) ?? [];
    this.at = name.lastIndex;
    return found;
  }

  /** Scans a text of several lines that follows a bar, and moves to the line after it. */
  scanLiteral(column: number): boolean {
    this.start = this.at;
    this.isPlain = false;
    this.isKey = false;
    this.at += 1;
    const isStripped = this.#code(this.at) === dash;
    if (isStripped) this.at += 1;
    if (!this.skipToLineEnd()) return false;
    let lineStart = this.#lineEnd(this.at) + 1;
    const indent = this.#spacesAt(lineStart);
    if (indent <= column) return false;
    const lines: string[] = [];
    let blank = "";
    for (;;) {
      const spaces = this.#spacesAt(lineStart);
      const end = this.#lineEnd(lineStart);
      const lineBreak = this.#text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end;
      if (lineStart >= this.#length) break;
      if (lineStart + spaces === lineBreak) {
        // Before the first line, and where it has more spaces than the text is indented, an empty line needs more thought.
        if (spaces > indent || lines.length === 0) return false;
        blank += "\n";
      } else if (spaces < indent) {
        break;
      } else {
        if (end === this.#length || this.#code(lineStart + spaces) === tab) return false;
        lines.push(`${blank}${this.#text.slice(lineStart + indent, lineBreak)}\n`);
        blank = "";
        this.end = end + 1;
      }
      lineStart = end + 1;
    }
    const content = lines.join("");
    this.content = isStripped ? content.slice(0, -1) : content;
    this.at = this.end;
    this.nextLine();
    return lines.length > 0;
  }

  /** What was scanned last, as a scalar. */
  scalar(): ScalarNode {
    return new ScalarNode(this.content, this.source, this.start, this.end, this.isPlain);
  }

  #canStartPlain(code: number): boolean {
    if (code > 127) return true;
    if (code !== dash) return plainStart[code] === 1;
    return afterDash[this.#code(this.at + 1)] === 1;
  }

  #scanPlain(inBrackets: boolean): boolean {
    this.start = this.at;
    this.isPlain = true;
    let at = this.at;
    let end = at;
    for (; at < this.#length; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code > colon) {
        if (inBrackets && isBracket(code)) break;
        end = at + 1;
      } else if (code === colon && this.#isBlank(at + 1)) {
        return this.#endPlainKey(at);
      } else if (code === lineFeed || code === carriageReturn || (code === comma && inBrackets)) {
        break;
      } else if (code === tab || (code === hash && inBrackets && end < at)) {
        return false;
      } else if (code === hash && end < at) {
        break;
      } else if (code !== space) {
        end = at + 1;
      }
    }
    this.at = at;
    this.end = end;
    this.isKey = false;
    this.content = this.#text.slice(this.start, end);
    // In brackets, a colon before a comma or bracket ends a key without a value.
    return !inBrackets || this.#text.charCodeAt(end - 1) !== colon;
  }

  #endPlainKey(colonAt: number): boolean {
    this.at = colonAt;
    this.end = colonAt;
    this.isKey = true;
    this.content = this.#keyText();
    const isPadded = this.#text.charCodeAt(colonAt - 1) === space;
    return !isPadded && !/^(?:~|null|Null|NULL)$/.test(this.content) && this.#endKey();
  }

  /** Moves over a key's colon. */
  #endKey(): boolean {
    this.at += 1;
    return this.end - this.start < maxKey && this.content !== "<<" && this.content !== "__proto__";
  }

  #keyText(): string {
    let sum = 0;
    for (let at = this.start; at < this.end; at += 1) sum = (sum * 31 + this.#text.charCodeAt(at)) | 0;
    const slot = sum & (keyCacheSize - 1);
    const known = this.#keys[slot];
    if (known?.length === this.end - this.start && this.#text.startsWith(known, this.start)) return known;
    const text = this.#text.slice(this.start, this.end);
    this.#keys[slot] = text;
    return text;
  }

  #scanQuoted(quote: number): boolean {
    this.start = this.at;
    this.isPlain = false;
    let at = this.at + 1;
    let hasEscapes = false;
    for (; at < this.#length; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === quote) {
        if (quote === doubleQuote || this.#code(at + 1) !== singleQuote) break;
        hasEscapes = true;
        at += 1;
      } else if (code === backslash && quote === doubleQuote) {
        hasEscapes = true;
        at += 1;
      } else if (code === lineFeed) {
        return false;
      }
    }
    this.at = at + 1;
    this.end = this.at;
    const inner = this.#text.slice(this.start + 1, at);
    const content = hasEscapes ? withoutEscapes(inner, quote) : inner;
    this.content = content ?? "";
    return content !== undefined && at < this.#length;
  }

  #spacesAt(at: number): number {
    let end = at;
    while (this.#code(end) === space) end += 1;
    return end - at;
  }

  #isBlank(at: number): boolean {
    return this.#code(at) === space || this.#isBreak(at);
  }

  #isBreak(at: number): boolean {
    const code = this.#code(at);
    return code === lineFeed || code === carriageReturn;
  }

  #lineEnd(at: number): number {
    const end = this.#text.indexOf("\n", at);
    return end === -1 ? this.#length : end;
  }

  #code(at: number): number {
    return at < this.#length ? this.#text.charCodeAt(at) : lineFeed;
  }
}

function isBracket(code: number): boolean {
  return code === closeBracket || code === openBracket || code === closeBrace || code === openBrace;
}

/** A quoted text without its escapes; undefined where it has others than those of JSON, or half of a character. */
function withoutEscapes(inner: string, quote: number): string | undefined {
  if (quote === singleQuote) return inner.replaceAll("''", "'");
  try {
    const text: unknown = JSON.parse(`"${inner}"`);
    return typeof text === "string" && !/\p{Cs}/u.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
