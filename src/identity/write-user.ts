import type { Connection } from "../database/database.js";
import type { UserChange } from "./user-change.js";

export interface WriteUserOptions {
  /** Undefined for a new user. */
  readonly userId: string | undefined;
  readonly username: string;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly newId: () => string;
}

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
  for (const group of madeGroups) {
    await tx
      .insertInto("groups")
      .values({ ...group, ...managed })
      .execute();
  }
  if (change.leave.length > 0) {
    await tx
      .deleteFrom("user_groups")
      .where("user_id", "=", userId)
      .where("group_id", "in", change.leave)
      .where("origin", "=", "claim")
      .execute();
  }
  for (const name of change.join) {
    const group = await tx.selectFrom("groups").select("id").where("name", "=", name).executeTakeFirstOrThrow();
    await tx.insertInto("user_groups").values({ user_id: userId, group_id: group.id, origin: "claim" }).execute();
  }
  return { userId, madeGroups };
}
