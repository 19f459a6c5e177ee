import type { ChangeSignal, DatabaseState, LiveDatabase } from "../database/live-database.js";
import { parseList } from "../database/tables.js";
import type { LruCache } from "../lru-cache.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import { Secret } from "../secrets/secret.js";
import { checkTokenFormat, digestToken } from "../secrets/token.js";
import { createPrincipal, type GrantRow, type Grants, grantsOf, selectGrants } from "../users/principal.js";
import {
  expiryMs,
  lastUsedEveryMs,
  latestMs,
  lifetimeEndMs,
  policiesFor,
  type TokenPolicy,
  unusedEndMs,
  warnBeforeMs,
} from "../users/token-policy.js";
import { trustedForMs } from "./authenticate-user.js";
import type { LastUsed } from "./last-used.js";
import type { TokenReason } from "./reasons.js";
import type { ExpiryNotice, TokenPolicies } from "./token-policies.js";
import type { Outcome } from "./verifier.js";

/** Why a token was rejected, and whose it is, if known. */
export interface RejectedToken {
  readonly kind: "rejected";
  readonly reason: TokenReason;
  readonly token?: string;
  readonly username?: string;
}

export type TokenOutcome = Extract<Outcome, { kind: "authenticated" }> | RejectedToken;

/** How API tokens are verified. */
export interface TokenContext {
  readonly changes: ChangeSignal;
  readonly read: (digest: string) => MaybePromise<StoredToken | RevokedToken | undefined>;
  readonly policies: TokenPolicies;
  /** Accepted tokens by digest, never by value. */
  readonly known: LruCache<KnownToken>;
  readonly lastUsed: LastUsed;
  readonly noticeExpiry: ExpiryNotice;
  /** In milliseconds. */
  readonly now: () => number;
}

/** An accepted token, and from when until when the result is valid. */
interface KnownToken {
  readonly digest: string;
  readonly outcome: Extract<Outcome, { kind: "authenticated" }>;
  /** The result is only valid in this state of the database. */
  readonly readIn: DatabaseState;
  /** A clock may go back. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** When to note its use again. */
  noteAtMs: number;
}

/** Verifies an API token by its digest. The database is not asked about what can't be one of its tokens. */
export function verifyToken(tokens: TokenContext, credential: string): MaybePromise<TokenOutcome> {
  const digest = digestToken(new Secret(credential));
  const known = tokens.known.get(digest);
  if (!known && checkTokenFormat(credential) === "mistyped") return { kind: "rejected", reason: "mistyped" };
  return andThen(tokens.changes.current(), verifyDigest, tokens, digest, known);
}

function verifyDigest(
  state: DatabaseState,
  tokens: TokenContext,
  digest: string,
  known: KnownToken | undefined,
): MaybePromise<TokenOutcome> {
  const nowMs = tokens.now();
  if (known && known.readIn === state && nowMs < known.untilMs && nowMs >= known.fromMs)
    return accept(tokens, known, nowMs);
  return andThen(tokens.read(digest), verifyStored, tokens, digest, state);
}

function verifyStored(
  stored: StoredToken | RevokedToken | undefined,
  tokens: TokenContext,
  digest: string,
  state: DatabaseState,
): MaybePromise<TokenOutcome> {
  if (!stored) return { kind: "rejected", reason: "unknown_token" };
  if (stored.kind === "revoked") return { kind: "rejected", reason: "revoked", token: stored.identifier };
  const reason = rejectionReason(stored, tokens.now());
  if (reason) return reject(stored, reason);
  return andThen(tokens.policies.at(state, tokens.now()), verifyPolicies, tokens, digest, stored, state);
}

function reject({ identifier, grants }: StoredToken, reason: TokenReason): RejectedToken {
  return { kind: "rejected", reason, token: identifier, username: grants.user.username };
}

/** What ends a token beside its own row. */
function verifyPolicies(
  all: readonly TokenPolicy[],
  tokens: TokenContext,
  digest: string,
  stored: StoredToken,
  state: DatabaseState,
): MaybePromise<TokenOutcome> {
  const policies = policiesFor(stored.owner, all);
  const nowMs = tokens.now();
  if (!(nowMs < lifetimeEndMs(policies, stored))) return reject(stored, "lifetime_ended");
  const acceptNow = (): TokenOutcome => {
    const token = knownToken(stored, state, policies, nowMs);
    tokens.known.set(digest, token);
    noticeExpiry(tokens, stored, policies, nowMs);
    return accept(tokens, token, nowMs);
  };
  // Where this value is in use, the token's other values don't matter. Nobody could use it before it started to work.
  const ownActivityMs = latestMs([stored.since, stored.validFrom, stored.lastUsedAt]);
  if (nowMs < unusedEndMs(policies, ownActivityMs)) return acceptNow();
  return andThen(tokens.policies.lastActivityMs(stored.identifier), (activeMs = 0) =>
    nowMs < unusedEndMs(policies, activeMs) ? acceptNow() : reject(stored, "unused"),
  );
}

function noticeExpiry(
  tokens: TokenContext,
  stored: StoredToken,
  policies: readonly TokenPolicy[],
  nowMs: number,
): void {
  const endMs = expiryMs(policies, stored);
  // The end of a replaced value is expected.
  if (stored.validUntil !== null || endMs - nowMs > warnBeforeMs(policies)) return;
  tokens.noticeExpiry(stored.identifier, stored.grants.user.username, endMs, nowMs);
}

function accept({ lastUsed }: TokenContext, token: KnownToken, nowMs: number): TokenOutcome {
  if (nowMs >= token.noteAtMs) {
    token.noteAtMs = nowMs + lastUsedEveryMs;
    lastUsed.note(token.digest, nowMs);
  }
  return token.outcome;
}

/** With a time that can't be parsed, a token is rejected, since its author wanted it to end or start at some time. */
function rejectionReason(
  { isRevoked, isDisabled, validUntil, expiresAt, validFrom, isUserActive }: StoredToken,
  nowMs: number,
): TokenReason | undefined {
  if (isRevoked) return "revoked";
  if (isDisabled) return "disabled";
  if (validUntil !== null && !(nowMs < Date.parse(validUntil))) return "grace_ended";
  if (expiresAt !== null && !(nowMs < Date.parse(expiresAt))) return "expired";
  if (validFrom !== null && !(nowMs >= Date.parse(validFrom))) return "not_yet_valid";
  return isUserActive ? undefined : "inactive_user";
}

function knownToken(
  stored: StoredToken,
  readIn: DatabaseState,
  policies: readonly TokenPolicy[],
  nowMs: number,
): KnownToken {
  const { digest, identifier, narrowedTo, lastUsedAt, validUntil } = stored;
  const principal = createPrincipal(stored.grants, { scheme: "token", identifier, narrowedTo });
  // Accepting it is a use.
  let untilMs = Math.min(nowMs + trustedForMs, expiryMs(policies, stored), unusedEndMs(policies, nowMs));
  untilMs = Math.min(untilMs, stored.grants.endsAtMs);
  if (validUntil !== null) untilMs = Math.min(untilMs, Date.parse(validUntil));
  const noteAtMs = lastUsedAt === null ? nowMs : Date.parse(lastUsedAt) + lastUsedEveryMs;
  const fromMs = stored.validFrom === null ? Number.NEGATIVE_INFINITY : Date.parse(stored.validFrom);
  return { digest, outcome: Object.freeze({ kind: "authenticated", principal }), readIn, fromMs, untilMs, noteAtMs };
}

/** An API token with its user, as stored. */
interface StoredToken {
  readonly kind: "stored";
  /** Of the value that was looked up. */
  readonly digest: string;
  readonly identifier: string;
  /** The configuration owner that manages it. */
  readonly owner: string | null;
  /** When that value became the token's. */
  readonly since: string;
  /** Null for all permissions of the user. */
  readonly narrowedTo: readonly string[] | null;
  readonly expiresAt: string | null;
  /** Null if it worked from the start. */
  readonly validFrom: string | null;
  /** When that value was last used. */
  readonly lastUsedAt: string | null;
  /** Null for the current value; for a replaced one, the end of its grace period. */
  readonly validUntil: string | null;
  readonly isRevoked: boolean;
  /** By a command or by its file. */
  readonly isDisabled: boolean;
  readonly isUserActive: boolean;
  readonly grants: Grants;
}

/** A revoked value that no token has any more, under the identifier of the one that had it. */
interface RevokedToken {
  readonly kind: "revoked";
  readonly identifier: string;
}

type TokenRow = readonly [
  ...GrantRow,
  identifier: string,
  owner: string | null,
  createdAt: string,
  permissions: string | null,
  expiresAt: string | null,
  disabledAt: string | null,
  enabled: number,
  validFrom: string | null,
  digest: string,
  since: string | null,
  lastUsedAt: string | null,
  validUntil: string | null,
  revokedAt: string | null,
];

/**
 * Prepares a look-up of tokens by digest: current, in their grace period, or revoked.
 *
 * @param now in milliseconds
 */
export function prepareTokenLookup(
  database: LiveDatabase,
  now: () => number,
): (digest: string) => MaybePromise<StoredToken | RevokedToken | undefined> {
  const columns = [
    "api_tokens.identifier",
    "api_tokens.owner",
    "api_tokens.created_at",
    "api_tokens.permissions",
    "api_tokens.expires_at",
    "disabled_at",
    "enabled",
    "valid_from",
  ] as const;
  const tokens = database.kysely
    .selectFrom("users")
    .innerJoin("api_tokens", "api_tokens.user_id", "users.id")
    .select(selectGrants(database))
    .select(columns);
  const current = database.prepare<TokenRow>(
    tokens
      .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_tokens.digest")
      .select(["api_tokens.digest", "value_since", "api_tokens.last_used_at"])
      .select((eb) => [eb.lit(null).as("valid_until"), "revoked_at"])
      .where("api_tokens.digest", "=", "")
      .compile(),
  );
  const retired = database.prepare<TokenRow>(
    tokens
      .innerJoin("api_token_retired", "api_token_retired.token_id", "api_tokens.id")
      .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_token_retired.digest")
      .select(["api_token_retired.digest", "api_token_retired.since", "api_token_retired.last_used_at"])
      .select(["api_token_retired.valid_until", "api_token_revoked.revoked_at"])
      .where("api_token_retired.digest", "=", "")
      .compile(),
  );
  const revoked = database.prepare<readonly [identifier: string]>(
    database.kysely.selectFrom("api_token_revoked").select("identifier").where("digest", "=", "").compile(),
  );
  return (digest) =>
    andThen(current(digest), (row) => {
      if (row) return readRow(row, now());
      return andThen(retired(digest), (found) => {
        if (found) return readRow(found, now());
        return andThen(revoked(digest), (ended) => ended && { kind: "revoked", identifier: ended[0] });
      });
    });
}

function readRow(row: TokenRow, nowMs: number): StoredToken {
  const [
    ,
    ,
    isActive,
    ,
    ,
    ,
    ,
    ,
    ,
    identifier,
    owner,
    createdAt,
    permissions,
    expiresAt,
    disabledAt,
    enabled,
    validFrom,
    digest,
    since,
    lastUsedAt,
    validUntil,
    revokedAt,
  ] = row;
  return {
    kind: "stored",
    digest,
    identifier,
    owner,
    since: since ?? createdAt,
    narrowedTo: permissions === null ? null : parseList(permissions),
    expiresAt,
    validFrom,
    lastUsedAt,
    validUntil,
    isRevoked: revokedAt !== null,
    isDisabled: disabledAt !== null || enabled !== 1,
    isUserActive: isActive === 1,
    grants: grantsOf(row, nowMs),
  };
}
