import type { ChangeSignal, DatabaseState } from "../database/live-database.js";
import type { LruCache } from "../lru-cache.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import { Secret } from "../secrets/secret.js";
import { checkTokenFormat, digestToken } from "../secrets/token.js";
import { createPrincipal } from "../users/principal.js";
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
import type { CheckTrace } from "./check-trace.js";
import type { LastUsed } from "./last-used.js";
import type { LookupCounts } from "./observer.js";
import type { RevokedToken, StoredToken } from "./read-token.js";
import type { TokenReason } from "./reasons.js";
import { findRejection } from "./token-checks.js";
import type { ExpiryWatch, TokenPolicies } from "./token-policies.js";
import { type Restrictions, refuseUse, type TokenRates } from "./token-use.js";
import type { Outcome, RequestContext } from "./verifier.js";

/** Why a token was rejected, and whose it is, if known. */
export interface RejectedToken {
  readonly kind: "rejected";
  readonly reason: TokenReason;
  readonly token?: string;
  readonly username?: string;
  /** Of the request, for a log. */
  readonly found?: string;
  readonly expected?: string;
  readonly hint?: string;
}

/** A token that was used too often. */
export interface ThrottledToken {
  readonly kind: "throttled";
  readonly token: string;
  readonly username: string;
  readonly retryAfterSeconds: number;
}

type Authenticated = Extract<Outcome, { kind: "authenticated" }>;

export type TokenOutcome = Authenticated | RejectedToken | ThrottledToken;

/** How API tokens are verified. */
export interface TokenContext {
  readonly changes: ChangeSignal;
  readonly read: (digest: string) => MaybePromise<StoredToken | RevokedToken | undefined>;
  readonly policies: TokenPolicies;
  /** Accepted tokens by digest, never by value. */
  readonly known: LruCache<KnownToken>;
  readonly rates: TokenRates;
  readonly lastUsed: LastUsed;
  readonly expiries: ExpiryWatch;
  /** Undefined where nobody counts. */
  readonly lookups?: LookupCounts | undefined;
  /** In milliseconds. */
  readonly now: () => number;
  readonly trace?: CheckTrace | undefined;
}

/** An accepted token, and from when until when the result is valid. */
interface KnownToken {
  readonly digest: string;
  readonly outcome: Authenticated;
  readonly restrictions: Restrictions | undefined;
  /** The result is only valid in this state of the database. */
  readonly readIn: DatabaseState;
  /** A clock may go back. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** When to note its use again. */
  noteAtMs: number;
}

/** Verifies an API token by its digest. The database is not asked about what can't be one of its tokens. */
export function verifyToken(
  tokens: TokenContext,
  credential: string,
  request: RequestContext | undefined,
): MaybePromise<TokenOutcome> {
  const digest = digestToken(new Secret(credential));
  const known = tokens.known.get(digest);
  if (!known) {
    const format = checkTokenFormat(credential);
    if (format === "mistyped") return { kind: "rejected", reason: "mistyped" };
    tokens.trace?.passed(
      "mistyped",
      format === "generated" ? "its checksum is right" : "not one that was generated here, so it has none",
    );
  }
  return andThen(tokens.changes.current(), verifyDigest, tokens, digest, known, request);
}

function verifyDigest(
  state: DatabaseState,
  tokens: TokenContext,
  digest: string,
  known: KnownToken | undefined,
  request: RequestContext | undefined,
): MaybePromise<TokenOutcome> {
  const nowMs = tokens.now();
  if (known && known.readIn === state && nowMs < known.untilMs && nowMs >= known.fromMs) {
    if (tokens.lookups) tokens.lookups.hits.count += 1;
    return accept(tokens, known, request, nowMs);
  }
  if (tokens.lookups) tokens.lookups.misses.count += 1;
  return andThen(tokens.read(digest), verifyStored, tokens, state, request);
}

function verifyStored(
  stored: StoredToken | RevokedToken | undefined,
  tokens: TokenContext,
  state: DatabaseState,
  request: RequestContext | undefined,
): MaybePromise<TokenOutcome> {
  if (!stored) return { kind: "rejected", reason: "unknown_token" };
  if (stored.kind === "revoked") return { kind: "rejected", reason: "revoked", token: stored.identifier };
  tokens.trace?.passed("unknown_token", `token ${stored.identifier} of user ${stored.grants.user.username}`);
  const reason = findRejection(stored, tokens.now(), tokens.trace);
  if (reason) return reject(stored, reason);
  return andThen(tokens.policies.at(state, tokens.now()), verifyPolicies, tokens, stored, state, request);
}

function reject({ identifier, grants }: StoredToken, reason: TokenReason): RejectedToken {
  return { kind: "rejected", reason, token: identifier, username: grants.user.username };
}

/** What ends a token beside its own row. */
function verifyPolicies(
  all: readonly TokenPolicy[],
  tokens: TokenContext,
  stored: StoredToken,
  state: DatabaseState,
  request: RequestContext | undefined,
): MaybePromise<TokenOutcome> {
  const policies = policiesFor(stored.owner, all);
  const nowMs = tokens.now();
  if (!(nowMs < lifetimeEndMs(policies, stored))) return reject(stored, "lifetime_ended");
  tokens.trace?.passed("lifetime_ended");
  const acceptNow = (): TokenOutcome => {
    const token = knownToken(stored, state, policies, nowMs);
    tokens.known.set(stored.digest, token);
    tokens.trace?.passed("unused");
    const outcome = accept(tokens, token, request, nowMs);
    if (outcome.kind === "authenticated") noticeExpiry(tokens, stored, policies, nowMs);
    return outcome;
  };
  // Where this value is in use, the token's other values don't matter. Nobody could use it before it started to work.
  const ownTimes = [stored.since, stored.validFrom, stored.lastUsedAt];
  if (policies.length === 0 || nowMs < unusedEndMs(policies, latestMs(ownTimes))) return acceptNow();
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
  if (stored.validUntil !== null) return;
  if (endMs - nowMs > warnBeforeMs(policies)) tokens.expiries.forget(stored.identifier);
  else tokens.expiries.notice(stored.identifier, stored.grants.user.username, endMs, nowMs);
}

/** Accepts a valid token, unless this request may not use it. */
function accept(
  { lastUsed, rates }: TokenContext,
  token: KnownToken,
  request: RequestContext | undefined,
  nowMs: number,
): TokenOutcome {
  if (token.restrictions) {
    const { credential: identifier, user } = token.outcome.principal;
    const refused = refuseUse(token.restrictions, rates, identifier, request, nowMs);
    if (refused) return { ...refused, token: identifier, username: user.username };
  }
  if (nowMs >= token.noteAtMs) {
    token.noteAtMs = nowMs + lastUsedEveryMs;
    lastUsed.note(token.digest, nowMs);
  }
  return token.outcome;
}

function knownToken(
  stored: StoredToken,
  readIn: DatabaseState,
  policies: readonly TokenPolicy[],
  nowMs: number,
): KnownToken {
  const { digest, identifier, lastUsedAt, validUntil, texts } = stored;
  const endsAtMs = Math.min(
    expiryMs(policies, stored),
    validUntil === null ? Number.POSITIVE_INFINITY : Date.parse(validUntil),
  );
  const token = { identifier, texts, endsAtMs };
  const principal = createPrincipal(stored.grants, { scheme: "token", identifier, token });
  // Accepting it is a use.
  const untilMs = Math.min(nowMs + trustedForMs, endsAtMs, unusedEndMs(policies, nowMs), stored.grants.endsAtMs);
  const noteAtMs = lastUsedAt === null ? nowMs : Date.parse(lastUsedAt) + lastUsedEveryMs;
  const fromMs = stored.validFrom === null ? Number.NEGATIVE_INFINITY : Date.parse(stored.validFrom);
  const outcome = Object.freeze({ kind: "authenticated", principal } as const);
  return { digest, outcome, restrictions: stored.restrictions, readIn, fromMs, untilMs, noteAtMs };
}
