import type { Transaction } from "kysely";
import type { Connection } from "../database/database.js";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { verifyPassword } from "../secrets/password.js";
import type { Secret } from "../secrets/secret.js";
import { changeAs } from "./authorize.js";
import { runUserOperation, type UsersOutcome } from "./change-users.js";
import { passwordChange } from "./end-sign-ins.js";
import type { Forbidden, Person } from "./person.js";
import type { RecordOptions } from "./record.js";

/** The stored hash that a user's password matches; undefined where it is another one, or there is none. */
export async function matchingHash(db: Connection, userId: string, password: Secret): Promise<string | undefined> {
  const row = await db.selectFrom("users").select("password_hash").where("id", "=", userId).executeTakeFirst();
  const hash = row?.password_hash ?? null;
  return (await verifyPassword(password, hash)) === "wrong" || hash === null ? undefined : hash;
}

/** The password was changed since the current one was checked. */
interface PasswordMoved {
  readonly kind: "password_moved";
}

/**
 * Gives a person's own account another password and ends its sessions, inside a transaction that holds the lock.
 *
 * @param hashes of the new one, and the stored one that the person's current password was checked against, before the lock
 */
export function changeOwnPassword(
  tx: Transaction<Tables>,
  person: Person,
  hashes: { readonly from: string; readonly to: string },
  options: RecordOptions,
): Promise<LockedResult<UsersOutcome | PasswordMoved | Forbidden>> {
  return changeAs<UsersOutcome | PasswordMoved>(tx, person, { right: "own" }, options, async (actor) => {
    const row = await tx
      .selectFrom("users")
      .select(["username", "password_hash"])
      .where("id", "=", actor.actorUserId ?? "")
      .executeTakeFirst();
    if (row?.password_hash !== hashes.from) return { commit: false, value: { kind: "password_moved" } };
    return await runUserOperation(tx, [row.username], passwordChange(hashes.to), actor, options);
  });
}
