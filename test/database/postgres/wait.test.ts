import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import { startPostgres } from "../../support/postgres-server.js";
import { configurationOf, resource, runOptions } from "../../support/run.js";

const group = configurationOf(resource("group", "lezers", { permissions: [] }));

describe("--wait with a server", () => {
  it("covers one that is not up yet, one that is starting, and a database that does not exist yet", async () => {
    const server = await startPostgres();
    onTestFinished(() => server.remove());
    const url = server.url.replace(/\/postgres$/, "/later");
    await server.stop();
    const impatient = apply(group, runOptions(url, { waitMs: 300 }));
    await expect(impatient).rejects.toThrow("does not answer (ECONNREFUSED) [DATABASE_UNREACHABLE]");

    const reported: string[] = [];
    const run = apply(group, runOptions(url, { waitMs: 20_000, onWaiting: (message) => reported.push(message) }));
    await expect.poll(() => reported.length).toBeGreaterThan(0);
    await server.start();
    const client = new pg.Client(server.url);
    await client.connect();
    await expect(apply(group, runOptions(url))).rejects.toThrow("/later does not exist [DATABASE_UNREACHABLE]");
    await client.query("create database later");
    await client.end();
    expect((await run).outcome).toBe("applied");
    expect(new Set(reported)).toEqual(new Set(["the database"]));
  });
});
