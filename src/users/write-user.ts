import { type Connection, chunk } from "../database/database.js";
import type { UserChange } from "./user-change.js";

export interface WriteUserOptions {
  /** Undefined for a new user. */
  readonly userId: string | undefined;
  readonly username: string;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly newId: () => string;
}

const batchSize = 500;

const newUser = {
  email: "",
  first_name: "",
  last_name: "",
  is_active: 1,
  is_staff: 0,
  is_superuser: 0,
  claim_superuser: 0,
  is_service: 0,
  password_hash: null,
} as const;

export interface WrittenUser {
  readonly userId: string;
  readonly madeGroups: readonly { readonly id: string; readonly name: string }[];
}

/** Writes a change inside of a transaction that holds the lock. */
export async function writeUser(tx: Connection, change: UserChange, options: WriteUserOptions): Promise<WrittenUser> {
  const { now, newId, username } = options;
  const managed = { owner: null, created_at: now, updated_at: now };
  const userId = options.userId ?? newId();
  if (options.userId === undefined) {
    const row = { id: userId, ...managed, username, issuer: null, subject: null, ...newUser, ...change.fields };
    await tx.insertInto("users").values(row).execute();
  } else {
    await tx
      .updateTable("users")
      .set({ ...change.fields, updated_at: now })
      .where("id", "=", userId)
      .execute();
  }
  const madeGroups = change.create.map((name) => ({ id: newId(), name }));
  // In bulk: where the database is a file, each statement keeps every other request waiting.
  for (const groups of chunk(madeGroups, batchSize)) {
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
  for (const groupIds of chunk([...change.join, ...madeGroups.map(({ id }) => id)], batchSize)) {
    const rows = groupIds.map((groupId) => ({ user_id: userId, group_id: groupId, origin: "claim" as const }));
    await tx.insertInto("user_groups").values(rows).execute();
  }
  return { userId, madeGroups };
}
