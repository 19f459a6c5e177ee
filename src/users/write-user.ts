import { type Connection, chunk } from "../database/database.js";
import { insertUsers } from "../database/write-rows.js";
import type { UserChange } from "./change-user.js";
import { looksPrivileged, type UserRow, usersNamed } from "./find-user.js";
import type { MappedClaims } from "./map-claims.js";

interface WriteUserOptions {
  /** Undefined for a new user. */
  readonly userId: string | undefined;
  readonly username: string;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly newId: () => string;
}

const batchSize = 500;

interface WrittenUser {
  readonly userId: string;
  readonly createdGroups: readonly { readonly id: string; readonly name: string }[];
}

/** Writes a user's rows, in a transaction that holds the lock. */
export async function writeUser(tx: Connection, change: UserChange, options: WriteUserOptions): Promise<WrittenUser> {
  const { now, newId, username } = options;
  const managed = { owner: null, created_at: now, updated_at: now };
  const userId = options.userId ?? newId();
  if (options.userId === undefined) {
    await insertUsers(tx, now, [{ id: userId, owner: null, username, ...change.fields }]);
  } else {
    await tx
      .updateTable("users")
      .set({ ...change.fields, updated_at: now })
      .where("id", "=", userId)
      .execute();
  }
  const createdGroups = change.create.map((name) => ({ id: newId(), name }));
  // In bulk, since each statement on a database file blocks all other requests.
  for (const groups of chunk(createdGroups, batchSize)) {
    await tx
      .insertInto("groups")
      .values(groups.map((group) => ({ ...group, ...managed })))
      .execute();
  }
  for (const groupIds of chunk(change.leave, batchSize)) {
    await tx
      .deleteFrom("user_groups")
      .where("user_id", "=", userId)
      .where("group_id", "in", groupIds)
      .where("origin", "=", "claim")
      .execute();
  }
  for (const groupIds of chunk([...change.join, ...createdGroups.map(({ id }) => id)], batchSize)) {
    const rows = groupIds.map((groupId) => ({ user_id: userId, group_id: groupId, origin: "claim" as const }));
    await tx.insertInto("user_groups").values(rows).execute();
  }
  return { userId, createdGroups };
}

/** Ends the links of users. Claims that were applied before are another person's, so they are forgotten. */
export async function unlinkUsers(db: Connection, ids: readonly string[]): Promise<void> {
  for (const batch of chunk(ids, batchSize)) {
    await db.deleteFrom("applied_claims").where("user_id", "in", batch).execute();
    await db.updateTable("users").set({ issuer: null, subject: null }).where("id", "in", batch).execute();
  }
}

/** What happens to the username if the claims have another one than before. */
export type Renaming =
  | { readonly kind: "renamed"; readonly name: string }
  /** The user keeps the old name. */
  | { readonly kind: "kept"; readonly reason: KeptNameReason };

export type KeptNameReason = "username_taken" | "username_confusable";

/**
 * Decides whether a user gets another username; undefined if the claims have the same. Claims change only a username from the same
 * client's claims, since another client may map another claim. A username that a file refers to stays.
 *
 * @param givenName the user's last username from the client's claims; null or undefined if there is none
 */
export async function findRenaming(
  db: Connection,
  user: UserRow,
  mapped: MappedClaims,
  givenName: string | null | undefined,
): Promise<Renaming | undefined> {
  const { name, skeleton, isPlain } = mapped.username;
  if (user.is_active === 0 || user.deactivated_at !== null) return undefined;
  if (user.owner !== null || givenName !== user.username) return undefined;
  if (isNamed(user.username, mapped) || (await isNamedByToken(db, user.id))) return undefined;
  const isTaken = async (desired: string): Promise<boolean> =>
    (await usersNamed(db, desired, mapped.isCaseSensitive)).some(({ id }) => id !== user.id);
  if (await isTaken(name)) return { kind: "kept", reason: "username_taken" };
  const isConfusable =
    !isPlain || (skeleton !== name && (await isTaken(skeleton))) || (await looksPrivileged(db, name, user.id));
  return isConfusable ? { kind: "kept", reason: "username_confusable" } : { kind: "renamed", name };
}

/** Whether a user already has the username of the claims. */
export function isNamed(username: string, { username: { name }, isCaseSensitive }: MappedClaims): boolean {
  return isCaseSensitive ? username === name : username.toLowerCase() === name.toLowerCase();
}

/** A file's API token refers to its `user` by name. */
async function isNamedByToken(db: Connection, userId: string): Promise<boolean> {
  const query = db.selectFrom("api_tokens").select("id").where("user_id", "=", userId).where("owner", "is not", null);
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}
