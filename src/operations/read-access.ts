import {
  allRules,
  type ClientRule,
  countHolders,
  holdersOf,
  type PermissionHolders,
  rightsOfToken,
  rightsOfUser,
  type TokenRights,
  type UserRights,
} from "../access/listing.js";
import { readAccessFacts } from "../access/read-facts.js";
import { type AccessRow, accessRows } from "../access/rows.js";
import type { Connection } from "../database/database.js";
import { parseList } from "../database/tables.js";
import { adminRights, permissionOf } from "../users/admin-rights.js";

/** What a user may now, and through what; undefined where there is no such user, or it exists for one token alone. */
export async function readUserRights(db: Connection, username: string, nowMs: number): Promise<UserRights | undefined> {
  const query = db.selectFrom("users").select("id").where("username", "=", username).where("is_service", "=", 0);
  const id = (await query.executeTakeFirst())?.id;
  if (id === undefined) return undefined;
  const facts = await readAccessFacts(db, id);
  const user = facts.users.get(id);
  return user && rightsOfUser(facts, user, nowMs);
}

/** What a token may now, and through what; undefined where there is no such token. */
export async function readTokenRights(
  db: Connection,
  identifier: string,
  nowMs: number,
): Promise<TokenRights | undefined> {
  const query = db.selectFrom("api_tokens").select(["id", "user_id"]).where("identifier", "=", identifier);
  const row = await query.executeTakeFirst();
  if (row === undefined) return undefined;
  const facts = await readAccessFacts(db, row.user_id);
  const token = facts.tokens.get(row.id);
  return token && rightsOfToken(facts, token, nowMs);
}

/** Who may something now, and through what. */
export async function readHolders(db: Connection, permission: string, nowMs: number): Promise<PermissionHolders> {
  return holdersOf(await readAccessFacts(db), permission, nowMs);
}

/** Who may what, at one glance. */
export interface AccessOverview {
  /** The names of active users that may everything, but for those that exist for one token. */
  readonly superusers: readonly string[];
  /** The identifiers of tokens that may everything. */
  readonly superuserTokens: readonly string[];
  /** How many have each permission; those that may everything count only where they would have it anyway. */
  readonly permissions: readonly {
    readonly permission: string;
    readonly users: number;
    readonly tokens: number;
  }[];
  /** What sign-ins give. */
  readonly rules: readonly ClientRule[];
}

export async function readAccessOverview(db: Connection, nowMs: number): Promise<AccessOverview> {
  const facts = await readAccessFacts(db);
  const { counts, superusers, superuserTokens } = countHolders(facts, nowMs);
  const permissions = [...counts].map(([permission, count]) => ({ permission, ...count }));
  return { permissions, superusers, superuserTokens, rules: allRules(facts) };
}

/**
 * Everything that anybody may now, in pages of one user, token or rule each.
 *
 * @param shown a row as its reader may see it; undefined for none of it
 */
export async function* readAccessRows(
  db: Connection,
  nowMs: number,
  shown: (row: AccessRow) => AccessRow | undefined = (row) => row,
): AsyncGenerator<readonly AccessRow[]> {
  for (const rows of accessRows(await readAccessFacts(db), nowMs)) {
    const wanted = rows.flatMap((row) => shown(row) ?? []);
    if (wanted.length > 0) yield wanted;
  }
}

/** Every permission that a user, a group or a token has, and those of the admin pages; sorted. */
export async function readKnownPermissions(db: Connection): Promise<readonly string[]> {
  const given = await db
    .selectFrom("user_permissions")
    .select("permission")
    .union(db.selectFrom("group_permissions").select("permission"))
    .execute();
  const narrowed = await db
    .selectFrom("api_tokens")
    .select("permissions")
    .distinct()
    .where("permissions", "is not", null)
    .execute();
  const names = new Set([
    ...given.map(({ permission }) => permission),
    ...narrowed.flatMap(({ permissions }) => parseList(permissions ?? "[]")),
    ...(Object.keys(adminRights) as (keyof typeof adminRights)[]).map(permissionOf),
  ]);
  return [...names].sort();
}
