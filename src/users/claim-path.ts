import type { JsonObject } from "../oidc/jwt/json-object.js";

/** The keys that lead to a claim; each is one key, dots do not separate. */
export type ClaimPath = readonly string[];

/**
 * What lies at the end of a path; a number is a place in a list. Undefined where it leads nowhere. Only own properties count,
 * so `constructor` and `__proto__` mean nothing unless a provider sends them.
 */
export function readClaim(claims: JsonObject, path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    if (Array.isArray(value) && !/^\d+$/.test(key)) return undefined;
    // It was seen to be an object that has this key.
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** As a file writes it; for a log, though the keys are an operator's own, in one line of bounded length. */
export function showPath(path: ClaimPath): string {
  const text = `[${path.map((key) => (/^[\w.:/-]+$/.test(key) ? key : JSON.stringify(key))).join(", ")}]`;
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
