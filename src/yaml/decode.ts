import { isAscii } from "node:buffer";
import { createHash } from "node:crypto";
import { type RawDiagnostic, SourceText } from "./node.js";

/** A file's text. With a diagnostic it can't be parsed; the text is then what can be quoted. */
export interface DecodedFile {
  readonly source: SourceText;
  /** SHA-256 of the file's bytes, 64 hex digits. */
  readonly sha256: string;
  /** Whether nothing in it looks like a space or line break, or is invisible, but those of ASCII: parsers differ in these. */
  readonly isUsual: boolean;
  readonly diagnostic: RawDiagnostic | undefined;
}

// What YAML forbids in a file: controls but tab and line breaks, and the two non-characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const unprintable = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;

const unusual = /[\x80-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]/;

/** Reads a file as UTF-8, with or without a byte order mark. A lone CR becomes a line feed, as YAML reads it. */
export function decodeFile(file: string, bytes: Buffer): DecodedFile {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const refuse = (text: string, offset: number, message: string, hint: string): DecodedFile => {
    const source = new SourceText(file, text);
    const range = source.range(offset, offset + 1);
    return {
      source,
      sha256,
      isUsual: false,
      diagnostic: { severity: "error", code: "YAML_SYNTAX", message, hint, range },
    };
  };
  if (isUtf16(bytes)) return refuse("", 0, "the file is UTF-16, not UTF-8", "save it as UTF-8");
  const isPlain = isAscii(bytes);
  const decoded = isPlain ? bytes.toString("latin1") : decode(bytes, bytes.length, false);
  const text = withLineFeeds(decoded ?? new TextDecoder().decode(bytes));
  if (decoded === undefined) {
    const offset = new TextDecoder().decode(bytes.subarray(0, firstBadByte(bytes))).length;
    return refuse(text, offset, "the file is not UTF-8: this byte is not valid", "save the file as UTF-8");
  }
  const control = unprintable.exec(text);
  if (control) {
    const hint = "remove it; inside double quotes, write it as an escape such as \\x07";
    return refuse(text, control.index, "YAML does not allow this control character", hint);
  }
  const isUsual = isPlain || !unusual.test(text);
  return { source: new SourceText(file, text), sha256, isUsual, diagnostic: undefined };
}

function withLineFeeds(text: string): string {
  return text.includes("\r") ? text.replace(/\r(?!\n)/g, "\n") : text;
}

/** Detects UTF-16 by its byte order mark, or by the zero byte in each of its ASCII characters. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return bytes.length >= 2 && (first === 0) !== (second === 0);
}

/** The offset of the first byte that is not part of a UTF-8 character, of bytes that have one. */
function firstBadByte(bytes: Buffer): number {
  // The shortest invalid prefix ends in the byte that shows the fault; its character began before it.
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (middle <= bytes.length && decode(bytes, middle, true) !== undefined) good = middle;
    else bad = middle;
  }
  let start = good;
  while (start > 0 && decode(bytes, start, false) === undefined) start -= 1;
  return start;
}

/** The text of the first bytes; undefined where they are not UTF-8. */
function decode(bytes: Buffer, length: number, unfinished: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream: unfinished });
  } catch {
    return undefined;
  }
}
