import { serve as serveHono } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { requireAuth as requireInExpress } from "../../src/verifier/express.js";
import { requireAuth as requireInFastify } from "../../src/verifier/fastify.js";
import { requireAuth as requireInHono } from "../../src/verifier/hono.js";
import type { Verifier } from "../../src/verifier/verifier.js";
import { startServer } from "../support/http-server.js";
import { type Issuer, makeKey, startIssuer, type TestKey } from "./bearer/issuer.js";
import { clientOf, goodToken, providerOf, start } from "./bearer/world.js";
import { makeWorld, principalIn, problemIn, token, tokenValue } from "./verifier-world.js";

let idp: Issuer;
let first: TestKey;
let second: TestKey;

beforeAll(async () => {
  [first, second] = await Promise.all([makeKey("RS256", "first"), makeKey("RS256", "second")]);
});

beforeEach(async () => {
  idp = await startIssuer();
  idp.keys = [first.jwk];
});

afterEach(() => idp.close());

const servers: Readonly<Record<string, (verifier: Verifier) => Promise<string>>> = {
  Express: async (verifier) => {
    const app = express();
    app.get("/", requireInExpress(verifier), (_request, response) => void response.send("in"));
    const { origin, close } = await startServer(app);
    onTestFinished(close);
    return origin;
  },
  Fastify: (verifier) => {
    const app = fastify();
    app.get("/", { onRequest: requireInFastify(verifier) }, async () => "in");
    onTestFinished(() => app.close());
    return app.listen({ port: 0, host: "127.0.0.1" });
  },
  Hono: (verifier) => {
    const app = new Hono();
    app.get("/", requireInHono(verifier), (context) => context.text("in"));
    return new Promise((listening) => {
      const server = serveHono({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
        listening(`http://127.0.0.1:${port}`),
      );
      onTestFinished(() => void server.close());
    });
  },
};

async function makeUsual() {
  const world = await makeWorld([providerOf(idp), clientOf(), token("forms", tokenValue)]);
  world.setNow(start);
  return world;
}

const tokenOf = (key: TestKey, jti: string) => `Bearer ${goodToken(idp, key, { jti })}`;

describe("a provider that is down, behind a server", () => {
  it.each(Object.entries(servers))(
    "S50 S51 %s serves known keys and API tokens, answers 503 to the rest, and recovers by itself",
    async (_name, serve) => {
      const { verifier, setNow } = await makeUsual();
      const url = await serve(verifier);
      const ask = (authorization: string) => fetch(url, { headers: { authorization } });
      const breakDown = () => {
        idp.onKeys = (response) => void response.destroy();
      };
      breakDown();
      const cold = await ask(tokenOf(first, "1"));
      expect([cold.status, cold.headers.get("retry-after")]).toEqual([503, "1"]);
      expect(cold.headers.get("www-authenticate")).toBeNull();
      expect((await ask(`Token ${tokenValue}`)).status).toBe(200);

      idp.onKeys = undefined;
      setNow(start + 1000);
      expect((await ask(tokenOf(first, "2"))).status).toBe(200);

      breakDown();
      expect((await ask(tokenOf(first, "3"))).status).toBe(200);
      expect((await ask(tokenOf(second, "4"))).status).toBe(503);

      idp.onKeys = undefined;
      idp.keys = [second.jwk];
      setNow(start + 2000);
      expect((await ask(tokenOf(second, "5"))).status).toBe(200);
      // The first key is gone from what the provider publishes.
      expect((await ask(tokenOf(first, "6"))).status).toBe(401);
    },
  );
});

describe("keys that rotate while requests run", () => {
  it("S47 S48 reject no valid token, with one fetch in flight at a time", async () => {
    const { authenticate, setNow, reasons } = await makeUsual();
    principalIn(await authenticate(tokenOf(first, "warm")));
    let open = 0;
    let most = 0;
    idp.onKeys = (response) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys: idp.keys }));
      }, 20);
    };
    const keys = [first, second];
    for (let round = 1; round <= 5; round += 1) {
      setNow(start + round * 31_000);
      const next = keys[round % 2] ?? first;
      // As a provider does it: the new key is published before it signs, and the old one stays for a while.
      idp.keys = [first.jwk, second.jwk];
      const requests = Array.from({ length: 40 }, (_, index) =>
        authenticate(tokenOf(index % 2 ? first : next, `${round}-${index}`)),
      );
      for (const outcome of await Promise.all(requests)) principalIn(outcome);
    }
    expect(most).toBe(1);
    expect(reasons()).toEqual([]);
  });
});

describe("I12 a token's own claims", () => {
  it("I12 are checked whole, with keys that are fetched once and not at every request", async () => {
    const { authenticate, reasons } = await makeUsual();
    const bearing = (claims: object) => `Bearer ${goodToken(idp, first, claims)}`;
    for (const claims of [{ aud: "other" }, { iss: "https://other.example" }, { exp: start / 1000 - 60 }]) {
      expect(problemIn(await authenticate(bearing(claims))).status).toBe(401);
    }
    for (let request = 0; request < 20; request += 1)
      principalIn(await authenticate(bearing({ jti: String(request) })));
    expect(reasons()).toEqual(["wrong_audience", "unknown_issuer", "expired"]);
    expect(idp.keyRequests()).toBe(1);
  });
});
