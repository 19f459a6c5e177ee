import type { HeaderReason } from "./reasons.js";

/** The content of an `Authorization` header. */
export type AuthorizationHeader =
  /** No header, or another scheme. */
  | { readonly kind: "none" }
  | { readonly kind: "malformed"; readonly reason: HeaderReason; readonly scheme: Scheme | undefined }
  | { readonly kind: "credential"; readonly scheme: Scheme; readonly credential: string };

const none: AuthorizationHeader = { kind: "none" };
const printable = /^[\x21-\x7e]+$/;
const space = 32;
const tab = 9;
const maxScheme = "bearer".length;
/** The maximum length in a file; the database has no longer token. */
const maxToken = 255;

/**
 * Parses a header's value, or the values of a repeated header: a scheme, in any case, and one credential.
 *
 * @param maxLength in characters; a longer header is rejected before it is parsed
 */
export function parseAuthorization(
  value: string | readonly string[] | undefined,
  maxLength: number,
): AuthorizationHeader {
  if (typeof value !== "string") {
    if (value === undefined || value.length === 0) return none;
    if (value.length > 1) return { kind: "malformed", scheme: undefined, reason: "several_headers" };
    return parseAuthorization(value[0], maxLength);
  }
  const start = skipBlanks(value, 0);
  const end = endOfName(value, start);
  const scheme = schemeOf(value.slice(start, end));
  if (value.length > maxLength) return { kind: "malformed", scheme, reason: "too_long" };
  if (scheme === undefined) return none;
  const credential = value.slice(skipBlanks(value, end), lastNonBlank(value) + 1);
  const reason = rejectionReason(scheme, credential);
  return reason === undefined ? { kind: "credential", scheme, credential } : { kind: "malformed", scheme, reason };
}

function schemeOf(name: string): Scheme | undefined {
  const lower = name.toLowerCase();
  return lower === "token" || lower === "bearer" ? lower : undefined;
}

function rejectionReason(scheme: Scheme, credential: string): HeaderReason | undefined {
  if (credential === "") return "no_credentials";
  if (credential.includes(" ") || credential.includes("\t")) return "several_credentials";
  // Bearer credentials have their own grammar, which is checked later.
  if (scheme === "bearer") return undefined;
  if (credential.length > maxToken) return "too_long";
  return printable.test(credential) ? undefined : "invalid_characters";
}

// Loops are faster than a regular expression here, and not quadratic for a run of blanks.

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text, at)) at += 1;
  return at;
}

/** The offset where a name ends, or is too long for a supported scheme. */
function endOfName(text: string, from: number): number {
  let at = from;
  while (at < text.length && at - from <= maxScheme && !isBlank(text, at)) at += 1;
  return at;
}

function lastNonBlank(text: string): number {
  let at = text.length - 1;
  while (isBlank(text, at)) at -= 1;
  return at;
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === space || code === tab;
}

/** A supported scheme. */
export type Scheme = "token" | "bearer";
