import express from "express";
import fastify from "fastify";
import { type Context, Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { requireAuth as requireInExpress } from "../../src/verifier/express.js";
import { requireAuth as requireInFastify } from "../../src/verifier/fastify.js";
import { requireAuth as requireInHono } from "../../src/verifier/hono.js";
import type { RequestContext, Verifier } from "../../src/verifier/verifier.js";
import { noticeChange } from "../support/databases.js";
import { startServer } from "../support/http-server.js";
import { openForTest } from "../support/run.js";
import {
  makeWorld,
  otherValue,
  principalIn,
  problemIn,
  token,
  tokenValue,
  user,
  type World,
} from "./verifier-world.js";

const office = ["10.1.0.0/16", "2001:db8::/32"];
/** As `apply` has it, whose clock is the real one. */
const startMs = Date.now();

/** `accepted`, or the status of the answer. */
async function use({ verifier }: Pick<World, "verifier">, value: string, context?: RequestContext) {
  const outcome = await verifier.authenticate(`Token ${value}`, context);
  return outcome.kind === "authenticated" ? "accepted" : problemIn(outcome).status;
}

describe("allowed_ips of a token", () => {
  it("accepts it from there alone, and a token without it from everywhere", async () => {
    const world = await makeWorld([token("forms", tokenValue, { allowed_ips: office }), token("other", otherValue)]);
    for (const source of ["10.1.255.255", "::ffff:10.1.0.1", "2001:db8::1"]) {
      expect([source, await use(world, tokenValue, { source })]).toEqual([source, "accepted"]);
    }
    for (const source of ["10.2.0.0", "2001:db9::1", "10.1.0.1, 192.0.2.1", "unknown", "", undefined]) {
      expect([source, await use(world, tokenValue, { source })]).toEqual([source, 401]);
      expect([source, await use(world, otherValue, { source })]).toEqual([source, "accepted"]);
    }
    expect([await use(world, tokenValue), await use(world, otherValue)]).toEqual([401, "accepted"]);
  });

  it("tells a thief no more than an unknown token does, and the log everything but the value", async () => {
    const world = await makeWorld([token("forms", tokenValue, { allowed_ips: office })]);
    const answerTo = async (value: string) => {
      const { body, ...rest } = problemIn(await world.verifier.authenticate(`Token ${value}`, { source: "192.0.2.7" }));
      return { ...rest, body: { ...body, instance: "" } };
    };
    expect(await answerTo(tokenValue)).toEqual(await answerTo("nobodys"));
    await world.verifier.authenticate(`Token ${tokenValue}`);
    expect(world.events).toMatchObject([
      {
        kind: "rejected",
        reason: "source_not_allowed",
        token: "forms",
        username: "forms",
        found: "192.0.2.7",
        expected: "10.1.0.0/16, 2001:db8::/32",
        hint: expect.stringContaining("trust that proxy"),
      },
      { reason: "unknown_token" },
      { reason: "source_not_allowed", found: "nothing", hint: expect.stringContaining("pass the client's address") },
    ]);
    expect(JSON.stringify(world.events)).not.toContain(tokenValue);
  });

  it("logs an odd source in one line of bounded length", async () => {
    const world = await makeWorld([token("forms", tokenValue, { allowed_ips: office })]);
    await use(world, tokenValue, { source: `10.1.0.1\r\n{"kind":"accepted"}\u202e${"x".repeat(5000)}` });
    expect(world.events[0]).toMatchObject({ found: expect.stringMatching(/^[\x20-\x7e…]{200,300}$/) });
  });

  it("counts a use from elsewhere as a failed attempt of that source, and not as a use", async () => {
    const world = await makeWorld([token("forms", tokenValue, { allowed_ips: office })], {
      failureLimit: { perMinute: 2 },
    });
    const thief = { source: "192.0.2.7" };
    const statuses = [await use(world, tokenValue, thief), await use(world, tokenValue, thief)];
    expect([...statuses, await use(world, tokenValue, thief)]).toEqual([401, 401, 429]);
    expect(await use(world, tokenValue, { source: "10.1.0.1" })).toBe("accepted");
    // One that was accepted elsewhere is looked at even so, and is no more allowed.
    expect(await use(world, tokenValue, thief)).toBe(401);
  });

  it("is not a use: a refused request writes no time", async () => {
    const world = await makeWorld([token("forms", tokenValue, { allowed_ips: office })]);
    expect(await use(world, tokenValue, { source: "192.0.2.7" })).toBe(401);
    await world.verifier.close();
    const { kysely } = await openForTest(world.url);
    expect(await kysely.selectFrom("api_tokens").select("last_used_at").execute()).toEqual([{ last_used_at: null }]);
  });

  it("reports no end of a token that was not accepted", async () => {
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    const world = await makeWorld([token("forms", tokenValue, { allowed_ips: office, expires_at: soon })]);
    const { kysely } = await openForTest(world.url);
    await kysely
      .insertInto("owner_policies")
      .values({
        id: "p",
        owner: "a",
        require_expiry: 0,
        warn_before_seconds: 7 * 86_400,
        created_at: new Date().toISOString(),
        updated_at: new Date().toISOString(),
      })
      .execute();
    await kysely.updateTable("api_tokens").set({ owner: "a" }).execute();
    await noticeChange();
    expect(await use(world, tokenValue, { source: "192.0.2.7" })).toBe(401);
    expect(world.events.map(({ kind }) => kind)).toEqual(["rejected"]);
  });

  it("is followed when a file changes it, and holds for a value in its grace period", async () => {
    const world = await makeWorld([token("forms", tokenValue)]);
    const home = { source: "192.0.2.7" };
    expect(await use(world, tokenValue, home)).toBe("accepted");
    await world.apply([token("forms", otherValue, { allowed_ips: office, grace_seconds: 3600 })]);
    expect([await use(world, tokenValue, home), await use(world, otherValue, home)]).toEqual([401, 401]);
    const inOffice = { source: "10.1.0.1" };
    expect([await use(world, tokenValue, inOffice), await use(world, otherValue, inOffice)]).toEqual([
      "accepted",
      "accepted",
    ]);
    await world.apply([token("forms", otherValue, { allowed_ips: null, grace_seconds: 3600 })]);
    expect(await use(world, otherValue, home)).toBe("accepted");
  });

  it("asks for the source only where a token needs it, and takes in many sources without keeping them", async () => {
    const world = await makeWorld([token("forms", tokenValue, { allowed_ips: office }), token("other", otherValue)]);
    let asked = 0;
    const source = () => {
      asked += 1;
      return `10.1.${asked % 256}.${(asked >> 8) % 256}`;
    };
    await use(world, otherValue, { source });
    expect(asked).toBe(0);
    for (let times = 0; times < 1000; times += 1) expect(await use(world, tokenValue, { source })).toBe("accepted");
    expect(asked).toBe(1000);
  });
});

describe("the source of a request", () => {
  type Start = (verifier: Verifier, options: { readonly trusts: boolean }) => Promise<string>;
  const fromHeader = (header: string | undefined) => header?.split(",").at(-1)?.trim();
  const servers: Readonly<Record<string, Start>> = {
    "Express 5": async (verifier, { trusts }) => {
      const app = express().set("trust proxy", trusts ? 1 : false);
      app.get("/", requireInExpress(verifier), (_request, response) => void response.send("in"));
      const { origin, close } = await startServer(app);
      onTestFinished(close);
      return origin;
    },
    "Fastify 5": (verifier, { trusts }) => {
      const app = fastify({ trustProxy: trusts && "127.0.0.1" });
      app.get("/", { onRequest: requireInFastify(verifier) }, async () => "in");
      onTestFinished(() => app.close());
      return app.listen({ port: 0, host: "127.0.0.1" });
    },
    Hono: async (verifier, { trusts }) => {
      const { serve } = await import("@hono/node-server");
      const app = new Hono();
      const source = (context: Context) => fromHeader(context.req.header("x-forwarded-for"));
      app.get("/", requireInHono(verifier, trusts ? { source } : {}), (context) => context.text("in"));
      return new Promise((listening) => {
        const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
          listening(`http://127.0.0.1:${port}`),
        );
        onTestFinished(() => void server.close());
      });
    },
  };
  const statusOf = async (url: string, value: string, forwarded?: string) =>
    (
      await fetch(url, {
        headers: {
          authorization: `Token ${value}`,
          ...(forwarded !== undefined && {
            "x-forwarded-for": forwarded,
            "x-real-ip": forwarded,
            forwarded: `for=${forwarded}`,
          }),
        },
      })
    ).status;

  it.each(Object.entries(servers))(
    "%s: is the peer where no proxy is trusted, whatever headers say",
    async (_, start) => {
      const { verifier } = await makeWorld([
        token("forms", tokenValue, { allowed_ips: ["10.1.0.0/16"] }),
        token("here", otherValue, { allowed_ips: ["127.0.0.0/8"] }),
      ]);
      const url = await start(verifier, { trusts: false });
      expect(await statusOf(url, tokenValue, "10.1.0.1")).toBe(401);
      expect(await statusOf(url, otherValue, "192.0.2.7")).toBe(200);
    },
  );

  it.each(Object.entries(servers))(
    "%s: is what the trusted proxy reports, and not what a client put before",
    async (_, start) => {
      const { verifier } = await makeWorld([token("forms", tokenValue, { allowed_ips: ["10.1.0.0/16"] })]);
      const url = await start(verifier, { trusts: true });
      expect(await statusOf(url, tokenValue, "10.1.0.1")).toBe(200);
      expect(await statusOf(url, tokenValue, "10.1.0.1, 192.0.2.7")).toBe(401);
      expect(await statusOf(url, tokenValue, "192.0.2.7, 10.1.0.1")).toBe(200);
    },
  );

  it("is unknown to Hono elsewhere than on Node, so that such a token is refused there", async () => {
    const { verifier, events } = await makeWorld([
      token("forms", tokenValue, { allowed_ips: ["0.0.0.0/0", "::/0"] }),
      token("other", otherValue),
    ]);
    const app = new Hono();
    app.get("/", requireInHono(verifier), (context) => context.text("in"));
    const statusFor = async (value: string) =>
      (await app.request("/", { headers: { authorization: `Token ${value}` } })).status;
    expect([await statusFor(tokenValue), await statusFor(otherValue)]).toEqual([401, 200]);
    expect(events).toMatchObject([{ reason: "source_not_allowed", found: "nothing" }]);
  });
});

describe("rate_limit of a token", () => {
  const limited = (rate: string, more = {}) => token("forms", tokenValue, { rate_limit: rate, ...more });

  async function worldAt(...resources: Parameters<typeof makeWorld>[0]) {
    const world = await makeWorld(resources);
    world.setNow(startMs);
    return world;
  }

  it("answers 429 beyond it until time has restored a request, and another token is unaffected", async () => {
    const world = await worldAt(limited("3/m"), token("other", otherValue));
    for (const _ of [1, 2, 3]) expect(await use(world, tokenValue)).toBe("accepted");
    const problem = problemIn(await world.authenticate(`Token ${tokenValue}`));
    expect(problem).toMatchObject({
      status: 429,
      headers: { "Retry-After": "20", "Cache-Control": "no-store" },
      body: { code: "throttled", detail: "Te veel verzoeken. Probeer het later opnieuw." },
    });
    const { instance } = problem.body;
    expect(world.events).toEqual([
      { kind: "throttled", reason: "rate_limit", token: "forms", username: "forms", instance },
    ]);
    expect(await use(world, otherValue)).toBe("accepted");
    world.setNow(startMs + 19_999);
    expect(await use(world, tokenValue)).toBe(429);
    world.setNow(startMs + 20_000);
    expect([await use(world, tokenValue), await use(world, tokenValue)]).toEqual(["accepted", 429]);
    // Not more than the limit is saved up.
    world.setNow(startMs + 3_600_000);
    const after = await Promise.all([1, 2, 3, 4].map(() => use(world, tokenValue)));
    expect(after.filter((answer) => answer === "accepted")).toHaveLength(3);
  });

  it("counts by the token, across its values and changes of the database", async () => {
    const world = await worldAt(limited("2/h"));
    expect(await use(world, tokenValue)).toBe("accepted");
    await world.apply([token("forms", otherValue, { rate_limit: "2/h", grace_seconds: 3600 }), user("jan")]);
    expect(await use(world, otherValue)).toBe("accepted");
    expect([await use(world, tokenValue), await use(world, otherValue)]).toEqual([429, 429]);
    // A minute later, all is read again.
    world.setNow(startMs + 61_000);
    expect(await use(world, otherValue)).toBe(429);
  });

  it("begins anew where a file changes it, and ends where a file removes it", async () => {
    const world = await worldAt(limited("1/h"));
    expect([await use(world, tokenValue), await use(world, tokenValue)]).toEqual(["accepted", 429]);
    await world.apply([limited("2/h")]);
    const two = [await use(world, tokenValue), await use(world, tokenValue), await use(world, tokenValue)];
    expect(two).toEqual(["accepted", "accepted", 429]);
    await world.apply([token("forms", tokenValue, { rate_limit: null })]);
    for (let times = 0; times < 20; times += 1) expect(await use(world, tokenValue)).toBe("accepted");
  });

  it("is not locked by a clock that goes back, nor does that restore anything", async () => {
    const world = await worldAt(limited("1/m"));
    expect(await use(world, tokenValue)).toBe("accepted");
    world.setNow(startMs - 86_400_000);
    expect(await use(world, tokenValue)).toBe(429);
    world.setNow(startMs - 86_400_000 + 60_000);
    expect(await use(world, tokenValue)).toBe("accepted");
  });

  it("is no failed attempt, and a use from elsewhere takes none of it", async () => {
    const world = await makeWorld([limited("2/h", { allowed_ips: office })], { failureLimit: { perMinute: 1 } });
    const inOffice = { source: "10.1.0.1" };
    expect(await use(world, tokenValue, { source: "192.0.2.7" })).toBe(401);
    const statuses = [await use(world, tokenValue, inOffice), await use(world, tokenValue, inOffice)];
    expect(statuses).toEqual(["accepted", "accepted"]);
    for (const _ of [1, 2, 3]) expect(await use(world, tokenValue, inOffice)).toBe(429);
    // Its source's only attempt is still there.
    expect(await use(world, "nobodys", inOffice)).toBe(401);
    expect(world.events.filter(({ kind }) => kind === "throttled")).toMatchObject(
      Array(3).fill({ reason: "rate_limit", token: "forms" }),
    );
  });

  it("that an edited row has, where it can't be parsed, is one request an hour", async () => {
    const world = await worldAt(limited("1000/s"));
    const { kysely } = await openForTest(world.url);
    await kysely.updateTable("api_tokens").set({ rate_limit: "unlimited" }).execute();
    await kysely.updateTable("setup_state").set({ revision: 1000 }).execute();
    await noticeChange();
    expect([await use(world, tokenValue), await use(world, tokenValue)]).toEqual(["accepted", 429]);
  });

  it("remembers the tokens used last, and no more than the caches hold", async () => {
    const values = Array.from({ length: 4 }, (_, at) => `${tokenValue.slice(0, -1)}${at}`);
    const tokens = values.map((value, at) => token(`t${at}`, value, { rate_limit: "1/h" }));
    const world = await makeWorld(tokens, { cacheSize: 2 });
    // One after another: the order of use decides which are remembered.
    for (const value of values) expect(await use(world, value)).toBe("accepted");
    expect(await use(world, values[3] ?? "")).toBe(429);
    expect(await use(world, values[0] ?? "")).toBe("accepted");
  });
});

describe("principal.token", () => {
  it("has what is known of the token, frozen, and of its value when that ends", async () => {
    const expires = "2041-01-01T00:00:00.000Z";
    const about = { organization: "Gemeente", application: "Open Forms", administration: "Zaken", description: "Prod" };
    const world = await makeWorld([token("forms", tokenValue, { ...about, expires_at: expires })]);
    const { token: seen } = principalIn(await world.authenticate(`Token ${tokenValue}`));
    expect(seen).toEqual({
      identifier: "forms",
      organization: "Gemeente",
      application: "Open Forms",
      administration: "Zaken",
      expiresAt: expires,
      meta: { contactPerson: "Functioneel beheer", email: "beheer@gemeente.example", description: "Prod" },
    });
    expect([Object.isFrozen(seen), Object.isFrozen(seen?.meta)]).toEqual([true, true]);
    expect(principalIn(await world.authenticate(`Token ${tokenValue}`)).token).toBe(seen);
  });

  it("is written with the permissions where a principal is logged or answered as JSON", async () => {
    const world = await makeWorld([token("forms", tokenValue, { permissions: ["taken.view_externetaak"] })]);
    const principal = principalIn(await world.authenticate(`Token ${tokenValue}`));
    expect(JSON.parse(JSON.stringify({ principal }))).toEqual({
      principal: {
        user: principal.user,
        scheme: "token",
        credential: "forms",
        token: principal.token,
        permissions: ["taken.view_externetaak"],
      },
    });
  });

  it("ends with the grace period of a replaced value, and never where nothing ends it", async () => {
    const world = await makeWorld([token("forms", tokenValue)]);
    const endOf = async (value: string) => principalIn(await world.authenticate(`Token ${value}`)).token?.expiresAt;
    expect(await endOf(tokenValue)).toBeNull();
    await world.apply([token("forms", otherValue, { grace_seconds: 3600 })]);
    expect(await endOf(otherValue)).toBeNull();
    const end = Date.parse((await endOf(tokenValue)) ?? "");
    expect(Math.abs(end - Date.now() - 3_600_000)).toBeLessThan(600_000);
  });
});
