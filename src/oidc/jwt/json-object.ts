import { isAscii, isUtf8 } from "node:buffer";

/** JSON from a token or a provider. Read only own properties: a foreign name may be that of an inherited one. */
export type JsonObject = Readonly<Record<string, unknown>>;

const maxDepth = 16;
const blank = 32;
const quote = 34;
const backslash = 92;
const colon = 58;

/**
 * Parses a JSON object in strict UTF-8, at most 16 levels deep. Undefined for anything else, for a byte order mark, and for an
 * object with the same name twice, in which two parsers could see two different values (RFC 7515 §4, RFC 8725 §2.4).
 */
export function parseJsonObject(bytes: Buffer): JsonObject | undefined {
  const text = decodeUtf8(bytes);
  const value = text === undefined ? undefined : parseJson(text);
  if (text === undefined || !isJsonObject(value)) return undefined;
  const members = countMembers(value, maxDepth);
  return members === maxNames(text) || members === countNames(text) ? value : undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

/** A text, a list of texts, or nothing: providers differ in the type of `scope` and similar members. */
export function isOptionalTexts(value: unknown): value is string | readonly string[] | undefined {
  return isOptionalText(value) || (Array.isArray(value) && value.every((item) => typeof item === "string"));
}

/** Keeps a byte order mark, which then fails as JSON. */
function decodeUtf8(bytes: Buffer): string | undefined {
  // Nearly all are ASCII, which decodes faster as Latin-1.
  if (isAscii(bytes)) return bytes.toString("latin1");
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

/** The value of a JSON text; undefined for a text that is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The number of members of all objects in a value from JSON.parse. NaN, which equals nothing, where it is too deep. */
function countMembers(value: object, levels: number): number {
  if (levels === 0) return Number.NaN;
  const isList = Array.isArray(value);
  const members: readonly unknown[] = isList ? value : Object.values(value);
  let count = isList ? 0 : members.length;
  for (let index = 0; index < members.length; index += 1) {
    const member = members[index];
    if (typeof member === "object" && member !== null) count += countMembers(member, levels - 1);
  }
  return count;
}

/**
 * An upper bound on the names in a valid JSON text: each is followed by a colon right after its closing quote. A string may
 * contain such a pair as well, so there may be fewer. Infinity where a colon follows a blank, which proves nothing.
 */
function maxNames(text: string): number {
  let count = 0;
  for (let at = text.indexOf(":"); at !== -1; at = text.indexOf(":", at + 1)) {
    const before = text.charCodeAt(at - 1);
    if (before === quote) count += 1;
    else if (before <= blank) return Number.POSITIVE_INFINITY;
  }
  return count;
}

/** Counts the names in a valid JSON text: the strings before a colon. JSON.parse keeps only one of a repeated name. */
function countNames(text: string): number {
  let count = 0;
  let close = 0;
  for (let open = text.indexOf('"'); open !== -1; open = text.indexOf('"', close + 1)) {
    close = endOfString(text, open);
    let next = close + 1;
    while (text.charCodeAt(next) <= blank) next += 1;
    if (text.charCodeAt(next) === colon) count += 1;
  }
  return count;
}

/** The index where a string ends: the next quote that is not escaped. */
function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (text.charCodeAt(close - 1) === backslash) {
    let first = close - 1;
    while (text.charCodeAt(first - 1) === backslash) first -= 1;
    if ((close - first) % 2 === 0) break;
    close = text.indexOf('"', close + 1);
  }
  return close;
}
