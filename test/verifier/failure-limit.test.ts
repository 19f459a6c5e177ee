import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createFailureLimit } from "../../src/verifier/failure-limit.js";
import { sourceKey, type Verifier } from "../../src/verifier/verifier.js";
import { clientOf, providerOf } from "./bearer/world.js";
import { makeWorld, otherValue, principalIn, problemIn, token, tokenValue } from "./verifier-world.js";

const good = `Token ${tokenValue}`;
const bad = (index: number) => `Token ${String(index).padStart(40, "0")}`;
const attacker = { source: "192.0.2.1" };
const neighbour = { source: "192.0.2.2" };

async function makeLimited(perMinute = 5) {
  const world = await makeWorld([token("a", tokenValue), token("b", otherValue)], { failureLimit: { perMinute } });
  world.setNow(0);
  const statuses = async (count: number, header: (index: number) => string, context: object = attacker) => {
    const found: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const outcome = await world.verifier.authenticate(header(index), context);
      found.push(outcome.kind === "authenticated" ? 200 : outcome.problem.status);
    }
    return found;
  };
  return { ...world, statuses };
}

describe("the limit of failed attempts", () => {
  it("S67 answers 429 with Retry-After to a source that failed too often, and accepts others", async () => {
    const { verifier, statuses, events } = await makeLimited();
    expect(await statuses(7, bad)).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const problem = problemIn(await verifier.authenticate(bad(9), attacker));
    expect(problem).toMatchObject({
      status: 429,
      headers: { "Retry-After": "12", "Cache-Control": "no-store", "Content-Type": "application/problem+json" },
      body: { code: "throttled", status: 429, detail: "Te veel mislukte pogingen. Probeer het later opnieuw." },
    });
    expect(problem.headers).not.toHaveProperty("WWW-Authenticate");
    expect(events.at(-1)).toEqual({
      kind: "throttled",
      reason: "failed_attempts",
      instance: problem.body.instance,
      source: "192.0.2.1",
    });
    expect(await statuses(1, () => good, neighbour)).toEqual([200]);
    expect(await statuses(1, bad, neighbour)).toEqual([401]);
  });

  it("S67 does not look a token up for a source beyond it, good or not", async () => {
    const { verifier, statuses } = await makeLimited();
    await statuses(5, bad);
    await verifier.close();
    expect(await statuses(2, (index) => (index === 0 ? good : bad(0)))).toEqual([429, 429]);
    await expect(async () => verifier.authenticate(good, neighbour)).rejects.toThrow("DATABASE_UNREACHABLE");
  });

  it("S67 keeps accepting a token that was accepted before, as long as it is valid, also after a change of the database", async () => {
    const { statuses, apply } = await makeLimited();
    expect(await statuses(1, () => good)).toEqual([200]);
    expect(await statuses(6, bad)).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await statuses(2, () => good)).toEqual([200, 200]);
    await apply([token("c", "c".repeat(40))]);
    expect(await statuses(1, () => good)).toEqual([200]);
    await apply([token("a", "a".repeat(40))]);
    expect(await statuses(1, () => good)).toEqual([401]);
  });

  it("S67 gives the attempts back evenly", async () => {
    const { statuses, setNow } = await makeLimited(6);
    await statuses(6, bad);
    setNow(9999);
    expect(await statuses(1, bad)).toEqual([429]);
    setNow(10_000);
    expect(await statuses(2, bad)).toEqual([401, 429]);
    setNow(10_000_000);
    expect(await statuses(7, bad)).toEqual([401, 401, 401, 401, 401, 401, 429]);
  });

  it("S67 counts neither valid requests, nor those without credentials, nor our own errors", async () => {
    const { verifier, statuses } = await makeLimited();
    expect(await statuses(20, () => good)).toEqual(Array(20).fill(200));
    expect(await statuses(20, () => "Basic YTpi")).toEqual(Array(20).fill(401));
    expect((await verifier.authenticate(undefined, attacker)).kind).toBe("anonymous");
    expect(await statuses(4, bad)).toEqual([401, 401, 401, 401]);
    await verifier.close();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(async () => verifier.authenticate(bad(8), attacker)).rejects.toThrow("DATABASE_UNREACHABLE");
    }
  });

  it("S67 counts malformed headers, and two at once", async () => {
    const { verifier, statuses } = await makeLimited();
    expect(await statuses(3, () => "Token a b")).toEqual([401, 401, 401]);
    for (const status of [401, 401, 429]) {
      expect(problemIn(await verifier.authenticate([good, good], attacker)).status).toBe(status);
    }
  });

  it("S67 counts bearer tokens as well, and those that are on their way", async () => {
    const world = await makeWorld(
      [
        providerOf({ issuer: "http://127.0.0.1:9" }, "idp", {
          introspection_endpoint: "http://127.0.0.1:9/introspect",
        }),
        clientOf({ userinfo_claims_source: "userinfo_endpoint" }),
      ],
      { failureLimit: { perMinute: 5 } },
    );
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => world.verifier.authenticate(`Bearer a${index}.b.c`, attacker)),
    );
    expect(outcomes.map((outcome) => problemIn(outcome).status)).toEqual([...Array(5).fill(401), 429, 429, 429]);
    // The provider can't be reached: the caller gets Retry-After, and it counts as no failure.
    const opaque = (source: string) =>
      Promise.all(
        Array.from({ length: 5 }, (_, index) => world.verifier.authenticate(`Bearer o-${index}`, { source })),
      );
    for (let round = 0; round < 3; round += 1) {
      const found = await opaque(neighbour.source);
      expect(found.map((outcome) => problemIn(outcome).status)).toEqual(Array(5).fill(503));
    }
  });

  it("S67 is off unless it is set, and where the source is not known", async () => {
    const { statuses } = await makeLimited();
    expect(await statuses(10, bad, {})).toEqual(Array(10).fill(401));
    const { verifier } = await makeWorld([token("a", tokenValue)]);
    for (let index = 0; index < 1000; index += 1) {
      expect(problemIn(await verifier.authenticate(bad(index), attacker)).status).toBe(401);
    }
    principalIn(await verifier.authenticate(good, attacker));
  });

  it("S67 holds for authorize as well", async () => {
    const { verifier } = await makeLimited(1);
    const ask = async (...[header, permission, context]: Parameters<Verifier["authorize"]>) => {
      const decision = await verifier.authorize(header, permission, context);
      return decision.kind === "allowed" ? 200 : decision.problem.status;
    };
    expect(await ask(bad(0), undefined, attacker)).toBe(401);
    expect(await ask(bad(0), undefined, attacker)).toBe(429);
    expect(await ask(good, "taken.view_externetaak", neighbour)).toBe(200);
    // Who may not do it has not failed to say who it is.
    for (const status of [403, 403, 403]) expect(await ask(good, "taken.add_externetaak", neighbour)).toBe(status);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("is not %s a minute", async (perMinute) => {
    await expect(makeLimited(perMinute)).rejects.toThrow(
      new RangeError("the failure limit must be at least 1 per minute"),
    );
  });

  it("S67 keeps no more than the last sources, under a million of them", () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage: () => void = runInNewContext("gc");
    const heap = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed / 1_000_000;
    };
    const { limit } = createFailureLimit({ perMinute: 1, cacheSize: 1, now: () => 0 });
    for (let index = 0; index < 20_000; index += 1) limit.take(`s${index}`, 0);
    const before = heap();
    for (let index = 20_000; index < 1_000_000; index += 1) limit.take(`s${index}`, 0);
    expect(heap() - before).toBeLessThan(1);
    expect(limit.take("s999999", 0)).toEqual({ kind: "exhausted", retryAfterSeconds: 60 });
    expect(limit.take("s1", 0)).toEqual({ kind: "taken" });
  });
});

describe("a source", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:c000:207", "192.0.2.7"],
    ["0:0:0:0:0:FFFF:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:0DB8:0001:0002:ffff::1", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["64:ff9b::192.0.2.7", "64:ff9b:0:0"],
    ["a-customer", "a-customer"],
  ])("S67 %s is counted as %s", (source, counted) => {
    expect(sourceKey(source)).toBe(counted);
  });
});
