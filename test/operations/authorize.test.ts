import type { KyselyPlugin, Transaction } from "kysely";
import { describe, expect, it } from "vitest";
import type { LockedResult, OnRollback } from "../../src/database/lock.js";
import type { Tables } from "../../src/database/tables.js";
import type { ChangeRecord } from "../../src/database/write-rows.js";
import { changeAs, type Demand } from "../../src/operations/authorize.js";
import { changeEntries, prepareEntries } from "../../src/operations/change-entries.js";
import type { Person } from "../../src/operations/person.js";
import { deactivateUsersAs } from "../../src/operations/person-users.js";
import { recordChanges } from "../../src/operations/record.js";
import { freshForMs } from "../../src/operations/rights.js";
import { sealingEnv } from "../support/databases.js";
import { resource } from "../support/run.js";
import { clientOf, providerOf } from "../verifier/bearer/world.js";
import { user } from "../verifier/verifier-world.js";
import { type AdminWorld, makeAdminWorld, nowMs, recorded, root, staff } from "./admin-world.js";

const readers = resource("group", "readers", { permissions: ["taken.view_taak"] });
const owners = resource("group", "owners", { permissions: ["taken.delete_taak"] });

const people = [
  root,
  readers,
  owners,
  staff("jan", ["change_users"], { permissions: ["taken.view_taak"] }),
  staff("piet", ["view_users"]),
  user("els", { groups: ["readers"] }),
  user("boss", { groups: ["owners"] }),
  user("clerk"),
];

type Write = (tx: Transaction<Tables>) => Promise<unknown>;

/** Has a person do what no guard of its own checks. */
function attempt(world: AdminWorld, person: Person, demand: Demand, write: Write) {
  return world.locked((tx) =>
    changeAs(tx, person, demand, recorded, async (actor) => {
      await write(tx);
      const change: ChangeRecord = { action: "update", kind: "user", key: "clerk", id: "1", fields: [] };
      await recordChanges(tx, actor, [change], recorded);
      return { commit: true, value: { kind: "done" } as const };
    }),
  );
}

const set =
  (username: string, values: object): Write =>
  (tx) =>
    tx.updateTable("users").set(values).where("username", "=", username).execute();

const grant =
  (userId: string, permission: string): Write =>
  (tx) =>
    tx.insertInto("user_permissions").values({ user_id: userId, permission, origin: "manual" }).execute();

describe("a change by a person", () => {
  it("is recorded with the user, by name and by id", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    const done = await attempt(world, jan, { right: "change_users" }, set("clerk", { first_name: "Kees" }));
    expect(done).toEqual({ kind: "done" });
    const run = await world.database.kysely.selectFrom("runs").selectAll().orderBy("started_at").execute();
    expect(run.find(({ through }) => through === "admin")).toMatchObject({
      actor: "login:jan",
      actor_user_id: await world.idOf("jan"),
      claimed_actor: null,
    });
  });

  it("is refused without the right, and changes nothing", async () => {
    const world = await makeAdminWorld(people);
    const piet = await world.person("piet");
    const change = set("clerk", { first_name: "Kees" });
    expect(await attempt(world, piet, { right: "change_users" }, change)).toEqual({
      kind: "forbidden",
      reason: "right_missing",
      right: "change_users",
    });
    expect(await attempt(world, piet, { right: "superuser" }, change)).toMatchObject({ reason: "right_missing" });
    const [clerk] = await world.database.kysely
      .selectFrom("users")
      .select("first_name")
      .where("username", "=", "clerk")
      .execute();
    expect(clerk).toEqual({ first_name: "" });
  });

  it.each([
    ["deactivated", { deactivated_at: "2026-01-01T00:00:00.000Z" }],
    ["inactive", { is_active: 0 }],
    ["no longer staff", { is_staff: 0 }],
  ] as const)("is refused once the person is %s", async (_, values) => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    await world.database.kysely.updateTable("users").set(values).where("username", "=", "jan").execute();
    const refused = await attempt(world, jan, { right: "own" }, set("clerk", { first_name: "Kees" }));
    expect(refused).toEqual({ kind: "forbidden", reason: "not_signed_in" });
  });

  it("touches nobody above the person, not even while that account is inactive", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    const touch = async (username: string) =>
      attempt(
        world,
        jan,
        { right: "change_users", users: [await world.idOf(username)] },
        set(username, { email: "x@y.nl" }),
      );
    expect(await touch("els")).toEqual({ kind: "done" });
    const rights = { isSuperuser: false, isStaff: false, permissions: ["taken.delete_taak"] };
    expect(await touch("boss")).toEqual({ kind: "forbidden", reason: "above_own", accounts: ["boss"], rights });
    expect(await touch("root")).toMatchObject({ reason: "above_own", rights: { isSuperuser: true, isStaff: false } });
    await world.database.kysely.updateTable("users").set({ is_active: 0 }).where("username", "=", "boss").execute();
    expect(await touch("boss")).toMatchObject({ reason: "above_own", accounts: ["boss"] });
    expect(
      await attempt(
        world,
        await world.person("root"),
        { right: "superuser", users: [await world.idOf("boss")] },
        set("boss", { email: "x@y.nl" }),
      ),
    ).toEqual({ kind: "done" });
  });

  it("gives nobody what the person does not have, whatever the operation says that it touches", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    const clerk = await world.idOf("clerk");
    const demand = { right: "change_users" } as const;
    expect(await attempt(world, jan, demand, grant(clerk, "taken.view_taak"))).toEqual({ kind: "done" });
    expect(await attempt(world, jan, demand, grant(clerk, "taken.delete_taak"))).toEqual({
      kind: "forbidden",
      reason: "grants_more",
      principals: [{ kind: "user", key: "clerk" }],
      rights: { isSuperuser: false, isStaff: false, permissions: ["taken.delete_taak"] },
    });
    expect(await attempt(world, jan, demand, set("clerk", { is_superuser: 1 }))).toMatchObject({
      reason: "grants_more",
      rights: { isSuperuser: true },
    });
    await world.database.kysely.updateTable("users").set({ is_active: 0 }).where("username", "=", "clerk").execute();
    expect(await attempt(world, jan, demand, grant(clerk, "taken.delete_taak"))).toMatchObject({
      reason: "grants_more",
    });
    expect(await attempt(world, jan, demand, set("clerk", { is_staff: 1 }))).toEqual({ kind: "done" });
  });

  it("takes nothing away that the person does not have, nor from anybody above", async () => {
    const world = await makeAdminWorld(people);
    const jan = await world.person("jan");
    const demand = { right: "change_users" } as const;
    const empty =
      (permission: string): Write =>
      (tx) =>
        tx.deleteFrom("group_permissions").where("permission", "=", permission).execute();
    expect(await attempt(world, jan, demand, empty("taken.delete_taak"))).toMatchObject({
      reason: "above_own",
      accounts: ["boss"],
    });
    await world.apply([{ ...user("boss", { groups: ["owners", "readers"] }) }]);
    expect(await attempt(world, jan, demand, empty("taken.view_taak"))).toMatchObject({
      reason: "above_own",
      accounts: ["boss"],
    });
    await world.apply([user("boss", { groups: ["owners"] })]);
    expect(await attempt(world, jan, demand, empty("taken.view_taak"))).toEqual({ kind: "done" });
  });

  it("takes nothing from those who sign in with certain claims that the person does not have", async () => {
    const options = {
      user_settings: { claim_mappings: { username: ["sub"] } },
      groups_settings: { claim_mapping: ["groups"], superuser_group_names: [] },
    };
    const claims = [providerOf({ issuer: "https://idp.example" }), clientOf({ options }, "admin-oidc")];
    const world = await makeAdminWorld([...people.filter((one) => one.key !== "boss"), ...claims]);
    const jan = await world.person("jan");
    const empty =
      (permission: string): Write =>
      (tx) =>
        tx.deleteFrom("group_permissions").where("permission", "=", permission).execute();
    expect(await attempt(world, jan, { right: "change_users" }, empty("taken.delete_taak"))).toEqual({
      kind: "forbidden",
      reason: "above_own",
      accounts: ["admin-oidc"],
      rights: { isSuperuser: false, isStaff: false, permissions: ["taken.delete_taak"] },
    });
    expect(await attempt(world, jan, { right: "change_users" }, empty("taken.view_taak"))).toEqual({ kind: "done" });
  });

  it("reads who may do what once before and once afterwards", async () => {
    const world = await makeAdminWorld(people);
    const administrator = await world.person("root");
    const readyOptions = { env: sealingEnv(), now: () => new Date(nowMs), newId: recorded.newId, offline: true };
    const ready = await prepareEntries({ groups_config: { items: [{ name: "nieuw" }] } }, readyOptions);
    if (ready.kind === "invalid") throw new Error("expected valid entries");
    const { database } = world;
    const readsOf = async (
      work: (tx: Transaction<Tables>, onRollback: OnRollback) => Promise<LockedResult<{ readonly kind: string }>>,
    ) => {
      let reads = 0;
      const counting: KyselyPlugin = {
        transformQuery: ({ node }) => {
          // Only these reads of users name this.
          if (JSON.stringify(node).includes("has_password")) reads += 1;
          return node;
        },
        transformResult: async ({ result }) => result,
      };
      const { kind } = await world.locked((tx, onRollback) => work(tx.withPlugin(counting), onRollback));
      expect(kind).toBe("changed");
      return reads;
    };
    expect(await readsOf((tx) => deactivateUsersAs(tx, administrator, { usernames: ["els"] }, recorded))).toBe(2);
    const options = { ...recorded, database, env: sealingEnv() };
    expect(await readsOf((tx, onRollback) => changeEntries(tx, ready, administrator, { ...options, onRollback }))).toBe(
      2,
    );
  });

  it("needs a recent sign-in where it makes somebody staff or superuser, or the operation says so", async () => {
    const world = await makeAdminWorld(people);
    const old = await world.person("root", nowMs - freshForMs - 1);
    const recent = await world.person("root", nowMs - freshForMs);
    const unknown: Person = {
      kind: "user",
      username: "root",
      userId: await world.idOf("root"),
      authenticatedAtMs: undefined,
    };
    const demand = { right: "superuser" } as const;
    const stale = { kind: "forbidden", reason: "sign_in_not_recent", authenticatedAtMs: nowMs - freshForMs - 1 };
    expect(await attempt(world, old, demand, set("clerk", { is_staff: 1 }))).toEqual(stale);
    expect(await attempt(world, unknown, demand, set("clerk", { is_superuser: 1 }))).toMatchObject({
      reason: "sign_in_not_recent",
      authenticatedAtMs: undefined,
    });
    expect(await attempt(world, old, { ...demand, fresh: true }, set("clerk", { first_name: "K" }))).toEqual(stale);
    expect(await attempt(world, old, demand, set("clerk", { first_name: "K" }))).toEqual({ kind: "done" });
    expect(await attempt(world, recent, demand, set("clerk", { is_staff: 1 }))).toEqual({ kind: "done" });
  });

  it("ends neither the person's own way in nor the last administrator's", async () => {
    const password = { password_hash: "scrypt" };
    const world = await makeAdminWorld(people);
    const { kysely } = world.database;
    await kysely.updateTable("users").set(password).where("username", "in", ["root", "jan"]).execute();
    const administrator = await world.person("root");
    const jan = await world.person("jan");
    const own = { kind: "forbidden", reason: "own_way_in" };
    const demand = { right: "own" } as const;
    for (const values of [
      { deactivated_at: "x" },
      { is_active: 0 },
      { is_staff: 0 },
      { password_hash: null },
    ] as const) {
      expect(await attempt(world, jan, demand, set("jan", values))).toEqual(own);
    }
    expect(await attempt(world, jan, demand, set("jan", { first_name: "J" }))).toEqual({ kind: "done" });
    const last = { kind: "forbidden", reason: "last_administrator", former: ["user root"] };
    expect(await attempt(world, administrator, demand, set("root", { is_superuser: 0 }))).toEqual(last);
    await kysely
      .updateTable("users")
      .set({ ...password, is_superuser: 1 })
      .where("username", "=", "boss")
      .execute();
    expect(await attempt(world, administrator, demand, set("root", { is_superuser: 0 }))).toEqual(own);
    expect(await attempt(world, administrator, demand, set("boss", { is_superuser: 0 }))).toEqual({ kind: "done" });
  });

  it("makes the first administrator with the one-time code, and nothing else", async () => {
    const world = await makeAdminWorld([]);
    const code: Person = { kind: "bootstrap" };
    const make =
      (username: string, more: object): Write =>
      (tx) =>
        tx
          .insertInto("users")
          .values({
            id: username,
            owner: null,
            username,
            email: "",
            first_name: "",
            last_name: "",
            is_active: 1,
            is_staff: 0,
            is_superuser: 0,
            is_service: 0,
            password_hash: null,
            issuer: null,
            subject: null,
            created_at: "",
            updated_at: "",
            ...more,
          })
          .execute();
    const first = { right: "change_users", bootstrap: "administrator" } as const;
    const only = { kind: "forbidden", reason: "bootstrap_only" };
    expect(await attempt(world, code, { right: "own" }, make("x", {}))).toEqual(only);
    expect(await attempt(world, code, first, make("x", {}))).toEqual(only);
    expect(await attempt(world, code, first, make("x", { is_superuser: 1 }))).toEqual(only);
    expect(await attempt(world, code, { ...first, users: ["x"] }, make("x", {}))).toEqual(only);
    const able = { is_superuser: 1, password_hash: "scrypt" };
    expect(await attempt(world, code, first, make("x", able))).toEqual({ kind: "done" });
    expect(await attempt(world, code, first, make("y", able))).toEqual({ kind: "forbidden", reason: "bootstrap_over" });
    const runs = await world.database.kysely.selectFrom("runs").select(["actor", "actor_user_id"]).execute();
    expect(runs).toEqual([{ actor: "bootstrap", actor_user_id: null }]);
  });
});
