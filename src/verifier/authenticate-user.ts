import { createLruCache } from "../lru-cache.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import { createPrincipal, type UserLookup } from "../users/principal.js";
import type { Outcome } from "./verifier.js";

type Authenticated = Extract<Outcome, { kind: "authenticated" }>;

type UserOutcome =
  | Authenticated
  | { readonly kind: "rejected"; readonly reason: "inactive_user" | "unknown_user"; readonly username?: string };

/** Creates the principals of users that authenticate through an OIDC client. */
export interface UserAuthority {
  /** @param isNewer true if the user was written after the last check for changes */
  readonly authenticate: (
    user: { readonly id: string; readonly client: string; readonly isNewer: boolean },
    nowMs: number,
  ) => MaybePromise<UserOutcome>;
  /** Drops all cached entries. */
  readonly forget: () => void;
}

interface KnownUser {
  readonly lookup: UserLookup;
  readonly untilMs: number;
  readonly byClient: Map<string, Authenticated>;
}

export function createUserAuthority(read: (id: string) => MaybePromise<UserLookup>, cacheSize: number): UserAuthority {
  const known = createLruCache<KnownUser>(cacheSize);
  let forgotten = 0;
  return {
    authenticate({ id, client, isNewer }, nowMs) {
      const user = isNewer ? undefined : known.get(id);
      if (user && nowMs < user.untilMs) return outcomeFor(user, client);
      const asked = forgotten;
      return andThen(read(id), (lookup) => {
        const found: KnownUser = { lookup, untilMs: nowMs + trustedForMs, byClient: new Map() };
        // A result read before a change must not outlive it.
        if (asked === forgotten && lookup.kind === "active") known.set(id, found);
        return outcomeFor(found, client);
      });
    },
    forget() {
      forgotten += 1;
      known.clear();
    },
  };
}

function outcomeFor({ lookup, byClient }: KnownUser, client: string): UserOutcome {
  if (lookup.kind === "unknown") return { kind: "rejected", reason: "unknown_user" };
  if (lookup.kind === "inactive") return { kind: "rejected", reason: "inactive_user", username: lookup.username };
  const earlier = byClient.get(client);
  if (earlier) return earlier;
  const principal = createPrincipal(lookup.grants, { scheme: "bearer", identifier: client, narrowedTo: null });
  const outcome: Authenticated = Object.freeze({ kind: "authenticated", principal });
  byClient.set(client, outcome);
  return outcome;
}

/**
 * The maximum age of a cached result. Changes are followed anyway; this is for rows that were edited by hand without
 * incrementing the revision.
 */
export const trustedForMs = 60_000;
