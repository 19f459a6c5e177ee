import { type RequestListener, request as toServer } from "node:http";
import { request as toProxy } from "node:https";
import { serve as serveHono } from "@hono/node-server";
import express, { type RequestHandler } from "express";
import fastify, { type FastifyPluginCallback } from "fastify";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Admin, Peer } from "../../src/admin/admin.js";
import { mountAdmin as mountInExpress } from "../../src/admin/express.js";
import { mountAdmin as mountInFastify } from "../../src/admin/fastify.js";
import { mountAdmin as mountInHono } from "../../src/admin/hono.js";
import { makeCertificates, type TestCertificates } from "../support/certificates.js";
import { serve } from "../support/http-server.js";
import { makeSite, secretPhrase } from "./site.js";

/** Serves the pages under a path of an application, and returns its origin. */
type Mount = (admin: Admin, path: string) => Promise<string>;

const inExpress =
  (...before: RequestHandler[]): Mount =>
  async (admin, path) => {
    const app = express().set("trust proxy", "loopback");
    for (const middleware of before) app.use(middleware);
    app.get("/api", (_request, response) => void response.send("the application's own"));
    app.use(path || "/", mountInExpress(admin));
    return (await serve(app)).origin;
  };

const inFastify =
  (before: FastifyPluginCallback = (_instance, _options, done) => done()): Mount =>
  (admin, path) => {
    const app = fastify({ trustProxy: "loopback" });
    before(app, {}, () => {});
    app.get("/api", () => "the application's own");
    app.post("/api", (request, reply) => reply.send(request.body));
    app.register(mountInFastify(admin), { prefix: path });
    onTestFinished(() => app.close());
    return app.listen({ port: 0, host: "127.0.0.1" });
  };

const inHono =
  (...before: MiddlewareHandler[]): Mount =>
  (admin, path) => {
    const app = new Hono();
    for (const middleware of before) app.use(middleware);
    app.get("/api", (context) => context.text("the application's own"));
    app.all(`${path}/*`, mountInHono(admin, { address: (context: Context) => context.req.header("x-forwarded-for") }));
    return new Promise((listening) => {
      const options = { fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false };
      const server = serveHono(options, ({ port }) => listening(`http://127.0.0.1:${port}`));
      onTestFinished(() => void server.close());
    });
  };

const parsesForms: FastifyPluginCallback = (app) => {
  const parsed = { parseAs: "string" } as const;
  app.addContentTypeParser("application/x-www-form-urlencoded", parsed, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
};

/** Parsers in front, and none. */
const frameworks: Readonly<Record<string, Mount>> = {
  "node:http": async (admin) => (await serve(mountInExpress(admin) as RequestListener)).origin,
  "Express 5": inExpress(),
  "Express 5 behind express.json and express.urlencoded": inExpress(
    express.json(),
    express.urlencoded({ extended: false }),
  ),
  "Express 5 behind express.urlencoded with qs": inExpress(express.urlencoded({ extended: true })),
  "Express 5 behind express.raw": inExpress(express.raw({ type: () => true, limit: "1mb" })),
  "Express 5 behind express.text": inExpress(express.text({ type: () => true, limit: "1mb" })),
  "Fastify 5": inFastify(),
  "Fastify 5 with a parser for forms": inFastify(parsesForms),
  Hono: inHono(),
  "Hono behind parseBody": inHono(async (context, next) => {
    await context.req.parseBody();
    await next();
  }),
  "Hono behind text": inHono(async (context, next) => {
    await context.req.text();
    await next();
  }),
};

/** One of each, with a parser that has read the forms. */
const parsing = Object.entries(frameworks).filter(([name]) => /^node|qs|parser for|parseBody/.test(name));

interface Place {
  /** Where browsers see the pages. */
  readonly publicPath: string;
  /** What the TLS proxy takes from the path. */
  readonly stripped?: string;
  /** Where the application has them. */
  readonly mountPath: string;
}

const strippingNothing: Place = { publicPath: "/beheer", mountPath: "/beheer" };
const strippingPrefix: Place = { publicPath: "/beheer", stripped: "/beheer", mountPath: "" };
const places = { "strips nothing": strippingNothing, "strips the prefix": strippingPrefix };

const host = "beheer.test";
let certificates: TestCertificates;
beforeAll(async () => {
  certificates = await makeCertificates({ host });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
}

async function startMounted(mount: Mount, { publicPath, stripped = "", mountPath }: Place) {
  let upstream = "";
  const proxy = await serve((request, response) => {
    const path = (request.url ?? "").slice(stripped.length).replace(/^(?!\/)/, "/");
    const headers = { ...request.headers, host: new URL(upstream).host, "x-forwarded-for": "192.0.2.7" };
    const forwarded = toServer(upstream + path, { method: request.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  }, certificates.server);
  const publicUrl = `${proxy.origin.replace("127.0.0.1", host)}${publicPath}`;
  const site = await makeSite([], { publicUrl });
  const peers: Peer[] = [];
  const admin: Admin = {
    ...site.admin,
    fetch: (request, peer = {}) => {
      peers.push(peer);
      return site.admin.fetch(request, peer);
    },
  };
  upstream = await mount(admin, mountPath);

  const cookies = new Map<string, string>();
  const ask = (path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const form = body instanceof URLSearchParams && { "content-type": "application/x-www-form-urlencoded" };
      const origin = { origin: new URL(publicUrl).origin, "sec-fetch-site": "same-origin" };
      const request = toProxy(
        proxy.origin + path,
        {
          method,
          agent: false,
          ca: certificates.authority,
          servername: host,
          headers: { host: new URL(publicUrl).host, cookie, ...form, ...origin, ...headers },
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          response.on("end", () => {
            for (const set of response.headers["set-cookie"] ?? []) {
              const [name = "", value = ""] = (set.split(";", 1)[0] ?? "").split(/=(.*)/s);
              if (value === "") cookies.delete(name);
              else cookies.set(name, value);
            }
            resolve({ status: response.statusCode, headers: response.headers, text });
          });
        },
      );
      request.on("error", reject).end(body?.toString());
    });
  const signIn = (): Promise<Answer> =>
    ask(`${publicPath}/sign-in/password`, {
      method: "POST",
      body: new URLSearchParams({ username: "root", password: secretPhrase, next: "/" }),
    });
  return { ask, signIn, publicPath, publicUrl, peers, site, upstream };
}

describe.each(parsing)("the admin interface in %s", (_name, mount) => {
  it.each(Object.entries(places))("works under its path, behind a TLS proxy that %s", async (_place, place) => {
    const request = globalThis.Request;
    const { ask, signIn, publicPath, peers } = await startMounted(mount, place);
    expect(await ask(`${publicPath}/`)).toMatchObject({
      status: 303,
      headers: { location: `${publicPath}/sign-in` },
    });
    const page = await ask(`${publicPath}/sign-in`);
    expect(page.status).toBe(200);
    const addresses = [...page.text.matchAll(/(?:href|action|src)="([^#"][^"]*)"/g)].map(([, address = ""]) => address);
    expect(addresses.filter((address) => !address.startsWith(`${publicPath}/`))).toEqual([]);
    for (const asset of addresses.filter((address) => address.includes("/assets/"))) {
      expect(await ask(asset)).toMatchObject({
        status: 200,
        headers: { "cache-control": expect.stringContaining("immutable") },
      });
    }
    const signedIn = await signIn();
    expect(signedIn).toMatchObject({ status: 303, headers: { location: `${publicPath}/` } });
    expect(signedIn.headers["set-cookie"]).toContainEqual(
      expect.stringMatching(/^__Host-vtb-admin-[0-9a-f]+-session=.*; Path=\/; .*Secure/),
    );
    const home = await ask(`${publicPath}/`);
    expect(home).toMatchObject({ status: 200, text: expect.stringContaining("root") });
    const csrf = /name="csrf" value="([^"]+)"/.exec(home.text)?.[1] ?? "";
    const signOut = { method: "POST", body: new URLSearchParams({ csrf: "another" }) };
    expect(await ask(`${publicPath}/sign-out`, signOut)).toMatchObject({ status: 403 });
    expect(await ask(`${publicPath}/sign-out`, { ...signOut, body: new URLSearchParams({ csrf }) })).toMatchObject({
      status: 303,
      headers: { location: `${publicPath}/signed-out` },
    });
    expect(new Set(peers.map(({ address }) => address)).size).toBe(1);
    expect(globalThis.Request).toBe(request);
  });

  it("answers HEAD, other methods, other paths and other bodies as it does alone", async () => {
    const { ask, publicPath, signIn } = await startMounted(mount, strippingNothing);
    const head = await ask(`${publicPath}/sign-in`, { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, text: "", headers: { "cache-control": "no-store" } });
    expect(head.headers["content-security-policy"]).toContain("default-src 'none'");
    for (const method of ["PUT", "DELETE", "TRACE"]) {
      expect(await ask(`${publicPath}/sign-in`, { method })).toMatchObject({
        status: method === "TRACE" ? expect.toSatisfy((status) => [404, 405].includes(status)) : 405,
      });
    }
    await signIn();
    expect(await ask(`${publicPath}/nothing`)).toMatchObject({ status: 404, text: expect.stringContaining("<h1>") });
    const json = { method: "POST", headers: { "content-type": "application/json" }, body: '{"a":1}' };
    expect(await ask(`${publicPath}/sign-out`, json)).toMatchObject({ status: 415 });
    const large = { method: "POST", body: new URLSearchParams({ csrf: "a".repeat(70_000) }) };
    expect(await ask(`${publicPath}/sign-out`, large)).toMatchObject({ status: 413 });
    expect(await ask(`${publicPath}/`)).toMatchObject({ status: 200 });
  });
});

describe("an adapter", () => {
  it.each([
    ["Express 5", inExpress()],
    ["Fastify 5", inFastify()],
    ["Hono", inHono()],
  ])(
    "for %s passes on the address that the trusted proxy reports, and leaves other paths alone",
    async (_name, mount) => {
      const { ask, peers, upstream } = await startMounted(mount, strippingNothing);
      await ask("/beheer/sign-in");
      expect(peers).toEqual([{ address: "192.0.2.7" }]);
      expect(await (await fetch(`${upstream}/api`)).text()).toBe("the application's own");
      expect((await fetch(`${upstream}/beheerder`)).status).toBe(404);
      expect(peers).toHaveLength(1);
    },
  );

  it.each([
    ["node:http", frameworks["node:http"] as Mount],
    ["Hono", ((admin, path) => inHonoPlainly(admin, path)) satisfies Mount],
  ])("for %s passes on the peer's address", async (_name, mount) => {
    const { ask, peers } = await startMounted(mount, strippingNothing);
    await ask("/beheer/sign-in");
    expect(peers).toEqual([{ address: "127.0.0.1" }]);
  });

  it("for Fastify leaves the parsers of the application as they are", async () => {
    const { upstream } = await startMounted(inFastify(parsesForms), strippingNothing);
    const answer = await fetch(`${upstream}/api`, { method: "POST", body: new URLSearchParams({ a: "1" }) });
    expect(await answer.json()).toEqual({ a: "1" });
  });

  const cookies = ["a=1; Path=/", "b=2; Expires=Thu, 01 Jan 1970 00:00:00 GMT"];
  const stub: Admin = {
    publicUrl: "https://beheer.test/beheer",
    bootstrapCode: async () => undefined,
    refreshKeys: async () => {},
    close: async () => {},
    fetch: async (request) => {
      const headers = new Headers(cookies.map((cookie): [string, string] => ["set-cookie", cookie]));
      return new Response(`${request.url}\n${await request.text()}`, { headers });
    },
  };

  const setsOne: Readonly<Record<string, Mount>> = {
    "Express 5": inExpress(
      (_request, response, next) => {
        response.append("set-cookie", "own=0");
        next();
      },
      express.urlencoded({ extended: true }),
    ),
    "Fastify 5": inFastify((app) => {
      app.addHook("onRequest", async (_request, reply) => void reply.header("set-cookie", "own=0"));
    }),
    Hono: inHono(async (context, next) => {
      await context.req.formData().catch(() => {});
      await next();
      context.header("set-cookie", "own=0", { append: true });
    }),
  };

  it.each(Object.entries(setsOne))(
    "for %s keeps each of several cookies, with the application's own",
    async (_name, mount) => {
      const origin = await mount(stub, "/elders");
      const answer = await fetch(`${origin}/elders/tokens?page=2`);
      expect(answer.headers.getSetCookie().toSorted()).toEqual([...cookies, "own=0"]);
      expect(await answer.text()).toBe("https://beheer.test/beheer/tokens?page=2\n");
    },
  );

  it.each(Object.entries(frameworks))(
    "for %s keeps all values of a form, in another path than browsers see",
    async (name, mount) => {
      const origin = await mount(stub, name === "node:http" ? "" : "/elders");
      const values = Array.from({ length: 40 }, (_, index): [string, string] => ["p", `taken.${index}`]);
      const body = new URLSearchParams([...values, ["q", "a&b=c é"]]);
      const answer = await fetch(`${origin}/elders/tokens`, { method: "POST", body });
      const [url, sent = ""] = (await answer.text()).split("\n");
      expect(url).toBe(
        name === "node:http" ? "https://beheer.test/elders/tokens" : "https://beheer.test/beheer/tokens",
      );
      expect([...new URLSearchParams(sent)]).toEqual([...body]);
    },
  );

  it("says what to do where the body was read and not kept", async () => {
    const errors: unknown[] = [];
    const app = express();
    app.use((request, _response, next) => void request.resume().on("end", () => next()));
    app.use(mountInExpress(stub));
    app.use(((error, _request, response, _next) => {
      errors.push(error);
      response.sendStatus(500);
    }) satisfies express.ErrorRequestHandler);
    const { origin } = await serve(app);
    expect((await fetch(origin, { method: "POST", body: "a=1" })).status).toBe(500);
    expect(String(errors)).toContain("mount the admin interface before what reads it");
  });

  it("goes on after a client that leaves in the middle of a form", async () => {
    const { ask, upstream } = await startMounted(inExpress(), strippingPrefix);
    const request = toServer(`${upstream}/sign-out`, { method: "POST", headers: { "content-length": "500" } });
    request.on("error", () => {}).write("csrf=");
    await new Promise((sent) => request.once("socket", (socket) => socket.once("connect", sent)));
    request.destroy();
    expect(await ask("/beheer/sign-in")).toMatchObject({ status: 200 });
  });
});

function inHonoPlainly(admin: Admin, path: string): Promise<string> {
  const app = new Hono().all(`${path}/*`, mountInHono(admin));
  return new Promise((listening) => {
    const options = { fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false };
    const server = serveHono(options, ({ port }) => listening(`http://127.0.0.1:${port}`));
    onTestFinished(() => void server.close());
  });
}
