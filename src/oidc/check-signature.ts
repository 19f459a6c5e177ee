import type { Eventual } from "../eventual.js";
import { secondsUntil } from "./back-off.js";
import type { Algorithm } from "./jwt/algorithm.js";
import type { CompactJws } from "./jwt/jws.js";
import type { KeySource } from "./key-source.js";

export type SignatureResult =
  | { readonly kind: "valid" }
  | { readonly kind: "refused"; readonly reason: "bad_signature" | "unknown_key" }
  | { readonly kind: "unavailable"; readonly reason: "keys_unavailable"; readonly retryAfterSeconds: number };

const valid: SignatureResult = { kind: "valid" };
const badSignature: SignatureResult = { kind: "refused", reason: "bad_signature" };
/** Not to be remembered: the next fetch may bring the key. */
export const unknownKey = { kind: "refused", reason: "unknown_key" } as const satisfies SignatureResult;

/** Checks a signature against the keys there are, and fetches keys where that may help. Never rejects. */
export function checkSignature(
  jws: CompactJws,
  algorithm: Algorithm,
  source: KeySource,
  now: () => number,
): Eventual<SignatureResult> {
  const keysToCome = source.prepare(now());
  if (keysToCome === undefined) {
    const result = tryKeys(jws, algorithm, source);
    // What nearly all come to, before anything is made for the rest.
    return result === valid ? valid : lookAgain(result, jws, algorithm, source, now, 2);
  }
  return keysToCome.then((areFirst) => {
    const result = tryKeys(jws, algorithm, source);
    if (areFirst && result === unknownKey) source.noteUnknown(now());
    return lookAgain(result, jws, algorithm, source, now, 2);
  });
}

function lookAgain(
  result: SignatureResult,
  jws: CompactJws,
  algorithm: Algorithm,
  source: KeySource,
  now: () => number,
  times: number,
): Eventual<SignatureResult> {
  // Without a name, a new key can only be told by its fitting.
  const isSettled = result === valid || (result === badSignature && jws.header.kid !== undefined);
  const again = isSettled || times === 0 ? undefined : source.lookAgain(now());
  // Twice, since a fetch that was on its way already may have left before the key was published.
  return again
    ? again.then(() => lookAgain(tryKeys(jws, algorithm, source), jws, algorithm, source, now, times - 1))
    : settle(result, source, now());
}

function tryKeys({ header, signed, signature }: CompactJws, algorithm: Algorithm, source: KeySource): SignatureResult {
  const checks = source.checksFor(algorithm, header.kid);
  if (checks.length === 0) return unknownKey;
  for (const check of checks) if (check(signed, signature)) return valid;
  return badSignature;
}

/** While the provider can't be asked, a key that is not known may still be a good one. */
function settle(result: SignatureResult, source: KeySource, nowMs: number): SignatureResult {
  const untilMs = result === unknownKey ? source.unavailableUntilMs(nowMs) : undefined;
  if (untilMs === undefined) return result;
  return { kind: "unavailable", reason: "keys_unavailable", retryAfterSeconds: secondsUntil(untilMs, nowMs) };
}
