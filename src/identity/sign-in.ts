import type { Transaction } from "kysely";
import type { Connection, Database } from "../database/database.js";
import { type LockedResult, withLock } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { type FoundUser, findUser, type UserFault } from "./find-user.js";
import type { Person } from "./person.js";
import type { Profile } from "./profile.js";
import { type CurrentGroups, changeUser, type UserChange } from "./user-change.js";
import { writeUser } from "./write-user.js";

export interface SignInOptions {
  /** Only read. */
  readonly database: Database;
  /** The same for writing; only used when something has to be written. */
  readonly writer: { readonly use: <T>(work: (database: Database) => Promise<T>) => Promise<T> };
  /** In milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly sleep: (ms: number) => Promise<void>;
  /** How long another writer is waited for. */
  readonly lockTimeoutMs: number;
}

export interface SignedIn {
  readonly kind: "user";
  readonly userId: string;
  /** The database's revision that this was read at, or that writing it made. */
  readonly revision: number;
  readonly isWritten: boolean;
}

/**
 * Makes a person's user what the profile says, in one short transaction if anything has to change, and gives its id. The user
 * may be inactive: that is for the caller to look at.
 *
 * @throws SetupError `DATABASE_LOCKED` (unavailable) when another writer did not end in time
 */
export async function signIn(person: Person, profile: Profile, options: SignInOptions): Promise<SignedIn | UserFault> {
  const { database, writer, now, newId, sleep, lockTimeoutMs } = options;
  // Before anything else is read: what comes later is at least as new.
  const revision = await readRevision(database.kysely);
  const seen = await compare(database.kysely, person, profile);
  if (seen.kind === "fault") return seen;
  if (!seen.change && seen.userId !== undefined)
    return { kind: "user", userId: seen.userId, revision, isWritten: false };
  const lock = { timeoutMs: lockTimeoutMs, sleep, now, newId, hasTables: true };
  return writer.use((open) => withLock(open, lock, (tx) => signInUnderLock(tx, person, profile, options)));
}

/** Looks again: another process may have done the same meanwhile. */
async function signInUnderLock(
  tx: Transaction<Tables>,
  person: Person,
  profile: Profile,
  { now, newId }: SignInOptions,
): Promise<LockedResult<SignedIn | UserFault>> {
  const seen = await compare(tx, person, profile);
  if (seen.kind === "fault") return { commit: false, value: seen };
  const { userId, change } = seen;
  if (!change && userId !== undefined) {
    // The lock itself counted the revision up, and that is taken back.
    const revision = (await readRevision(tx)) - 1;
    return { commit: false, value: { kind: "user", userId, revision, isWritten: false } };
  }
  const write = { userId, username: profile.username.name, now: new Date(now()).toISOString(), newId };
  const written = await writeUser(tx, change ?? nothing, write);
  return { commit: true, value: { kind: "user", userId: written, revision: await readRevision(tx), isWritten: true } };
}

const nothing: UserChange = { fields: {}, join: [], create: [], leave: [] };

interface Comparison {
  readonly kind: "compared";
  readonly userId: string | undefined;
  readonly change: UserChange | undefined;
}

async function compare(db: Connection, person: Person, profile: Profile): Promise<Comparison | UserFault> {
  const found = await findUser(db, person, profile);
  if (found.kind === "fault") return found;
  const user = userOf(found);
  const groups = await readGroupsOf(db, user?.id, profile);
  return { kind: "compared", userId: user?.id, change: changeUser(user, groups, person, profile) };
}

function userOf(found: Exclude<FoundUser, UserFault>) {
  return found.kind === "none" ? undefined : found.user;
}

async function readGroupsOf(db: Connection, userId: string | undefined, profile: Profile): Promise<CurrentGroups> {
  const wanted = profile.groups.map(({ name }) => name);
  const existing =
    wanted.length > 0 ? await db.selectFrom("groups").select(["id", "name"]).where("name", "in", wanted).execute() : [];
  const claimed =
    userId === undefined
      ? []
      : await db
          .selectFrom("user_groups")
          .innerJoin("groups", "groups.id", "user_groups.group_id")
          .select(["groups.id", "groups.name"])
          .where("user_groups.user_id", "=", userId)
          .where("user_groups.origin", "=", "claim")
          .execute();
  return { existing: byName(existing), claimed: byName(claimed) };
}

function byName(rows: readonly { readonly id: string; readonly name: string }[]): ReadonlyMap<string, string> {
  return new Map(rows.map(({ id, name }) => [name, id]));
}

/** The number that every meaningful change counts up. */
export async function readRevision(db: Connection): Promise<number> {
  const state = await db.selectFrom("setup_state").select("revision").where("id", "=", 1).executeTakeFirst();
  return state?.revision ?? 0;
}
