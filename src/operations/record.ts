import type { Transaction } from "kysely";
import type { Connection } from "../database/database.js";
import { type ChangeRecord, writeRun } from "../database/journal.js";
import type { Tables } from "../database/tables.js";
import { version } from "../version.js";

export interface RecordOptions {
  readonly now: () => number;
  readonly newId: () => string;
}

/** Records who did what to which token, in the same tables as the runs that wrote configuration. */
export async function recordTokenChange(
  tx: Transaction<Tables>,
  actor: string,
  change: Omit<ChangeRecord, "kind">,
  { now, newId }: RecordOptions,
): Promise<void> {
  const at = new Date(now()).toISOString();
  // No file and no configuration owner is involved.
  const run = { id: newId(), startedAt: at, finishedAt: at, actor, owner: "", version, files: [] };
  await writeRun(tx, run, [{ kind: "api_token", ...change }]);
}

/** A user's own view of its account. Its permissions are in the session's principal. */
export interface Account {
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  /** By name, from every source: a file, a person or a sign-in. */
  readonly groups: readonly string[];
}

/** Undefined where there is no such user. */
export async function readAccount(db: Connection, userId: string): Promise<Account | undefined> {
  const user = await db
    .selectFrom("users")
    .select(["username", "first_name", "last_name", "email"])
    .where("id", "=", userId)
    .executeTakeFirst();
  if (!user) return undefined;
  const groups = await db
    .selectFrom("user_groups")
    .innerJoin("groups", "groups.id", "user_groups.group_id")
    .select("groups.name")
    .distinct()
    .where("user_groups.user_id", "=", userId)
    .execute();
  return {
    username: user.username,
    firstName: user.first_name,
    lastName: user.last_name,
    email: user.email,
    groups: groups.map(({ name }) => name).sort(),
  };
}
