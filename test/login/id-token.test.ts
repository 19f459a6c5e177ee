import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { providerOf } from "../verifier/bearer/world.js";
import { openBrowser } from "./browser.js";
import { signWith } from "./fake-provider.js";
import { makeWorld, start, type World } from "./world.js";

let key: TestKey;
let other: TestKey;
let edwards: TestKey;
beforeAll(async () => {
  [key, other, edwards] = await Promise.all([makeKey("RS256"), makeKey("RS256", "other"), makeKey("EdDSA")]);
});

const now = start / 1000;

interface Case {
  readonly name: string;
  readonly reason: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** The nearest that is taken. */
  readonly twin?: Readonly<Record<string, unknown>>;
}

const claims: readonly Case[] = [
  { name: "of another issuer", reason: "wrong_issuer", claims: { iss: "https://evil.example" } },
  { name: "without an issuer", reason: "wrong_issuer", claims: { iss: undefined } },
  { name: "whose issuer is a list", reason: "wrong_issuer", claims: { iss: ["https://idp.example"] } },
  { name: "for another client", reason: "wrong_audience", claims: { aud: "api" }, twin: { aud: "admin" } },
  { name: "for nobody", reason: "wrong_audience", claims: { aud: undefined } },
  { name: "for an empty list", reason: "wrong_audience", claims: { aud: [] }, twin: { aud: ["admin"] } },
  {
    name: "F53 for an empty list, whatever azp says",
    reason: "wrong_audience",
    claims: { aud: [], azp: "admin" },
    twin: { aud: ["admin"], azp: "admin" },
  },
  {
    name: "for several without saying whose it is",
    reason: "wrong_audience",
    claims: { aud: ["admin", "api"] },
    twin: { aud: ["admin", "api"], azp: "admin" },
  },
  { name: "made for another client", reason: "wrong_audience", claims: { azp: "api" }, twin: { azp: "admin" } },
  { name: "that has ended", reason: "expired", claims: { exp: now - 30 }, twin: { exp: now - 29 } },
  { name: "without an end", reason: "malformed_time", claims: { exp: undefined } },
  { name: "whose end is a text", reason: "malformed_time", claims: { exp: String(now + 300) } },
  { name: "from the future", reason: "issued_in_future", claims: { iat: now + 31 }, twin: { iat: now + 30 } },
  { name: "that does not say when it was made", reason: "malformed_time", claims: { iat: undefined } },
  { name: "that is not valid yet", reason: "not_yet_valid", claims: { nbf: now + 31 }, twin: { nbf: now + 30 } },
  { name: "without a subject", reason: "subject_invalid", claims: { sub: undefined } },
  {
    name: "of a client itself",
    reason: "subject_invalid",
    claims: { sub: "admin", azp: "admin" },
    twin: { azp: "admin" },
  },
  {
    name: "of another access token",
    reason: "wrong_at_hash",
    claims: { at_hash: "A".repeat(22) },
    twin: { at_hash: undefined },
  },
  { name: "whose at_hash is no text", reason: "wrong_at_hash", claims: { at_hash: 1 } },
  { name: "of another code", reason: "wrong_c_hash", claims: { c_hash: "A".repeat(22) }, twin: { c_hash: undefined } },
  { name: "whose nonce is no text", reason: "wrong_nonce", claims: { nonce: 1 } },
  {
    name: "that Keycloak made to refresh others",
    reason: "wrong_type",
    claims: { typ: "Refresh" },
    twin: { typ: "ID" },
  },
];

const headers: readonly Case[] = [
  { name: "that is an access token", reason: "wrong_type", header: { typ: "at+jwt" } },
  { name: "that is a logout token", reason: "wrong_type", header: { typ: "logout+jwt" } },
  { name: "that is not signed", reason: "wrong_algorithm", header: { alg: "none" } },
  { name: "of another algorithm than it says", reason: "wrong_algorithm", header: { alg: "RS512" } },
  { name: "signed with the public key", reason: "wrong_algorithm", header: { alg: "HS256" } },
  { name: "with extensions", reason: "unsupported_header", header: { crit: ["b64"], b64: false } },
  { name: "of an unknown key", reason: "unknown_key", header: { kid: "somebody" } },
];

/** Signs in once with these claims and header, and once with those of the twin. */
async function expectRefused(world: World, { claims: bad = {}, header = {}, reason, twin = {} }: Case): Promise<void> {
  const before = world.reasons().length;
  Object.assign(world.provider, { idClaims: bad, idHeader: header });
  expect(await world.signIn()).toMatchObject({ kind: "refused", status: 502, code: "identity_unverified" });
  expect(world.reasons().slice(before)).toEqual([reason]);
  Object.assign(world.provider, { idClaims: twin, idHeader: {} });
  expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
}

describe("S76 a login refuses an ID token", () => {
  for (const one of [...claims, ...headers]) {
    it(one.name, async () => expectRefused(await makeWorld(key), one));
  }

  it("with the name of a known key and another's signature", async () => {
    const world = await makeWorld(key);
    world.provider.signer = { ...other, kid: key.kid };
    expect(await world.signIn()).toMatchObject({ code: "identity_unverified" });
    expect(world.reasons()).toEqual(["bad_signature"]);
  });

  it("that is no JWT, and asks nobody for keys", async () => {
    const world = await makeWorld(key);
    world.provider.onToken = (response) =>
      void response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ access_token: "a", token_type: "bearer", id_token: "a.b.c" }));
    expect(await world.signIn()).toMatchObject({ code: "identity_unverified" });
    expect(world.reasons()).toEqual(["malformed"]);
    expect(world.provider.requests).not.toContain("/jwks");
  });
});

it("S76 hashes with SHA-512 where the algorithm is EdDSA", async () => {
  const world = await makeWorld(key, { client: { sign_algo: "EdDSA" } });
  Object.assign(world.provider, { signer: edwards, keys: [edwards.jwk] });
  const half = (digest: string) => createHash(digest).update("token").digest();
  for (const [hash, kind] of [
    [half("sha512").subarray(0, 32), "signed_in"],
    [half("sha256").subarray(0, 16), "refused"],
  ] as const) {
    let nonce: string | null = null;
    world.provider.onToken = (response) => {
      const id = { iss: world.provider.issuer, aud: "admin", sub: "s-jan", email: "jan@example.nl" };
      const made = { ...id, nonce, iat: now, exp: now + 60, at_hash: hash.toString("base64url") };
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ access_token: "token", token_type: "bearer", id_token: signWith(edwards, {}, made) }));
    };
    const browser = openBrowser();
    const begun = await world.begin(browser);
    nonce = begun.searchParams.get("nonce");
    expect((await world.end(browser, world.provider.authorize(begun.href))).kind).toBe(kind);
  }
});

it("answers 503 while the provider's keys are unavailable, and accepts logins as soon as they are back", async () => {
  const world = await makeWorld(key, { provider: { jwks_endpoint: "http://127.0.0.1:9/jwks" } });
  expect(await world.signIn()).toMatchObject({ status: 503, code: "provider_unavailable" });
  expect(world.reasons()).toEqual(["keys_unavailable"]);
  await world.apply(providerOf(world.provider));
  expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
});

it("F60 refreshKeys ends a disabled key at once, and the keys that are still published sign in", async () => {
  const world = await makeWorld(key);
  expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
  const other = await makeKey("RS256", "other");
  world.provider.keys = [other.jwk];
  expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
  await world.login.refreshKeys();
  expect(await world.signIn()).toMatchObject({ kind: "refused" });
  expect(world.reasons()).toEqual(["unknown_key"]);
  world.provider.signer = other;
  expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
});
