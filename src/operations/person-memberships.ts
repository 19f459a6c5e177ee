import type { Transaction } from "kysely";
import type { AccessFacts } from "../access/facts.js";
import type { LockedResult } from "../database/lock.js";
import type { Origin, Tables } from "../database/tables.js";
import { user as userKind } from "../resources/kinds.js";
import { isPermission } from "../users/names.js";
import { changeAs } from "./authorize.js";
import { latestMs } from "./create-token.js";
import type { Forbidden, Person } from "./person.js";
import { demandFor } from "./person-users.js";
import { type EntriesChanged, managedByFile, type RecordOptions, recordChanges } from "./record.js";

/** Why a user's groups or permissions were not changed. */
interface SetError {
  readonly code: /** There is no such user, or it exists for one API token alone. */
    | "user_not_found"
    | "group_not_found"
    | "in_the_past"
    | "invalid_value"
    /** Nobody gave it by hand: a file or a sign-in's claims did, which would give it again. */
    | "not_by_hand";
  readonly field: "username" | "groups" | "until" | "permissions";
  /** The name that it is about. */
  readonly name: string;
  readonly message: string;
}

export interface SetRefusal {
  readonly kind: "refused";
  readonly errors: readonly SetError[];
}

type SetResult = Promise<LockedResult<EntriesChanged | SetRefusal | Forbidden>>;

export interface MembershipsRequest {
  readonly username: string;
  /** `until`: from when on it does not count; without it, for good. One that is there by hand gets this end. */
  readonly add?: readonly { readonly group: string; readonly until?: Date | undefined }[];
  readonly remove?: readonly string[];
}

/**
 * Makes a user a member of groups by hand, or ends that, inside a transaction that holds the lock: also one that a file manages, whose
 * own memberships stay as the file says.
 */
export function changeMembershipsAs(
  tx: Transaction<Tables>,
  person: Person,
  { username, add = [], remove = [] }: MembershipsRequest,
  options: RecordOptions,
): SetResult {
  return changeSetAs(tx, person, username, options, async (user, { groups }) => {
    const ids = new Map([...groups.values()].map(({ id, name }) => [name, id]));
    const before = await readMemberships(tx, user.id);
    const errors: SetError[] = [];
    for (const name of [...add.map(({ group }) => group), ...remove]) {
      if (ids.has(name)) continue;
      errors.push({ code: "group_not_found", field: "groups", name, message: "there is no group with this name" });
    }
    for (const { group: name, until } of add) {
      // Also false for an invalid date.
      if (until === undefined || (until.getTime() > options.now() && until.getTime() <= latestMs)) continue;
      errors.push({ code: "in_the_past", field: "until", name, message: "expected a time in the future" });
    }
    for (const name of remove) {
      if (!ids.has(name) || before.some((row) => row.name === name && isByHand(row.origin, user))) continue;
      errors.push({ code: "not_by_hand", field: "groups", name, message: "nobody made this membership by hand" });
    }
    if (errors.length > 0) return errors;
    for (const name of remove) {
      const rows = tx
        .deleteFrom("user_groups")
        .where("user_id", "=", user.id)
        .where("group_id", "=", ids.get(name) ?? "");
      await rows.where("origin", "in", originsByHand(user)).execute();
    }
    for (const { group, until: end } of add) {
      const until = end?.toISOString() ?? null;
      await tx
        .insertInto("user_groups")
        .values({ user_id: user.id, group_id: ids.get(group) ?? "", origin: "manual", until })
        .onConflict((conflict) => conflict.columns(["user_id", "group_id", "origin"]).doUpdateSet({ until }))
        .execute();
    }
    const shown = (rows: readonly MembershipRow[]) =>
      rows
        .filter(({ origin }) => isByHand(origin, user))
        .map(({ name, until }) => (until === null ? name : { name, until }));
    return { name: "manual_groups", before: shown(before), after: shown(await readMemberships(tx, user.id)) };
  });
}

export interface PermissionsRequest {
  readonly username: string;
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** Gives a user its own permissions by hand, or takes them away, inside a transaction that holds the lock. Not where a file manages it. */
export function changePermissionsAs(
  tx: Transaction<Tables>,
  person: Person,
  { username, add = [], remove = [] }: PermissionsRequest,
  options: RecordOptions,
): SetResult {
  return changeSetAs(tx, person, username, options, async (user) => {
    if (user.owner !== null) return managedByFile(tx, user.owner, [{ kind: userKind.name, key: username }]);
    const before = await readPermissions(tx, user.id);
    const errors: SetError[] = [];
    for (const name of add) {
      if (isPermission(name)) continue;
      const message = "expected permissions such as `taken.view_externetaak`";
      errors.push({ code: "invalid_value", field: "permissions", name, message });
    }
    for (const name of remove) {
      if (before.some((row) => row.permission === name && isByHand(row.origin, user))) continue;
      errors.push({ code: "not_by_hand", field: "permissions", name, message: "nobody gave this permission by hand" });
    }
    if (errors.length > 0) return errors;
    if (remove.length > 0) {
      const rows = tx.deleteFrom("user_permissions").where("user_id", "=", user.id).where("permission", "in", remove);
      await rows.where("origin", "in", originsByHand(user)).execute();
    }
    const added = [...new Set(add)].map((permission) => ({ user_id: user.id, permission, origin: "manual" as const }));
    if (added.length > 0) {
      await tx
        .insertInto("user_permissions")
        .values(added)
        .onConflict((conflict) => conflict.columns(["user_id", "permission", "origin"]).doNothing())
        .execute();
    }
    const shown = (rows: Awaited<ReturnType<typeof readPermissions>>) =>
      [...new Set(rows.filter(({ origin }) => isByHand(origin, user)).map(({ permission }) => permission))].sort();
    return { name: "manual_permissions", before: shown(before), after: shown(await readPermissions(tx, user.id)) };
  });
}

interface FoundUser {
  readonly id: string;
  readonly owner: string | null;
}

/** Where no file says anything of a user, what an earlier one left there is nobody's but a person's to change. */
function originsByHand({ owner }: FoundUser): readonly Origin[] {
  return owner === null ? ["manual", "config"] : ["manual"];
}

function isByHand(origin: Origin, user: FoundUser): boolean {
  return originsByHand(user).includes(origin);
}

interface SetField {
  readonly name: string;
  readonly before: readonly unknown[];
  readonly after: readonly unknown[];
}

function changeSetAs(
  tx: Transaction<Tables>,
  person: Person,
  username: string,
  options: RecordOptions,
  work: (user: FoundUser, facts: AccessFacts) => Promise<SetField | readonly SetError[] | Forbidden>,
): SetResult {
  const demand = demandFor([username], { right: "change_users" });
  return changeAs(
    tx,
    person,
    demand,
    options,
    async (actor, facts): Promise<LockedResult<EntriesChanged | SetRefusal | Forbidden>> => {
      const found = tx.selectFrom("users").select(["id", "owner"]).where("username", "=", username);
      const user = await found.where("is_service", "=", 0).executeTakeFirst();
      if (!user) {
        const message = "there is no user with this name";
        const error: SetError = { code: "user_not_found", field: "username", name: username, message };
        return { commit: false, value: { kind: "refused", errors: [error] } };
      }
      const done = await work(user, facts);
      if ("kind" in done) return { commit: false, value: done };
      if (!("before" in done)) return { commit: false, value: { kind: "refused", errors: done } };
      const isChanged = JSON.stringify(done.before) !== JSON.stringify(done.after);
      const change = { action: "update", kind: userKind.name, key: username, id: user.id, fields: [done] } as const;
      const changes = isChanged ? [change] : [];
      if (isChanged) {
        const now = new Date(options.now()).toISOString();
        await tx.updateTable("users").set({ updated_at: now }).where("id", "=", user.id).execute();
      }
      const runId = await recordChanges(tx, actor, changes, options);
      const unchanged = isChanged ? [] : [username];
      return { commit: isChanged, value: { kind: "changed", changes, unchanged, runId } };
    },
  );
}

interface MembershipRow {
  readonly name: string;
  readonly origin: Origin;
  readonly until: string | null;
}

async function readMemberships(tx: Transaction<Tables>, userId: string): Promise<readonly MembershipRow[]> {
  const rows = await tx
    .selectFrom("user_groups")
    .innerJoin("groups", "groups.id", "user_groups.group_id")
    .select(["groups.name", "user_groups.origin", "user_groups.until"])
    .where("user_groups.user_id", "=", userId)
    .execute();
  return rows.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function readPermissions(tx: Transaction<Tables>, userId: string) {
  return tx.selectFrom("user_permissions").select(["permission", "origin"]).where("user_id", "=", userId).execute();
}
