import type { Connection } from "../database/database.js";
import type { Origin } from "../database/tables.js";
import { allUsers, type ListedUser, listed, type UserRow } from "./list-users.js";

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

/** One user; undefined where there is none with this name. */
export async function readUser(db: Connection, username: string, nowMs: number): Promise<UserDetails | undefined> {
  const row = await allUsers(db).where("username", "=", username).executeTakeFirst();
  if (!row) return undefined;
  const { deactivated_at: at, deactivated_by: by } = row;
  return {
    ...listed(row),
    deactivation: at === null ? null : { at, by: by ?? "" },
    ...(await readRights(db, row.id)),
    ...(await readSignIn(db, row)),
    sessions: await readSessions(db, row.id, new Date(nowMs).toISOString()),
  };
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
  const [lastSeenAt = null] = rows
    .map(({ seen_at: at }) => at)
    .sort()
    .reverse();
  return { count: rows.length, lastSeenAt };
}

/** When a user's row last changed, by which a form knows it; undefined where there is no such user. */
export async function readUserVersion(db: Connection, username: string): Promise<string | undefined> {
  const query = db.selectFrom("users").select("updated_at").where("username", "=", username);
  return (await query.executeTakeFirst())?.updated_at;
}

/** A person's user with the version that a form carries; the version is read first, so that it is never newer than what is shown. */
export async function readVersionedUser(
  db: Connection,
  username: string,
  nowMs: number,
): Promise<{ readonly user: UserDetails; readonly version: string } | undefined> {
  const version = await readUserVersion(db, username);
  const user = version === undefined ? undefined : await readUser(db, username, nowMs);
  return user && version !== undefined && !user.isService ? { user, version } : undefined;
}

/** The identifiers of the providers that a user may sign in at, sorted. */
export async function providerNames(db: Connection): Promise<readonly string[]> {
  const rows = await db.selectFrom("oidc_providers").select("identifier").execute();
  return rows.map(({ identifier }) => identifier).sort();
}

/** A browser in which a user is signed in. Times are ISO 8601 in UTC. */
export interface UserSession {
  readonly createdAt: string;
  /** To the minute. */
  readonly seenAt: string;
  /** At the latest: without a request, it ends before. */
  readonly expiresAt: string;
  /** The client that the user signed in through; null for a password. */
  readonly client: string | null;
}

/** A user's sessions, the latest first. */
export async function readUserSessions(
  db: Connection,
  username: string,
  nowMs: number,
): Promise<readonly UserSession[]> {
  const rows = await db
    .selectFrom("login_sessions")
    .innerJoin("users", "users.id", "login_sessions.user_id")
    .select(["client", "client_id", "login_sessions.created_at", "seen_at", "expires_at"])
    .where("users.username", "=", username)
    .where("expires_at", ">", new Date(nowMs).toISOString())
    .orderBy("seen_at", "desc")
    .execute();
  return rows.map((row) => ({
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    client: row.client_id === null ? null : row.client,
  }));
}
