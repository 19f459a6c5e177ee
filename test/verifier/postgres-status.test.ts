import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDatabase } from "../support/databases.js";
import { startPostgresProxy } from "../support/postgres-proxy.js";
import { makeWorld, principalIn, token, tokenValue } from "./verifier-world.js";

describe("verifier.status() over a server", () => {
  it("is not ready while the server is away, and asks it once for all that look meanwhile", async () => {
    const proxy = await startPostgresProxy();
    const { verifier } = await makeWorld([token("a", tokenValue)], { url: proxy.through(temporaryDatabase()) });
    expect((await verifier.status()).isReady).toBe(true);
    // Longer than what was seen of the database is trusted.
    await setTimeout(1000);
    proxy.cut();
    await setTimeout(100);
    const before = proxy.connections();
    const all = await Promise.all(Array.from({ length: 50 }, () => verifier.status()));
    for (const { isReady, database } of all) {
      expect(isReady).toBe(false);
      expect(database.lastFailure).toMatchObject({ code: "DATABASE_UNREACHABLE" });
    }
    expect(proxy.connections() - before).toBe(1);
    expect(JSON.stringify(all)).not.toContain("only-for-tests");
    proxy.mend();
    await expect.poll(async () => (await verifier.status()).isReady, { timeout: 5000 }).toBe(true);
  });

  it("shows the connections in use, and who waits for one", async () => {
    const url = temporaryDatabase();
    const { verifier, authenticate } = await makeWorld([token("a", tokenValue)], { url, pool: { max: 2 } });
    expect((await verifier.status()).database.pools).toEqual([
      { name: "read", max: 2, total: expect.any(Number), idle: expect.any(Number), waiting: 0 },
      { name: "write", max: 2, total: 0, idle: 0, waiting: 0 },
    ]);
    const locker = new pg.Client({ connectionString: url });
    await locker.connect();
    onTestFinished(() => locker.end());
    await locker.query("BEGIN");
    await locker.query("LOCK TABLE api_tokens IN ACCESS EXCLUSIVE MODE");
    const asking = Promise.allSettled(Array.from({ length: 5 }, () => authenticate(`Token ${tokenValue}`)));
    const pool = async () => (await verifier.status()).database.pools[0];
    await setTimeout(500);
    // The status itself needs a connection, and all are in use for as long as the table is locked.
    const looked = pool();
    await locker.query("COMMIT");
    expect(await looked).toEqual({ name: "read", max: 2, total: 2, idle: 0, waiting: 3 });
    for (const one of await asking) {
      if (one.status === "rejected") throw one.reason;
      principalIn(one.value);
    }
    expect(await pool()).toMatchObject({ total: 2, idle: 2, waiting: 0 });
  });
});
