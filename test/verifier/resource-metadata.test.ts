import { serve as serveHono } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import {
  allowInsecureRequests,
  processResourceDiscoveryResponse,
  protectedResourceRequest,
  resourceDiscoveryRequest,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";
import { describe, expect, it, onTestFinished } from "vitest";
import { adapters } from "../../scripts/entries.mjs";
import { resourceMetadata as ofExpress, requireAuth as requireInExpress } from "../../src/verifier/express.js";
import { resourceMetadata as ofFastify, requireAuth as requireInFastify } from "../../src/verifier/fastify.js";
import { resourceMetadata as ofHono, requireAuth as requireInHono } from "../../src/verifier/hono.js";
import { checkResource, metadataUrlOf, type ProtectedResource } from "../../src/verifier/resource-metadata.js";
import type { Verifier } from "../../src/verifier/verifier.js";
import { answering, metadata } from "../support/discovery-document.js";
import { freePort } from "../support/http-server.js";
import { clientOf, providerOf } from "./bearer/world.js";
import { makeWorld, token, tokenValue } from "./verifier-world.js";

const keycloak = { issuer: "https://keycloak.gemeente.example/realms/vtb" };
const entra = { issuer: "https://login.example/tenant/v2.0" };

describe("where the metadata of an API is", () => {
  it("the well-known path stands between its host and its path (RFC 9728 §3.1)", () => {
    const rows = [
      ["https://taken.example", "https://taken.example/.well-known/oauth-protected-resource"],
      ["https://taken.example/", "https://taken.example/.well-known/oauth-protected-resource"],
      ["https://taken.example/taken", "https://taken.example/.well-known/oauth-protected-resource/taken"],
      ["https://taken.example:8443/a/v1", "https://taken.example:8443/.well-known/oauth-protected-resource/a/v1"],
      // Only the slash after the host is removed.
      ["https://taken.example/taken/", "https://taken.example/.well-known/oauth-protected-resource/taken/"],
    ];
    expect(rows.map(([url = ""]) => [url, metadataUrlOf(checkResource(url))])).toEqual(rows);
  });

  it("a URL that clients could not compare, or that is not https, is refused", () => {
    const rows: readonly (readonly [string | ProtectedResource, string])[] = [
      ["taken.example", "`resource.url` of createVerifier must be an absolute URL"],
      ["http://taken.example", "must be https"],
      ["urn:example:taken", "must be https"],
      ["https://taken.example?tenant=1", "must not have a query or a fragment"],
      ["https://taken.example/#a", "must not have a query or a fragment"],
      ["https://taken.example/?", "must not have a query or a fragment"],
      ["https://user:secret@taken.example", "must not have credentials"],
      ["https://Taken.example", "must be in its canonical form, https://taken.example/"],
      ["https://taken.example/a/../b", "must be in its canonical form, https://taken.example/b"],
      [" https://taken.example", "must be in its canonical form"],
      [{ url: "https://taken.example", documentation: "/docs" }, "`resource.documentation` of createVerifier must be"],
    ];
    for (const [resource, message] of rows) {
      const check = () => checkResource(resource);
      expect(check).toThrow(TypeError);
      expect(check).toThrow(message);
      expect(check).not.toThrow("secret");
    }
    for (const local of ["http://localhost:8000/api", "http://127.0.0.1", "http://[::1]:8000"]) checkResource(local);
  });
});

describe("verifier.resourceMetadata()", () => {
  it("has what the options say, and the issuers of the clients that accept tokens", async () => {
    const { verifier } = await makeWorld(
      [
        providerOf(keycloak),
        providerOf(entra, "entra"),
        clientOf(),
        clientOf({ client_id: "second", audience: ["urn:second"] }, "portal"),
        clientOf({ provider: "entra" }, "entra-api"),
        clientOf({ provider: "entra" }, "not-of-this-verifier"),
      ],
      {
        clients: ["api-oidc", "portal", "entra-api", "missing"],
        resource: {
          url: "https://taken.example/api",
          name: "Taken API",
          documentation: "https://taken.example/docs",
          scopes: ["openid", "taken"],
        },
      },
    );
    expect(verifier.resourceMetadataUrl).toBe("https://taken.example/.well-known/oauth-protected-resource/api");
    expect(await verifier.resourceMetadata()).toEqual({
      resource: "https://taken.example/api",
      authorization_servers: [keycloak.issuer, entra.issuer],
      scopes_supported: ["openid", "taken"],
      bearer_methods_supported: ["header"],
      resource_name: "Taken API",
      resource_documentation: "https://taken.example/docs",
    });
  });

  it("follows the database: another issuer, a disabled client, one that can't be used, a removed one", async () => {
    const { verifier, apply } = await makeWorld([providerOf(keycloak), clientOf()], {
      resource: "https://api.example",
    });
    const issuers = async () => (await verifier.resourceMetadata()).authorization_servers;
    expect(await issuers()).toEqual([keycloak.issuer]);
    await apply([providerOf(entra)]);
    expect(await issuers()).toEqual([entra.issuer]);
    await apply([clientOf({ enabled: false })]);
    expect(await verifier.resourceMetadata()).toEqual({ resource: "https://api.example" });
    await apply([clientOf()]);
    expect(await issuers()).toEqual([entra.issuer]);
    await apply([clientOf({ sign_algo: "HS512" })]);
    expect(await issuers()).toBeUndefined();
    await apply([clientOf()]);
    expect(await issuers()).toEqual([entra.issuer]);
  });

  it("names the issuer in the database before its discovery document was fetched", async () => {
    const stored = { jwks_endpoint: null, discovery_endpoint: "http://127.0.0.1:1/realms/vtb" };
    const { verifier, apply } = await makeWorld([providerOf(keycloak, "idp", stored), clientOf()], {
      resource: "https://api.example",
    });
    expect((await verifier.resourceMetadata()).authorization_servers).toEqual([keycloak.issuer]);
    await apply([clientOf({ enabled: false })]);
    expect((await verifier.resourceMetadata()).authorization_servers).toBeUndefined();
  });

  it("waits for a discovery document where only that names the issuer", async () => {
    const idp = await answering(({ origin }) => metadata(origin));
    const stored = { issuer: null, jwks_endpoint: null, discovery_endpoint: idp.origin };
    const resources = [providerOf(keycloak, "idp", stored), clientOf()];
    const { verifier } = await makeWorld(resources, { resource: "https://api.example" });
    expect(idp.requests).toEqual([]);
    expect((await verifier.resourceMetadata()).authorization_servers).toEqual([idp.origin]);
    expect(idp.requests).toEqual(["/.well-known/openid-configuration"]);

    const unreachable = providerOf(keycloak, "idp", { ...stored, discovery_endpoint: "http://127.0.0.1:1" });
    const other = await makeWorld([unreachable, clientOf()], { resource: "https://api.example" });
    expect(await other.verifier.resourceMetadata()).toEqual({
      resource: "https://api.example",
      bearer_methods_supported: ["header"],
    });
  });

  it("is for verifiers with a resource, whose challenges alone name it", async () => {
    const without = await makeWorld([token("forms", tokenValue)]);
    expect(without.verifier.resourceMetadataUrl).toBeUndefined();
    await expect(without.verifier.resourceMetadata()).rejects.toThrow("created without `resource`");
    for (const adapter of [ofExpress, ofFastify, ofHono]) {
      expect(() => adapter(without.verifier)).toThrow("createVerifier needs the option `resource`");
    }
    const { verifier } = await makeWorld([token("forms", tokenValue)], { resource: "https://api.example/v1" });
    const location = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource/v1"';
    const challenge = async (header: string | undefined, required = {}) => {
      const decision = await verifier.authorize(header, required);
      return decision.kind === "refused" && decision.problem.headers["WWW-Authenticate"];
    };
    expect(await challenge(undefined)).toBe(`Bearer realm="api", ${location}, Token realm="api"`);
    expect(await challenge("Bearer a.b.c", { accept: ["bearer"] })).toBe(
      `Bearer realm="api", error="invalid_token", ${location}`,
    );
    expect(await challenge(`Token ${tokenValue}`, { permission: "taken.delete" })).toBe(
      `Bearer realm="api", ${location}, Token realm="api", error="insufficient_scope"`,
    );
    // Programs with API tokens have no use for an authorization server.
    expect(await challenge(undefined, { accept: ["token"] })).toBe('Token realm="api"');
  });
});

type Framework = (verifier: Verifier, port: number) => Promise<void> | void;

/** Each serves the metadata and one route below the resource's path. */
const frameworks: Readonly<Record<string, Framework>> = {
  express: (verifier, port) => {
    const api = express.Router();
    api.use(ofExpress(verifier));
    const app = express();
    app.use(api);
    app.get("/api/taken", requireInExpress(verifier), (_request, response) => void response.send("in"));
    return new Promise((listening) => {
      const server = app.listen(port, "127.0.0.1", () => listening());
      onTestFinished(() => void server.close());
    });
  },
  fastify: async (verifier, port) => {
    const app = fastify();
    app.route(ofFastify(verifier));
    app.get("/api/taken", { onRequest: requireInFastify(verifier) }, async () => "in");
    onTestFinished(() => app.close());
    await app.listen({ port, host: "127.0.0.1" });
  },
  hono: (verifier, port) => {
    const app = new Hono();
    app.use(ofHono(verifier));
    app.get("/api/taken", requireInHono(verifier), (context) => context.text("in"));
    return new Promise((listening) => {
      const server = serveHono({ fetch: app.fetch, port, hostname: "127.0.0.1" }, () => listening());
      onTestFinished(() => void server.close());
    });
  },
};

const insecure = { [allowInsecureRequests]: true };

describe.each(adapters)("resourceMetadata for %s", (name) => {
  async function begin() {
    const origin = `http://127.0.0.1:${await freePort()}`;
    const resource = `${origin}/api`;
    const world = await makeWorld([token("forms", tokenValue), providerOf(keycloak), clientOf()], { resource });
    await frameworks[name]?.(world.verifier, Number(new URL(origin).port));
    return { ...world, origin, resource };
  }

  it("a client of OAuth finds it, by the API's URL and by a challenge", async () => {
    const { origin, resource, apply } = await begin();
    const discover = async () => {
      const response = await resourceDiscoveryRequest(new URL(resource), insecure);
      return await processResourceDiscoveryResponse(new URL(resource), response);
    };
    expect(await discover()).toEqual({
      resource,
      authorization_servers: [keycloak.issuer],
      bearer_methods_supported: ["header"],
    });
    const request = protectedResourceRequest("a.b.c", "GET", new URL(`${resource}/taken`), undefined, null, insecure);
    const error = await request.catch((error: unknown) => error);
    if (!(error instanceof WWWAuthenticateChallengeError)) throw new Error("expected a challenge");
    const [challenge] = error.cause;
    expect(challenge).toMatchObject({ scheme: "bearer", parameters: { realm: "api", error: "invalid_token" } });
    const { resource_metadata: url = "" } = challenge?.parameters ?? {};
    expect(url).toBe(`${origin}/.well-known/oauth-protected-resource/api`);
    expect(await (await fetch(url)).json()).toMatchObject({ resource });

    await apply([clientOf({ enabled: false })]);
    expect(await discover()).toEqual({ resource });
  });

  it("is JSON for everybody and for no cache; other requests go on", async () => {
    const { origin, verifier } = await begin();
    const url = `${origin}/.well-known/oauth-protected-resource/api`;
    const answer = await fetch(`${url}?fresh=1`);
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
      200,
      "application/json",
      "no-cache",
    ]);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([200, "application/json", ""]);
    expect((await fetch(url, { method: "POST" })).status).toBe(404);
    expect((await fetch(`${url}/more`)).status).toBe(404);
    expect((await fetch(`${origin}/.well-known/oauth-protected-resource`)).status).toBe(404);
    const allowed = await fetch(`${origin}/api/taken`, { headers: { authorization: `Token ${tokenValue}` } });
    expect([allowed.status, await allowed.text()]).toEqual([200, "in"]);

    await verifier.close();
    const unavailable = await fetch(url);
    expect([unavailable.status, unavailable.headers.get("retry-after"), await unavailable.text()]).toEqual([
      503,
      "1",
      "",
    ]);
  });

  it("leaves a programming error to the framework", async () => {
    const { verifier } = await makeWorld([], { resource: "https://api.example" });
    const port = await freePort();
    const broken = { ...verifier, resourceMetadata: () => Promise.reject(new TypeError("a fault")) };
    await frameworks[name]?.(broken, port);
    const { status } = await fetch(`http://127.0.0.1:${port}/.well-known/oauth-protected-resource`);
    expect(status).toBe(500);
  });
});
