import type { Scheme, TokenFault } from "./fault.js";

/** What an `Authorization` header holds. */
export type AuthorizationHeader =
  /** None, or a scheme that is not ours. */
  | { readonly kind: "none" }
  | { readonly kind: "malformed"; readonly scheme: Scheme | undefined; readonly fault: TokenFault }
  | { readonly kind: "credential"; readonly scheme: Scheme; readonly credential: string };

const none: AuthorizationHeader = { kind: "none" };
// A scheme, and what follows it; both ends may be blank.
const form = /^[ \t]*([^ \t]+)[ \t]*(.*)$/s;
const printable = /^[\x21-\x7e]+$/;
/** What a file may give a token; the database has no longer one. */
const longestToken = 255;

/**
 * Reads a header's value, or the values of a header that came several times. The scheme's case does not matter; one credential
 * must follow it.
 *
 * @param longest the most characters that a header may have; a longer one is refused before anything else is looked at
 */
export function readAuthorization(value: string | readonly string[] | undefined, longest: number): AuthorizationHeader {
  if (typeof value !== "string") {
    if (value === undefined || value.length === 0) return none;
    if (value.length > 1) return { kind: "malformed", scheme: undefined, fault: "several_headers" };
    return readAuthorization(value[0], longest);
  }
  if (value.length > longest) return { kind: "malformed", scheme: schemeOf(value.slice(0, 6)), fault: "too_long" };
  const [, name = "", rest = ""] = form.exec(value) ?? [];
  const scheme = schemeOf(name);
  if (scheme === undefined) return none;
  const credential = withoutBlanksAtEnd(rest);
  const fault = faultOf(scheme, credential);
  return fault === undefined ? { kind: "credential", scheme, credential } : { kind: "malformed", scheme, fault };
}

function schemeOf(name: string): Scheme | undefined {
  const lower = name.trim().toLowerCase();
  return lower === "token" || lower === "bearer" ? lower : undefined;
}

function faultOf(scheme: Scheme, credential: string): TokenFault | undefined {
  if (credential === "") return "no_credentials";
  if (credential.includes(" ") || credential.includes("\t")) return "several_credentials";
  // Bearer credentials have a grammar of their own, which whoever reads them checks.
  if (scheme === "bearer") return undefined;
  if (credential.length > longestToken) return "too_long";
  return printable.test(credential) ? undefined : "invalid_characters";
}

/** A regular expression would need time in the square of a run of blanks. */
function withoutBlanksAtEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === " " || text[end - 1] === "\t") end -= 1;
  return text.slice(0, end);
}
