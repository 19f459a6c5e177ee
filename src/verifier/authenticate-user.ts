import type { DatabaseState } from "../database/live-database.js";
import type { LruCache } from "../lru-cache.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import { createPrincipal, type UserLookup } from "../users/principal.js";
import type { AcceptedBearer } from "./bearer-outcome.js";
import type { CheckTrace } from "./check-trace.js";
import type { LookupCounts } from "./observer.js";
import type { Outcome } from "./verifier.js";

type Authenticated = Extract<Outcome, { kind: "authenticated" }>;

export type UserOutcome =
  | Authenticated
  | { readonly kind: "rejected"; readonly reason: "inactive_user" | "unknown_user"; readonly username?: string };

/** How users are read that authenticate through an OIDC client. */
export interface UserContext {
  readonly read: (id: string) => MaybePromise<UserLookup>;
  readonly known: LruCache<KnownUser>;
  /** Undefined where nobody counts. */
  readonly lookups?: LookupCounts | undefined;
  /** In milliseconds. */
  readonly now: () => number;
  readonly trace?: CheckTrace | undefined;
}

interface KnownUser {
  readonly lookup: UserLookup;
  /** The result is only valid in this state of the database. */
  readonly readIn: DatabaseState;
  readonly untilMs: number;
  readonly byClient: Map<string, Authenticated>;
}

/** Reads the principal of an accepted user. */
export function readPrincipal(
  users: UserContext,
  accepted: AcceptedBearer,
  state: DatabaseState,
): MaybePromise<UserOutcome> {
  const known = users.known.get(accepted.userId);
  // The user may have been written since the last check for changes.
  const isCurrent = known?.readIn === state && accepted.revision <= state.revision;
  if (known && isCurrent && users.now() < known.untilMs) {
    if (users.lookups) users.lookups.hits.count += 1;
    return outcomeFor(known, accepted.clientIdentifier);
  }
  if (users.lookups) users.lookups.misses.count += 1;
  return andThen(users.read(accepted.userId), keepUser, users, accepted, state);
}

function keepUser(
  lookup: UserLookup,
  users: UserContext,
  { userId, clientIdentifier }: AcceptedBearer,
  readIn: DatabaseState,
): UserOutcome {
  const endsAtMs = lookup.kind === "active" ? lookup.grants.endsAtMs : Number.POSITIVE_INFINITY;
  const untilMs = Math.min(users.now() + trustedForMs, endsAtMs);
  const user: KnownUser = { lookup, readIn, untilMs, byClient: new Map() };
  if (lookup.kind === "active") {
    users.known.set(userId, user);
    users.trace?.passed("inactive_user", lookup.grants.user.username);
  }
  return outcomeFor(user, clientIdentifier);
}

function outcomeFor({ lookup, byClient }: KnownUser, client: string): UserOutcome {
  if (lookup.kind === "unknown") return { kind: "rejected", reason: "unknown_user" };
  if (lookup.kind === "inactive") return { kind: "rejected", reason: "inactive_user", username: lookup.username };
  const earlier = byClient.get(client);
  if (earlier) return earlier;
  const principal = createPrincipal(lookup.grants, { scheme: "bearer", identifier: client });
  const outcome: Authenticated = Object.freeze({ kind: "authenticated", principal });
  byClient.set(client, outcome);
  return outcome;
}

/**
 * The maximum age of a cached result. Changes are followed anyway; this is for rows that were edited by hand without
 * incrementing the revision.
 */
export const trustedForMs = 60_000;
