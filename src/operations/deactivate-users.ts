import type { Transaction } from "kysely";
import { chunk } from "../database/database.js";
import type { Tables } from "../database/tables.js";
import {
  endedSessions,
  endSessions,
  type FoundUser,
  inFiles,
  type UserOperation,
  type UserRefused,
} from "./change-users.js";
import type { Actor } from "./record.js";

/**
 * Deactivates users: their sessions end, and neither they nor their tokens are accepted, until a command activates them. Neither
 * a file nor a sign-in's claims end that.
 */
export function deactivation({ actor, claimedActor }: Actor): UserOperation {
  return {
    mayLockOut: true,
    run: async (tx, users, now) => {
      const switched = await setDeactivated(tx, users, { at: now, by: claimedActor ?? actor }, now);
      // Also of those that were deactivated before, where a login was under way at that time.
      const sessions = await endSessions(tx, users);
      return users.map((user) => ({
        user,
        fields: [
          ...(switched.has(user.id) ? [{ name: "deactivated", before: false, after: true }] : []),
          ...endedSessions(sessions.get(user.id)),
        ],
      }));
    },
  };
}

/** Ends what {@link deactivation} did, and nothing else. */
export const activation: UserOperation = {
  check: refuseInactive,
  run: async (tx, users, now) => {
    const switched = await setDeactivated(tx, users, null, now);
    return users.map((user) => ({
      user,
      fields: switched.has(user.id) ? [{ name: "deactivated", before: true, after: false }] : [],
    }));
  },
};

/** Activating gives access, so what a file or claims say stands. */
async function refuseInactive(tx: Transaction<Tables>, users: readonly FoundUser[]): Promise<UserRefused | undefined> {
  const inactive = users.find(({ is_active: isActive }) => isActive === 0);
  if (!inactive) return undefined;
  const { username, owner } = inactive;
  const refusal =
    owner === null
      ? {
          message: `the user ${username} is inactive because of the claims of its sign-in, or was made so by hand`,
          hint: "change what the provider says of it; the next sign-in takes it over",
        }
      : {
          message: `the user ${username} is inactive in a file of the owner ${owner}${await inFiles(tx, owner)}`,
          hint: "write `is_active: true` there and apply it",
        };
  return { kind: "refused", refusal: { code: "USER_INACTIVE", ...refusal } };
}

/** Returns the ids of those that were not so already. */
async function setDeactivated(
  tx: Transaction<Tables>,
  users: readonly FoundUser[],
  state: { readonly at: string; readonly by: string } | null,
  now: string,
): Promise<ReadonlySet<string>> {
  const switched = new Set<string>();
  for (const batch of chunk(users, 500)) {
    const ids = batch.map(({ id }) => id);
    const rows = await tx
      .updateTable("users")
      .set({ deactivated_at: state?.at ?? null, deactivated_by: state?.by ?? null, updated_at: now })
      .where("id", "in", ids)
      .where("deactivated_at", state === null ? "is not" : "is", null)
      .returning("id")
      .execute();
    for (const { id } of rows) switched.add(id);
  }
  return switched;
}
