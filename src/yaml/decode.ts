import type { Finding } from "./finding.js";
import { createLocate } from "./locate.js";

/** A file's text. With a finding it can't be parsed; `text` is then what can be quoted. */
export interface Decoded {
  readonly text: string;
  readonly finding: Finding | undefined;
}

// What YAML leaves out of a file: controls but tab and line breaks, and the two non-characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const unprintable = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;

/** Reads a file as UTF-8, with or without a byte order mark. A lone CR becomes a line feed, as YAML reads it. */
export function decode(file: string, bytes: Buffer): Decoded {
  if (isUtf16(bytes)) {
    return refuse(file, "", 0, "the file is UTF-16, not UTF-8", "save it as UTF-8");
  }
  const bad = firstBadByte(bytes);
  const text = new TextDecoder().decode(bytes).replace(/\r(?!\n)/g, "\n");
  if (bad !== undefined) {
    const offset = new TextDecoder().decode(bytes.subarray(0, bad)).length;
    return refuse(file, text, offset, "the file is not UTF-8: this byte can't stand here", "save the file as UTF-8");
  }
  const control = unprintable.exec(text);
  if (control) {
    const hint = "remove it; inside double quotes, it can be written as an escape such as \\x07";
    return refuse(file, text, control.index, "a control character stands here, which YAML does not allow", hint);
  }
  return { text, finding: undefined };
}

function refuse(file: string, text: string, offset: number, message: string, hint: string): Decoded {
  const place = createLocate(file, text)(offset, offset + 1);
  return { text, finding: { severity: "error", code: "YAML_SYNTAX", message, hint, place } };
}

/** By its byte order mark, or by the zero byte that each of its ASCII characters has. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return bytes.length >= 2 && (first === 0) !== (second === 0);
}

/** The offset of the first byte that is not part of a UTF-8 character. */
function firstBadByte(bytes: Buffer): number | undefined {
  if (decodes(bytes, bytes.length, false)) return undefined;
  // The shortest prefix that can't be continued ends in the byte that shows the fault; its character began before it.
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (middle <= bytes.length && decodes(bytes, middle, true)) good = middle;
    else bad = middle;
  }
  let start = good;
  while (start > 0 && !decodes(bytes, start, false)) start -= 1;
  return start;
}

function decodes(bytes: Buffer, length: number, unfinished: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream: unfinished });
    return true;
  } catch {
    return false;
  }
}
