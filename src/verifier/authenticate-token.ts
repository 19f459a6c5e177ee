import type { ChangeSignal, DatabaseState, LiveDatabase } from "../database/live-database.js";
import { parseList } from "../database/tables.js";
import type { LruCache } from "../lru-cache.js";
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

/** How API tokens are verified. */
export interface TokenContext {
  readonly changes: ChangeSignal;
  readonly read: (digest: string) => MaybePromise<StoredToken | RevokedToken | undefined>;
  /** Accepted tokens by digest, never by value. */
  readonly known: LruCache<KnownToken>;
  readonly lastUsed: LastUsed;
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
): TokenOutcome {
  if (!stored) return { kind: "rejected", reason: "unknown_token" };
  if (stored.kind === "revoked") return { kind: "rejected", reason: "revoked", token: stored.identifier };
  const nowMs = tokens.now();
  const reason = rejectionReason(stored, nowMs);
  if (reason) return { kind: "rejected", reason, token: stored.identifier, username: stored.grants.user.username };
  const token = knownToken(stored, state, nowMs);
  tokens.known.set(digest, token);
  return accept(tokens, token, nowMs);
}

function accept({ lastUsed }: TokenContext, token: KnownToken, nowMs: number): TokenOutcome {
  if (nowMs >= token.noteAtMs) {
    token.noteAtMs = nowMs + lastUsedEveryMs;
    lastUsed.note(token.digest, nowMs);
  }
  return token.outcome;
}

/** With a time that can't be parsed, a token is rejected, since its author wanted it to end or start somewhen. */
function rejectionReason(
  { isRevoked, isDisabled, validUntil, expiresAt, validFrom, isUserActive }: StoredToken,
  nowMs: number,
): RejectionReason | undefined {
  if (isRevoked) return "revoked";
  if (isDisabled) return "disabled";
  if (validUntil !== null && !(nowMs < Date.parse(validUntil))) return "grace_ended";
  if (expiresAt !== null && !(nowMs < Date.parse(expiresAt))) return "expired";
  if (validFrom !== null && !(nowMs >= Date.parse(validFrom))) return "not_yet_valid";
  return isUserActive ? undefined : "inactive_user";
}

function knownToken(stored: StoredToken, readIn: DatabaseState, nowMs: number): KnownToken {
  const { digest, identifier, narrowedTo, lastUsedAt } = stored;
  const principal = createPrincipal(stored.grants, { scheme: "token", identifier, narrowedTo });
  let untilMs = nowMs + trustedForMs;
  for (const end of [stored.validUntil, stored.expiresAt]) {
    if (end !== null) untilMs = Math.min(untilMs, Date.parse(end));
  }
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
  permissions: string | null,
  expiresAt: string | null,
  disabledAt: string | null,
  enabled: number,
  validFrom: string | null,
  digest: string,
  lastUsedAt: string | null,
  validUntil: string | null,
  revokedAt: string | null,
];

/** Prepares a look-up of tokens by digest: current, in their grace period, or revoked. */
export function prepareTokenLookup(
  database: LiveDatabase,
): (digest: string) => MaybePromise<StoredToken | RevokedToken | undefined> {
  const columns = [
    "api_tokens.identifier",
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
      .select((eb) => ["api_tokens.digest", "api_tokens.last_used_at", eb.lit(null).as("valid_until"), "revoked_at"])
      .where("api_tokens.digest", "=", "")
      .compile(),
  );
  const retired = database.prepare<TokenRow>(
    tokens
      .innerJoin("api_token_retired", "api_token_retired.token_id", "api_tokens.id")
      .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_token_retired.digest")
      .select(["api_token_retired.digest", "api_token_retired.last_used_at"])
      .select(["api_token_retired.valid_until", "api_token_revoked.revoked_at"])
      .where("api_token_retired.digest", "=", "")
      .compile(),
  );
  const revoked = database.prepare<readonly [identifier: string]>(
    database.kysely.selectFrom("api_token_revoked").select("identifier").where("digest", "=", "").compile(),
  );
  return (digest) =>
    andThen(current(digest), (row) => {
      if (row) return readRow(row);
      return andThen(retired(digest), (found) => {
        if (found) return readRow(found);
        return andThen(revoked(digest), (ended) => ended && { kind: "revoked", identifier: ended[0] });
      });
    });
}

function readRow(row: TokenRow): StoredToken {
  const [
    ,
    ,
    isActive,
    ,
    ,
    ,
    ,
    ,
    identifier,
    permissions,
    expiresAt,
    disabledAt,
    enabled,
    validFrom,
    digest,
    lastUsedAt,
    validUntil,
    revokedAt,
  ] = row;
  return {
    kind: "stored",
    digest,
    identifier,
    narrowedTo: permissions === null ? null : parseList(permissions),
    expiresAt,
    validFrom,
    lastUsedAt,
    validUntil,
    isRevoked: revokedAt !== null,
    isDisabled: disabledAt !== null || enabled !== 1,
    isUserActive: isActive === 1,
    grants: grantsOf(row),
  };
}
