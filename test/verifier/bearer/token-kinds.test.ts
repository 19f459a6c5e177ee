import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Attributes } from "../../../src/plan/resource.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf, refusedFor } from "./world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
  idp.keys = [key.jwk];
});

afterAll(() => idp.close());

const accepted = expect.objectContaining({ kind: "accepted" });
const makeUsual = (client: Attributes = {}) => makeWorld([providerOf(idp), clientOf(client)]);
const tokenOf = (claims: object = {}, header: object = {}) => goodToken(idp, key, claims, { typ: "JWT", ...header });

describe("F50 an access token is recognized by what its provider signs", () => {
  it.each([
    ["Keycloak 23, which copies the login's nonce", { typ: "Bearer", nonce: "n" }, {}],
    ["RFC 9068", { nonce: "n" }, { typ: "at+jwt" }],
    ["RFC 9068, with the whole media type", { nonce: "n" }, { typ: "application/AT+JWT" }],
  ])("F50 may carry a nonce: %s", async (_whose, claims, header) => {
    const world = await makeUsual();
    expect(await world.authenticate(tokenOf(claims, header))).toEqual(accepted);
  });

  it("F50 S32 with a nonce and no word of being one, it is an ID token", async () => {
    const world = await makeUsual();
    for (const claims of [{ nonce: "n" }, { nonce: "n", typ: "bearer" }, { nonce: "" }, { nonce: "n", typ: "JWT" }]) {
      expect(await world.authenticate(tokenOf(claims))).toEqual(refusedFor("id_token"));
    }
    expect(await world.authenticate(tokenOf({ nonce: "n" }, { typ: undefined }))).toEqual(refusedFor("id_token"));
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
  });

  it.each([
    ["at_hash", { at_hash: "h" }, "id_token"],
    ["c_hash", { c_hash: "h" }, "id_token"],
    ["typ: ID", { typ: "ID" }, "id_token"],
    ["typ: Refresh", { typ: "Refresh" }, "refresh_token"],
    ["typ: Offline", { typ: "Offline" }, "refresh_token"],
  ])("F50 S32 is none with %s, whatever its header says", async (_what, claims, reason) => {
    const world = await makeUsual();
    for (const typ of ["JWT", "at+jwt", undefined]) {
      expect(await world.authenticate(tokenOf({ nonce: "n", ...claims }, { typ }))).toEqual(refusedFor(reason));
    }
    expect(await world.authenticate(tokenOf({ nonce: "n", typ: "Bearer" }))).toEqual(accepted);
  });

  it("F50 says what an operator with Dex can do, and says nothing where at_hash is not the reason", async () => {
    const world = await makeUsual();
    expect(await world.authenticate(tokenOf({ at_hash: "h" }))).toMatchObject({
      kind: "rejected",
      reason: "id_token",
      hint: "Dex: login only, unless the client has accept_at_hash: true",
    });
    expect(await world.authenticate(tokenOf({ nonce: "n" }))).not.toHaveProperty("hint");
  });

  // As Dex 2.4x makes them: nothing but at_hash beside the claims of the person.
  const dex = { at_hash: "h", scope: undefined, nonce: "n" };

  it("F50 accept_at_hash takes Dex's, with and without a nonce", async () => {
    const world = await makeUsual({ accept_at_hash: true });
    for (const claims of [dex, { ...dex, nonce: undefined }]) {
      expect(await world.authenticate(tokenOf(claims))).toEqual(accepted);
      expect(await world.authenticate(tokenOf({ ...claims, c_hash: "h" }))).toEqual(refusedFor("id_token"));
      expect(await world.authenticate(tokenOf({ ...claims, typ: "ID" }))).toEqual(refusedFor("id_token"));
      expect(await world.authenticate(tokenOf({ ...claims, at_hash: undefined }))).not.toEqual(accepted);
    }
  });

  it("F50 accept_at_hash applies to its own client only", async () => {
    const other = clientOf({ client_id: "other" }, "other-oidc");
    const clients = ["api-oidc", "other-oidc"];
    const world = await makeWorld([providerOf(idp), clientOf({ accept_at_hash: true }), other], { clients });
    expect(await world.authenticate(tokenOf(dex))).toEqual(accepted);
    // Nothing but the at_hash is against it.
    expect(await world.authenticate(tokenOf({ at_hash: "h", aud: "other" }))).toEqual(refusedFor("id_token"));
    expect(await world.authenticate(tokenOf({ aud: "other" }))).toEqual(accepted);
  });
});

describe("F51 a client's own token needs no user", () => {
  const keycloak = { sub: "8d1f", client_id: "Taken-App", azp: "Taken-App", aud: "api", typ: "Bearer" };
  const own: readonly [string, object][] = [
    ["Keycloak, whose usernames are in lower case", { ...keycloak, preferred_username: "service-account-taken-app" }],
    ["RFC 9068", { sub: "taken-app", client_id: "taken-app", aud: "api" }],
    ["Spring", { sub: "api", aud: "api" }],
    ["Spring, with an audience of the API", { sub: "urn:api", aud: ["urn:other", "urn:api"] }],
  ];

  it.each(own)("F51 %s: userinfo is not asked", async (_whose, claims) => {
    idp.onUserinfo = (response) => void response.writeHead(500).end();
    const before = idp.userinfoRequests();
    const world = await makeUsual({ userinfo_claims_source: "userinfo_endpoint", audience: ["urn:api", "api"] });
    expect(await world.authenticate(tokenOf(claims))).toEqual(accepted);
    expect(idp.userinfoRequests()).toBe(before);
    const { sub } = { sub: "u-1", ...claims };
    const users = await world.database.kysely.selectFrom("users").select("subject").execute();
    expect(users).toEqual([{ subject: `client:${sub}` }]);
  });

  const people: readonly [string, object][] = [
    ["a service account of another client", { ...keycloak, preferred_username: "service-account-other" }],
    ["a name like a service account's, without client_id", { sub: "8d1f", preferred_username: "service-account-api" }],
    ["a subject that is no known audience", { sub: "other", aud: ["api", "other"] }],
    ["a known audience that is not the token's", { sub: "urn:api", aud: "api" }],
    ["an azp of another client", { sub: "api", aud: "api", azp: "app" }],
  ];

  it.each(people)("F51 a person's is asked about: %s", async (_what, claims) => {
    idp.onUserinfo = (response) => json(response, { sub: "u-1", ...claims });
    const before = idp.userinfoRequests();
    const world = await makeUsual({ userinfo_claims_source: "userinfo_endpoint", audience: ["urn:api", "api"] });
    expect(await world.authenticate(tokenOf(claims))).toEqual(accepted);
    expect(idp.userinfoRequests()).toBe(before + 1);
  });

  it("F51 S32 an ID token of a person with the client's name is still rejected", async () => {
    const world = await makeUsual();
    expect(await world.authenticate(tokenOf({ sub: "api", aud: "api", scope: undefined }))).toEqual(
      refusedFor("id_token"),
    );
    expect(await world.authenticate(tokenOf({ sub: "api", aud: "api" }))).toEqual(accepted);
  });
});

describe("F52 a token that is bound to a key", () => {
  it.each([
    ["a DPoP key", { cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }],
    ["a certificate", { cnf: { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" } }],
    ["a cnf that says nothing", { cnf: null }],
    ["Keycloak's typ", { typ: "DPoP" }],
  ])("F52 S32a is refused as Bearer: %s", async (_what, claims) => {
    const world = await makeUsual();
    for (const typ of ["JWT", "at+jwt"]) {
      expect(await world.authenticate(tokenOf(claims, { typ }))).toEqual(refusedFor("proof_of_possession"));
    }
    expect(await world.authenticate(tokenOf({ typ: "Bearer" }))).toEqual(accepted);
  });
});

describe("F53 an access token with an empty aud", () => {
  it("F53 S25 is meant for whom client_id names, as one without aud", async () => {
    const world = await makeUsual();
    for (const aud of [[], undefined]) {
      expect(await world.authenticate(tokenOf({ aud, client_id: "api" }))).toEqual(accepted);
      expect(await world.authenticate(tokenOf({ aud, client_id: "other" }))).toEqual(refusedFor("wrong_audience"));
      expect(await world.authenticate(tokenOf({ aud }))).toEqual(refusedFor("wrong_audience"));
    }
  });

  it("F53 is for nobody where oidc_audience is set, or by the strict rule", async () => {
    const claims = { aud: [], client_id: "api", jti: "1" };
    const world = await makeUsual({ audience: ["api"] });
    expect(await world.authenticate(tokenOf(claims))).toEqual(refusedFor("wrong_audience"));
    const strict = await makeWorld([providerOf(idp), clientOf()], { accessTokenType: "rfc9068" });
    expect(await strict.authenticate(tokenOf(claims, { typ: "at+jwt" }))).toEqual(refusedFor("wrong_audience"));
  });
});
