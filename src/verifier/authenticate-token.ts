import type { LiveDatabase } from "../database/live-database.js";
import { parseList } from "../database/tables.js";
import { createLruCache } from "../lru-cache.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import { Secret } from "../secrets/secret.js";
import { checkTokenFormat, digestToken } from "../secrets/token.js";
import { createPrincipal, type GrantRow, type Grants, grantsOf, selectGrants } from "../users/principal.js";
import { trustedForMs } from "./authenticate-user.js";
import type { RejectionReason } from "./authorization-header.js";
import { type LastUsed, lastUsedEveryMs } from "./last-used.js";
import type { Outcome } from "./verifier.js";

/** Why a token was rejected, and whose it is, if known. */
export interface RejectedToken {
  readonly kind: "rejected";
  readonly reason: RejectionReason;
  readonly token?: string;
  readonly username?: string;
}

export type TokenOutcome = Extract<Outcome, { kind: "authenticated" }> | RejectedToken;

export interface TokenAuthority {
  /** @param followChanges drops stale entries and returns whether it did; not called for a malformed token */
  readonly authenticate: (
    credential: string,
    nowMs: number,
    followChanges: () => MaybePromise<boolean>,
  ) => MaybePromise<TokenOutcome>;
  /** Drops all cached entries. */
  readonly forget: () => void;
}

interface TokenAuthorityOptions {
  readonly read: (digest: string) => MaybePromise<StoredToken | undefined>;
  readonly lastUsed: LastUsed;
  readonly cacheSize: number;
}

/** An accepted token, and until when the result is valid. */
interface KnownToken {
  readonly id: string;
  readonly outcome: Extract<Outcome, { kind: "authenticated" }>;
  readonly untilMs: number;
  /** When to note its use again. */
  noteAtMs: number;
}

/** Authenticates API tokens by their digest. Caches only accepted ones, never their value. */
export function createTokenAuthority(options: TokenAuthorityOptions): TokenAuthority {
  const { read, lastUsed } = options;
  const known = createLruCache<KnownToken>(options.cacheSize);
  let forgotten = 0;

  const accept = (token: KnownToken, nowMs: number): TokenOutcome => {
    if (nowMs >= token.noteAtMs) {
      token.noteAtMs = nowMs + lastUsedEveryMs;
      lastUsed.note(token.id, nowMs);
    }
    return token.outcome;
  };

  const conclude = (digest: string, stored: StoredToken | undefined, nowMs: number, asked: number): TokenOutcome => {
    if (!stored) return { kind: "rejected", reason: "unknown_token" };
    const reason = rejectionReason(stored, nowMs);
    if (reason) return { kind: "rejected", reason, token: stored.identifier, username: stored.grants.user.username };
    const token = knownToken(stored, nowMs);
    // A result read before a change must not outlive it.
    if (asked === forgotten) known.set(digest, token);
    return accept(token, nowMs);
  };

  const decide = (digest: string, token: KnownToken | undefined, nowMs: number): MaybePromise<TokenOutcome> => {
    if (token && nowMs < token.untilMs) return accept(token, nowMs);
    const asked = forgotten;
    return andThen(read(digest), (stored) => conclude(digest, stored, nowMs, asked));
  };

  return {
    authenticate(credential, nowMs, followChanges) {
      const digest = digestToken(new Secret(credential));
      const token = known.get(digest);
      if (!token && checkTokenFormat(credential) === "mistyped") return { kind: "rejected", reason: "mistyped" };
      const changed = followChanges();
      // Another request that waited for the same answer may have dropped this token already.
      if (changed instanceof Promise) return changed.then(() => decide(digest, known.get(digest), nowMs));
      return decide(digest, changed ? undefined : token, nowMs);
    },
    forget() {
      forgotten += 1;
      known.clear();
    },
  };
}

/** A time that can't be parsed counts as past, since its author wanted the token to expire. */
function rejectionReason(
  { validUntil, expiresAt, isUserActive }: StoredToken,
  nowMs: number,
): RejectionReason | undefined {
  if (validUntil !== null && !(nowMs < Date.parse(validUntil))) return "grace_ended";
  if (expiresAt !== null && !(nowMs < Date.parse(expiresAt))) return "expired";
  return isUserActive ? undefined : "inactive_user";
}

function knownToken(stored: StoredToken, nowMs: number): KnownToken {
  const { id, identifier, narrowedTo, lastUsedAt } = stored;
  const principal = createPrincipal(stored.grants, { scheme: "token", identifier, narrowedTo });
  let untilMs = nowMs + trustedForMs;
  for (const end of [stored.validUntil, stored.expiresAt]) {
    if (end !== null) untilMs = Math.min(untilMs, Date.parse(end));
  }
  const noteAtMs = lastUsedAt === null ? nowMs : Date.parse(lastUsedAt) + lastUsedEveryMs;
  return { id, outcome: Object.freeze({ kind: "authenticated", principal }), untilMs, noteAtMs };
}

/** An API token with its user, as stored. */
interface StoredToken {
  readonly id: string;
  readonly identifier: string;
  /** Null for all permissions of the user. */
  readonly narrowedTo: readonly string[] | null;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  /** Null for the current value; for a replaced one, the end of its grace period. */
  readonly validUntil: string | null;
  readonly isUserActive: boolean;
  readonly grants: Grants;
}

type TokenRow = readonly [
  ...GrantRow,
  id: string,
  identifier: string,
  permissions: string | null,
  expiresAt: string | null,
  lastUsedAt: string | null,
  validUntil: string | null,
];

/** Prepares a look-up of tokens by digest, current or in their grace period. */
export function prepareTokenLookup(database: LiveDatabase): (digest: string) => MaybePromise<StoredToken | undefined> {
  const columns = [
    "api_tokens.id as token_id",
    "api_tokens.identifier",
    "api_tokens.permissions",
    "api_tokens.expires_at",
    "api_tokens.last_used_at",
  ] as const;
  const tokens = database.kysely
    .selectFrom("users")
    .innerJoin("api_tokens", "api_tokens.user_id", "users.id")
    .select(selectGrants(database))
    .select(columns);
  const current = database.prepare<TokenRow>(
    tokens
      .select((eb) => eb.lit(null).as("valid_until"))
      .where("api_tokens.digest", "=", "")
      .compile(),
  );
  const retired = database.prepare<TokenRow>(
    tokens
      .innerJoin("api_token_retired", "api_token_retired.token_id", "api_tokens.id")
      .select("api_token_retired.valid_until")
      .where("api_token_retired.digest", "=", "")
      .compile(),
  );
  return (digest) =>
    andThen(current(digest), (row) =>
      row ? readRow(row) : andThen(retired(digest), (found) => found && readRow(found)),
    );
}

function readRow(row: TokenRow): StoredToken {
  const [, , isActive, , , , , , id, identifier, permissions, expiresAt, lastUsedAt, validUntil] = row;
  return {
    id,
    identifier,
    narrowedTo: permissions === null ? null : parseList(permissions),
    expiresAt,
    lastUsedAt,
    validUntil,
    isUserActive: isActive === 1,
    grants: grantsOf(row),
  };
}
