import { request as httpRequest, type OutgoingHttpHeaders, type RequestListener } from "node:http";
import { serve as serveHono } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { type Context, Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { adapters } from "../../scripts/entries.mjs";
import { principalOf as principalOfExpress, requireAuth as requireInExpress } from "../../src/verifier/express.js";
import { principalOf as principalOfFastify, requireAuth as requireInFastify } from "../../src/verifier/fastify.js";
import { principalOf as principalOfHono, requireAuth as requireInHono } from "../../src/verifier/hono.js";
import type { Verifier } from "../../src/verifier/verifier.js";
import { startServer } from "../support/http-server.js";
import { makeKey, startIssuer } from "./bearer/issuer.js";
import { clientOf, goodToken, providerOf, start as startMs } from "./bearer/world.js";
import { makeWorld, otherValue, token, tokenValue } from "./verifier-world.js";

const view = { permission: "taken.view_externetaak" };
const add = { permission: "taken.add_externetaak" };
const narrow = { anyOf: ["taken.add_externetaak", "taken.view_externetaak"], accept: ["token"] } as const;

/** A server whose GET needs the one permission and whose POST needs the other; each answers with the principal. */
type Framework = (verifier: Verifier) => Promise<string>;

async function listenTo(listener: RequestListener): Promise<string> {
  const { origin, close } = await startServer(listener);
  onTestFinished(close);
  return origin;
}

function listenToHono(app: Hono): Promise<string> {
  return new Promise((listening) => {
    const server = serveHono({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
      listening(`http://127.0.0.1:${port}`),
    );
    onTestFinished(() => void server.close());
  });
}

const frameworks: Readonly<Record<string, Framework>> = {
  "Express 5": (verifier) => {
    const app = express();
    app.get(
      "/",
      requireInExpress(verifier, view),
      (request, response) => void response.send(principalOfExpress(request).user.username),
    );
    app.post(
      "/",
      requireInExpress(verifier, add),
      (request, response) => void response.send(principalOfExpress(request).user.username),
    );
    app.get(
      "/any",
      requireInExpress(verifier),
      (request, response) => void response.send(principalOfExpress(request).scheme),
    );
    app.get(
      "/narrow",
      requireInExpress(verifier, narrow),
      (request, response) => void response.send(principalOfExpress(request).scheme),
    );
    return listenTo(app);
  },
  "Fastify 5": (verifier) => {
    const app = fastify();
    app.get(
      "/",
      { onRequest: requireInFastify(verifier, view) },
      async (request) => principalOfFastify(request).user.username,
    );
    app.post(
      "/",
      { onRequest: requireInFastify(verifier, add) },
      async (request) => principalOfFastify(request).user.username,
    );
    app.get("/any", { onRequest: requireInFastify(verifier) }, async (request) => principalOfFastify(request).scheme);
    app.get(
      "/narrow",
      { onRequest: requireInFastify(verifier, narrow) },
      async (request) => principalOfFastify(request).scheme,
    );
    onTestFinished(() => app.close());
    return app.listen({ port: 0, host: "127.0.0.1" });
  },
  Hono: (verifier) => {
    const app = new Hono();
    app.get("/", requireInHono(verifier, view), (context) => context.text(principalOfHono(context).user.username));
    app.post("/", requireInHono(verifier, add), (context) => context.text(principalOfHono(context).user.username));
    app.get("/any", requireInHono(verifier), (context) => context.text(principalOfHono(context).scheme));
    app.get("/narrow", requireInHono(verifier, narrow), (context) => context.text(principalOfHono(context).scheme));
    return listenToHono(app);
  },
};

it("tests every adapter of the package", () => {
  expect(Object.keys(frameworks).map((name) => name.toLowerCase().replace(/ .*/, ""))).toEqual(adapters);
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A list of values is sent as separate headers. */
function ask(url: string, authorization?: string | readonly string[], method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Node sends a list as several headers, which its types leave out.
    const headers = (authorization === undefined ? {} : { authorization }) as OutgoingHttpHeaders;
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    request.on("error", reject).end();
  });
}

describe.each(Object.entries(frameworks))("requireAuth for %s", (_name, start) => {
  const authorized = `Token ${tokenValue}`;
  const resources = [token("open-forms", tokenValue), token("nobody", otherValue, { permissions: [] })];

  it("accepts a caller with the permission, and passes the principal on", async () => {
    const { verifier } = await makeWorld(resources);
    const url = await start(verifier);
    expect(await ask(url, authorized)).toMatchObject({ status: 200, text: "open-forms" });
    expect(await ask(`${url}/any`, `Token ${otherValue}`)).toMatchObject({ status: 200, text: "token" });
  });

  it("F7 answers 401 to a subject that is no text, and goes on", async () => {
    const [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
    onTestFinished(idp.close);
    idp.keys = [key.jwk];
    const world = await makeWorld([...resources, providerOf(idp), clientOf()]);
    world.setNow(startMs);
    const url = await start(world.verifier);
    const bearer = (claims: object) => `Bearer ${goodToken(idp, key, claims)}`;
    for (const sub of [{ toString: 1 }, ["u-1"], 7]) {
      expect(await ask(`${url}/any`, bearer({ sub }))).toMatchObject({ status: 401 });
      expect(await ask(`${url}/any`, bearer({ sub: "u-1" }))).toMatchObject({ status: 200, text: "bearer" });
      expect(await ask(`${url}/any`, bearer({ sub }))).toMatchObject({ status: 401 });
    }
    expect(world.reasons()).toEqual(Array(6).fill("subject_invalid"));
  });

  it("S1 S7 answers 401 as problem+json, without a copy in a cache", async () => {
    const { verifier } = await makeWorld(resources);
    const url = await start(verifier);
    const answer = await ask(url);
    expect(answer).toMatchObject({
      status: 401,
      headers: {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "www-authenticate": 'Bearer realm="api", Token realm="api"',
      },
    });
    expect(JSON.parse(answer.text)).toMatchObject({ code: "not_authenticated", status: 401 });
    expect(JSON.parse((await ask(url, "Token nobodys")).text)).toMatchObject({ code: "authentication_failed" });
  });

  it("S7 answers 403 where a permission is missing", async () => {
    const { verifier } = await makeWorld(resources);
    const url = await start(verifier);
    const answer = await ask(url, authorized, "POST");
    expect(answer).toMatchObject({ status: 403, headers: { "cache-control": "no-store" } });
    expect(JSON.parse(answer.text)).toMatchObject({ code: "permission_denied", status: 403 });
  });

  it("passes on all that a route requires, and starts with no options that contradict each other", async () => {
    const { verifier } = await makeWorld(resources);
    const url = `${await start(verifier)}/narrow`;
    expect(await ask(url, authorized)).toMatchObject({ status: 200, text: "token" });
    expect(await ask(url, `Token ${otherValue}`)).toMatchObject({ status: 403 });
    for (const other of ["Bearer a.b.c", undefined]) {
      expect(await ask(url, other)).toMatchObject({
        status: 401,
        headers: { "www-authenticate": 'Token realm="api"' },
      });
    }
    const broken: Verifier = { ...verifier, require: (options) => verifier.require({ ...options, anyOf: [] }) };
    await expect((async () => start(broken))()).rejects.toThrow(TypeError);
  });

  it("S3 refuses two Authorization headers, also where they are the same, and takes none from the query", async () => {
    const { verifier, reasons } = await makeWorld(resources);
    const url = await start(verifier);
    expect((await ask(url, [authorized, authorized])).status).toBe(401);
    expect((await ask(url, ["Basic YTpi", authorized])).status).toBe(401);
    expect(reasons()).toEqual(["several_headers", "several_headers"]);
    expect((await ask(`${url}/?access_token=${tokenValue}&token=${tokenValue}`)).status).toBe(401);
    expect((await ask(url, [authorized])).status).toBe(200);
  });

  it("S4 answers a megabyte of header without a look at it", async () => {
    const { verifier } = await makeWorld(resources);
    const url = await start(verifier);
    const answer = await ask(url, `Bearer ${"a".repeat(1_000_000)}`).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    // Node itself ends the connection, with its own answer or before that has been read.
    expect(typeof answer === "string" ? answer : answer?.status).toSatisfy((seen) =>
      [431, "ECONNRESET", "EPIPE"].includes(seen as never),
    );
    expect((await ask(url, authorized)).status).toBe(200);
  });

  it("S67 gives the verifier the address of a request, where that counts failures", async () => {
    const { verifier, events } = await makeWorld(resources, { failureLimit: { perMinute: 1 } });
    const url = await start(verifier);
    expect((await ask(url, authorized)).status).toBe(200);
    expect((await ask(url, "Token nobodys")).status).toBe(401);
    const answer = await ask(url, "Token nobodys");
    expect(answer).toMatchObject({ status: 429, headers: { "cache-control": "no-store" } });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(50);
    expect(JSON.parse(answer.text)).toMatchObject({ code: "throttled", status: 429 });
    expect(events.at(-1)).toMatchObject({ kind: "throttled", source: "127.0.0.1" });
    expect((await ask(url, authorized)).status).toBe(200);
  });

  it("answers 503 with Retry-After when the database is dead", async () => {
    const { verifier } = await makeWorld(resources);
    const url = await start(verifier);
    expect((await ask(url, authorized)).status).toBe(200);
    await verifier.close();
    const answer = await ask(url, authorized);
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "1", "cache-control": "no-store" } });
    expect(JSON.parse(answer.text)).toMatchObject({ code: "service_unavailable", status: 503 });
    expect(answer.text).not.toContain("auth.db");
  });

  it("answers as well when the verifier needs time", async () => {
    const { verifier } = await makeWorld(resources);
    const slow: Verifier = { ...verifier, authorize: async (...parameters) => verifier.authorize(...parameters) };
    const url = await start(slow);
    expect((await ask(url, authorized)).status).toBe(200);
    expect((await ask(url, authorized, "POST")).status).toBe(403);
  });

  it("leaves a programming error to the framework", async () => {
    const { verifier } = await makeWorld(resources);
    const broken: Verifier = {
      ...verifier,
      authorize: () => Promise.reject(new TypeError("a fault")),
    };
    const url = await start(broken);
    expect((await ask(url, authorized)).status).toBe(500);
  });
});

describe("behind a proxy that is trusted", () => {
  const behindProxy: Readonly<Record<string, Framework>> = {
    "Express 5": (verifier) => {
      const app = express().set("trust proxy", true);
      app.get("/", requireInExpress(verifier), (_request, response) => void response.send("in"));
      return listenTo(app);
    },
    "Fastify 5": (verifier) => {
      const app = fastify({ trustProxy: true });
      app.get("/", { onRequest: requireInFastify(verifier) }, async () => "in");
      onTestFinished(() => app.close());
      return app.listen({ port: 0, host: "127.0.0.1" });
    },
  };

  it.each(Object.entries(behindProxy))("S67 %s counts by the address that the proxy reports", async (_name, start) => {
    const { verifier } = await makeWorld([token("forms", tokenValue)], { failureLimit: { perMinute: 1 } });
    const url = await start(verifier);
    const statusFor = async (client: string) =>
      (await fetch(url, { headers: { authorization: "Token nobodys", "x-forwarded-for": client } })).status;
    expect(await statusFor("192.0.2.1")).toBe(401);
    expect(await statusFor("192.0.2.1")).toBe(429);
    expect(await statusFor("192.0.2.2")).toBe(401);
  });
});

describe("the id of a request", () => {
  /** The id is the framework's own, or what a middleware made of a header. */
  const identified: Readonly<Record<string, Framework>> = {
    "Express 5": (verifier) => {
      const app = express();
      const requestId = (request: express.Request) => request.get("x-request-id");
      app.get("/", requireInExpress(verifier, { requestId }), (_request, response) => void response.send("in"));
      return listenTo(app);
    },
    "Fastify 5": (verifier) => {
      const app = fastify({ requestIdHeader: "x-request-id" });
      app.get("/", { onRequest: requireInFastify(verifier) }, async () => "in");
      onTestFinished(() => app.close());
      return app.listen({ port: 0, host: "127.0.0.1" });
    },
    Hono: (verifier) => {
      const app = new Hono();
      const requestId = (context: Context) => context.req.header("x-request-id");
      app.get("/", requireInHono(verifier, { requestId }), (context) => context.text("in"));
      return listenToHono(app);
    },
  };

  it.each(Object.entries(identified))("%s gives it to the events of refused requests", async (_name, start) => {
    const { verifier, events } = await makeWorld([token("forms", tokenValue)]);
    const url = await start(verifier);
    for (const [authorization, id] of [
      ["Token nobodys", "req-1"],
      [`Token ${tokenValue}`, "req-2"],
      ["Bearer eyJh", "x".repeat(500)],
    ] as const) {
      await fetch(url, { headers: { authorization, "x-request-id": id } });
    }
    expect(events).toMatchObject([{ requestId: "req-1" }, { requestId: `${"x".repeat(200)}…` }]);
  });

  it("is in no event where the server has none, whatever a header says", async () => {
    const { verifier, events } = await makeWorld([token("forms", tokenValue)]);
    for (const name of ["Express 5", "Hono"]) {
      const url = await frameworks[name]?.(verifier);
      await fetch(url ?? "", { headers: { authorization: "Token nobodys", "x-request-id": "req-1" } });
    }
    expect(events).toHaveLength(2);
    for (const event of events) expect(event).not.toHaveProperty("requestId");
  });
});

describe("principalOf", () => {
  it("throws where no requireAuth stands before the handler", () => {
    expect(() => principalOfExpress({})).toThrow("the request has no principal: put requireAuth before this handler");
  });
});

describe("Hono elsewhere than on Node", () => {
  it("S3 refuses two Authorization headers, which a Fetch server joins", async () => {
    const { verifier, reasons } = await makeWorld([token("forms", tokenValue)]);
    const app = new Hono();
    app.get("/", requireInHono(verifier), (context) => context.text("in"));
    const headers = new Headers([
      ["authorization", `Token ${tokenValue}`],
      ["authorization", `Token ${tokenValue}`],
    ]);
    expect((await app.request("/", { headers })).status).toBe(401);
    expect((await app.request("/", { headers: { authorization: `Token ${tokenValue}` } })).status).toBe(200);
    expect(reasons()).toEqual(["several_credentials"]);
  });
});
