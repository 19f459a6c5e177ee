import type { OidcClient } from "../../oidc/client.js";
import { createLruCache, type LruCache } from "../../oidc/lru-cache.js";
import type { ClaimsAge } from "../../users/applied-claims.js";
import type { BearerOutcome, RefusalDetails } from "../bearer-authority.js";
import type { ClientSnapshot } from "./client-snapshot.js";

/** An answer and until when it may be given again, in milliseconds. */
export interface Verdict {
  readonly outcome: BearerOutcome;
  /** 0: not at all. */
  readonly keepUntilMs: number;
}

/** Somebody whose user is what these claims say. */
export interface KnownPerson {
  readonly issuer: string;
  readonly claims: readonly unknown[];
  /** Of the newest claims that said so. */
  readonly age: ClaimsAge;
  /** The same for all tokens of the person: to keep many of them, little is made for each. */
  readonly outcome: Extract<BearerOutcome, { kind: "accepted" }>;
}

/** Everything that was concluded under one configuration and its keys. When either changes, it is thrown away whole. */
export interface VerdictCache {
  readonly configuration: ClientSnapshot;
  /** What was accepted, by the SHA-256 of the credential. */
  readonly accepted: LruCache<Verdict>;
  /** The same of what was refused: apart, so that no number of bad credentials makes a good one forgotten. */
  readonly refused: LruCache<Verdict>;
  /** By the subject that users are linked to, for each client: each reads claims by rules of its own. */
  readonly people: ReadonlyMap<OidcClient, LruCache<KnownPerson>>;
  /** Sign-ins that are on their way, so that a user's many requests make one. */
  readonly signIns: Map<string, Promise<Verdict>>;
}

const maxSuccessMs = 60_000;
const failureMs = 1000;

export function createVerdictCache(configuration: ClientSnapshot, cacheSize: number): VerdictCache {
  return {
    configuration,
    accepted: createLruCache(cacheSize),
    refused: createLruCache(cacheSize),
    people: new Map(configuration.clients.map((client) => [client, createLruCache(cacheSize)])),
    signIns: new Map(),
  };
}

/** A success is kept for a minute at most, and not beyond `untilMs`. */
export function keepSuccess(outcome: BearerOutcome, nowMs: number, untilMs: number): Verdict {
  return { outcome, keepUntilMs: Math.min(untilMs, nowMs + maxSuccessMs) };
}

/** For refusals that cost much to find out. */
export function keepFailure(reason: string, nowMs: number, details?: RefusalDetails): Verdict {
  return { outcome: { kind: "refused", reason, ...details }, keepUntilMs: nowMs + failureMs };
}

export function refuse(reason: string, details?: RefusalDetails): Verdict {
  return { outcome: { kind: "refused", reason, ...details }, keepUntilMs: 0 };
}

/** The same for what failed along the way; what is not there now may be there the next moment. */
export function verdictOf(failure: Exclude<BearerOutcome, { kind: "accepted" }>, nowMs: number): Verdict {
  return { outcome: failure, keepUntilMs: failure.kind === "refused" ? nowMs + failureMs : 0 };
}
