import type { Connection } from "../database/database.js";

/** A user as it may see itself. What it may do is for the session's principal to say. */
export interface Account {
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  /** By name, whoever put the user there: a file, a person or a sign-in. */
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
