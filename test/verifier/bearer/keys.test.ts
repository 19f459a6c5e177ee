import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGuardedFetch } from "../../../src/oidc/guarded-fetch.js";
import { Secret } from "../../../src/secrets/secret.js";
import { makeCertificates } from "../../support/certificates.js";
import { always, serve } from "../../support/http-server.js";
import { temporaryFolder } from "../../support/run.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf, refusedFor, type World } from "./world.js";

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

/** A token that was never seen before. */
const tokenOf = (key: TestKey, header: object = {}) => goodToken(idp, key, { jti: randomUUID() }, header);
const makeUsual = () => makeWorld([providerOf(idp), clientOf()]);
const accepted = expect.objectContaining({ kind: "accepted" });
const unknown = refusedFor("unknown_key");

function unavailable(retryAfterSeconds: number) {
  return expect.objectContaining({ kind: "unavailable", reason: "keys_unavailable", retryAfterSeconds });
}

function breakDown(): void {
  idp.onKeys = (response) => void response.destroy();
}

describe("a provider's keys", () => {
  it("are fetched once for many tokens at once", async () => {
    const world = await makeUsual();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => world.authenticate(tokenOf(first))));
    expect(outcomes).toEqual(Array(50).fill(accepted));
    expect(idp.keyRequests()).toBe(1);
  });

  it("S47 are fetched again at once for a new key, while requests run", async () => {
    const world = await makeUsual();
    await world.authenticate(tokenOf(first));
    idp.keys = [first.jwk, second.jwk];
    const tokens = Array.from({ length: 40 }, (_, index) => tokenOf(index % 2 ? second : first));
    expect(await Promise.all(tokens.map(world.authenticate))).toEqual(Array(40).fill(accepted));
    expect(idp.keyRequests()).toBe(2);
  });

  it("S47 S48 are fetched at most once in 30 seconds for 10000 tokens with unknown kids, and good tokens keep passing", async () => {
    const world = await makeUsual();
    await world.authenticate(tokenOf(first));
    const good = tokenOf(first);
    const template = goodToken(idp, first);
    const [, payload, signature] = template.split(".");
    const strange = (kid: string) =>
      `${Buffer.from(JSON.stringify({ alg: "RS256", kid })).toString("base64url")}.${payload}.${signature}`;
    const flood = (from: number, count: number) =>
      Promise.all(Array.from({ length: count }, (_, index) => world.authenticate(strange(`k${from + index}`))));
    expect(await flood(0, 5000)).toEqual(Array(5000).fill(unknown));
    expect(idp.keyRequests()).toBe(2);
    world.clock += 29_999;
    expect(await flood(5000, 5000)).toEqual(Array(5000).fill(unknown));
    expect(await world.authenticate(good)).toEqual(accepted);
    expect(idp.keyRequests()).toBe(2);
    world.clock += 1;
    await flood(10_000, 100);
    expect(idp.keyRequests()).toBe(3);
  });

  it("S47 are fetched once by 100 unknown kids at a cold start", async () => {
    const world = await makeUsual();
    const tokens = Array.from({ length: 100 }, (_, index) => tokenOf(first, { kid: `k${index}` }));
    expect(await Promise.all(tokens.map(world.authenticate))).toEqual(Array(100).fill(unknown));
    expect(await world.authenticate(tokenOf(first, { kid: "again" }))).toEqual(unknown);
    expect(idp.keyRequests()).toBe(1);
  });

  it("S20 serve a token without a kid, also after they changed", async () => {
    const world = await makeUsual();
    expect(await world.authenticate(tokenOf(first, { kid: undefined }))).toEqual(accepted);
    idp.keys = [second.jwk];
    expect(await world.authenticate(tokenOf(second, { kid: undefined }))).toEqual(accepted);
    expect(await world.authenticate(tokenOf(first, { kid: undefined }))).toMatchObject({ kind: "rejected" });
  });

  it("S49 S55 stop verifying when they are gone, also what was verified before", async () => {
    const world = await makeUsual();
    const token = tokenOf(first);
    await world.authenticate(token);
    idp.keys = [second.jwk];
    expect(await world.authenticate(token)).toEqual(accepted);
    expect(await world.authenticate(tokenOf(second))).toEqual(accepted);
    expect(await world.authenticate(token)).toEqual(unknown);
  });

  it("F60 S49 stop verifying after 5 minutes without a word of the provider on how long they live", async () => {
    const world = await makeUsual();
    await world.authenticate(tokenOf(first));
    idp.keys = [second.jwk];
    world.clock += 269_000;
    expect(await world.authenticate(tokenOf(first))).toEqual(accepted);
    expect(idp.keyRequests()).toBe(1);
    world.clock += 31_000;
    expect(await world.authenticate(tokenOf(first))).toEqual(unknown);
    expect(idp.keyRequests()).toBeGreaterThan(1);
  });

  it("are fetched before they are too old, without making requests wait", async () => {
    const world = await makeUsual();
    await world.authenticate(tokenOf(first));
    world.clock += 271_000;
    expect(world.authority.authenticate(tokenOf(first))).toEqual(accepted);
    await expect.poll(idp.keyRequests).toBe(2);
  });

  it.each([
    [{ "cache-control": "max-age=1" }, 1],
    [{ "cache-control": "public, max-age=120" }, 120],
    [{ "cache-control": 'public, max-age="120"' }, 120],
    [{ "cache-control": "max-age=120", age: "50" }, 70],
    [{ "cache-control": "max-age=120", age: "500" }, 1],
    [{ "cache-control": "max-age=86400" }, 3600],
    [{ "cache-control": "max-age=86400", age: "82799" }, 3600],
    [{ "cache-control": "no-cache" }, 300],
    [{ "cache-control": "no-store" }, 300],
    [{ "cache-control": "no-cache, no-store, max-age=0, must-revalidate" }, 300],
    [{ "cache-control": "max-age=3600, no-cache" }, 300],
    [{ "cache-control": "no-cache, max-age=60" }, 60],
    [{ "cache-control": 'no-cache="set-cookie", max-age=600' }, 600],
    [{ "cache-control": "max-age=soon" }, 300],
  ])("F60 S49 live as long as their answer allows, or 5 minutes: %o", async (headers, seconds) => {
    idp.jwksHeaders = headers;
    const world = await makeUsual();
    await world.authenticate(tokenOf(first));
    idp.keys = [];
    world.clock += seconds * 1000 * 0.9 - 1;
    expect(await world.authenticate(tokenOf(first))).toEqual(accepted);
    expect(idp.keyRequests()).toBe(1);
    world.clock += seconds * 1000 * 0.1 + 1;
    expect(await world.authenticate(tokenOf(first))).toEqual(unknown);
  });
});

describe("F60 refreshKeys", () => {
  it("ends a disabled key at once, also for what was verified before, and goes on with the others", async () => {
    idp.keys = [first.jwk, second.jwk];
    idp.jwksHeaders = { "cache-control": "max-age=3600" };
    const world = await makeUsual();
    const token = tokenOf(first);
    expect(await world.authenticate(token)).toEqual(accepted);
    idp.keys = [second.jwk];
    expect(await world.authenticate(token)).toEqual(accepted);
    await world.authority.refreshKeys();
    expect(idp.keyRequests()).toBe(2);
    expect(await world.authenticate(tokenOf(second))).toEqual(accepted);
    expect(await world.authenticate(token)).toEqual(unknown);
  });

  it("lets requests that come meanwhile wait for the new keys", async () => {
    const world = await makeUsual();
    const token = tokenOf(first);
    await world.authenticate(token);
    idp.keys = [second.jwk];
    const refreshed = world.authority.refreshKeys();
    expect(await Promise.all([token, tokenOf(second)].map(world.authenticate))).toEqual([unknown, accepted]);
    await refreshed;
  });

  it("does not count keys that were asked for before", async () => {
    const world = await makeUsual();
    const answers: (() => void)[] = [];
    idp.onKeys = (response) => {
      const keys = idp.keys;
      answers.push(() => json(response, { keys }));
    };
    const waiting = world.authenticate(tokenOf(first));
    await expect.poll(() => answers.length).toBe(1);
    idp.keys = [second.jwk];
    const refreshed = world.authority.refreshKeys();
    await expect.poll(() => answers.length).toBe(2);
    idp.onKeys = undefined;
    for (const answer of answers) answer();
    await refreshed;
    expect(await waiting).toEqual(unknown);
  });

  it("accepts nothing by the old keys while the provider is down, and new ones as soon as it is back", async () => {
    const world = await makeUsual();
    const token = tokenOf(first);
    await world.authenticate(token);
    breakDown();
    expect(await world.authenticate(token)).toEqual(accepted);
    await world.authority.refreshKeys();
    expect(await world.authenticate(token)).toEqual(unavailable(1));
    idp.onKeys = undefined;
    await world.authority.refreshKeys();
    expect(await world.authenticate(token)).toEqual(accepted);
  });

  it("leaves a key alone that the file holds", async () => {
    const pem = new Secret(String(first.publicKey.export({ type: "spki", format: "pem" })));
    const world = await makeWorld([providerOf(idp), clientOf({ sign_key: pem })]);
    await world.authority.refreshKeys();
    expect(await world.authenticate(tokenOf(first))).toEqual(accepted);
  });
});

describe("a provider that is down", () => {
  it("S51 does not prevent the start, and answers are unavailable until it is back", async () => {
    breakDown();
    const world = await makeUsual();
    expect(await world.authenticate(tokenOf(first))).toEqual(unavailable(1));
    idp.onKeys = undefined;
    expect(await world.authenticate(tokenOf(first))).toEqual(unavailable(1));
    world.clock += 1000;
    expect(await world.authenticate(tokenOf(first))).toEqual(accepted);
    expect(world.events.map(({ kind }) => kind)).toEqual([
      "provider_failed",
      "keys_fetched",
      "groups_claim_missing",
      "user_written",
    ]);
  });

  it("S50 is survived for a day with the keys that are known; others are unavailable, not refused", async () => {
    const world = await makeUsual();
    await world.authenticate(tokenOf(first));
    breakDown();
    expect(await world.authenticate(tokenOf(second))).toEqual(unavailable(1));
    const day = 24 * 3_600_000;
    const lasting = (at: number) => goodToken(idp, first, { exp: at / 1000 + 7200, jti: String(at) });
    world.clock += day - 1000;
    expect(await world.authenticate(lasting(world.clock))).toEqual(accepted);
    world.clock += 60_000;
    expect(await world.authenticate(lasting(world.clock))).toMatchObject({ kind: "unavailable" });
    idp.onKeys = undefined;
    world.clock += 60_000;
    expect(await world.authenticate(lasting(world.clock))).toEqual(accepted);
  });

  it("S48 is asked less and less often, and not once a request", async () => {
    breakDown();
    const world = await makeUsual();
    const ask = async () => {
      await Promise.all(Array.from({ length: 20 }, () => world.authenticate(tokenOf(first))));
      return idp.keyRequests();
    };
    const counts = [];
    for (const seconds of [0, 1, 1, 1, 3, 1, 30, 15, 1]) {
      world.clock += seconds * 1000;
      counts.push(await ask());
    }
    expect(counts).toEqual([1, 2, 2, 3, 3, 4, 5, 5, 6]);
  });

  it.each([
    ["S45 another status than 200", always(404, { keys: [] })],
    ["S45 another type than JSON", always(200, '{"keys":[]}')],
    ["S45 an answer of more than 512 KiB", always(200, { keys: [], pad: "x".repeat(600_000) })],
    ["S45 a redirect", always(302, "", { location: "/jwks" })],
    ["no JSON", always(200, "{", { "content-type": "application/json" })],
    ["no keys", always(200, {})],
  ])("counts as down with %s", async (_what, listener) => {
    const server = await serve(listener);
    const world = await makeWorld([providerOf(idp, "idp", { jwks_endpoint: `${server.origin}/keys` }), clientOf()]);
    expect(await world.authenticate(tokenOf(first))).toEqual(unavailable(1));
    expect(server.requests).toEqual(["/keys"]);
    expect(world.events).toMatchObject([{ kind: "provider_failed", url: `${server.origin}/keys` }]);
  });

  it("S45 counts as down when it takes longer than its time", async () => {
    idp.onKeys = () => {};
    const world = await makeWorld([providerOf(idp), clientOf()], { fetch: createGuardedFetch({ timeoutMs: 50 }) });
    expect(await world.authenticate(tokenOf(first))).toEqual(unavailable(1));
  });

  it("S46 is not asked at a metadata address", async () => {
    const url = "http://169.254.169.254/jwks";
    const world = await makeWorld([providerOf(idp, "idp", { jwks_endpoint: url }), clientOf()]);
    expect(await world.authenticate(tokenOf(first))).toEqual(unavailable(1));
    expect(world.events).toMatchObject([{ kind: "provider_failed", message: expect.stringContaining("metadata") }]);
  });

  it("does not keep the authority from closing", async () => {
    idp.onKeys = () => {};
    const world = await makeUsual();
    const waiting = world.authenticate(tokenOf(first));
    await expect.poll(idp.keyRequests).toBe(1);
    await world.authority.close();
    expect(await waiting).toMatchObject({ kind: "unavailable" });
    expect(await world.authenticate(tokenOf(first))).toMatchObject({ kind: "unavailable", reason: "closed" });
  });
});

describe("keys over TLS", () => {
  it("S53 are only taken from a server whose certificate is trusted", async () => {
    const { authority, server } = await makeCertificates();
    const tls = await serve((_request, response) => json(response, { keys: [first.jwk] }), server);
    const caFile = join(temporaryFolder(), "ca.pem");
    writeFileSync(caFile, authority);
    const worldWith = (ca_file: string | null): Promise<World> =>
      makeWorld([providerOf(idp, "idp", { jwks_endpoint: `${tls.origin}/jwks`, ca_file }), clientOf()]);
    expect(await (await worldWith(null)).authenticate(tokenOf(first))).toMatchObject({ kind: "unavailable" });
    expect(await (await worldWith(caFile)).authenticate(tokenOf(first))).toEqual(accepted);
  });
});

describe("a provider that was not asked when it was configured", () => {
  const undiscovered = (more: object = {}) =>
    providerOf(idp, "idp", {
      issuer: null,
      discovery_endpoint: `${idp.origin}/`,
      jwks_endpoint: null,
      userinfo_endpoint: null,
      ...more,
    });

  it("is discovered by the authority, and its issuer checked", async () => {
    const document = {
      issuer: idp.issuer,
      authorization_endpoint: `${idp.origin}/auth`,
      token_endpoint: `${idp.origin}/token`,
      jwks_uri: `${idp.origin}/jwks`,
    };
    idp.onOther = (response) => json(response, document);
    const world = await makeWorld([undiscovered(), clientOf()]);
    expect(await world.authenticate(tokenOf(first))).toEqual(accepted);
    expect(await world.authenticate(goodToken(idp, first, { iss: "https://evil.example" }))).toEqual(
      refusedFor("unknown_issuer"),
    );
    const wrong = await makeWorld([undiscovered({ issuer: `${idp.issuer}/other` }), clientOf()]);
    expect(await wrong.authenticate(tokenOf(first))).toMatchObject({ reason: "unknown_issuer" });
    const theirs = goodToken({ issuer: `${idp.issuer}/other` }, first);
    expect(await wrong.authenticate(theirs)).toMatchObject({ reason: "provider_unavailable" });
  });

  it("F62 works with an issuer that publishes only its name and keys, behind its own redirect", async () => {
    idp.onOther = (response) => {
      const isFirst = idp.requests.filter((url) => url !== "/jwks").length === 1;
      if (isFirst) return void response.writeHead(307, { location: "/openid/configuration" }).end();
      json(response, { issuer: idp.issuer, jwks_uri: `${idp.origin}/jwks`, token_endpoint: "nowhere" });
    };
    const world = await makeWorld([
      undiscovered({ authorization_endpoint: null, token_endpoint: null }),
      clientOf({ audience: ["https://taken.example.nl"] }),
    ]);
    // As GitHub Actions and Kubernetes sign them: without a scope, a client or a type.
    const claims = { sub: "repo:gemeente/taken:ref:refs/heads/main", scope: undefined, email: undefined };
    const token = (aud: string) => goodToken(idp, first, { ...claims, aud }, { typ: "JWT" });
    expect(await world.authenticate(token("https://taken.example.nl"))).toEqual(accepted);
    expect(await world.authenticate(token("https://other.example.nl"))).toEqual(refusedFor("wrong_audience"));
    expect(idp.requests.filter((url) => url !== "/jwks")).toEqual([
      "/.well-known/openid-configuration",
      "/openid/configuration",
    ]);
  });

  it("F62 is down where it redirects to another origin", async () => {
    const elsewhere = await serve(always(200, { issuer: idp.issuer, jwks_uri: `${idp.origin}/jwks` }));
    idp.onOther = (response) => void response.writeHead(302, { location: elsewhere.origin }).end();
    const world = await makeWorld([undiscovered(), clientOf()]);
    expect(await world.authenticate(tokenOf(first))).toMatchObject({ reason: "provider_unavailable" });
    expect(world.events).toMatchObject([{ message: expect.stringContaining(`${elsewhere.origin}/, which is not`) }]);
    expect(elsewhere.requests).toEqual([]);
  });

  it("is asked again after a while where it was down", async () => {
    const world = await makeWorld([undiscovered(), clientOf()]);
    expect(await world.authenticate(tokenOf(first))).toMatchObject({
      kind: "unavailable",
      reason: "provider_unavailable",
      retryAfterSeconds: 1,
      found: `no discovery document of ${idp.issuer}`,
    });
    idp.onOther = (response) =>
      json(response, {
        issuer: idp.issuer,
        authorization_endpoint: `${idp.origin}/auth`,
        token_endpoint: `${idp.origin}/token`,
        jwks_uri: `${idp.origin}/jwks`,
      });
    world.clock += 1000;
    await world.authenticate(tokenOf(first));
    await expect.poll(() => world.authenticate(tokenOf(first))).toEqual(accepted);
  });
});
