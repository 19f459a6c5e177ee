import type { Kysely } from "kysely";
import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { plan } from "../../src/apply/plan.js";
import type { Configuration, RunResult } from "../../src/apply/run.js";
import { createResourceTable } from "../../src/database/create-table.js";
import { type AnyTables, anyTables } from "../../src/database/database.js";
import { withLock } from "../../src/database/lock.js";
import { runMigrations } from "../../src/database/migrate.js";
import { coreMigrations, type Migration } from "../../src/database/migrations.js";
import type { Kind } from "../../src/plan/kind.js";
import type { Resource } from "../../src/plan/resource.js";
import { type Column, text } from "../../src/resources/columns.js";
import { coreKinds } from "../../src/resources/registry.js";
import { defineKind } from "../../src/resources/table-kind.js";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { contentsOf, sealingEnv, tablesOf } from "../support/databases.js";
import { absent, configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";
import { token, tokenValue } from "../verifier/verifier-world.js";

const at = "2024-05-01T00:00:00.000Z";
const managed = { owner: "default", created_at: at, updated_at: at };

/** A database as an earlier version left it. */
async function earlierDatabase(migrations: readonly Migration[]): Promise<string> {
  const url = temporaryDatabase();
  const database = await openForTest(url);
  const lock = { timeoutMs: 0, sleep: async () => {}, now: Date.now, newId: () => "store", hasTables: false };
  await withLock(database, lock, async (tx) => {
    await runMigrations(tx, migrations, at);
    await fill(anyTables(tx));
    return { commit: true, value: undefined };
  });
  return url;
}

/** One row in each table of the first migration, with the columns that it had then. */
async function fill(db: Kysely<AnyTables>): Promise<void> {
  const person = {
    email: "",
    first_name: "",
    last_name: "",
    is_active: 1,
    is_staff: 0,
    is_superuser: 0,
    is_service: 0,
  };
  const rows: readonly (readonly [string, Record<string, string | number | null>])[] = [
    ["groups", { id: "g-1", ...managed, name: "lezers" }],
    ["groups", { id: "g-2", ...managed, name: "weg" }],
    ["group_permissions", { group_id: "g-1", permission: "taken.view_taak", origin: "config" }],
    [
      "users",
      { id: "u-1", ...managed, ...person, username: "jan", issuer: "https://idp", subject: "s", password_hash: "h" },
    ],
    ["users", { id: "u-2", ...managed, ...person, username: "forms", is_service: 1 }],
    ["user_permissions", { user_id: "u-1", permission: "taken.add_taak", origin: "manual" }],
    ["user_groups", { user_id: "u-1", group_id: "g-1", origin: "manual" }],
    [
      "api_tokens",
      {
        id: "t-1",
        ...managed,
        identifier: "forms",
        user_id: "u-2",
        digest: digestToken(new Secret(tokenValue)),
        contact_person: "",
        email: "",
        organization: "",
        application: "",
        administration: "",
        generated: 0,
        grace_seconds: 0,
        last_used_at: at,
      },
    ],
    ["api_token_retired", { digest: "d".repeat(64), token_id: "t-1", valid_until: "2999-01-01T00:00:00.000Z" }],
    ["runs", { id: "r-1", started_at: at, finished_at: at, actor: "a", owner: "default", version: "0", files: "[]" }],
    [
      "run_changes",
      { run_id: "r-1", sequence: 0, action: "create", kind: "group", key: "lezers", resource_id: "g-1", fields: "[]" },
    ],
  ];
  for (const [table, row] of rows) await db.insertInto(table).values(row).execute();
}

/** What a run does, but for the ids that it makes up. */
function changesOf({ changes, unchanged, migrations }: RunResult) {
  return {
    changes: changes.map(({ action, kind, key, fields }) => ({ action, kind, key, fields })),
    unchanged,
    migrations,
  };
}

/** Plans, applies and applies again; returns what the plan reported. */
async function upgrade(configuration: Configuration, url: string): Promise<ReturnType<typeof changesOf>> {
  const before = await contentsOf(url);
  const planned = changesOf(await plan(configuration, { ...runOptions(url), prune: true }));
  expect(await contentsOf(url)).toBe(before);
  expect(changesOf(await apply(configuration, runOptions(url, { prune: true })))).toEqual(planned);
  const after = await contentsOf(url);
  expect(await plan(configuration, { ...runOptions(url), prune: true })).toMatchObject({ outcome: "unchanged" });
  expect(await apply(configuration, runOptions(url, { prune: true }))).toMatchObject({ outcome: "unchanged" });
  expect(await contentsOf(url)).toBe(after);
  return planned;
}

/** A kind from elsewhere as its `version` is, each of which has a migration more. */
function webhook(version: number, columns: Readonly<Record<string, Column>>): Kind {
  const add = (name: string) => (db: Kysely<AnyTables>) =>
    db.schema.alterTable("webhooks").addColumn(name, "text").execute();
  const ups = [
    (db: Kysely<AnyTables>) => createResourceTable(db, { name: "webhooks", keyColumn: "name" }),
    add("note"),
    add("next"),
    add("more"),
  ];
  const migrations = ups.slice(0, version).map((up, index) => ({ name: `webhook:000${index + 1}`, up }));
  return defineKind({ name: "webhook", table: "webhooks", keyColumn: "name", columns, migrations });
}

/** Its `next` names another one. */
function withReference(kind: Kind): Kind {
  return { ...kind, attributes: { ...kind.attributes, next: { ...text("next", null), references: "webhook" } } };
}

const names = coreMigrations.map(({ name }) => name);

describe("F25: plan and apply say the same while a migration is pending", () => {
  it.each(names)("for a database that was last migrated by %s", async (last) => {
    const done = names.indexOf(last) + 1;
    const url = await earlierDatabase(coreMigrations.slice(0, done));
    const desired = configurationOf(
      resource("group", "lezers", { permissions: ["taken.change_taak"] }),
      resource("user", "jan", { email: "jan@gemeente.example", groups: ["lezers"] }),
      token("forms", tokenValue),
    );
    const { changes, migrations } = await upgrade(desired, url);
    expect(migrations).toEqual(names.slice(done));
    expect(changes.map(({ action, kind, key }) => `${action} ${kind} ${key}`)).toEqual([
      "update group lezers",
      "delete group weg",
      "update user jan",
      "update api_token forms",
    ]);

    // What no file says is still there.
    const { kysely } = await openForTest(url);
    expect(
      await kysely.selectFrom("users").select(["issuer", "subject", "password_hash"]).where("id", "=", "u-1").execute(),
    ).toEqual([{ issuer: "https://idp", subject: "s", password_hash: "h" }]);
    expect(
      await kysely.selectFrom("user_permissions").select("permission").where("user_id", "=", "u-1").execute(),
    ).toEqual([{ permission: "taken.add_taak" }]);
    expect(await kysely.selectFrom("api_token_retired").select("token_id").execute()).toEqual([{ token_id: "t-1" }]);
    expect(await kysely.selectFrom("run_changes").select("key").where("run_id", "=", "r-1").execute()).toEqual([
      { key: "lezers" },
    ]);
    const verifier = await createVerifier({ database: url, env: sealingEnv() });
    expect(await verifier.authenticate(`Token ${tokenValue}`)).toMatchObject({ kind: "authenticated" });
    await verifier.close();
  });

  it("where only the tables are old, which is a change", async () => {
    const url = await earlierDatabase(coreMigrations.slice(0, 1));
    const desired = configurationOf(absent("group", "no-such"));
    const run = runOptions(url);
    expect(await plan(desired, run)).toMatchObject({ outcome: "planned", changes: [], migrations: names.slice(1) });
    expect(await apply(desired, run)).toMatchObject({ outcome: "applied", changes: [], migrations: names.slice(1) });
    expect(await plan(desired, run)).toMatchObject({ outcome: "unchanged", migrations: [] });
  });

  it("for a custom step's kind, whose stored rows are pruned or referred to", async () => {
    const url = temporaryDatabase();
    const of = (kind: Kind, ...resources: readonly Resource[]): Configuration => ({
      ...configurationOf(...resources),
      kinds: [...coreKinds, kind],
      owners: [{ setting: undefined, kinds: new Set(["webhook"]) }],
    });
    const hooks = ["a", "b", "c"].map((key) => resource("webhook", key));
    await apply(of(webhook(1, {}), ...hooks), runOptions(url));

    const withNote = webhook(2, { note: text("note") });
    const noted = await upgrade(of(withNote, ...hooks.slice(1), resource("webhook", "a", { note: "n" })), url);
    expect(noted).toMatchObject({ migrations: ["webhook:0002"], changes: [{ action: "update", key: "a" }] });

    const withNext = webhook(3, { next: text("next", null) });
    const linked = resource("webhook", "d", { next: "b" });
    const pruned = await upgrade(of(withReference(withNext), linked, resource("webhook", "b")), url);
    expect(pruned.migrations).toEqual(["webhook:0003"]);
    expect(pruned.changes.map(({ action, key }) => `${action} ${key}`)).toEqual(["create d", "delete a", "delete c"]);

    const withMore = withReference(webhook(4, { next: text("next", null) }));
    const alone = of(withMore, resource("webhook", "e", { next: "d" }));
    expect(await plan(alone, runOptions(url))).toMatchObject({ migrations: ["webhook:0004"], changes: [{ key: "e" }] });
    const dangling = of(withMore, resource("webhook", "e", { next: "nowhere" }));
    await expect(plan(dangling, runOptions(url))).rejects.toMatchObject({
      diagnostics: [{ code: "REFERENCE_NOT_FOUND" }],
    });
  });

  it("creates nothing where there is no database yet, and reports no migrations for it", async () => {
    const url = temporaryDatabase();
    const planned = await plan(configurationOf(resource("group", "lezers")), runOptions(url));
    expect(planned).toMatchObject({ outcome: "planned", migrations: [] });
    expect(await tablesOf(url)).toEqual([]);
  });
});
