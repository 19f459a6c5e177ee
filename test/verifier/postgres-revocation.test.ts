import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { startLoad } from "../support/load.js";
import { absent, configurationOf, runOptions, temporaryDatabase } from "../support/run.js";
import { token } from "./verifier-world.js";

const processes = 4;
const longestMs = 1000;

it("S54 S63 accepts a revoked token at no request that began more than 1000 ms after the apply, in 4 processes under load", async () => {
  const url = temporaryDatabase();
  const values = Array.from({ length: 6 }, (_, index) => String(index).repeat(40));
  await apply(configurationOf(...values.map((value, index) => token(`t${index}`, value))), runOptions(url));
  const loads = await Promise.all(Array.from({ length: processes }, () => startLoad(url, values)));

  const revokedAt = new Map<number, bigint>();
  for (let index = 1; index < values.length; index += 1) {
    // At another moment between two looks each time.
    await setTimeout(230 * index);
    await apply(configurationOf(absent("api_token", `t${index}`)), runOptions(url));
    revokedAt.set(index, process.hrtime.bigint());
  }
  await setTimeout(longestMs + 500);
  const results = await Promise.all(loads.map(({ stop }) => stop()));

  for (const { failures, tokens } of results) {
    expect(failures).toEqual([]);
    for (const [index, at] of revokedAt) {
      const { accepted, refused, lastAcceptedAt } = tokens[index] ?? { accepted: 0, refused: 0, lastAcceptedAt: 0n };
      expect(accepted).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
      expect(Number(lastAcceptedAt - at) / 1e6).toBeLessThanOrEqual(longestMs);
    }
    // The one that nobody revoked.
    expect(tokens[0]?.refused).toBe(0);
    expect(tokens[0]?.lastAcceptedAt).toBeGreaterThan(revokedAt.get(values.length - 1) ?? 0n);
  }
}, 60_000);
