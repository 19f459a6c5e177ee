import { type RawBuilder, sql } from "kysely";
import type { Connection, Database } from "../database/database.js";
import type { Secret } from "../secrets/secret.js";
import { digestToken } from "../secrets/token.js";
import {
  expiresWithin,
  filtered,
  isUnusedSince,
  type ListedToken,
  stateIn,
  type TokenFilter,
  type TokenState,
  type TokenView,
  tokenStates,
  viewAt,
  withValues,
} from "./list-tokens.js";

/** What a list of tokens can be sorted by. */
export const tokenSorts = ["name", "user", "owner", "state", "created", "expires", "used"] as const;

export type TokenSort = (typeof tokenSorts)[number];

export interface TokenPageRequest {
  readonly sort: TokenSort;
  readonly isDescending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export interface TokenPage {
  readonly tokens: readonly ListedToken[];
  /** How many match, on all pages. */
  readonly total: number;
}

/** At most so many of the tokens that match a filter, in an order of the reader's choice. */
export async function readTokenPage(
  database: Database,
  filter: TokenFilter,
  { sort, isDescending, offset, limit }: TokenPageRequest,
  nowMs: number,
): Promise<TokenPage> {
  const view = await viewAt(database.kysely, nowMs);
  const { total } = await filtered(view, filter)
    .clearSelect()
    .select(({ fn }) => fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const { value, isMissingFirst } = orderOf(database, view, sort);
  // Databases differ in where they sort what is missing.
  const missing = sql<number>`case when ${value} is null then 1 else 0 end`;
  const rows = await filtered(view, filter)
    .orderBy(missing, isMissingFirst === isDescending ? "asc" : "desc")
    .orderBy(value, isDescending ? "desc" : "asc")
    .orderBy("api_tokens.identifier", isDescending ? "desc" : "asc")
    .offset(offset)
    .limit(limit)
    .execute();
  return { tokens: rows.length === 0 ? [] : await withValues(view, rows), total };
}

interface Order {
  readonly value: RawBuilder<unknown>;
  /** Whether what has no value comes before everything else in ascending order. */
  readonly isMissingFirst: boolean;
}

function orderOf(database: Database, view: TokenView, sort: TokenSort): Order {
  const of = (value: RawBuilder<unknown>, isMissingFirst = true): Order => ({ value, isMissingFirst });
  switch (sort) {
    case "name":
      return of(sql.ref("api_tokens.identifier"));
    case "user":
      return of(sql.ref("users.username"));
    case "owner":
      return of(sql.ref("api_tokens.owner"));
    case "state":
      return of(stateIn(view));
    case "created":
      return of(sql.ref("api_tokens.created_at"));
    // What never expires is last, what was never used is first.
    case "expires":
      return of(endOf(database, view), false);
    case "used":
      return of(lastUse);
  }
}

const lastUse = sql<string>`(select max(uses.used_at) from (
  select api_tokens.last_used_at as used_at
  union all
  select earlier.last_used_at from api_token_retired earlier where earlier.token_id = api_tokens.id) as uses)`;

/** When a row's current value ends, by itself or by a policy, as {@link ListedToken.expiresAt} says it. */
function endOf({ secondsLater }: Database, { policies }: TokenView): RawBuilder<unknown> {
  const written = sql.ref("api_tokens.expires_at");
  const rows = policies.flatMap(({ owner, maxLifetimeSeconds }) =>
    maxLifetimeSeconds === null ? [] : [sql`(${owner}, ${String(maxLifetimeSeconds)})`],
  );
  if (rows.length === 0) return written;
  const since = sql<string>`coalesce(api_tokens.value_since, api_tokens.created_at)`;
  const start = sql<string>`case when api_tokens.valid_from > ${since} then api_tokens.valid_from else ${since} end`;
  const shortest = sql<number>`(select min(cast(limits.column2 as integer)) from (values ${sql.join(rows)}) as limits
    where api_tokens.owner is null or api_tokens.owner = limits.column1)`;
  const end = secondsLater(start, shortest);
  return sql`case when ${written} is null or ${end} < ${written} then ${end} else ${written} end`;
}

/** Those tokens of some that have these names, sorted. @param userId only those of this user */
export async function readNamedTokens(
  db: Connection,
  { names, userId }: { readonly names: readonly string[]; readonly userId: string | undefined },
  nowMs: number,
): Promise<readonly ListedToken[]> {
  const view = await viewAt(db, nowMs);
  const rows =
    names.length === 0
      ? []
      : await filtered(view, { userId })
          .where("api_tokens.identifier", "in", [...new Set(names)])
          .orderBy("api_tokens.identifier")
          .execute();
  return rows.length === 0 ? [] : await withValues(view, rows);
}

/** How many tokens there are, by what deserves a look. */
export interface TokenCounts extends Readonly<Record<TokenState, number>> {
  readonly all: number;
  readonly expiring: number;
  /** Those that work, but that nobody uses. */
  readonly idle: number;
}

/** @param filter what is counted at all */
export async function countTokens(
  db: Connection,
  filter: TokenFilter,
  { expiringWithinMs, unusedForMs }: { readonly expiringWithinMs: number; readonly unusedForMs: number },
  nowMs: number,
): Promise<TokenCounts> {
  const view = await viewAt(db, nowMs);
  const idleSince = new Date(nowMs - unusedForMs).toISOString();
  const rows = await filtered(view, filter)
    .clearSelect()
    .select((eb) => [
      stateIn(view).as("state"),
      sql<number>`case when ${expiresWithin(view, expiringWithinMs)} then 1 else 0 end`.as("is_expiring"),
      sql<number>`case when ${isUnusedSince(eb, idleSince)} then 1 else 0 end`.as("is_idle"),
      eb.fn.countAll<number>().as("count"),
    ])
    .groupBy(["state", "is_expiring", "is_idle"])
    .execute();
  const sum = (matches: (row: (typeof rows)[number]) => boolean): number =>
    rows.filter(matches).reduce((total, { count }) => total + count, 0);
  const byState = Object.fromEntries(tokenStates.map((state) => [state, sum((row) => row.state === state)]));
  return {
    ...(byState as Record<TokenState, number>),
    all: sum(() => true),
    expiring: sum(({ state, is_expiring }) => state === "active" && is_expiring === 1),
    idle: sum(({ state, is_idle }) => state === "active" && is_idle === 1),
  };
}

/** The owners of files that manage tokens, sorted. */
export async function readTokenOwners(db: Connection): Promise<readonly string[]> {
  const rows = await db.selectFrom("api_tokens").select("owner").distinct().orderBy("owner").execute();
  return rows.flatMap(({ owner }) => owner ?? []);
}

/** Which token a value belongs to. */
export interface FoundValue {
  readonly identifier: string;
  /** Null where only the token's name is known any more. */
  readonly userId: string | null;
  /** A replaced one may still be in its grace period. */
  readonly kind: "current" | "replaced" | "revoked";
}

/** The token that has a value, or had it: by the value's digest, which is all that is stored. */
export async function findTokenByValue(db: Connection, value: Secret): Promise<FoundValue | undefined> {
  const digest = digestToken(value);
  const revoked = await db
    .selectFrom("api_token_revoked")
    .select("identifier")
    .where("digest", "=", digest)
    .executeTakeFirst();
  const current = await db
    .selectFrom("api_tokens")
    .select(["identifier", "user_id as userId"])
    .where("digest", "=", digest)
    .executeTakeFirst();
  if (current) return { ...current, kind: revoked ? "revoked" : "current" };
  // Another token may have that name by now.
  if (revoked) return { ...revoked, userId: null, kind: "revoked" };
  const replaced = await db
    .selectFrom("api_token_retired")
    .innerJoin("api_tokens", "api_tokens.id", "api_token_retired.token_id")
    .select(["identifier", "user_id as userId"])
    .where("api_token_retired.digest", "=", digest)
    .executeTakeFirst();
  return replaced && { ...replaced, kind: "replaced" };
}
