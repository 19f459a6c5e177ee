import { randomUUID } from "node:crypto";
import fc from "fast-check";
import type { Transaction } from "kysely";
import { administratorSignIns, signInCheck } from "../../src/access/administrators.js";
import { claimRules } from "../../src/access/claims.js";
import { type Access, hasPermission, isUserActive, tokenAccess, userAccess } from "../../src/access/effective.js";
import type { AccessFacts, UserFacts } from "../../src/access/facts.js";
import { readAccessFacts } from "../../src/access/read-facts.js";
import type { Database } from "../../src/database/database.js";
import type { LockedResult, OnRollback } from "../../src/database/lock.js";
import type { Tables } from "../../src/database/tables.js";
import { changeEntries, type Entries, prepareEntries } from "../../src/operations/change-entries.js";
import type { Person } from "../../src/operations/person.js";
import { changeMembershipsAs, changePermissionsAs } from "../../src/operations/person-memberships.js";
import { createTokenAs, revokeTokensAs, rotateTokenAs, switchTokensAs } from "../../src/operations/person-tokens.js";
import {
  activateUsersAs,
  deactivateUsersAs,
  endSessionsAs,
  prepareUser,
  setPasswordAs,
  unlinkUsersAs,
} from "../../src/operations/person-users.js";
import type { Resource } from "../../src/plan/resource.js";
import { adminRights, permissionOf } from "../../src/users/admin-rights.js";
import { groupNames, permissions, resourcesOf, tokenNames, worldParts } from "../access/worlds.js";
import { sealingEnv } from "../support/databases.js";
import { nowMs, recorded, root } from "./admin-world.js";

export const usernames = ["jan", "piet", "els"] as const;
const everybody = [...usernames, "root", "nieuw"];
const allRights = Object.keys(adminRights).map((right) => permissionOf(right as keyof typeof adminRights));

/** A world in which three people may do something at the admin pages, and a part of it is managed by nobody. */
export const adminWorldParts = fc.record({
  parts: worldParts,
  rights: fc.tuple(...usernames.map(() => fc.subarray(allRights, { minLength: 1 }))),
  staff: fc.subarray([...usernames], { minLength: 1 }),
  superusers: fc.subarray([...usernames], { maxLength: 1 }),
  passwords: fc.subarray([...usernames, "root"]),
  unmanaged: fc.subarray(["users", "groups", "api_tokens"] as const, { minLength: 1 }),
});

export type AdminWorldParts = typeof adminWorldParts extends fc.Arbitrary<infer T> ? T : never;

export function adminResources({ parts, rights, staff, superusers }: AdminWorldParts): readonly Resource[] {
  const users = Object.fromEntries(
    usernames.map((name, index) => {
      const given = parts.users[name];
      const own = [...((given?.permissions ?? []) as readonly string[]), ...(rights[index] ?? [])].sort();
      const flags = { is_staff: staff.includes(name), is_superuser: superusers.includes(name), is_active: true };
      return [name, { groups: [], until: null, ...given, ...flags, permissions: own }];
    }),
  );
  return [root, ...resourcesOf({ ...parts, users })];
}

/** What no file says: passwords, and that nobody manages some of it. */
export async function finishWorld({ kysely }: Database, { passwords, unmanaged }: AdminWorldParts): Promise<void> {
  const names = [...passwords];
  if (names.length > 0) {
    await kysely.updateTable("users").set({ password_hash: "x" }).where("username", "in", names).execute();
  }
  for (const table of unmanaged) await kysely.updateTable(table).set({ owner: null }).execute();
}

type Operation = (
  tx: Transaction<Tables>,
  person: Person,
  place: { readonly database: Database; readonly onRollback: OnRollback },
) => Promise<LockedResult<{ readonly kind: string }>>;

/** What somebody tries, prepared before the lock. */
interface Attempt {
  readonly name: string;
  readonly prepare: () => Promise<Operation | undefined>;
}

const somebody = fc.constantFrom(...everybody);
const someUsers = fc.subarray(everybody, { minLength: 1, maxLength: 2 });
const someTokens = fc.subarray([...tokenNames, "n1", "n2"], { minLength: 1, maxLength: 2 });
const somePermissions = fc.subarray([...permissions, ...allRights], { maxLength: 3 });
const someGroups = fc.subarray([...groupNames, "g4"], { maxLength: 2 });
const until = fc.option(fc.constant(new Date(nowMs + 1000)), { nil: undefined });

const direct = <T>(name: string, input: fc.Arbitrary<T>, run: (input: T) => Operation): fc.Arbitrary<Attempt> =>
  input.map((given) => ({ name, prepare: () => Promise.resolve(run(given)) }));

const options = { env: sealingEnv(), now: () => new Date(nowMs), newId: () => randomUUID(), offline: true };

const written = (ready: Awaited<ReturnType<typeof prepareEntries>>): Operation | undefined => {
  if (ready.kind === "invalid") return undefined;
  return (tx, person, place) => changeEntries(tx, ready, person, { ...recorded, ...place, env: options.env });
};

const entries = <T>(name: string, input: fc.Arbitrary<T>, of: (input: T) => Entries): fc.Arbitrary<Attempt> =>
  input.map((given) => ({ name, prepare: async () => written(await prepareEntries(of(given), options)) }));

export const attempts: fc.Arbitrary<Attempt> = fc.oneof(
  direct(
    "create token",
    fc.record({
      for: fc.oneof(
        fc.constant({ kind: "self" } as const),
        fc.constant({ kind: "service_user" } as const),
        somebody.map((username) => ({ kind: "user", username }) as const),
      ),
      identifier: fc.constantFrom("n1", "n2"),
      permissions: fc.oneof(somePermissions, fc.constant("all" as const)),
    }),
    (request) => (tx, person) => createTokenAs(tx, person, request, recorded),
  ),
  direct(
    "rotate token",
    fc.record({
      identifier: fc.constantFrom(...tokenNames, "n1", "n2"),
      overlap: fc.constantFrom(0 as const, 86_400 as const),
    }),
    (request) => (tx, person) => rotateTokenAs(tx, person, request, recorded),
  ),
  direct(
    "revoke tokens",
    someTokens,
    (identifiers) => (tx, person) => revokeTokensAs(tx, person, { identifiers, reason: "other" }, recorded),
  ),
  direct(
    "switch tokens",
    fc.record({ identifiers: someTokens, enabled: fc.boolean() }),
    (request) => (tx, person) => switchTokensAs(tx, person, request, recorded),
  ),
  ...[deactivateUsersAs, activateUsersAs, unlinkUsersAs, endSessionsAs].map((operation) =>
    direct(operation.name, someUsers, (names) => (tx, person) => operation(tx, person, { usernames: names }, recorded)),
  ),
  direct(
    "set password",
    somebody,
    (username) => (tx, person) => setPasswordAs(tx, person, { username, hash: "y" }, recorded),
  ),
  direct(
    "change memberships",
    fc.record({
      username: somebody,
      add: fc.array(fc.record({ group: fc.constantFrom(...groupNames), until }), { maxLength: 2 }),
      remove: someGroups,
    }),
    (request) => (tx, person) => changeMembershipsAs(tx, person, request, recorded),
  ),
  direct(
    "change permissions",
    fc.record({ username: somebody, add: somePermissions, remove: somePermissions }),
    (request) => (tx, person) => changePermissionsAs(tx, person, request, recorded),
  ),
  fc
    .record({
      username: somebody,
      isStaff: fc.boolean(),
      isSuperuser: fc.constantFrom(false, false, true),
      provider: fc.boolean(),
    })
    .map(({ provider, ...form }) => ({
      name: "save user",
      prepare: async () =>
        written(
          await prepareUser(
            { firstName: "A", lastName: "B", email: "a@b.nl", signIn: provider ? { provider: "idp" } : null, ...form },
            options,
          ),
        ),
    })),
  entries(
    "user with groups",
    fc.record({ username: somebody, groups: someGroups, permissions: somePermissions }),
    (user) => ({
      default_user_configuration_config: { users: [user] },
    }),
  ),
  entries("delete user", somebody, (username) => ({
    default_user_configuration_config: { users: [{ username, state: "absent" }] },
  })),
  entries(
    "save group",
    fc.record({ name: fc.constantFrom(...groupNames, "g4", "beheer"), permissions: somePermissions }),
    (group) => ({
      groups_config: { items: [group] },
    }),
  ),
  entries(
    "rename group",
    fc.record({
      name: fc.constantFrom(...groupNames, "g4", "beheer"),
      renamed_from: fc.constantFrom(...groupNames),
      permissions: somePermissions,
    }),
    (group) => ({
      groups_config: { items: [group] },
    }),
  ),
  entries("delete group", fc.constantFrom(...groupNames, "g4"), (name) => ({
    groups_config: { items: [{ name, state: "absent" }] },
  })),
);

/** A state of the database: who may do what, and everything that belongs to each account. */
export interface Snapshot {
  readonly facts: AccessFacts;
  /** By the user's id. */
  readonly accounts: ReadonlyMap<string, string>;
}

export async function takeSnapshot(tx: Transaction<Tables> | Database["kysely"]): Promise<Snapshot> {
  const facts = await readAccessFacts(tx);
  const users = await tx.selectFrom("users").selectAll().orderBy("id").execute();
  const rows = {
    groups: await tx.selectFrom("user_groups").selectAll().orderBy("group_id").orderBy("origin").execute(),
    permissions: await tx.selectFrom("user_permissions").selectAll().orderBy("permission").orderBy("origin").execute(),
    tokens: await tx.selectFrom("api_tokens").selectAll().orderBy("id").execute(),
    sessions: await tx.selectFrom("login_sessions").selectAll().orderBy("digest").execute(),
  };
  const given = await tx
    .selectFrom("group_permissions")
    .innerJoin("groups", "groups.id", "group_permissions.group_id")
    .select(["group_id", "name", "permission"])
    .orderBy("permission")
    .execute();
  const own = ({ id }: { readonly id: string }) => {
    const groups = rows.groups.filter((row) => row.user_id === id);
    return {
      groups,
      given: given.filter((row) => groups.some(({ group_id: group }) => group === row.group_id)),
      permissions: rows.permissions.filter((row) => row.user_id === id),
      tokens: rows.tokens.filter((row) => row.user_id === id).map((row) => [row, facts.revoked.has(row.digest)]),
      sessions: rows.sessions.filter((row) => row.user_id === id),
    };
  };
  return { facts, accounts: new Map(users.map((user) => [user.id, JSON.stringify([user, own(user)])])) };
}

/** What must not have happened, where somebody changed the database from one state to another. */
export function findBreaches(before: Snapshot, after: Snapshot, actorId: string): readonly string[] {
  if (before === after) return [];
  const actor = before.facts.users.get(actorId);
  const access = userAccess(before.facts, actor, nowMs);
  const breaches: string[] = [];
  if (!access.isSuperuser) {
    for (const [who, rights] of principalsIn(after.facts)) {
      const former = principalsIn(before.facts).get(who) ?? [];
      const gained = rights.filter((right) => !former.includes(right) && !holds(access, right));
      if (gained.length > 0) breaches.push(`${who} gained ${gained.join(", ")}`);
    }
    for (const [id, account] of before.accounts) {
      const user = before.facts.users.get(id);
      if (id === actorId || user === undefined) continue;
      const rights = rightsOf(userAccess(before.facts, activated(user), nowMs));
      if (rights.every((right) => holds(access, right)) || after.accounts.get(id) === account) continue;
      breaches.push(`${user.username} is above, and was changed`);
    }
  }
  const now = after.facts.users.get(actorId);
  if (
    actor &&
    (!now || !isUserActive(now) || (actor.isStaff && !now.isStaff) || (actor.isSuperuser && !now.isSuperuser))
  ) {
    breaches.push("the actor's own way in ended");
  } else if (actor && now && signInCheck(before.facts)(actor) && !signInCheck(after.facts)(now)) {
    breaches.push("the actor can't sign in any more");
  }
  if (administratorSignIns(before.facts).length > 0 && administratorSignIns(after.facts).length === 0) {
    breaches.push("the last administrator is gone");
  }
  return breaches;
}

function activated(user: UserFacts): UserFacts {
  return { ...user, isActive: true, isDeactivated: false };
}

function holds(access: Access, right: string): boolean {
  if (right === "superuser") return access.isSuperuser;
  if (right === "staff") return access.isStaff;
  return hasPermission(access, right);
}

function rightsOf({ isSuperuser, isStaff, permissions: own }: Access): readonly string[] {
  return [...(isSuperuser ? ["superuser"] : []), ...(isStaff ? ["staff"] : []), ...own.keys()];
}

/** What everybody may do, or could once active: users, tokens, and whoever has certain claims. */
function principalsIn(facts: AccessFacts): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const user of facts.users.values()) {
    found.set(`user ${user.id}`, rightsOf(userAccess(facts, activated(user), nowMs)));
  }
  for (const token of facts.tokens.values()) {
    const user = facts.users.get(token.userId);
    const access = userAccess(facts, user && activated(user), nowMs);
    const mayDo = tokenAccess({ ...token, validFrom: null }, user && activated(user), access, nowMs);
    found.set(`token ${token.id}`, rightsOf(mayDo));
  }
  for (const client of facts.clients.values()) {
    for (const { claimant, access } of claimRules(facts, client)) {
      found.set(`${client.id} ${JSON.stringify(claimant)}`, rightsOf(access));
    }
  }
  return found;
}
