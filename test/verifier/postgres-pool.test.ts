import { setImmediate } from "node:timers/promises";
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { createVerifier, type VerifierOptions } from "../../src/verifier/create-verifier.js";
import { sealingEnv } from "../support/databases.js";
import { startPostgresProxy } from "../support/postgres-proxy.js";
import { configurationOf, runOptions, temporaryDatabase } from "../support/run.js";
import { token } from "./verifier-world.js";

const tokenOf = (index: number) => `vtb-test-token-of-a-crowd-${String(index).padStart(8, "0")}`;

/** A database with so many tokens, behind a proxy. */
async function crowd(count: number) {
  const url = temporaryDatabase();
  const tokens = Array.from({ length: count }, (_, index) => token(`t-${index}`, tokenOf(index)));
  await apply(configurationOf(...tokens), runOptions(url));
  const proxy = await startPostgresProxy();
  return { url, proxy, through: proxy.through(url) };
}

async function open(database: string, options: Partial<VerifierOptions> = {}) {
  const verifier = await createVerifier({ database, env: sealingEnv(), ...options });
  onTestFinished(() => verifier.close());
  return verifier;
}

/** How many of so many requests, all at once and each with its own token, are answered how. */
async function ask(verifier: Awaited<ReturnType<typeof open>>, count: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const requests = Array.from({ length: count }, (_, index) => verifier.authorize(`Token ${tokenOf(index)}`));
  for (const decision of await Promise.all(requests)) {
    const answer = decision.kind === "refused" ? `refused ${decision.problem.status}` : decision.kind;
    counts[answer] = (counts[answer] ?? 0) + 1;
  }
  return counts;
}

/** A role of the database's, with all rights on its tables and so many connections. */
async function limitedRole(
  url: string,
  limit: number,
): Promise<{ readonly url: string; readonly free: () => Promise<void> }> {
  const name = `limited_${Math.random().toString(36).slice(2)}`;
  const client = new pg.Client(url);
  await client.connect();
  onTestFinished(async () => {
    await client.query(`drop owned by ${name}; drop role ${name}`);
    await client.end();
  });
  const { rows } = await client.query("select current_schema() as schema");
  const schema = `"${rows[0].schema}"`;
  await client.query(`create role ${name} login password 'x' connection limit ${limit};
    grant usage on schema ${schema} to ${name}; grant select on all tables in schema ${schema} to ${name}`);
  return {
    url: url.replace(/\/\/[^@]+@/, `//${name}:x@`),
    free: async () => void (await client.query(`alter role ${name} connection limit -1`)),
  };
}

describe("F26: the pool", () => {
  it("accepts all of 60 simultaneous requests, with a server that is 500 ms away", async () => {
    // The last ones wait for 6 seconds, over twice as long as the driver lets a request wait for a connection.
    const { proxy, through } = await crowd(60);
    const verifier = await open(through);
    proxy.moveAway(500);
    expect(await ask(verifier, 60)).toEqual({ allowed: 60 });
    expect(proxy.connections()).toBeLessThanOrEqual(5 + 2);
  }, 90_000);

  it("is as large as its option, or else the URL's pool_max, which is not sent to the server", async () => {
    const { proxy, url, through } = await crowd(60);
    const connectionsWith = async (database: string, options: Partial<VerifierOptions> = {}) => {
      const verifier = await open(database, options);
      proxy.moveAway(50);
      const before = proxy.connections();
      expect(await ask(verifier, 60)).toEqual({ allowed: 60 });
      await verifier.close();
      // The first was opened before, and one may have been for recording the last use.
      const made = proxy.connections() - before + 1;
      return [made, made - 1];
    };
    expect(await connectionsWith(through, { pool: { max: 1 } })).toContain(1);
    expect(await connectionsWith(`${through}&pool_max=9`)).toContain(9);
    expect(await connectionsWith(`${through}&pool_max=9`, { pool: { max: 3 } })).toContain(3);
    expect(await connectionsWith(through)).toContain(5);
    for (const max of [0, 1.5, Number.NaN, 1001]) {
      await expect(createVerifier({ database: url, pool: { max } })).rejects.toThrow(RangeError);
    }
    // The command has one connection, whatever the URL says.
    const options = runOptions(`${url}&pool_max=9`);
    expect(await apply(configurationOf(token("t-0", tokenOf(0))), options)).toMatchObject({ outcome: "unchanged" });
  });

  it("goes on with the connections that it has where the server refuses one more", async () => {
    const { url, proxy } = await crowd(80);
    const role = await limitedRole(url, 2);
    const verifier = await open(proxy.through(role.url));
    proxy.moveAway(20);
    expect(await ask(verifier, 80)).toEqual({ allowed: 80 });
    expect(proxy.connections()).toBeGreaterThan(2);
  });

  it("reports that the server is unavailable where it refuses every connection", async () => {
    const { url } = await crowd(1);
    const role = await limitedRole(url, 0);
    await expect(open(role.url)).rejects.toMatchObject({
      reason: "unavailable",
      diagnostics: [{ code: "DATABASE_UNREACHABLE", message: expect.stringContaining("53300") }],
    });
    await role.free();
    expect(await ask(await open(role.url), 1)).toEqual({ allowed: 1 });
  });

  it("answers all waiting requests at once when the server is away", async () => {
    const { proxy, through } = await crowd(240);
    const verifier = await open(through);
    proxy.moveAway(500);
    const answers = ask(verifier, 240);
    while (proxy.connections() < 5) await setImmediate();
    proxy.cut();
    expect(await answers).toEqual({ "refused 503": 240 });
    expect(proxy.connections()).toBeLessThanOrEqual(10);
  });
});
