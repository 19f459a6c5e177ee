import { setTimeout } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import { migrate } from "../../../src/apply/migrate.js";
import { withLock } from "../../../src/database/lock.js";
import { configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../../support/run.js";

const group = (name: string) => configurationOf(resource("group", name, { permissions: [] }));
const lock = { timeoutMs: 5000, sleep: setTimeout, now: Date.now, newId: () => "store", hasTables: true };

async function holder(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  onTestFinished(() => client.end());
  await client.query("begin");
  await client.query("update setup_state set revision = revision + 1");
  return client;
}

describe("the lock on a server", () => {
  it("S92 bounds what a run waits for, and how long it may be left alone, for its transaction only", async () => {
    const url = temporaryDatabase();
    await apply(group("a"), runOptions(url));
    const database = await openForTest(url);
    const settings = sql<Record<string, string>>`select current_setting('lock_timeout') as lock,
      current_setting('statement_timeout') as statement,
      current_setting('idle_in_transaction_session_timeout') as idle`;
    const inside = await withLock(database, lock, async (tx) => {
      const { rows } = await settings.execute(tx);
      return { commit: false, value: rows[0] };
    });
    expect(inside).toEqual({ lock: "250ms", statement: "1min", idle: "1min" });
    expect((await settings.execute(database.kysely)).rows[0]).toEqual({ lock: "0", statement: "0", idle: "0" });
  });

  it("S92 a signal ends the waiting for another run, though the server is what waits", async () => {
    const url = temporaryDatabase();
    await apply(group("a"), runOptions(url));
    await holder(url);
    const controller = new AbortController();
    // Longer than this test may take: only the signal can end it.
    const run = apply(group("b"), {
      ...runOptions(url, { signal: controller.signal, lockTimeoutMs: 600_000 }),
      onWaiting: () => controller.abort(),
    });
    await expect(run).rejects.toThrow("[INTERRUPTED]");
  });

  it("S92 is free at once when the holder's connection ends", async () => {
    const url = temporaryDatabase();
    await apply(group("a"), runOptions(url));
    const client = await holder(url);
    const waiting: string[] = [];
    const run = apply(group("b"), {
      ...runOptions(url),
      onWaiting: (message) => {
        // Without a goodbye, as where the process was killed.
        if (waiting.push(message) === 1) Reflect.get(Reflect.get(client, "connection"), "stream").destroy();
      },
    });
    client.on("error", () => {});
    expect((await run).outcome).toBe("applied");
    expect(waiting.length).toBeGreaterThan(0);
  });

  it("S92 lets simultaneous first runs on an empty database create the tables once", async () => {
    const url = temporaryDatabase();
    const runs = await Promise.all(Array.from({ length: 6 }, () => migrate({ ...runOptions(url), env: {} })));
    expect(runs.map(({ outcome }) => outcome).sort()).toEqual(["applied", ...Array(5).fill("unchanged")]);
  });

  it("reports no other run where a reader prevents that a table is changed", async () => {
    const url = temporaryDatabase();
    await apply(group("a"), runOptions(url));
    const reader = await (await openForTest(url)).kysely.startTransaction().execute();
    await reader.selectFrom("users").select("id").execute();
    const change = withLock(await openForTest(url), { ...lock, timeoutMs: 500 }, async (tx) => {
      await sql`alter table users add column other text`.execute(tx);
      return { commit: false, value: undefined };
    });
    await expect(change).rejects.toMatchObject({ reason: "unavailable", diagnostics: [{ code: "DATABASE_FAILED" }] });
    await reader.rollback().execute();
  });

  it("does the work again after a serialization failure, and once it is done keeps it once", async () => {
    const url = temporaryDatabase();
    await apply(group("a"), runOptions(url));
    const database = await openForTest(url);
    let attempts = 0;
    await withLock(database, lock, async (tx) => {
      attempts += 1;
      await tx
        .insertInto("groups")
        .values({ id: String(attempts), owner: null, created_at: "", updated_at: "", name: "b" })
        .execute();
      for (const code of ["40001", "40P01"].slice(attempts - 1, attempts)) {
        await sql`do ${sql.lit(`begin raise exception 'again' using errcode = '${code}'; end`)}`.execute(tx);
      }
      return { commit: true, value: undefined };
    });
    expect(attempts).toBe(3);
    const rows = await database.kysely.selectFrom("groups").select("id").where("name", "=", "b").execute();
    expect(rows).toEqual([{ id: "3" }]);
  });
});
