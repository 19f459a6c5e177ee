import type { Transaction } from "kysely";
import { describe, expect, it } from "vitest";
import { readAccessFacts } from "../../src/access/read-facts.js";
import type { LockedResult } from "../../src/database/lock.js";
import type { Tables } from "../../src/database/tables.js";
import { changeEntries } from "../../src/operations/change-entries.js";
import type { Person } from "../../src/operations/person.js";
import {
  changeMembershipsAs,
  changePermissionsAs,
  type MembershipsRequest,
} from "../../src/operations/person-memberships.js";
import {
  activateUsersAs,
  deactivateUsersAs,
  endSessionsAs,
  preparePassword,
  prepareUser,
  setPasswordAs,
  type UserForm,
  unlinkUsersAs,
} from "../../src/operations/person-users.js";
import { freshForMs } from "../../src/operations/rights.js";
import { Secret } from "../../src/secrets/secret.js";
import { sealingEnv } from "../support/databases.js";
import { resource } from "../support/run.js";
import { user } from "../verifier/verifier-world.js";
import { type AdminWorld, makeAdminWorld, nowMs, recorded, root, staff } from "./admin-world.js";

const view = "taken.view_taak";
const remove = "taken.delete_taak";

const people = [
  root,
  resource("group", "lezers", { permissions: [view] }),
  resource("group", "beheer", { permissions: [remove] }),
  staff("jan", ["change_users"], { permissions: [view] }),
  staff("piet", ["view_users"]),
  user("els"),
  user("boss", { groups: ["beheer"] }),
];

const form: UserForm = {
  username: "nieuw",
  firstName: "Nieuw",
  lastName: "Iemand",
  email: "nieuw@gemeente.example",
  isStaff: false,
  isSuperuser: false,
  signIn: null,
};

async function save(world: AdminWorld, person: Person, more: Partial<UserForm>, updatedAt: string | null = null) {
  const options = { env: sealingEnv(), now: () => new Date(nowMs), newId: recorded.newId, offline: true };
  const given = { ...form, ...more };
  const ready = await prepareUser(given, options);
  if (ready.kind === "invalid") return ready;
  const expected = [{ kind: "user", key: given.username, updatedAt }];
  return world.locked((tx, onRollback) =>
    changeEntries(tx, ready, person, { ...recorded, env: options.env, database: world.database, onRollback, expected }),
  );
}

const rowOf = ({ database }: AdminWorld, username: string) =>
  database.kysely.selectFrom("users").selectAll().where("username", "=", username).executeTakeFirstOrThrow();

describe("users at the admin pages", () => {
  it("are made and changed by hand, with the password that a form gives to a new one", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    expect(await save(world, jan, { password: new Secret("geheim1") })).toMatchObject({
      kind: "invalid",
      diagnostics: [{ code: "WEAK_PASSWORD", path: ["default_user_configuration_config", "users", 0, "password"] }],
    });
    expect(await save(world, jan, { password: new Secret("een lange zin als wachtwoord") })).toMatchObject({
      kind: "changed",
    });
    const made = await rowOf(world, "nieuw");
    expect(made).toMatchObject({ owner: null, first_name: "Nieuw", is_active: 1, is_staff: 0 });
    expect(made.password_hash).toMatch(/^\$scrypt/);
    expect(await save(world, jan, {})).toEqual({
      kind: "conflict",
      entry: { kind: "user", key: "nieuw" },
      state: "taken",
    });
    const groups: MembershipsRequest = { username: "nieuw", add: [{ group: "lezers" }] };
    expect(await world.locked((tx) => changeMembershipsAs(tx, jan, groups, recorded))).toMatchObject({
      kind: "changed",
    });
    const { updated_at: updatedAt } = await rowOf(world, "nieuw");
    expect(await save(world, jan, { lastName: "Ander" }, "2020-01-01T00:00:00.000Z")).toMatchObject({
      kind: "conflict",
      state: "changed",
    });
    expect(await save(world, jan, { lastName: "Ander" }, updatedAt)).toMatchObject({ kind: "changed" });
    expect(await rowOf(world, "nieuw")).toMatchObject({ last_name: "Ander", password_hash: made.password_hash });
    const memberships = await world.database.kysely
      .selectFrom("user_groups")
      .select("origin")
      .where("user_id", "=", made.id)
      .execute();
    expect(memberships).toEqual([{ origin: "manual" }]);
    expect(
      await world.change(jan, {
        default_user_configuration_config: { users: [{ username: "nieuw", state: "absent" }] },
      }),
    ).toMatchObject({ kind: "changed" });
    expect(await save(world, jan, {}, updatedAt)).toMatchObject({ kind: "conflict", state: "gone" });
  });

  it("keep the groups and permissions that a form says nothing about, and are left to whom they are not above", async () => {
    const world = await makeAdminWorld(people);
    const administrator = await world.person("root");
    const given = { username: "nieuw", groups: ["beheer"], permissions: [view] };
    const made = await world.change(administrator, { default_user_configuration_config: { users: [given] } });
    expect(made).toMatchObject({ kind: "changed" });
    const before = await rowOf(world, "nieuw");
    const refused = await save(world, await world.person("jan"), { lastName: "Ander" }, before.updated_at);
    expect(refused).toMatchObject({ reason: "above_own", accounts: ["nieuw"] });
    expect(await save(world, administrator, { lastName: "Ander" }, before.updated_at)).toMatchObject({
      kind: "changed",
    });
    const facts = await readAccessFacts(world.database.kysely);
    const after = facts.users.get(before.id);
    expect(after).toMatchObject({ memberships: [{ origin: "config" }], permissions: [{ permission: view }] });
  });

  it("become staff or superuser only by who is that, with a recent sign-in", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    expect(await save(world, jan, { isSuperuser: true })).toMatchObject({
      reason: "grants_more",
      rights: { isSuperuser: true },
    });
    const old = await world.person("jan", nowMs - freshForMs - 1);
    expect(await save(world, old, { isStaff: true })).toMatchObject({ reason: "sign_in_not_recent" });
    expect(await save(world, jan, { isStaff: true })).toMatchObject({ kind: "changed" });
    expect(await save(world, await world.person("root"), { username: "tweede", isSuperuser: true })).toMatchObject({
      kind: "changed",
    });
  });

  it("make the first administrator with the one-time code", async () => {
    const world = await makeAdminWorld([]);
    const code: Person = { kind: "bootstrap" };
    expect(await save(world, code, {})).toMatchObject({ reason: "bootstrap_only" });
    expect(await save(world, code, { isSuperuser: true })).toMatchObject({ reason: "bootstrap_only" });
    const password = new Secret("een lange zin als wachtwoord");
    expect(await save(world, code, { isSuperuser: true, password })).toMatchObject({ kind: "changed" });
    expect(await save(world, code, { username: "nog een", isSuperuser: true, password })).toMatchObject({
      reason: "bootstrap_over",
    });
  });

  it("that exist are not the one-time code's to take over", async () => {
    const world = await makeAdminWorld([root]);
    const code: Person = { kind: "bootstrap" };
    const set = (tx: Transaction<Tables>) => setPasswordAs(tx, code, { username: "root", hash: "y" }, recorded);
    expect(await world.locked(set)).toEqual({ kind: "forbidden", reason: "bootstrap_only" });
    const password = new Secret("een lange zin als wachtwoord");
    const { updated_at: updatedAt } = await rowOf(world, "root");
    const taken = await save(world, code, { username: "root", isSuperuser: true, password }, updatedAt);
    expect(taken).toEqual({ kind: "forbidden", reason: "bootstrap_only" });
    expect(await save(world, code, { isSuperuser: true, password })).toMatchObject({ kind: "changed" });
  });

  it("lose access by a command's operations also where a file manages them, and get it back by the same", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    const run = <T>(work: (tx: Parameters<Parameters<AdminWorld["locked"]>[0]>[0]) => Promise<LockedResult<T>>) =>
      world.locked(work);
    const usernames = ["els"];
    expect(await save(world, jan, { username: "els" }, (await rowOf(world, "els")).updated_at)).toMatchObject({
      reason: "managed_by_file",
      owner: "default",
    });
    expect(await run((tx) => deactivateUsersAs(tx, jan, { usernames }, recorded))).toMatchObject({
      kind: "changed",
      changes: [{ key: "els" }],
    });
    await world.apply(people);
    expect(await rowOf(world, "els")).toMatchObject({ deactivated_by: "login:jan" });
    expect(await run((tx) => activateUsersAs(tx, jan, { usernames }, recorded))).toMatchObject({ kind: "changed" });
    const person = await world.person("piet");
    expect(await run((tx) => deactivateUsersAs(tx, person, { usernames }, recorded))).toMatchObject({
      reason: "right_missing",
    });
    for (const operation of [deactivateUsersAs, unlinkUsersAs, endSessionsAs, activateUsersAs]) {
      expect(await run((tx) => operation(tx, jan, { usernames: ["els", "boss"] }, recorded))).toMatchObject({
        reason: "above_own",
        accounts: ["boss"],
      });
    }
    expect(await run((tx) => endSessionsAs(tx, person, { usernames: ["piet"] }, recorded))).toMatchObject({
      kind: "changed",
    });
    expect(await run((tx) => deactivateUsersAs(tx, jan, { usernames: ["jan"] }, recorded))).toMatchObject({
      reason: "own_way_in",
    });
    expect(await run((tx) => deactivateUsersAs(tx, jan, { usernames: ["wie"] }, recorded))).toEqual({
      kind: "unknown_names",
      positions: [1],
    });
  });

  it("that are staff are activated again only after a recent sign-in", async () => {
    const world = await makeAdminWorld(people);
    const [old, recent] = [await world.person("root", nowMs - freshForMs - 1), await world.person("root")];
    const usernames = ["piet"];
    expect(await world.locked((tx) => deactivateUsersAs(tx, old, { usernames }, recorded))).toMatchObject({
      kind: "changed",
    });
    expect(await world.locked((tx) => activateUsersAs(tx, old, { usernames }, recorded))).toMatchObject({
      reason: "sign_in_not_recent",
    });
    expect(await world.locked((tx) => activateUsersAs(tx, recent, { usernames }, recorded))).toMatchObject({
      kind: "changed",
    });
  });

  it("get a password from whom they are not above, after a recent sign-in", async () => {
    const world = await makeAdminWorld(people);
    const prepared = await preparePassword(new Secret("een lange zin als wachtwoord"));
    expect(await preparePassword(new Secret("kort"))).toMatchObject({
      kind: "invalid_password",
      mistake: { reason: "too_short" },
    });
    if (prepared.kind !== "hash") throw new Error("expected a hash");
    const set = (person: Person, username: string) =>
      world.locked((tx) => setPasswordAs(tx, person, { username, hash: prepared.hash }, recorded));
    expect(await set(await world.person("jan", nowMs - freshForMs - 1), "els")).toMatchObject({
      reason: "sign_in_not_recent",
    });
    expect(await set(await world.person("jan"), "boss")).toMatchObject({ reason: "above_own" });
    expect(await set(await world.person("jan"), "els")).toMatchObject({ kind: "changed" });
    expect(await rowOf(world, "els")).toMatchObject({ password_hash: prepared.hash });
    await world.apply(people);
    expect(await rowOf(world, "els")).toMatchObject({ password_hash: prepared.hash });
  });
});

describe("memberships and permissions by hand", () => {
  it("may end, also those of a user that a file manages, and survive an apply", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    const change = (request: MembershipsRequest) =>
      world.locked((tx) => changeMembershipsAs(tx, jan, request, recorded));
    const until = new Date(nowMs + 1000);
    expect(await change({ username: "els", add: [{ group: "lezers", until }] })).toMatchObject({
      kind: "changed",
      changes: [
        { fields: [{ name: "manual_groups", before: [], after: [{ name: "lezers", until: until.toISOString() }] }] },
      ],
    });
    await world.apply(people, { prune: true });
    const rows = () =>
      world.database.kysely
        .selectFrom("user_groups")
        .select(["origin", "until"])
        .where("origin", "=", "manual")
        .execute();
    expect(await rows()).toEqual([{ origin: "manual", until: until.toISOString() }]);
    expect(await change({ username: "els", add: [{ group: "lezers", until }] })).toMatchObject({
      changes: [],
      unchanged: ["els"],
    });
    expect(await change({ username: "els", remove: ["lezers"] })).toMatchObject({ kind: "changed" });
    expect(await rows()).toEqual([]);
  });

  it("give nobody more than the person has, and touch nobody above", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    const change = (request: MembershipsRequest, person = jan) =>
      world.locked((tx) => changeMembershipsAs(tx, person, request, recorded));
    expect(await change({ username: "els", add: [{ group: "beheer" }] })).toMatchObject({
      reason: "grants_more",
      rights: { permissions: [remove] },
    });
    expect(await change({ username: "jan", add: [{ group: "beheer" }] })).toMatchObject({ reason: "grants_more" });
    expect(await change({ username: "boss", add: [{ group: "lezers" }] })).toMatchObject({ reason: "above_own" });
    expect(await change({ username: "els", add: [{ group: "beheer" }] }, await world.person("root"))).toMatchObject({
      kind: "changed",
    });
  });

  it("are refused with the field that is wrong", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("root");
    const codes = async (request: MembershipsRequest) => {
      const outcome = await world.locked((tx) => changeMembershipsAs(tx, jan, request, recorded));
      return outcome.kind === "refused"
        ? outcome.errors.map(({ code, field, name }) => `${code} ${field} ${name}`)
        : [outcome.kind];
    };
    expect(await codes({ username: "wie", add: [{ group: "lezers" }] })).toEqual(["user_not_found username wie"]);
    expect(
      await codes({ username: "els", add: [{ group: "geen", until: new Date(nowMs) }], remove: ["lezers"] }),
    ).toEqual(["group_not_found groups geen", "in_the_past until geen", "not_by_hand groups lezers"]);
    expect(await codes({ username: "boss", remove: ["beheer"] })).toEqual(["not_by_hand groups beheer"]);
  });

  it("give permissions to a user that no file manages alone", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    await save(world, jan, {});
    const change = (username: string, request: { add?: string[]; remove?: string[] }) =>
      world.locked((tx) => changePermissionsAs(tx, jan, { username, ...request }, recorded));
    expect(await change("els", { add: [view] })).toMatchObject({
      reason: "managed_by_file",
      entries: [{ kind: "user", key: "els" }],
    });
    expect(await change("nieuw", { add: [view] })).toMatchObject({
      changes: [{ fields: [{ name: "manual_permissions", before: [], after: [view] }] }],
    });
    expect(await change("nieuw", { add: [remove] })).toMatchObject({ reason: "grants_more" });
    expect(await change("nieuw", { add: ["x"], remove: [remove] })).toMatchObject({
      errors: [
        { code: "invalid_value", name: "x" },
        { code: "not_by_hand", name: remove },
      ],
    });
    expect(await change("nieuw", { remove: [view] })).toMatchObject({ kind: "changed" });
  });
});

describe("groups at the admin pages", () => {
  it("have only permissions that the person has, before and after, also without members", async () => {
    const world = await makeAdminWorld([root, staff("jan", ["change_users"], { permissions: [view] })]);
    const jan = await world.person("jan");
    const administrator = await world.person("root");
    const groups = (...items: readonly object[]) => ({ groups_config: { items } });
    expect(await world.change(jan, groups({ name: "lezers", permissions: [view] }))).toMatchObject({ kind: "changed" });
    const more = groups({ name: "lezers", permissions: [view, remove] });
    expect(await world.change(jan, more)).toMatchObject({ reason: "grants_more", rights: { permissions: [remove] } });
    expect(await world.change(administrator, more)).toMatchObject({ kind: "changed" });
    expect(await world.change(jan, groups({ name: "lezers", permissions: [view] }))).toMatchObject({
      reason: "grants_more",
    });
    expect(await world.change(jan, groups({ name: "lezers", state: "absent" }))).toMatchObject({
      reason: "grants_more",
    });
    expect(await world.change(jan, groups({ name: "anders", renamed_from: "lezers" }))).toMatchObject({
      reason: "grants_more",
    });
    expect(await world.change(administrator, groups({ name: "lezers", permissions: [view] }))).toMatchObject({
      kind: "changed",
    });
    expect(
      await world.change(jan, groups({ name: "anders", renamed_from: "lezers", permissions: [view] })),
    ).toMatchObject({ kind: "changed" });
  });

  it("with a member above the person are not the person's to change", async () => {
    const world = await makeAdminWorld([
      root,
      staff("jan", ["change_users"], { permissions: [view] }),
      user("boss", { permissions: [remove] }),
    ]);
    const jan = await world.person("jan");
    const entries = (permissions: readonly string[]) => ({
      groups_config: { items: [{ name: "lezers", permissions }] },
    });
    await world.change(jan, entries([]));
    const add = { username: "boss", add: [{ group: "lezers" }] };
    const administrator = await world.person("root");
    await world.locked((tx) => changeMembershipsAs(tx, administrator, add, recorded));
    expect(await world.change(jan, entries([view]))).toMatchObject({ reason: "above_own", accounts: ["boss"] });
  });
});
