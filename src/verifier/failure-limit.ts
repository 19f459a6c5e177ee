import { createLruCache, type LruCache } from "../lru-cache.js";
import { createRateLimit, type RateLimit } from "../rate-limit.js";
import { Secret } from "../secrets/secret.js";
import { digestToken } from "../secrets/token.js";
import type { Authorization, Outcome } from "./verifier.js";

/**
 * Limits a source's failed attempts. Beyond the limit, only credentials that were accepted before are checked, so that a client
 * with a valid credential behind the same address is not affected.
 */
export interface FailureLimit {
  readonly limit: RateLimit;
  /** Accepted headers, by digest. A credential that was revoked since is still rejected. */
  readonly accepted: LruCache<true>;
  /** In milliseconds. */
  readonly now: () => number;
}

interface FailureLimitOptions {
  /** The number of failed attempts that a source has per minute. */
  readonly perMinute: number;
  /** The maximum number of accepted credentials that are remembered. */
  readonly cacheSize: number;
  readonly now: () => number;
}

const rememberedSources = 10_000;

/** @throws RangeError for a limit that is not at least 1 */
export function createFailureLimit({ perMinute, cacheSize, now }: FailureLimitOptions): FailureLimit {
  if (!(perMinute >= 1 && Number.isFinite(perMinute)))
    throw new RangeError("the failure limit must be at least 1 per minute");
  const limit = createRateLimit({ attempts: perMinute, perMs: 60_000, restored: "evenly", maxKeys: rememberedSources });
  return { limit, accepted: createLruCache(cacheSize), now };
}

interface Attempt {
  readonly kind: "admitted";
  readonly source: string;
  readonly authorization: Authorization;
  /** One of the source's attempts was taken for it. */
  readonly isTaken: boolean;
}

/** Takes one of a source's attempts; it is given back unless it fails. */
export function takeAttempt(
  { limit, accepted, now }: FailureLimit,
  source: string,
  authorization: Authorization,
): Attempt | { readonly kind: "throttled"; readonly retryAfterSeconds: number } {
  const taken = limit.take(source, now());
  if (taken.kind === "taken") return { kind: "admitted", source, authorization, isTaken: true };
  if (typeof authorization !== "string" || !accepted.get(digestOf(authorization))) {
    return { kind: "throttled", retryAfterSeconds: taken.retryAfterSeconds };
  }
  return { kind: "admitted", source, authorization, isTaken: false };
}

export function countAttempt(outcome: Outcome, { limit, accepted }: FailureLimit, attempt: Attempt): Outcome {
  const { source, authorization, isTaken } = attempt;
  if (outcome.kind === "authenticated" && typeof authorization === "string") {
    accepted.set(digestOf(authorization), true);
  }
  if (isTaken && !(outcome.kind === "rejected" && outcome.isFailedAttempt)) limit.giveBack(source);
  return outcome;
}

function digestOf(header: string): string {
  return digestToken(new Secret(header));
}

/** An error of the verifier is not a failed attempt. */
export function giveBack(error: unknown, { limit }: FailureLimit, { source, isTaken }: Attempt): never {
  if (isTaken) limit.giveBack(source);
  throw error;
}
