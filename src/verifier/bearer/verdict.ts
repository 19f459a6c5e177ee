import { createLruCache, type LruCache } from "../../lru-cache.js";
import type { OidcClient } from "../../oidc/client.js";
import type { ClaimsAge } from "../../users/applied-claims.js";
import type { AcceptedBearer, BearerOutcome, RejectionDetails } from "../bearer-outcome.js";
import type { BearerReason } from "../reasons.js";
import type { ClientSnapshot } from "./client-snapshot.js";

/** An outcome, and until when it may be cached, in milliseconds. */
export interface Verdict {
  readonly outcome: BearerOutcome;
  /** 0 if it may not be cached. */
  readonly keepUntilMs: number;
}

/** An identity whose user matches these claims. */
export interface KnownIdentity {
  readonly issuer: string;
  readonly claims: readonly unknown[];
  /** The age of the newest claims with this content. */
  readonly age: ClaimsAge;
  /** The same object for all tokens of the identity, to save memory. */
  readonly outcome: AcceptedBearer;
}

/** The verdicts under one configuration and its keys. Dropped when either changes. */
export interface VerdictCache {
  readonly configuration: ClientSnapshot;
  /** Accepted credentials, by their SHA-256. */
  readonly accepted: LruCache<Verdict>;
  /** Rejected credentials are separate, so that they never evict an accepted one. */
  readonly rejected: LruCache<Verdict>;
  /** By subject, for each client, which has its own claim mapping. */
  readonly identities: ReadonlyMap<OidcClient, LruCache<KnownIdentity>>;
  /** Pending sign-ins, which a user's concurrent requests share. */
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

/** Cached for a minute at most, and not beyond `untilMs`. */
export function keepSuccess(outcome: BearerOutcome, nowMs: number, untilMs: number): Verdict {
  return { outcome, keepUntilMs: Math.min(untilMs, nowMs + maxSuccessMs) };
}

/** A rejection that is expensive to determine, and therefore cached briefly. */
export function keepFailure(reason: BearerReason, nowMs: number, details?: RejectionDetails): Verdict {
  return { outcome: { kind: "rejected", reason, ...details }, keepUntilMs: nowMs + failureMs };
}

export function reject(reason: BearerReason, details?: RejectionDetails): Verdict {
  return { outcome: { kind: "rejected", reason, ...details }, keepUntilMs: 0 };
}

/** The verdict for a failed request to a provider. An unavailable one may be available the next moment. */
export function verdictOf(failure: Exclude<BearerOutcome, { kind: "accepted" }>, nowMs: number): Verdict {
  return { outcome: failure, keepUntilMs: failure.kind === "rejected" ? nowMs + failureMs : 0 };
}
