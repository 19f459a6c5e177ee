import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { withLock } from "../../src/database/lock.js";
import { appliedMigrations, pendingMigrations, runMigrations } from "../../src/database/migrate.js";
import { coreMigrations } from "../../src/database/migrations.js";
import { SetupError } from "../../src/errors.js";
import { openForTest, temporaryDatabase } from "../support/run.js";

const options = (timeoutMs: number, hasTables: boolean) => ({
  timeoutMs,
  hasTables,
  sleep: (ms: number) => delay(ms).then(() => {}),
  now: () => Date.now(),
  newId: () => "store",
});

describe("withLock", () => {
  it("S92 lets the second run wait until the first is done", async () => {
    const url = temporaryDatabase();
    const first = await openForTest(url);
    const second = await openForTest(url);
    await withLock(first, options(0, false), () => Promise.resolve({ commit: true, value: undefined }));
    const order: string[] = [];
    const slow = withLock(first, options(0, true), async () => {
      order.push("first begins");
      await delay(150);
      order.push("first ends");
      return { commit: true, value: undefined };
    });
    await delay(20);
    const waiting = withLock(second, options(5000, true), () => {
      order.push("second begins");
      return Promise.resolve({ commit: true, value: undefined });
    });
    await Promise.all([slow, waiting]);
    expect(order).toEqual(["first begins", "first ends", "second begins"]);
  });

  it("S92 gives up with a code that says to try again", async () => {
    const url = temporaryDatabase();
    const first = await openForTest(url);
    const second = await openForTest(url);
    await withLock(first, options(0, false), () => Promise.resolve({ commit: true, value: undefined }));
    await withLock(first, options(0, true), async () => {
      const late = withLock(second, options(60, true), () => Promise.resolve({ commit: true, value: undefined }));
      await expect(late).rejects.toMatchObject({ reason: "unavailable", diagnostics: [{ code: "DATABASE_LOCKED" }] });
      return { commit: true, value: undefined };
    });
  });

  it("counts the revision up for what is kept and not for what is rolled back", async () => {
    const database = await openForTest(temporaryDatabase());
    const revision = async () =>
      (await database.kysely.selectFrom("setup_state").select("revision").executeTakeFirstOrThrow()).revision;
    await withLock(database, options(0, false), () => Promise.resolve({ commit: true, value: undefined }));
    expect(await revision()).toBe(1);
    await withLock(database, options(0, true), () => Promise.resolve({ commit: false, value: undefined }));
    expect(await revision()).toBe(1);
    await withLock(database, options(0, true), () => Promise.resolve({ commit: true, value: undefined }));
    expect(await revision()).toBe(2);
  });
});

describe("pendingMigrations", () => {
  it("refuses a database that a newer version migrated", async () => {
    const database = await openForTest(temporaryDatabase());
    await withLock(database, options(0, false), async (tx) => {
      await runMigrations(tx, coreMigrations, "2026-01-01T00:00:00.000Z");
      return { commit: true, value: undefined };
    });
    expect(pendingMigrations(coreMigrations, await appliedMigrations(database.kysely))).toEqual([]);
    await database.kysely.insertInto("setup_migrations").values({ name: "9999_later", applied_at: "2030" }).execute();
    const applied = await appliedMigrations(database.kysely);
    expect(() => pendingMigrations(coreMigrations, applied)).toThrow(SetupError);
    expect(() => pendingMigrations(coreMigrations, applied)).toThrow(/newer version of vtb-setup \[DATABASE_NEWER\]/);
  });

  it("does not take another step's migration for a newer version", () => {
    const applied = new Set([...coreMigrations.map(({ name }) => name), "webhook:0001"]);
    expect(pendingMigrations(coreMigrations, applied)).toEqual([]);
  });
});
