import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { plan } from "../../src/apply/plan.js";
import { coreKinds } from "../../src/resources/registry.js";
import { defineKind } from "../../src/resources/table-kind.js";
import { configurationOf, resource, runOptions, temporaryDatabase } from "../support/run.js";

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

describe("F25: a plan while a migration is pending", () => {
  it("ends where a table that it has to change is in use, and does not block the queries behind it", async () => {
    const url = temporaryDatabase();
    const plain = configurationOf(resource("group", "lezers"));
    await apply(plain, runOptions(url));
    const tagged = defineKind({
      name: "tagged",
      table: "users",
      keyColumn: "username",
      columns: {},
      migrations: [
        { name: "tagged:0001", up: (db) => db.schema.alterTable("users").addColumn("tag", "text").execute() },
      ],
    });
    const desired = { ...plain, kinds: [...coreKinds, tagged] };
    const reader = await connect(url);
    await reader.query("begin");
    await reader.query("select * from users");

    const planned = plan(desired, runOptions(url)).catch((error: unknown) => error);
    const watcher = await connect(url);
    const isWaiting = "select 1 from pg_locks where relation = 'users'::regclass and not granted";
    while ((await watcher.query(isWaiting)).rowCount === 0);
    // A verifier's question: it waits behind the plan, which ends by itself while the reader is still there.
    expect((await watcher.query("select count(*)::int as users from users")).rows).toEqual([{ users: 0 }]);
    expect(await planned).toMatchObject({ reason: "unavailable", diagnostics: [{ code: "DATABASE_FAILED" }] });

    await reader.query("commit");
    expect(await plan(desired, runOptions(url))).toMatchObject({ outcome: "planned", migrations: ["tagged:0001"] });
    expect((await watcher.query(isWaiting)).rowCount).toBe(0);
    await expect(watcher.query("select tag from users")).rejects.toMatchObject({ code: "42703" });
  });

  it("reports that another run holds the lock, and with --wait waits for its end", async () => {
    const url = temporaryDatabase();
    const plain = configurationOf(resource("group", "lezers"));
    await apply(plain, runOptions(url));
    const later = defineKind({
      name: "later",
      table: "groups",
      keyColumn: "name",
      columns: {},
      migrations: [{ name: "later:0001", up: async () => {} }],
    });
    const desired = { ...plain, kinds: [...coreKinds, later] };
    const other = await connect(url);
    await other.query("begin");
    await other.query("update setup_state set revision = revision + 1");
    await expect(plan(desired, runOptions(url))).rejects.toMatchObject({ diagnostics: [{ code: "DATABASE_LOCKED" }] });
    const waiting = runOptions(url, { waitMs: 25_000, onWaiting: () => void other.query("rollback") });
    expect(await plan(desired, waiting)).toMatchObject({ migrations: ["later:0001"] });
  });
});
