import { type ExpressionBuilder, sql } from "kysely";
import type { Connection } from "../database/database.js";
import { isProtected } from "../database/entry-settings.js";
import { parseList, type Tables } from "../database/tables.js";
import { type SetupError, setupError } from "../errors.js";
import { readPolicies } from "../users/read-token-policies.js";
import { expiryOf, policiesFor, type TokenPolicy, type TokenTimes } from "../users/token-policy.js";
import { contains, readPages, startsWith } from "./paging.js";
import { limitsOf, type TokenLimits } from "./token-limits.js";

/** Whether a token works, and why not. */
export const tokenStates = ["active", "not-yet-valid", "unused", "expired", "disabled", "revoked"] as const;

export type TokenState = (typeof tokenStates)[number];

/** Which tokens to list: those that match all of it. */
export interface TokenFilter {
  /** The name of their user. */
  readonly user?: string | undefined;
  /** The id of their user. */
  readonly userId?: string | undefined;
  /** A part of the identifier, or of what is known of the user, the contact or the application, in any case. */
  readonly search?: string | undefined;
  /** The configuration owner that manages them; null for those that none manages. */
  readonly owner?: string | null | undefined;
  readonly state?: TokenState | undefined;
  /** They work now, and expire within this time. */
  readonly expiringWithinMs?: number | undefined;
  /** They are older than this, and were not used for as long. */
  readonly unusedForMs?: number | undefined;
  readonly prefix?: string | undefined;
}

/** A value that a token has, without the value itself. Times are ISO 8601 in UTC. */
export interface TokenValue {
  /** Null where that was before it was noted. */
  readonly since: string | null;
  /** To the minute; null if it was never used. */
  readonly lastUsedAt: string | null;
  /** The end of its grace period, for a value that was replaced. */
  readonly validUntil: string | null;
}

/** A token for people who look after all of them. Times are ISO 8601 in UTC. */
export interface ListedToken {
  readonly identifier: string;
  readonly user: string;
  /** Null for what no configuration manages. */
  readonly owner: string | null;
  readonly state: TokenState;
  readonly createdAt: string;
  /** Null where it worked from the start. */
  readonly validFrom: string | null;
  /** When its current value ends, by itself or by the `max_lifetime` of a policy. */
  readonly expiresAt: string | null;
  /** The latest use of any of its values. */
  readonly lastUsedAt: string | null;
  /** The current one, then those in their grace period. */
  readonly values: readonly TokenValue[];
  readonly contactPerson: string;
  readonly email: string;
  readonly organization: string;
  readonly application: string;
  readonly administration: string;
  readonly description: string;
  /** The addresses and networks that it may be used from; null for all. */
  readonly allowedIps: readonly string[] | null;
  /** How many requests it may make, such as `100/m`; null for any number. */
  readonly rateLimit: string | null;
}

/** A token with what it may do. */
export interface TokenDetails extends ListedToken {
  readonly revocation: { readonly at: string; readonly by: string; readonly reason: string } | null;
  /** By a command. */
  readonly disabled: { readonly at: string; readonly by: string } | null;
  /** False where its file says `enabled: false`. */
  readonly isEnabled: boolean;
  /** Nothing can delete it until a file says `protect: false`. */
  readonly isProtected: boolean;
  readonly isSuperuser: boolean;
  /** Null for all that its user has. */
  readonly permissions: readonly string[] | null;
}

/** The tokens in the order of their identifiers, in pages: each page is read when it is asked for. */
export async function* readTokens(
  db: Connection,
  filter: TokenFilter,
  nowMs: number,
): AsyncGenerator<readonly ListedToken[]> {
  const view = await viewAt(db, nowMs);
  yield* readPages(
    (after, limit) =>
      filtered(view, filter)
        .$if(after !== undefined, (query) => query.where("identifier", ">", after ?? ""))
        .orderBy("identifier")
        .limit(limit)
        .execute(),
    ({ identifier }) => identifier,
    (rows) => withValues(view, rows),
  );
}

/** One token; undefined where there is none with this identifier. */
export async function readToken(db: Connection, identifier: string, nowMs: number): Promise<TokenDetails | undefined> {
  const view = await viewAt(db, nowMs);
  const row = await tokensIn(view).where("identifier", "=", identifier).executeTakeFirst();
  const [token] = row ? await withValues(view, [row]) : [];
  if (!row || !token) return undefined;
  const revoked = await db
    .selectFrom("api_token_revoked")
    .select(["revoked_at as at", "revoked_by as by", "reason"])
    .where("digest", "=", row.digest)
    .executeTakeFirst();
  return {
    ...token,
    revocation: revoked ?? null,
    disabled: row.disabled_at === null ? null : { at: row.disabled_at, by: row.disabled_by ?? "" },
    isEnabled: row.enabled === 1,
    isProtected: await isProtected(db, "api_token", row.id),
    isSuperuser: row.is_superuser === 1,
    permissions: await permissionsOf(db, row),
  };
}

async function permissionsOf(db: Connection, row: TokenRow): Promise<readonly string[] | null> {
  if (row.permissions !== null) return parseList(row.permissions);
  if (row.is_service === 0) return null;
  const held = await db
    .selectFrom("user_permissions")
    .select("permission")
    .distinct()
    .where("user_id", "=", row.user_id)
    .orderBy("permission")
    .execute();
  return held.map(({ permission }) => permission);
}

export function tokenNotFound(): SetupError {
  const hint = "vtb-setup token list shows all of them";
  return setupError("refused", "TOKEN_NOT_FOUND", "there is no token with this identifier", hint);
}

/** The tokens as they are at one time, under the policies of then. */
export interface TokenView {
  readonly db: Connection;
  readonly nowMs: number;
  readonly policies: readonly TokenPolicy[];
  readonly limits: TokenLimits;
}

export async function viewAt(db: Connection, nowMs: number): Promise<TokenView> {
  const policies = await readPolicies(db);
  return { db, nowMs, policies, limits: limitsOf(policies, nowMs) };
}

function tokensIn(view: TokenView) {
  return view.db
    .selectFrom("api_tokens")
    .innerJoin("users", "users.id", "api_tokens.user_id")
    .selectAll("api_tokens")
    .select(["users.username", "users.is_service", "users.is_superuser", stateIn(view).as("state")]);
}

/** The state in which a row of `api_tokens` is. */
export function stateIn({ nowMs, limits }: TokenView) {
  const now = isoOf(nowMs);
  return sql<TokenState>`case
    when exists (select 1 from api_token_revoked where api_token_revoked.digest = api_tokens.digest) then 'revoked'
    when api_tokens.disabled_at is not null or api_tokens.enabled = 0 then 'disabled'
    when api_tokens.expires_at <= ${now} or ${limits.isLifetimeOver(nowMs)} then 'expired'
    when api_tokens.valid_from > ${now} then 'not-yet-valid'
    when ${limits.isUnused} then 'unused'
    else 'active' end`;
}

export function filtered(view: TokenView, filter: TokenFilter) {
  const { user, userId, owner, state, expiringWithinMs, unusedForMs, prefix, search } = filter;
  let query = tokensIn(view);
  if (user !== undefined) query = query.where("users.username", "=", user);
  if (userId !== undefined) query = query.where("api_tokens.user_id", "=", userId);
  if (owner === null) query = query.where("api_tokens.owner", "is", null);
  else if (owner !== undefined) query = query.where("api_tokens.owner", "=", owner);
  if (state !== undefined) query = query.where(stateIn(view), "=", state);
  if (expiringWithinMs !== undefined) {
    query = query.where(stateIn(view), "=", "active").where(expiresWithin(view, expiringWithinMs));
  }
  if (unusedForMs !== undefined) query = query.where((eb) => isUnusedSince(eb, isoOf(view.nowMs - unusedForMs)));
  if (prefix !== undefined) query = query.where(startsWith("identifier", prefix));
  if (search !== undefined) {
    query = query.where((eb) => eb.or(searched.map((column) => contains(column, search))));
  }
  return query;
}

const searched = [
  "api_tokens.identifier",
  "users.username",
  "api_tokens.contact_person",
  "api_tokens.email",
  "api_tokens.organization",
  "api_tokens.application",
  "api_tokens.administration",
  "api_tokens.description",
];

/** Whether a row's own end, or that of a policy, comes within this time. */
export function expiresWithin({ nowMs, limits }: TokenView, withinMs: number) {
  const untilMs = nowMs + withinMs;
  return sql<boolean>`(api_tokens.expires_at <= ${isoOf(untilMs)} or ${limits.isLifetimeOver(untilMs)})`;
}

export function isUnusedSince(eb: ExpressionBuilder<Tables, "api_tokens">, since: string) {
  const usedRetired = eb
    .selectFrom("api_token_retired")
    .select("digest")
    .whereRef("token_id", "=", "api_tokens.id")
    .where("api_token_retired.last_used_at", ">=", since);
  return eb.and([
    eb("api_tokens.created_at", "<", since),
    eb.or([eb("api_tokens.last_used_at", "is", null), eb("api_tokens.last_used_at", "<", since)]),
    eb.not(eb.exists(usedRetired)),
  ]);
}

type TokenRow = Awaited<ReturnType<ReturnType<typeof tokensIn>["executeTakeFirstOrThrow"]>>;

export async function withValues(
  { db, nowMs, policies }: TokenView,
  rows: readonly TokenRow[],
): Promise<readonly ListedToken[]> {
  const retired = await db
    .selectFrom("api_token_retired")
    .select(["token_id", "since", "last_used_at", "valid_until"])
    .where(
      "token_id",
      "in",
      rows.map(({ id }) => id),
    )
    .orderBy("valid_until", "desc")
    .execute();
  return rows.map((row) => {
    const earlier = retired.filter(({ token_id }) => token_id === row.id);
    const uses = [row, ...earlier].flatMap(({ last_used_at }) => last_used_at ?? []);
    return {
      identifier: row.identifier,
      user: row.username,
      owner: row.owner,
      state: row.state,
      createdAt: row.created_at,
      validFrom: row.valid_from,
      expiresAt: expiryOf(policiesFor(row.owner, policies), timesOf(row)),
      lastUsedAt: uses.sort().at(-1) ?? null,
      values: [
        currentValue(row),
        ...earlier
          .filter(({ valid_until }) => valid_until > isoOf(nowMs))
          .map(({ since, last_used_at, valid_until }) => ({
            since,
            lastUsedAt: last_used_at,
            validUntil: valid_until,
          })),
      ],
      contactPerson: row.contact_person,
      email: row.email,
      organization: row.organization,
      application: row.application,
      administration: row.administration,
      description: row.description,
      allowedIps: row.allowed_ips === null ? null : parseList(row.allowed_ips),
      rateLimit: row.rate_limit,
    };
  });
}

/** Of the current value. */
export function timesOf(row: Pick<TokenRow, "value_since" | "created_at" | "valid_from" | "expires_at">): TokenTimes {
  return { since: row.value_since ?? row.created_at, validFrom: row.valid_from, expiresAt: row.expires_at };
}

/** A last use from before the current value was that of an earlier one. */
function currentValue({ value_since: since, last_used_at: usedAt }: TokenRow): TokenValue {
  const isOfEarlier = since !== null && usedAt !== null && usedAt < since;
  return { since, lastUsedAt: isOfEarlier ? null : usedAt, validUntil: null };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
