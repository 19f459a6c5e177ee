import { type ExpressionBuilder, sql } from "kysely";
import type { Connection } from "../database/database.js";
import type { Origin, Tables } from "../database/tables.js";
import { isCurrentMembership } from "../users/principal.js";
import { readPages, startsWith } from "./paging.js";

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

/** A user with what it may do, and how it signs in. */
export interface UserDetails extends ListedUser {
  readonly deactivation: { readonly at: string; readonly by: string } | null;
  /** With those that are over: `until` is when each stops to count, null for good. */
  readonly groups: readonly { readonly name: string; readonly source: Origin; readonly until: string | null }[];
  /** Its own, beside those of its groups. */
  readonly permissions: readonly { readonly permission: string; readonly source: Origin }[];
  readonly tokens: readonly string[];
  /** Who signs in as this user. */
  readonly link: {
    readonly providers: readonly string[];
    readonly issuer: string | null;
    readonly subject: string;
  } | null;
  /** Who may become this user according to its file. */
  readonly signIn: { readonly provider: string; readonly subject: string | null } | null;
  readonly sessions: { readonly count: number; readonly lastSeenAt: string | null };
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
    (rows) => withLastSeen(db, rows),
  );
}

/** One user; undefined where there is none with this name. */
export async function readUser(db: Connection, username: string, nowMs: number): Promise<UserDetails | undefined> {
  const row = await allUsers(db).where("username", "=", username).executeTakeFirst();
  const [user] = row ? await withLastSeen(db, [row]) : [];
  if (!row || !user) return undefined;
  const { deactivated_at: at, deactivated_by: by } = row;
  return {
    ...user,
    deactivation: at === null ? null : { at, by: by ?? "" },
    ...(await readRights(db, row.id)),
    ...(await readSignIn(db, row)),
    sessions: await readSessions(db, row.id, isoOf(nowMs)),
  };
}

function allUsers(db: Connection) {
  return db.selectFrom("users").selectAll("users").select(userState().as("state"));
}

/** The state in which a row of `users` is. */
function userState() {
  return sql<UserState>`case
    when users.deactivated_at is not null then 'deactivated'
    when users.is_active = 0 then 'inactive'
    else 'active' end`;
}

function filtered(db: Connection, filter: UserFilter, nowMs: number) {
  const { owner, state, isSuperuser, isStaff, group, unusedForMs, prefix, includesService } = filter;
  let query = allUsers(db);
  if (!includesService) query = query.where("is_service", "=", 0);
  if (owner === null) query = query.where("owner", "is", null);
  else if (owner !== undefined) query = query.where("owner", "=", owner);
  if (state !== undefined) query = query.where(userState(), "=", state);
  if (isSuperuser) query = query.where("is_superuser", "=", 1);
  if (isStaff) query = query.where("is_staff", "=", 1);
  if (group !== undefined) query = query.where((eb) => isMemberOf(eb, group, isoOf(nowMs)));
  if (unusedForMs !== undefined) query = query.where((eb) => isUnseenSince(eb, isoOf(nowMs - unusedForMs)));
  if (prefix !== undefined) query = query.where(startsWith("username", prefix));
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

function isUnseenSince(eb: ExpressionBuilder<Tables, "users">, since: string) {
  const uses = [
    eb
      .selectFrom("login_sessions")
      .select("seen_at")
      .whereRef("login_sessions.user_id", "=", "users.id")
      .where("seen_at", ">=", since),
    eb
      .selectFrom("applied_claims")
      .select("said_at")
      .whereRef("applied_claims.user_id", "=", "users.id")
      .where("said_at", ">=", since),
    eb
      .selectFrom("api_tokens")
      .select("api_tokens.last_used_at")
      .whereRef("api_tokens.user_id", "=", "users.id")
      .where("api_tokens.last_used_at", ">=", since),
    eb
      .selectFrom("api_token_retired")
      .innerJoin("api_tokens", "api_tokens.id", "api_token_retired.token_id")
      .select("api_token_retired.last_used_at")
      .whereRef("api_tokens.user_id", "=", "users.id")
      .where("api_token_retired.last_used_at", ">=", since),
  ];
  return eb.and([
    eb("users.created_at", "<", since),
    eb.or([eb("users.last_sign_in_at", "is", null), eb("users.last_sign_in_at", "<", since)]),
    ...uses.map((use) => eb.not(eb.exists(use))),
  ]);
}

type UserRow = Awaited<ReturnType<ReturnType<typeof allUsers>["executeTakeFirstOrThrow"]>>;

async function withLastSeen(db: Connection, rows: readonly UserRow[]): Promise<readonly ListedUser[]> {
  const latest = await lastUses(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({
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
    lastSeenAt: latestOf([row.last_sign_in_at, latest.get(row.id) ?? null]),
  }));
}

/** When each of these users was last seen by a session, a provider's claims or a token. */
async function lastUses(db: Connection, ids: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
  const sessions = db.selectFrom("login_sessions").select(["user_id", "seen_at as at"]).where("user_id", "in", ids);
  const claims = db.selectFrom("applied_claims").select(["user_id", "said_at as at"]).where("user_id", "in", ids);
  const tokens = db.selectFrom("api_tokens").select(["user_id", "last_used_at as at"]).where("user_id", "in", ids);
  const retired = db
    .selectFrom("api_token_retired")
    .innerJoin("api_tokens", "api_tokens.id", "api_token_retired.token_id")
    .select(["api_tokens.user_id", "api_token_retired.last_used_at as at"])
    .where("api_tokens.user_id", "in", ids);
  const found = new Map<string, string | null>();
  for (const query of [sessions, claims, tokens, retired]) {
    for (const { user_id: id, at } of await query.execute()) found.set(id, latestOf([found.get(id) ?? null, at]));
  }
  return found;
}

function latestOf(times: readonly (string | null)[]): string | null {
  return (
    times
      .flatMap((time) => time ?? [])
      .sort()
      .at(-1) ?? null
  );
}

async function readRights(db: Connection, id: string): Promise<Pick<UserDetails, "groups" | "permissions" | "tokens">> {
  const groups = await db
    .selectFrom("user_groups")
    .innerJoin("groups", "groups.id", "user_groups.group_id")
    .select(["groups.name", "user_groups.origin as source", "user_groups.until"])
    .where("user_groups.user_id", "=", id)
    .orderBy("groups.name")
    .orderBy("user_groups.origin")
    .execute();
  const permissions = await db
    .selectFrom("user_permissions")
    .select(["permission", "origin as source"])
    .where("user_id", "=", id)
    .orderBy("permission")
    .orderBy("origin")
    .execute();
  const tokens = await db
    .selectFrom("api_tokens")
    .select("identifier")
    .where("user_id", "=", id)
    .orderBy("identifier")
    .execute();
  return { groups, permissions, tokens: tokens.map(({ identifier }) => identifier) };
}

async function readSignIn(db: Connection, row: UserRow): Promise<Pick<UserDetails, "link" | "signIn">> {
  const providers = await db.selectFrom("oidc_providers").select(["id", "identifier", "issuer"]).execute();
  const linked = providers.filter(({ issuer }) => issuer !== null && issuer === row.issuer);
  const meant = providers.find(({ id }) => id === row.sign_in_provider_id);
  return {
    link:
      row.subject === null
        ? null
        : { providers: linked.map(({ identifier }) => identifier), issuer: row.issuer, subject: row.subject },
    signIn: meant ? { provider: meant.identifier, subject: row.sign_in_subject } : null,
  };
}

async function readSessions(db: Connection, id: string, now: string): Promise<UserDetails["sessions"]> {
  const rows = await db
    .selectFrom("login_sessions")
    .select("seen_at")
    .where("user_id", "=", id)
    .where("expires_at", ">", now)
    .execute();
  return { count: rows.length, lastSeenAt: latestOf(rows.map(({ seen_at: at }) => at)) };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
