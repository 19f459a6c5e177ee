import { createLruCache, type LruCache } from "../../lru-cache.js";
import type { OidcClient } from "../../oidc/client.js";
import type { ClaimsAge } from "../../users/applied-claims.js";
import type { BearerOutcome, RejectionDetails } from "../bearer-authority.js";
import type { ClientSnapshot } from "./client-snapshot.js";

/** An answer and until when it may be repeated, in milliseconds. */
export interface Verdict {
  readonly outcome: BearerOutcome;
  /** 0: not at all. */
  readonly keepUntilMs: number;
}

/** A person whose user matches these claims. */
export interface KnownIdentity {
  readonly issuer: string;
  readonly claims: readonly unknown[];
  /** The age of the newest claims with this content. */
  readonly age: ClaimsAge;
  /** The same object for all tokens of the person, to save memory. */
  readonly outcome: Extract<BearerOutcome, { kind: "accepted" }>;
}

/** Everything that was concluded under one configuration and its keys. When either changes, all of it is dropped. */
export interface VerdictCache {
  readonly configuration: ClientSnapshot;
  /** Accepted credentials, by their SHA-256. */
  readonly accepted: LruCache<Verdict>;
  /** Refused ones are separate, so that no number of bad credentials evicts a good one. */
  readonly rejected: LruCache<Verdict>;
  /** By the subject that users are linked to, for each client: each maps claims by its own rules. */
  readonly identities: ReadonlyMap<OidcClient, LruCache<KnownIdentity>>;
  /** Pending sign-ins, so that a user's many requests cause one. */
  readonly signIns: Map<string, Promise<Verdict>>;
}

const maxSuccessMs = 60_000;
const failureMs = 1000;

export function createVerdictCache(configuration: ClientSnapshot, cacheSize: number): VerdictCache {
  return {
    configuration,
    accepted: createLruCache(cacheSize),
    rejected: createLruCache(cacheSize),
    identities: new Map(configuration.clients.map((client) => [client, createLruCache(cacheSize)])),
    signIns: new Map(),
  };
}

/** Keeps a success for a minute at most, and not beyond `untilMs`. */
export function keepSuccess(outcome: BearerOutcome, nowMs: number, untilMs: number): Verdict {
  return { outcome, keepUntilMs: Math.min(untilMs, nowMs + maxSuccessMs) };
}

/** For refusals that are expensive to determine. */
export function keepFailure(reason: string, nowMs: number, details?: RejectionDetails): Verdict {
  return { outcome: { kind: "rejected", reason, ...details }, keepUntilMs: nowMs + failureMs };
}

export function reject(reason: string, details?: RejectionDetails): Verdict {
  return { outcome: { kind: "rejected", reason, ...details }, keepUntilMs: 0 };
}

/** The same for failures on the way; what is unavailable now may be available the next moment. */
export function verdictOf(failure: Exclude<BearerOutcome, { kind: "accepted" }>, nowMs: number): Verdict {
  return { outcome: failure, keepUntilMs: failure.kind === "rejected" ? nowMs + failureMs : 0 };
}
