import type { Transaction } from "kysely";
import type { Connection, Database } from "../database/database.js";
import { type LockedResult, withLock } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { findUser, type UserFault, type UserRow } from "./find-user.js";
import type { Person } from "./person.js";
import type { Profile } from "./profile.js";
import { recordSignIn } from "./record-sign-in.js";
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
  /** Who does it, for the record of changes, such as `sign-in:api-oidc`. */
  readonly actor: string;
  /** The row of the provider whose client the person comes through. */
  readonly providerId: string;
  /** Whether somebody who has no user yet gets one. */
  readonly createsUsers: boolean;
}

export interface SignedIn {
  readonly kind: "user";
  readonly userId: string;
  /** The database's revision that this was read at, or that writing it made. */
  readonly revision: number;
  readonly isWritten: boolean;
  /** What made this the person's user, where it was somebody's first sign-in as a user that was there already. */
  readonly linkedBy?: "sign_in" | "name" | undefined;
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
  const look = () => compare(database.kysely, person, profile, options.providerId);
  const first = await look();
  // Between the questions of one look, another process may have made this very user.
  const seen = first.kind === "fault" ? await look() : first;
  if (seen.kind === "fault") return seen;
  if (!seen.change && seen.user) return { kind: "user", userId: seen.user.id, revision, isWritten: false };
  if (!seen.user && !options.createsUsers) return unknownUser;
  const lock = { timeoutMs: lockTimeoutMs, sleep, now, newId, hasTables: true };
  return writer.use((open) => withLock(open, lock, (tx) => signInUnderLock(tx, person, profile, options)));
}

/** Looks again: another process may have done the same meanwhile. */
async function signInUnderLock(
  tx: Transaction<Tables>,
  person: Person,
  profile: Profile,
  { now, newId, actor, createsUsers, providerId }: SignInOptions,
): Promise<LockedResult<SignedIn | UserFault>> {
  const seen = await compare(tx, person, profile, providerId);
  if (seen.kind === "fault") return { commit: false, value: seen };
  const { user: before, change, linkedBy } = seen;
  if (!before && !createsUsers) return { commit: false, value: unknownUser };
  if (!change && before) {
    // The lock itself counted the revision up, and that is taken back.
    const revision = (await readRevision(tx)) - 1;
    return { commit: false, value: { kind: "user", userId: before.id, revision, isWritten: false } };
  }
  const wanted = change ?? nothing;
  const username = before?.username ?? profile.username.name;
  const at = new Date(now()).toISOString();
  const { userId, madeGroups } = await writeUser(tx, wanted, { userId: before?.id, username, now: at, newId });
  const user = { id: userId, username };
  await recordSignIn(tx, { id: newId(), actor, now: at, before, user, change: wanted, madeGroups });
  return { commit: true, value: { kind: "user", userId, revision: await readRevision(tx), isWritten: true, linkedBy } };
}

const unknownUser: UserFault = { kind: "fault", reason: "unknown_user" };
const nothing: UserChange = { fields: {}, join: [], create: [], leave: [], groups: undefined };

interface Comparison {
  readonly kind: "compared";
  readonly user: UserRow | undefined;
  readonly change: UserChange | undefined;
  readonly linkedBy: SignedIn["linkedBy"];
}

async function compare(
  db: Connection,
  person: Person,
  profile: Profile,
  providerId: string,
): Promise<Comparison | UserFault> {
  const found = await findUser(db, person, profile, providerId);
  if (found.kind === "fault") return found;
  const user = found.kind === "none" ? undefined : found.user;
  const linkedBy = found.kind === "unlinked" ? found.by : undefined;
  const groups = await readGroupsOf(db, user?.id, profile);
  return { kind: "compared", user, linkedBy, change: changeUser(user, groups, person, profile) };
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
