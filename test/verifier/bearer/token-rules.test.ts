import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Attributes } from "../../../src/plan/resource.js";
import type { AccessTokenType } from "../../../src/verifier/bearer/access-token.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf, refusedFor, start, type World } from "./world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
  idp.keys = [key.jwk];
});

afterAll(() => idp.close());

const second = start / 1000;
const accepted = expect.objectContaining({ kind: "accepted" });
const tokenOf = (claims: object = {}, header: object = {}) => goodToken(idp, key, claims, header);

describe("access tokens of RFC 9068 alone", () => {
  const makeStrict = (client: Attributes = {}): Promise<World> =>
    makeWorld([providerOf(idp), clientOf(client)], { accessTokenType: "rfc9068" });
  const full = { jti: "1", client_id: "app" };

  it.each(["at+jwt", "AT+JWT", "application/at+jwt"])("S31 are taken with the typ %s", async (typ) => {
    const world = await makeStrict();
    expect(await world.authenticate(tokenOf(full, { typ }))).toEqual(accepted);
  });

  it.each(["JWT", "jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "ID", "", undefined])(
    "S31 are refused with the typ %s, which the lenient rule looks at one by one",
    async (typ) => {
      const world = await makeStrict();
      expect(await world.authenticate(tokenOf(full, { typ }))).toEqual(refusedFor("wrong_type"));
      expect(await world.authenticate(tokenOf(full))).toEqual(accepted);
    },
  );

  it.each([
    ["iat", undefined],
    ["jti", undefined],
    ["jti", ""],
    ["jti", 7],
    ["client_id", undefined],
    ["client_id", ""],
  ])("S33 are refused with the %s %j, which the lenient rule does without", async (name, value) => {
    const token = tokenOf({ ...full, [name]: value });
    const world = await makeStrict();
    expect(await world.authenticate(token)).toEqual(refusedFor("claim_missing"));
    expect(await world.authenticate(tokenOf(full))).toEqual(accepted);
    const lenient = await makeWorld([providerOf(idp), clientOf()]);
    expect(await lenient.authenticate(token)).toEqual(accepted);
  });

  it("S25 are refused where only azp or client_id name the client", async () => {
    const world = await makeStrict();
    const token = tokenOf({ ...full, aud: "account", azp: "api", client_id: "api" });
    expect(await world.authenticate(token)).toEqual(refusedFor("wrong_audience"));
    expect(await world.authenticate(tokenOf({ ...full, aud: ["account", "api"] }))).toEqual(accepted);
    const lenient = await makeWorld([providerOf(idp), clientOf()]);
    expect(await lenient.authenticate(token)).toEqual(accepted);
  });

  it("S32 are no ID tokens, whatever their typ says", async () => {
    const world = await makeStrict();
    expect(await world.authenticate(tokenOf({ ...full, c_hash: "h" }))).toEqual(refusedFor("id_token"));
    expect(await world.authenticate(tokenOf(full))).toEqual(accepted);
  });

  it("S31 are no opaque tokens, about which the provider is not asked", async () => {
    idp.onUserinfo = (response) => json(response, { sub: "u-1" });
    const asking = { userinfo_claims_source: "userinfo_endpoint" };
    idp.onIntrospection = (response) => json(response, { active: true, client_id: "api", sub: "u-1" });
    const provider = providerOf(idp, "idp", { introspection_endpoint: `${idp.issuer}/introspect` });
    const strict = await makeWorld([provider, clientOf(asking)], { accessTokenType: "rfc9068" });
    expect(await strict.authenticate("opaque")).toEqual(refusedFor("malformed"));
    const lenient = await makeWorld([provider, clientOf(asking)]);
    expect(await lenient.authenticate("opaque")).toEqual(accepted);
  });

  it("are one of two types", async () => {
    // What a program without types could write.
    const accessTokenType = "strict" as AccessTokenType;
    await expect(makeWorld([providerOf(idp), clientOf()], { accessTokenType })).rejects.toThrow(RangeError);
    await makeWorld([providerOf(idp), clientOf()], { accessTokenType: "lenient" });
  });
});

describe("a token's greatest age", () => {
  const makeAged = () => makeWorld([providerOf(idp), clientOf()], { maxTokenAgeSeconds: 600 });

  it("S28 ends a token that long after its iat and the leeway, whatever its exp says", async () => {
    const world = await makeAged();
    expect(await world.authenticate(tokenOf({ iat: second - 630 }))).toEqual(refusedFor("too_old"));
    expect(await world.authenticate(tokenOf({ iat: second - 629 }))).toEqual(accepted);
    const unlimited = await makeWorld([providerOf(idp), clientOf()]);
    expect(await unlimited.authenticate(tokenOf({ iat: second - 100_000 }))).toEqual(accepted);
  });

  it("S28 S54 ends one that is remembered, too", async () => {
    const world = await makeAged();
    const token = tokenOf({ iat: second - 610 });
    expect(await world.authenticate(token)).toEqual(accepted);
    world.clock += 19_999;
    expect(await world.authenticate(token)).toEqual(accepted);
    world.clock += 1;
    expect(await world.authenticate(token)).toEqual(refusedFor("too_old"));
  });

  it("S28 needs an iat", async () => {
    const world = await makeAged();
    expect(await world.authenticate(tokenOf({ iat: undefined }))).toEqual(refusedFor("malformed_time"));
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
    const unlimited = await makeWorld([providerOf(idp), clientOf()]);
    expect(await unlimited.authenticate(tokenOf({ iat: undefined }))).toEqual(accepted);
  });

  it.each([0, -1, Number.NaN])("is not %s seconds", async (maxTokenAgeSeconds) => {
    await expect(makeWorld([providerOf(idp), clientOf()], { maxTokenAgeSeconds })).rejects.toThrow(
      new RangeError("maxTokenAgeSeconds must be above 0"),
    );
  });
});

describe("a token without a mark of an access token", () => {
  // As OpenID Connect Core has an ID token: nothing in it says so but the audience.
  const bare = { scope: undefined };
  const plain = { typ: "JWT" };

  it("S32 is taken for an ID token where its audience is the client", async () => {
    const world = await makeWorld([providerOf(idp), clientOf({ audience: ["api", "urn:api"] })]);
    expect(await world.authenticate(tokenOf(bare, plain))).toEqual(refusedFor("id_token"));
    expect(await world.authenticate(tokenOf({ ...bare, aud: ["urn:api", "api"] }, plain))).toEqual(
      refusedFor("id_token"),
    );
    expect(await world.authenticate(tokenOf({ ...bare, azp: "api" }, plain))).toEqual(refusedFor("id_token"));
    expect(await world.authenticate(tokenOf({ ...bare, aud: "urn:api" }, plain))).toEqual(accepted);
  });

  it.each<[string, object, object]>([
    ["the typ at+jwt", {}, { typ: "at+jwt" }],
    ["Keycloak's typ", { typ: "Bearer" }, plain],
    ["a scope", { scope: "openid" }, plain],
    ["Entra ID's and Okta's scp", { scp: ["read"] }, plain],
    ["a client_id", { client_id: "app" }, plain],
    ["Okta's cid", { cid: "app" }, plain],
    ["Entra ID's appid", { appid: "app" }, plain],
    ["an azp that is not in its audience", { azp: "app" }, plain],
    ["a client of its own as subject", { sub: "batch", azp: "batch" }, plain],
    ["Keycloak's usual audience", { aud: "account", azp: "api" }, plain],
  ])("S32 is an access token with %s", async (_mark, claims, header) => {
    const world = await makeWorld([providerOf(idp), clientOf()]);
    expect(await world.authenticate(tokenOf({ ...bare, ...claims }, header))).toEqual(accepted);
    expect(await world.authenticate(tokenOf({ ...bare, jti: "2" }, plain))).toEqual(refusedFor("id_token"));
  });

  it("S32 is checked by the provider where that is asked for user information", async () => {
    idp.onUserinfo = (response) => json(response, { sub: "u-1" });
    const world = await makeWorld([providerOf(idp), clientOf({ userinfo_claims_source: "userinfo_endpoint" })]);
    expect(await world.authenticate(tokenOf(bare, plain))).toEqual(accepted);
    idp.onUserinfo = (response) => void response.writeHead(401).end();
    expect(await world.authenticate(tokenOf({ ...bare, jti: "2" }, plain))).toEqual(refusedFor("userinfo_refused"));
  });

  it("S32 is refused where Amazon Cognito calls it an ID token", async () => {
    const world = await makeWorld([providerOf(idp), clientOf()]);
    expect(await world.authenticate(tokenOf({ token_use: "id" }))).toEqual(refusedFor("id_token"));
    expect(await world.authenticate(tokenOf({ token_use: "access" }))).toEqual(accepted);
  });
});
