import { createHmac } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { generateToken } from "../../src/secrets/token.js";
import { writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { temporaryFolder } from "../support/run.js";
import { tokensYaml } from "../support/tokens.js";
import { encode } from "../verifier/bearer/issuer.js";
import { clientOf, clientSecret, goodClaims, providerOf, start } from "../verifier/bearer/world.js";
import { makeWorld, principalIn, token, tokenValue } from "../verifier/verifier-world.js";

setFlagsFromString("--expose-gc");
// The function that the flag brings exists in contexts made afterwards.
const collectGarbage: () => void = runInNewContext("gc");

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1_000_000;
}

describe("the verifier's memory", () => {
  it("is bounded under 1,000,000 different tokens that do not exist", { timeout: 180_000 }, async () => {
    const { verifier } = await makeWorld([token("a", tokenValue)], { onEvent: undefined });
    const generated = generateToken().reveal();
    const ask = async (from: number, to: number) => {
      for (let index = from; index < to; index += 1) {
        const number = index.toString(16).padStart(12, "0");
        // Three in four have the form of our tokens.
        const outcome = await verifier.authenticate(
          index % 4 === 0 ? `Token ${number}${"a".repeat(28)}` : `Token vtb_${number}${generated.slice(16)}`,
        );
        if (outcome.kind !== "rejected") throw new Error("expected to be refused");
        if (index % 10_000 === 0) await setImmediate();
      }
    };
    await ask(0, 20_000);
    const before = heapMegabytes();
    await ask(20_000, 1_000_000);
    expect(heapMegabytes() - before).toBeLessThan(3);
    principalIn(await verifier.authenticate(`Token ${tokenValue}`));
  });

  it("is bounded under 1,000,000 different bearer tokens, good ones among them", { timeout: 180_000 }, async () => {
    const idp = { issuer: "https://idp.example" };
    // With the client's secret as the key, that many tokens can be signed.
    const world = await makeWorld([providerOf(idp), clientOf({ sign_algo: "HS256" })], { onEvent: undefined });
    world.setNow(start);
    const { verifier } = world;
    const usual = encode({ alg: "HS256", typ: "at+jwt" });
    const bearing = (header: string, claims: object, secret: string) => {
      const signed = `${header}.${encode(claims)}`;
      return `Bearer ${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
    };
    const sorts = [
      { kind: "authenticated", make: (jti: number) => bearing(usual, goodClaims(idp, { jti }), clientSecret) },
      { kind: "rejected", make: (jti: number) => bearing(usual, goodClaims(idp, { jti }), "another") },
      { kind: "rejected", make: (jti: number) => bearing(usual, { ...goodClaims(idp), iss: `urn:${jti}` }, "another") },
      {
        kind: "rejected",
        make: (kid: number) => bearing(encode({ alg: "HS256", kid: `k${kid}` }), goodClaims(idp), "another"),
      },
    ];
    const ask = async (from: number, to: number) => {
      for (let index = from; index < to; index += 1) {
        const sort = sorts[index % sorts.length];
        const outcome = await verifier.authenticate(sort?.make(index));
        if (outcome.kind !== sort?.kind) throw new Error(`expected to be ${sort?.kind}`);
        if (index % 10_000 === 0) await setImmediate();
      }
    };
    await ask(0, 60_000);
    const before = heapMegabytes();
    await ask(60_000, 1_000_000);
    expect(heapMegabytes() - before).toBeLessThan(3);
  });
});

describe("the memory of a first apply", () => {
  it("holds each token of a file a few times, and few of the rows that it writes", { timeout: 180_000 }, async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "many.yaml": tokensYaml(30_000, "a") });
    // All rows at once would not fit, nor what only the plan needs.
    const env = { NODE_OPTIONS: "--max-old-space-size=140" };
    const { status, stdout } = await startCli(["apply", "many.yaml"], { cwd: folder, env }).ended;
    expect({ status, end: stdout.slice(-70) }).toEqual({
      status: 0,
      end: expect.stringContaining("Applied: 30000 created, 0 updated, 0 deleted, 0 unchanged."),
    });
  });
});
