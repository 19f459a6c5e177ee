import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Attributes } from "../../../src/plan/resource.js";
import { Secret } from "../../../src/secrets/secret.js";
import { audience, type RealProvider, startRealProvider } from "./real-provider.js";
import { clientOf, makeWorld, providerOf, refusedFor } from "./world.js";

let provider: RealProvider;

beforeAll(async () => {
  provider = await startRealProvider();
});

afterAll(() => provider.close());

const real = { now: Date.now };

function makeReal(client: Attributes = {}) {
  const endpoints = {
    jwks_endpoint: `${provider.issuer}/jwks`,
    userinfo_endpoint: `${provider.issuer}/me`,
    introspection_endpoint: `${provider.issuer}/token/introspection`,
  };
  const secret = { client_secret: new Secret(`secret-of-${client.client_id}`) };
  return makeWorld([providerOf(provider, "idp", endpoints), clientOf({ ...secret, ...client })], real);
}

const ask = (world: Awaited<ReturnType<typeof makeReal>>, token = "") => world.authority.authenticate(token);
const users = (world: Awaited<ReturnType<typeof makeReal>>) =>
  world.database.kysely.selectFrom("users").select(["username", "email", "subject"]).execute();

describe("with a real provider", () => {
  it("A10.74 a client's own token is accepted, and its user created once", async () => {
    const world = await makeReal({ userinfo_claims_source: "userinfo_endpoint" });
    const { access_token: token } = await provider.clientCredentials(audience);
    expect(decodeJwt(token ?? "")).toMatchObject({ sub: "api", client_id: "api", aud: audience });
    expect(await ask(world, token)).toMatchObject({ kind: "accepted", clientIdentifier: "api-oidc" });
    const { access_token: next } = await provider.clientCredentials(audience);
    expect(await ask(world, next)).toMatchObject({ kind: "accepted" });
    expect(await users(world)).toEqual([{ username: "api", email: "", subject: "client:api" }]);
  });

  it("A10.74 a person's token is accepted where its audience is this API", async () => {
    const { access_token: token } = await provider.signIn("jan", { resource: audience });
    const world = await makeReal({ audience: [audience] });
    expect(await ask(world, token)).toMatchObject({ kind: "accepted" });
    expect(await users(world)).toMatchObject([{ username: "jan", subject: "jan" }]);
    const other = await makeReal({ audience: ["https://another.example"] });
    expect(await ask(other, token)).toEqual(refusedFor("wrong_audience"));
  });

  it("S32 an ID token is refused, though issuer, audience and signature are right", async () => {
    const tokens = await provider.signIn("jan", { resource: audience, nonce: "n-1" });
    expect(decodeJwt(tokens.id_token ?? "")).toMatchObject({ iss: provider.issuer, aud: "app", nonce: "n-1" });
    const world = await makeReal({ client_id: "app", audience: ["app", audience] });
    expect(await ask(world, tokens.id_token)).toEqual(refusedFor("id_token"));
    expect(await ask(world, tokens.access_token)).toMatchObject({ kind: "accepted" });
  });

  it("S32 an ID token without a nonce looks like an access token, and is refused at userinfo", async () => {
    const tokens = await provider.signIn("jan");
    expect(decodeJwt(tokens.id_token ?? "")).toMatchObject({ aud: "app", sub: "jan" });
    const world = await makeReal({ client_id: "app", userinfo_claims_source: "userinfo_endpoint" });
    expect(await ask(world, tokens.id_token)).toEqual(refusedFor("userinfo_refused"));
    expect(await ask(world, tokens.access_token)).toMatchObject({ kind: "accepted" });
  });

  it("S32 an ID token without a nonce is refused as well where nobody is asked about it", async () => {
    const tokens = await provider.signIn("jan", { resource: audience });
    const claims = decodeJwt(tokens.id_token ?? "");
    expect(["nonce", "at_hash", "c_hash", "typ"].filter((name) => name in claims)).toEqual([]);
    const world = await makeReal({ client_id: "app", audience: ["app", audience] });
    expect(await ask(world, tokens.id_token)).toEqual(refusedFor("id_token"));
    expect(await ask(world, tokens.access_token)).toMatchObject({ kind: "accepted" });
  });

  it("F2: an opaque token is accepted where it was issued to our client, and to no other, with the claims of userinfo", async () => {
    const world = await makeReal({ client_id: "app", userinfo_claims_source: "userinfo_endpoint" });
    const { access_token: theirs = "" } = await provider.signIn("jan", { client_id: "weather-widget" });
    const asked = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${theirs}` } });
    expect(await asked.json()).toMatchObject({ sub: "jan" });
    expect(await ask(world, theirs)).toEqual(refusedFor("wrong_audience"));
    const { access_token: token } = await provider.signIn("piet");
    expect(token).not.toContain(".");
    expect(await ask(world, token)).toMatchObject({ kind: "accepted" });
    expect(await users(world)).toEqual([{ username: "piet", email: "piet@example.nl", subject: "piet" }]);
    expect(await ask(world, "never-issued")).toEqual(refusedFor("token_inactive"));
  });

  it("F2: a client's own opaque token names no subject, and is rejected", async () => {
    const world = await makeReal({ client_id: "api" });
    const { access_token: own } = await provider.clientCredentials();
    expect(await ask(world, own)).toEqual(refusedFor("subject_invalid"));
  });
});
