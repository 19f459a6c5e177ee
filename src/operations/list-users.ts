import { type ExpressionBuilder, type RawBuilder, sql } from "kysely";
import type { Connection } from "../database/database.js";
import type { Tables } from "../database/tables.js";
import { isCurrentMembership } from "../users/principal.js";
import { contains, readPages, startsWith } from "./paging.js";

/** Whether a user may sign in, and why not: a file or claims make it inactive, or a command deactivated it. */
type UserState = "active" | "inactive" | "deactivated";

/** Which users to list: those that match all of it. */
export interface UserFilter {
  /** The configuration owner that manages them; null for those that none manages. */
  readonly owner?: string | null | undefined;
  readonly state?: UserState | undefined;
  readonly isSuperuser?: boolean;
  readonly isStaff?: boolean;
  /** The name of a group that they are in. */
  readonly group?: string | undefined;
  /** They are older than this, and were not seen for as long. */
  readonly unusedForMs?: number | undefined;
  readonly prefix?: string | undefined;
  /** What the username, the name or the e-mail address contains, in any case. */
  readonly search?: string | undefined;
  /** Also users that exist for one API token only. */
  readonly includesService?: boolean;
}

/** A user for people who look after all of them. Times are ISO 8601 in UTC. */
export interface ListedUser {
  readonly username: string;
  /** Null for what no configuration manages. */
  readonly owner: string | null;
  readonly state: UserState;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  /** It exists for one API token only. */
  readonly isService: boolean;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly hasPassword: boolean;
  /** A person at a provider signs in as this user. */
  readonly isLinked: boolean;
  readonly createdAt: string;
  /** The latest sign-in, or use of a session or of one of its tokens; null if there is none that is known. */
  readonly lastSeenAt: string | null;
}

/** The users in the order of their names, in pages: each page is read when it is asked for. */
export function readUsers(db: Connection, filter: UserFilter, nowMs: number): AsyncGenerator<readonly ListedUser[]> {
  return readPages(
    (after, limit) =>
      filtered(db, filter, nowMs)
        .$if(after !== undefined, (query) => query.where("username", ">", after ?? ""))
        .orderBy("username")
        .limit(limit)
        .execute(),
    ({ username }) => username,
    async (rows) => rows.map(listed),
  );
}

export const userSorts = ["username", "email", "created", "seen"] as const;

/** Part of a list: its order, and which rows of it. */
export interface UserPage {
  readonly sort: (typeof userSorts)[number];
  readonly isDescending: boolean;
  readonly offset: number;
  readonly limit: number;
}

/** One page of the users, and how many there are on all of them. */
export async function readUserPage(
  db: Connection,
  filter: UserFilter,
  { sort, isDescending, offset, limit }: UserPage,
  nowMs: number,
): Promise<{ readonly users: readonly ListedUser[]; readonly total: number }> {
  const matching = filtered(db, filter, nowMs);
  const direction = isDescending ? "desc" : "asc";
  const by = {
    username: sql`users.username`,
    email: sql`lower(users.email)`,
    created: sql`users.created_at`,
    // Databases sort nulls differently.
    seen: sql`coalesce(${lastSeen()}, '')`,
  }[sort];
  // What is shown of a row is read for this page alone: a server would read it for every row before the page as well.
  const page = matching
    .clearSelect()
    .select("users.id")
    .orderBy(by, direction)
    .orderBy("users.username", direction)
    .offset(offset)
    .limit(limit);
  const rows = await allUsers(db)
    .where("users.id", "in", page)
    .orderBy(by, direction)
    .orderBy("users.username", direction)
    .execute();
  const { total } = await matching
    .clearSelect()
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return { users: rows.map(listed), total };
}

/** How many users there are of some sorts; without service users but in `service`. */
export interface UserCounts {
  readonly all: number;
  readonly active: number;
  readonly inactive: number;
  readonly deactivated: number;
  readonly superusers: number;
  readonly staff: number;
  readonly unused: number;
  readonly service: number;
}

/** @param unusedForMs how long they were not seen to count as unused */
export async function countUsers(db: Connection, unusedForMs: number, nowMs: number): Promise<UserCounts> {
  const isPerson = sql<boolean>`users.is_service = 0`;
  const count = (condition: RawBuilder<unknown>) => sql<number>`count(*) filter (where ${isPerson} and ${condition})`;
  return await db
    .selectFrom("users")
    .select([
      count(sql`1 = 1`).as("all"),
      count(sql`${userState()} = 'active'`).as("active"),
      count(sql`${userState()} = 'inactive'`).as("inactive"),
      count(sql`${userState()} = 'deactivated'`).as("deactivated"),
      count(sql`users.is_superuser = 1`).as("superusers"),
      count(sql`users.is_staff = 1`).as("staff"),
      count(isUnseenSince(isoOf(nowMs - unusedForMs))).as("unused"),
      sql<number>`count(*) filter (where users.is_service = 1)`.as("service"),
    ])
    .executeTakeFirstOrThrow();
}

/** The owners that manage users, sorted. */
export async function ownersOfUsers(db: Connection): Promise<readonly string[]> {
  const rows = await db.selectFrom("users").select("owner").distinct().where("owner", "is not", null).execute();
  return rows.flatMap(({ owner }) => owner ?? []).sort();
}

/** Every row with what else a list needs. */
export function allUsers(db: Connection) {
  return db
    .selectFrom("users")
    .selectAll("users")
    .select([userState().as("state"), lastSeen().as("last_seen_at")]);
}

/** The state in which a row of `users` is. */
function userState() {
  return sql<UserState>`case
    when users.deactivated_at is not null then 'deactivated'
    when users.is_active = 0 then 'inactive'
    else 'active' end`;
}

const searched = ["users.username", "users.email", "users.first_name", "users.last_name"];

function filtered(db: Connection, filter: UserFilter, nowMs: number) {
  const { owner, state, isSuperuser, isStaff, group, unusedForMs, prefix, search, includesService } = filter;
  let query = allUsers(db);
  if (!includesService) query = query.where("is_service", "=", 0);
  if (owner === null) query = query.where("owner", "is", null);
  else if (owner !== undefined) query = query.where("owner", "=", owner);
  if (state !== undefined) query = query.where(userState(), "=", state);
  if (isSuperuser) query = query.where("is_superuser", "=", 1);
  if (isStaff) query = query.where("is_staff", "=", 1);
  if (group !== undefined) query = query.where((eb) => isMemberOf(eb, group, isoOf(nowMs)));
  if (unusedForMs !== undefined) query = query.where(isUnseenSince(isoOf(nowMs - unusedForMs)));
  if (prefix !== undefined) query = query.where(startsWith("username", prefix));
  if (search !== undefined) query = query.where((eb) => eb.or(searched.map((column) => contains(column, search))));
  return query;
}

function isMemberOf(eb: ExpressionBuilder<Tables, "users">, group: string, now: string) {
  return eb.exists(
    eb
      .selectFrom("user_groups")
      .innerJoin("groups", "groups.id", "user_groups.group_id")
      .select("groups.id")
      .whereRef("user_groups.user_id", "=", "users.id")
      .where("groups.name", "=", group)
      .where(isCurrentMembership(now)),
  );
}

/** When a row of `users` was last seen: by a sign-in, a session, a provider's claims, or a token. */
function lastSeen() {
  return sql<string | null>`(select max(uses.at) from (
    select users.last_sign_in_at as at
    union all select seen_at from login_sessions where login_sessions.user_id = users.id
    union all select said_at from applied_claims where applied_claims.user_id = users.id
    union all select last_used_at from api_tokens where api_tokens.user_id = users.id
    union all select api_token_retired.last_used_at from api_token_retired
      join api_tokens on api_tokens.id = api_token_retired.token_id where api_tokens.user_id = users.id
  ) as uses)`;
}

function isUnseenSince(since: string) {
  return sql<boolean>`(users.created_at < ${since} and coalesce(${lastSeen()}, '') < ${since})`;
}

export type UserRow = Awaited<ReturnType<ReturnType<typeof allUsers>["executeTakeFirstOrThrow"]>>;

export function listed(row: UserRow): ListedUser {
  return {
    username: row.username,
    owner: row.owner,
    state: row.state,
    isStaff: row.is_staff === 1,
    isSuperuser: row.is_superuser === 1,
    isService: row.is_service === 1,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    hasPassword: row.password_hash !== null,
    isLinked: row.subject !== null,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
