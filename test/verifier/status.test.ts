import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Resource } from "../../src/plan/resource.js";
import { Secret } from "../../src/secrets/secret.js";
import { createTelemetry } from "../../src/telemetry/create-telemetry.js";
import type { VerifierObserver } from "../../src/verifier/observer.js";
import { noticeChange } from "../support/databases.js";
import { openForTest } from "../support/run.js";
import { type Issuer, makeKey, startIssuer, type TestKey } from "./bearer/issuer.js";
import { clientOf, goodToken, providerOf, start } from "./bearer/world.js";
import { makeWorld, principalIn, token, tokenValue } from "./verifier-world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  key = await makeKey("RS256");
});

beforeEach(async () => {
  idp = await startIssuer();
  idp.keys = [key.jwk];
});

afterEach(() => idp.close());

const bearer = (jti = "1") => `Bearer ${goodToken(idp, key, { jti })}`;
const iso = (ms: number) => new Date(ms).toISOString();

async function makeUsual(resources?: readonly Resource[], clients?: readonly string[]) {
  const usual = [providerOf(idp), clientOf(), token("forms", tokenValue)];
  const world = await makeWorld(resources ?? usual, { clients });
  world.setNow(start);
  return world;
}

describe("verifier.status()", () => {
  it("shows database, last run, clients, providers and caches, and asks no provider", async () => {
    const { verifier, url } = await makeUsual();
    const { kysely } = await openForTest(url);
    const run = await kysely.selectFrom("runs").select(["id", "finished_at"]).executeTakeFirstOrThrow();
    const { revision } = await kysely.selectFrom("setup_state").select("revision").executeTakeFirstOrThrow();
    const usage = (name: string, max = 10_000) => ({ name, size: 0, max });
    const status = await verifier.status();
    expect(status).toEqual({
      isReady: true,
      database: {
        isReachable: true,
        revision,
        lastRun: { id: run.id, at: run.finished_at },
        pools: expect.any(Array),
      },
      clients: [{ client: "api-oidc", state: "usable", provider: idp.issuer, keySource: "fetched" }],
      providers: [{ issuer: idp.issuer }],
      caches: [
        usage("tokens"),
        usage("users"),
        usage("accepted_bearer_tokens"),
        usage("rejected_bearer_tokens"),
        usage("people"),
        // Its userinfo endpoint's.
        usage("answers"),
      ],
      expiringTokens: { count: 0 },
    });
    expect(JSON.parse(JSON.stringify(status))).toEqual(status);
    expect(idp.keyRequests()).toBe(0);
  });

  it("shows the age of fetched keys, and how full the caches are", async () => {
    const { verifier, authenticate, setNow } = await makeUsual();
    // The first makes its user, and so empties the caches.
    principalIn(await authenticate(bearer("1")));
    principalIn(await authenticate(bearer("2")));
    principalIn(await authenticate(`Token ${tokenValue}`));
    setNow(start + 61_500);
    const { providers, caches } = await verifier.status();
    expect(providers).toEqual([{ issuer: idp.issuer, keys: { count: 1, fetchedAt: iso(start), ageSeconds: 61 } }]);
    expect(Object.fromEntries(caches.map(({ name, size }) => [name, size]))).toEqual({
      tokens: 1,
      users: 1,
      accepted_bearer_tokens: 1,
      rejected_bearer_tokens: 0,
      people: 1,
      answers: 0,
    });
  });

  it("stays ready while the provider is down, with known keys or without, and says until when it is not asked", async () => {
    const { verifier, authenticate, setNow } = await makeUsual();
    idp.onKeys = (response) => void response.destroy();
    expect((await authenticate(bearer("cold"))).kind).toBe("rejected");
    const failed = { endpoint: "keys", message: expect.stringContaining("connection"), at: iso(start) };
    expect(await verifier.status()).toMatchObject({ isReady: true, database: { isReachable: true } });
    expect((await verifier.status()).providers).toEqual([
      { issuer: idp.issuer, lastFailure: failed, pausedUntil: iso(start + 1000) },
    ]);
    expect(idp.keyRequests()).toBe(1);

    idp.onKeys = undefined;
    setNow(start + 1000);
    principalIn(await authenticate(bearer("warm")));
    const keys = { count: 1, fetchedAt: iso(start + 1000), ageSeconds: 0 };
    // What failed last stays to be seen.
    expect((await verifier.status()).providers).toEqual([{ issuer: idp.issuer, keys, lastFailure: failed }]);

    idp.onKeys = (response) => void response.destroy();
    // Older than they may be without asking.
    setNow(start + 400_000);
    principalIn(await authenticate(bearer("old keys")));
    const { isReady, providers } = await verifier.status();
    expect([isReady, providers]).toEqual([
      true,
      [
        {
          issuer: idp.issuer,
          keys: { ...keys, ageSeconds: 399 },
          lastFailure: { ...failed, at: iso(start + 400_000) },
          pausedUntil: iso(start + 401_000),
        },
      ],
    ]);
    // A day later no signature is checked with them.
    setNow(start + 86_402_000);
    expect((await verifier.status()).providers[0]).not.toHaveProperty("keys");
  });

  it("shows clients that are disabled, unusable, missing or wait for a discovery document, as the database has them now", async () => {
    const unknownDocument = { issuer: null, jwks_endpoint: null, discovery_endpoint: `${idp.issuer}/realm` };
    const clients = ["api-oidc", "other", "short", "pending", "own-key", "nobody"];
    const { verifier, apply } = await makeUsual(
      [
        providerOf(idp),
        providerOf(idp, "idp2", unknownDocument),
        clientOf(),
        clientOf({ enabled: false }, "other"),
        clientOf({ sign_algo: "HS256", client_secret: new Secret("short") }, "short"),
        clientOf({ provider: "idp2" }, "pending"),
        clientOf({ sign_algo: "HS256" }, "own-key"),
      ],
      clients,
    );
    const states = async () =>
      Object.fromEntries(
        (await verifier.status()).clients.map(({ client, state, keySource }) => [client, keySource ?? state]),
      );
    expect(await states()).toEqual({
      "api-oidc": "fetched",
      other: "disabled",
      short: "unusable",
      pending: "pending",
      "own-key": "configured",
      nobody: "missing",
    });
    const { clients: shown, isReady } = await verifier.status();
    expect(isReady).toBe(true);
    expect(shown.find(({ client }) => client === "short")?.message).toContain("shorter than the 32 bytes");
    await apply([providerOf(idp), clientOf({ enabled: false })]);
    expect(await states()).toMatchObject({ "api-oidc": "disabled" });
    expect(idp.keyRequests()).toBe(0);
  });

  it("asks no provider for a discovery document that is missing since a change", async () => {
    const begun: string[] = [];
    const { observeVerifier } = createTelemetry({ meter: new MeterProvider().getMeter("test") });
    const noting = (): VerifierObserver => ({
      ...observeVerifier(),
      providerRequest: ({ endpoint }) => {
        begun.push(endpoint);
        return () => {};
      },
    });
    const { verifier, apply, authenticate } = await makeWorld([token("forms", tokenValue)], {
      telemetry: { observeVerifier: noting },
    });
    const discovered = { issuer: null, jwks_endpoint: null, discovery_endpoint: `${idp.issuer}/realm` };
    await apply([providerOf(idp, "idp", discovered), clientOf()]);
    expect((await verifier.status()).clients).toMatchObject([{ client: "api-oidc", state: "pending" }]);
    expect(begun).toEqual([]);
    // The twin: a request with a bearer token does.
    await authenticate(bearer());
    expect(begun).toEqual(["discovery"]);
  });

  it("is not ready while the database can't be used, says why, and is again when it can", async () => {
    const { verifier, url } = await makeUsual();
    const before = await verifier.status();
    const { kysely } = await openForTest(url);
    const migrations = await kysely.selectFrom("setup_migrations").selectAll().execute();
    await kysely.deleteFrom("setup_migrations").execute();
    await kysely.updateTable("setup_state").set({ revision: 9999 }).execute();
    await noticeChange();
    const failed = await verifier.status();
    expect(failed).toMatchObject({
      isReady: false,
      database: { isReachable: false, lastFailure: { code: "DATABASE_OLDER", at: expect.any(String) } },
      // As last known.
      clients: before.clients,
      providers: before.providers,
    });
    expect(failed.database).not.toHaveProperty("revision");
    await kysely.insertInto("setup_migrations").values(migrations).execute();
    // Longer than a server is left alone after a failure.
    await expect.poll(async () => (await verifier.status()).isReady, { timeout: 5000 }).toBe(true);
    const { database } = await verifier.status();
    expect(database).toMatchObject({ isReachable: true, revision: 9999, lastFailure: { code: "DATABASE_OLDER" } });
  });

  it("is not ready when it was closed", async () => {
    const { verifier } = await makeUsual();
    await verifier.close();
    expect(await verifier.status()).toMatchObject({ isReady: false, database: { isReachable: false } });
  });

  it("S89 holds no secret, whatever a provider answers", async () => {
    const secret = "a-canary-9f3c1d7e5b2a4860-of-the-client";
    const { verifier, authenticate, url } = await makeUsual([
      providerOf(idp, "idp", { introspection_endpoint: `${idp.issuer}/introspect` }),
      clientOf({ client_secret: new Secret(secret), userinfo_claims_source: "userinfo_endpoint" }),
      token("forms", tokenValue),
    ]);
    const opaque = "an-opaque-canary-4b1e9d";
    const signed = goodToken(idp, key, {});
    idp.onIntrospection = (response, form) => {
      response.writeHead(500, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: "server_error", error_description: [...form.values()].join(" ") }));
    };
    idp.onUserinfo = (response, credential) => {
      response.writeHead(500, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: "server_error", error_description: credential }));
    };
    for (const header of [`Bearer ${opaque}`, `Bearer ${signed}`, `Token ${tokenValue}`]) await authenticate(header);
    const status = await verifier.status();
    expect(status.providers[0]?.lastFailure?.message).toContain("server_error");
    const text = JSON.stringify(status);
    for (const canary of [secret, opaque, signed, tokenValue]) expect(text).not.toContain(canary);
    const password = new URL(url.replace(/^sqlite:/, "file:")).password;
    if (password !== "") expect(text).not.toContain(password);
  });
});
