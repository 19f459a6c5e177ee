import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { temporaryDatabase } from "../support/databases.js";
import { type Asked, startPostgresProxy } from "../support/postgres-proxy.js";
import { makeWorld, otherValue, principalIn, token, tokenValue } from "./verifier-world.js";

const header = `Token ${tokenValue}`;

async function makeOverheard() {
  const proxy = await startPostgresProxy();
  const world = await makeWorld([token("a", tokenValue), token("b", otherValue)], {
    url: proxy.through(temporaryDatabase()),
  });
  return { ...world, proxy };
}

/** How often the database was asked for its revision. */
function looksIn(asked: readonly Asked[]): number {
  const looks = asked.flatMap((one) => (one.kind === "prepared" && one.text.includes("setup_state") ? one.name : []));
  // Those without a name are of the apply.
  return asked.filter((one) => one.kind === "executed" && one.name !== "" && looks.includes(one.name)).length;
}

describe("what a verifier asks a server", () => {
  it("is the revision about once a second while requests come, and nothing about a token that it knows", async () => {
    const { authenticate, proxy } = await makeOverheard();
    await authenticate(header);
    // The token's use is written meanwhile.
    await setTimeout(1200);
    const before = proxy.asked().length;
    const startedAtMs = performance.now();
    let requests = 0;
    // However few a loaded machine gets done in three seconds.
    while (performance.now() < startedAtMs + 3000 || requests <= 1000) {
      principalIn(await authenticate(header));
      requests += 1;
      if (requests % 100 === 0) await setTimeout(1);
    }
    const seconds = (performance.now() - startedAtMs) / 1000;
    const asked = proxy.asked().slice(before);
    expect(asked.length).toBeGreaterThanOrEqual(1);
    expect(asked.length).toBeLessThanOrEqual(seconds / 0.8 + 1);
    expect(asked.every((one) => one.kind === "executed")).toBe(true);
  });

  it("is the revision once for all who wait for it", async () => {
    const { authenticate, proxy } = await makeOverheard();
    await authenticate(header);
    await setTimeout(1000);
    const before = looksIn(proxy.asked());
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => authenticate(header)));
    expect(new Set(outcomes.map((outcome) => principalIn(outcome))).size).toBe(1);
    expect(looksIn(proxy.asked()) - before).toBe(1);
  });

  it("is nothing while nobody asks it", async () => {
    const { authenticate, proxy } = await makeOverheard();
    principalIn(await authenticate(header));
    await setTimeout(1500);
    const before = proxy.asked().length;
    await setTimeout(2500);
    expect(proxy.asked().length).toBe(before);
    principalIn(await authenticate(header));
    expect(proxy.asked().length).toBeGreaterThan(before);
  });

  it("S95 is prepared once on each connection under a name, and then sent without its text", async () => {
    const { authenticate, proxy } = await makeOverheard();
    const before = proxy.asked().length;
    for (let index = 0; index < 30; index += 1) await authenticate(`Token ${"0".repeat(38)}${10 + index}`);
    const asked = proxy.asked().slice(before);
    const prepared = asked.flatMap((one) => (one.kind === "prepared" ? one : []));
    // Each looks for the current value and for a replaced one.
    expect(asked.filter(({ kind }) => kind === "executed").length).toBeGreaterThanOrEqual(60);
    expect(prepared.filter(({ text }) => text.includes('"digest" = $1')).length).toBeGreaterThanOrEqual(2);
    for (const { name } of prepared) {
      expect(name).not.toBe("");
      expect(prepared.filter((other) => other.name === name).length).toBeLessThanOrEqual(proxy.connections());
    }
    // Few, not one for each token. A busy verifier opens a second connection, on which they are prepared again.
    expect(new Set(prepared.map(({ name }) => name)).size).toBeLessThanOrEqual(6);
    expect(asked.filter(({ kind }) => kind === "query")).toEqual([]);
  });

  it("leaves the revision alone when it notes that tokens were used, and notes them in one statement", async () => {
    const { authenticate, proxy, verifier } = await makeOverheard();
    const before = proxy.asked().length;
    const known = await authenticate(header);
    principalIn(await authenticate(`Token ${otherValue}`));
    const isUpdate = (one: Asked) => one.kind !== "executed" && /^\s*update/i.test(one.text);
    await expect.poll(() => proxy.asked().slice(before).filter(isUpdate).length, { timeout: 5000 }).toBe(1);
    await setTimeout(1000);
    expect(await verifier.authenticate(header)).toBe(known);
  });
});
