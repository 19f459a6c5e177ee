import type { Transaction } from "kysely";
import { chunk, readInPieces } from "../database/database.js";
import type { Tables } from "../database/tables.js";
import type { Diagnostic } from "../errors.js";
import { unlinkUsers } from "../users/write-user.js";
import {
  endedSessions,
  endSessions,
  type FoundUser,
  inFiles,
  type UserOperation,
  type UserRefused,
} from "./change-users.js";

/** Ends login sessions. What a provider issued works on, and that can't be ended here. */
export const sessionsEnd: UserOperation = {
  run: async (tx, users) => {
    const sessions = await endSessions(tx, users);
    return users.map((user) => ({ user, fields: endedSessions(sessions.get(user.id)) }));
  },
  notes: (changed) => (changed.length === 0 ? [] : [bearerTokensStay]),
};

const bearerTokensStay: Diagnostic = {
  severity: "note",
  code: "BEARER_TOKENS_STAY",
  message: "sessions are ended here alone: access tokens that a provider issued are accepted until they expire",
  hint: "to refuse these as well, use vtb-setup user deactivate, or end the sessions at the provider too",
};

/**
 * Separates users from the person at a provider who signs in as them: the link, what that person's claims gave, and the sessions end.
 */
export const unlinking: UserOperation = {
  mayLockOut: true,
  run: async (tx, users, now) => {
    const linked = users.filter(({ subject }) => subject !== null);
    const groups = await claimedGroups(tx, linked);
    await unlinkUsers(
      tx,
      linked.map(({ id }) => id),
    );
    await takeClaimedAway(tx, linked, now);
    const sessions = await endSessions(tx, linked);
    return users.map((user) => ({ user, fields: user.subject === null ? [] : fieldsOf(user, groups, sessions) }));
  },
  notes: (changed) => changed.flatMap(linksAgain),
};

function fieldsOf(
  { id, claim_superuser: isByClaim }: FoundUser,
  groups: ReadonlyMap<string, readonly string[]>,
  sessions: ReadonlyMap<string, number>,
): readonly object[] {
  const left = groups.get(id);
  return [
    { name: "issuer", sensitive: true },
    { name: "subject", sensitive: true },
    ...(isByClaim === 1 ? [{ name: "is_superuser", before: true, after: false }] : []),
    ...(left ? [{ name: "claim_groups", before: left, after: [] }] : []),
    ...endedSessions(sessions.get(id)),
  ];
}

/** The names of the groups that claims gave, by the user's id. */
async function claimedGroups(
  tx: Transaction<Tables>,
  users: readonly FoundUser[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Map<string, string[]>();
  const claimed = tx
    .selectFrom("user_groups")
    .innerJoin("groups", "groups.id", "user_groups.group_id")
    .select(["user_groups.user_id", "groups.name"])
    .where("user_groups.origin", "=", "claim")
    .orderBy("groups.name");
  const ids = users.map(({ id }) => id);
  const rows = await readInPieces(ids, (some) => claimed.where("user_groups.user_id", "in", some).execute());
  for (const { user_id: id, name } of rows) names.set(id, [...(names.get(id) ?? []), name]);
  return names;
}

/** What claims gave was another person's, so it goes with the link. */
async function takeClaimedAway(tx: Transaction<Tables>, users: readonly FoundUser[], now: string): Promise<void> {
  for (const batch of chunk(users, 500)) {
    const ids = batch.map(({ id }) => id);
    await tx.deleteFrom("user_groups").where("user_id", "in", ids).where("origin", "=", "claim").execute();
    await tx
      .updateTable("users")
      .set({ is_superuser: 0, claim_superuser: 0 })
      .where("id", "in", ids)
      .where("claim_superuser", "=", 1)
      .execute();
    await tx.updateTable("users").set({ updated_at: now }).where("id", "in", ids).execute();
  }
}

/** A user that a sign-in links again; a superuser or staff account without `sign_in` never is. */
function linksAgain(user: FoundUser): readonly Diagnostic[] {
  const { username, sign_in_provider_id: provider, sign_in_subject: subject } = user;
  const isPrivileged = (user.is_superuser === 1 && user.claim_superuser === 0) || user.is_staff === 1;
  if (provider === null && isPrivileged) return [];
  const who = subject === null ? "a person of that name" : "the subject that its file's `sign_in` names";
  return [
    {
      severity: "note",
      code: "LINKS_AGAIN",
      message: `the next sign-in of ${who} links the user ${username} again`,
      hint:
        provider === null
          ? "to keep everybody out, use vtb-setup user deactivate; to say who it is, write `sign_in` in its file"
          : "to keep that person out, change `sign_in` in its file, or use vtb-setup user deactivate",
    },
  ];
}

/**
 * Gives one user a password, of which the caller has made the hash, and ends its sessions. A file's password is for the creation
 * alone, so this works for what a file manages too.
 */
export function passwordChange(hash: string): UserOperation {
  return {
    check: refuseOfProvider,
    run: async (tx, users, now) => {
      const sessions = await endSessions(tx, users);
      const ids = users.map(({ id }) => id);
      await tx.updateTable("users").set({ password_hash: hash, updated_at: now }).where("id", "in", ids).execute();
      return users.map((user) => ({
        user,
        fields: [{ name: "password", sensitive: true }, ...endedSessions(sessions.get(user.id))],
      }));
    },
  };
}

/** Once a person signs in through a provider, that alone decides; and an emergency account never does. */
async function refuseOfProvider(
  tx: Transaction<Tables>,
  users: readonly FoundUser[],
): Promise<UserRefused | undefined> {
  const linked = users.find(({ subject }) => subject !== null);
  const code = "USER_OF_PROVIDER";
  if (linked) {
    const message = `the user ${linked.username} signs in through a provider, so a password would not be accepted`;
    const hint = `change the password at the provider, or run vtb-setup user unlink ${linked.username} first`;
    return { kind: "refused", refusal: { code, message, hint } };
  }
  const privileged = users.find((user) => user.is_superuser === 1 && user.sign_in_provider_id !== null);
  if (!privileged) return undefined;
  const { username, owner } = privileged;
  const where = owner === null ? "" : ` in a file of the owner ${owner}${await inFiles(tx, owner)}`;
  const message = `the superuser ${username} has \`sign_in\`${where}: an emergency account with a password has none`;
  return { kind: "refused", refusal: { code, message, hint: "remove `sign_in` there and apply it first" } };
}
