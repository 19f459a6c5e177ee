import type { Scheme } from "./fault.js";

/** RFC 6750 §3.1. */
export type ChallengeError = "invalid_request" | "invalid_token" | "insufficient_scope";

/**
 * Gives a function for the value of `WWW-Authenticate`: a challenge for each of our schemes, `Bearer` first as the incumbent
 * has it, with the error at the one that was used.
 *
 * @throws TypeError when the realm can't stand in a header
 */
export function challenges(realm: string): (scheme: Scheme | undefined, error: ChallengeError | undefined) => string {
  if (!/^[\x20-\x7e]*$/.test(realm)) throw new TypeError("the realm must be printable ASCII");
  const quoted = `"${realm.replace(/["\\]/g, "\\$&")}"`;
  return (scheme, error) => {
    const suffix = error === undefined ? "" : `, error="${error}"`;
    const bearer = `Bearer realm=${quoted}${scheme === "token" ? "" : suffix}`;
    return `${bearer}, Token realm=${quoted}${scheme === "token" ? suffix : ""}`;
  };
}
