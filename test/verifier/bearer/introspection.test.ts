import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import type { Attributes } from "../../../src/plan/resource.js";
import { Secret } from "../../../src/secrets/secret.js";
import type { BearerOptions } from "../../../src/verifier/bearer/authenticate.js";
import { configurationOf, resource, runOptions } from "../../support/run.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, clientSecret, makeWorld, providerOf, refusedFor, start } from "./world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  key = await makeKey("RS256");
});

beforeEach(async () => {
  idp = await startIssuer();
  idp.keys = [key.jwk];
  idp.onUserinfo = (response) => json(response, { sub: "u-1", email: "told@example.nl" });
  say();
});

afterEach(() => idp.close());

const second = start / 1000;
const ours = { active: true, client_id: "api", sub: "u-1" };
const accepted = expect.objectContaining({ kind: "accepted" });

/** What the provider says of every token from now on. */
function say(more: object = {}): void {
  idp.onIntrospection = (response) => json(response, { ...ours, ...more });
}

interface Parts {
  readonly client?: Attributes;
  readonly provider?: Attributes;
  readonly options?: Partial<BearerOptions>;
}

function makeAsking({ client = {}, provider = {}, options = {} }: Parts = {}) {
  const introspection = { introspection_endpoint: `${idp.issuer}/introspect`, ...provider };
  return makeWorld([providerOf(idp, "idp", introspection), clientOf(client)], options);
}

const fromUserinfo = { client: { userinfo_claims_source: "userinfo_endpoint" } };
const users = (world: Awaited<ReturnType<typeof makeAsking>>) =>
  world.database.kysely.selectFrom("users").select(["username", "email", "subject"]).execute();

describe("S98 an opaque token", () => {
  it("F2: is accepted where introspection calls it active and names the client", async () => {
    say({ email: "jan@example.nl" });
    const world = await makeAsking();
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
    expect(await users(world)).toEqual([{ username: "u-1", email: "jan@example.nl", subject: "u-1" }]);
    expect(idp.userinfoRequests()).toBe(0);
  });

  it("F2: of another client is refused, whatever userinfo says of it", async () => {
    say({ client_id: "weather-widget" });
    for (const parts of [fromUserinfo, {}]) {
      const world = await makeAsking(parts);
      expect(await world.authenticate("opaque-token")).toEqual(refusedFor("wrong_audience"));
      expect(await users(world)).toEqual([]);
    }
    expect(idp.userinfoRequests()).toBe(0);
  });

  it("F2: is refused without an introspection endpoint, however userinfo answers", async () => {
    const world = await makeAsking({ ...fromUserinfo, provider: { introspection_endpoint: null } });
    expect(await world.authenticate("opaque-token")).toEqual(refusedFor("no_introspection"));
    expect(idp.requests).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["not active", { active: false }, "token_inactive"],
    ["active as a text", { active: "true" }, "token_inactive"],
    ["active as a number", { active: 1 }, "token_inactive"],
    ["nothing about being active", { active: undefined }, "token_inactive"],
    ["another audience", { client_id: "other", aud: ["other"] }, "wrong_audience"],
    ["nobody it is for", { client_id: undefined }, "wrong_audience"],
    ["a client that is a list", { client_id: ["api"] }, "wrong_audience"],
    ["an audience that is an object", { aud: { api: true } }, "wrong_audience"],
    ["an end that is over", { exp: second - 30 }, "expired"],
    ["an end that is a text", { exp: String(second + 60) }, "malformed_time"],
    ["an end that is null", { exp: null }, "malformed_time"],
    ["a beginning to come", { nbf: second + 31 }, "not_yet_valid"],
    ["an issue to come", { iat: second + 31 }, "issued_in_future"],
    ["another issuer", { iss: "https://evil.example" }, "wrong_issuer"],
    ["an issuer that is a list", { iss: ["https://evil.example"] }, "wrong_issuer"],
    ["another type", { token_type: "mac" }, "wrong_type"],
    ["F52 DPoP", { token_type: "DPoP" }, "proof_of_possession"],
    ["a type that is a list", { token_type: ["Bearer"] }, "claim_malformed"],
    ["a mark that is a list", { typ: ["Refresh"] }, "claim_malformed"],
    ["F52 a key that it is bound to", { cnf: { jkt: "x" } }, "proof_of_possession"],
    ["Keycloak's refresh token", { typ: "Refresh" }, "refresh_token"],
    ["Hydra's refresh token", { token_use: "refresh_token" }, "refresh_token"],
    ["a subject that is a list", { sub: ["u-1"] }, "subject_invalid"],
    ["a subject that is a number", { sub: 7 }, "subject_invalid"],
    ["no subject", { sub: undefined }, "subject_invalid"],
    ["a subject that is empty", { sub: "" }, "subject_invalid"],
  ])("F2: is refused with %s", async (_what, more, reason) => {
    say(more);
    const world = await makeAsking();
    expect(await world.authenticate("opaque-token")).toEqual(refusedFor(reason));
    expect(await users(world)).toEqual([]);
  });

  it.each<[string, object, Attributes]>([
    ["the client as its audience", { client_id: "app", aud: "api" }, {}],
    ["an empty audience, as Hydra writes it", { aud: [] }, {}],
    ["a configured audience", { client_id: "app", aud: ["x", "urn:api"] }, { audience: ["urn:api"] }],
    ["its type in any case", { token_type: "bearer" }, {}],
    ["Keycloak's and Hydra's marks", { token_type: "Bearer", typ: "Bearer", token_use: "access_token" }, {}],
    ["times that fit", { exp: second - 29, nbf: second + 30, iat: second + 30 }, {}],
  ])("F2: is accepted with %s", async (_what, more, client) => {
    say({ iss: idp.issuer, ...more });
    expect(await (await makeAsking({ client })).authenticate("opaque-token")).toEqual(accepted);
  });

  // As zitadel/oidc makes them: A256GCMKW and A256GCM; and one whose key is agreed on.
  const encrypted = [
    "eyJhbGciOiJBMjU2R0NNS1ciLCJlbmMiOiJBMjU2R0NNIn0.zLzb-Tx_B.iWw2.J7OyUXcP.ymDX",
    "eyJlbmMiOiJBIn0..aQ.bQ.cQ",
  ];

  it("F55: is accepted in the five parts of an encrypted token, which is not looked into", async () => {
    say({});
    const world = await makeAsking();
    for (const token of encrypted) expect(await world.authenticate(token)).toEqual(accepted);
    const strict = await makeAsking({ options: { accessTokenType: "rfc9068" } });
    for (const token of encrypted) expect(await strict.authenticate(token)).toEqual(refusedFor("encrypted_token"));
  });

  it("F55: in five parts is called encrypted where no introspection endpoint can be asked, and is sent nowhere", async () => {
    const world = await makeAsking({ provider: { introspection_endpoint: null } });
    const two = await makeAsking({ options: { clients: ["api-oidc", "other-oidc"] } });
    await two.apply(clientOf({ client_id: "other" }, "other-oidc"));
    for (const token of encrypted) {
      expect(await world.authenticate(token)).toEqual(refusedFor("encrypted_token"));
      expect(await two.authenticate(token)).toEqual(refusedFor("encrypted_token"));
    }
    for (const token of ["ey.a.b.c.", "ey.a.b.c.d.e", "ey.a..c.d"]) {
      expect(await world.authenticate(token)).toEqual(refusedFor("malformed"));
    }
    expect(idp.requests).toEqual([]);
  });

  it("F2: must name a configured audience where there is one, and the client alone does not do", async () => {
    const world = await makeAsking({ client: { audience: ["urn:api"] } });
    for (const [index, aud] of [undefined, [], "api", ["urn:other"]].entries()) {
      say({ aud });
      expect(await world.authenticate(`opaque-${index}`)).toEqual(refusedFor("wrong_audience"));
    }
  });

  it("F2: is introspected with the client's own secret, in the form or in a Basic header", async () => {
    const seen: unknown[] = [];
    idp.onIntrospection = (response, form, { authorization, "content-type": type }) => {
      seen.push([Object.fromEntries(form), authorization, type]);
      json(response, { ...ours, client_id: "a:p i" });
    };
    const client = { client_id: "a:p i", client_secret: new Secret("s/e+c r%é") };
    const common = { token: "opaque-token", token_type_hint: "access_token" };
    const type = expect.stringMatching(/^application\/x-www-form-urlencoded\b/);
    expect(await (await makeAsking({ client })).authenticate("opaque-token")).toEqual(accepted);
    const basic = await makeAsking({ client, provider: { token_use_basic_auth: true } });
    expect(await basic.authenticate("opaque-token")).toEqual(accepted);
    const credentials = Buffer.from("a%3Ap%20i:s%2Fe%2Bc%20r%25%C3%A9").toString("base64");
    expect(seen).toEqual([
      [{ ...common, client_id: "a:p i", client_secret: "s/e+c r%é" }, undefined, type],
      [common, `Basic ${credentials}`, type],
    ]);
  });

  it("F2: is refused, and the provider not asked, where there is no secret to ask with", async () => {
    const world = await makeAsking({ client: { client_secret: new Secret("") } });
    expect(await world.authenticate("opaque-token")).toEqual(refusedFor("not_configured"));
    expect(await world.authenticate("opaque-2")).toEqual(refusedFor("not_configured"));
    expect(idp.introspectionRequests()).toBe(0);
    expect(world.events.map(({ kind }) => kind)).toEqual(["client_unusable"]);
  });

  it("F2: is unavailable where the provider does not take the client's secret, which is nobody's failed attempt", async () => {
    const error_description = `${clientSecret} of opaque-token`;
    idp.onIntrospection = (response) => json(response, { error: "invalid_client", error_description }, 401);
    const world = await makeAsking();
    const unavailable = { kind: "unavailable", reason: "introspection_unavailable", retryAfterSeconds: 1 };
    const message =
      "the introspection endpoint rejects the client's id and secret (status 401, invalid_client: ••• of •••)";
    expect(await world.authenticate("opaque-token")).toEqual({
      ...unavailable,
      isCausedByCaller: false,
      found: message,
    });
    expect(world.events).toMatchObject([{ kind: "token_unanswered", message }]);
    expect(JSON.stringify(world.events)).not.toContain(clientSecret);
  });

  it.each([
    ["another type", "text/html", '{"active":true,"client_id":"api","sub":"u-1"}'],
    ["a name twice", "application/json", '{"active":false,"active":true,"client_id":"api","sub":"u-1"}'],
    ["a list", "application/json", "[]"],
  ])("F2: is refused with %s in the answer", async (_what, type, body) => {
    idp.onIntrospection = (response) => void response.writeHead(200, { "content-type": type }).end(body);
    expect(await (await makeAsking()).authenticate("opaque-token")).toEqual(refusedFor("introspection_invalid"));
  });

  it("F2: is asked about once a minute, and refused at the next one when it is revoked", async () => {
    const world = await makeAsking();
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
    world.clock += 30_000;
    // What is remembered outlives a change of the configuration, and does not begin anew with it.
    world.authority.reload();
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
    world.clock += 29_999;
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
    expect(idp.introspectionRequests()).toBe(1);
    world.clock += 1;
    say({ active: false });
    expect(await world.authenticate("opaque-token")).toEqual(refusedFor("token_inactive"));
  });

  it("F2: is remembered until it ends, and not longer", async () => {
    say({ exp: second + 10 });
    const world = await makeAsking();
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
    world.clock += 39_999;
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
    world.clock += 1;
    expect(await world.authenticate("opaque-token")).toEqual(refusedFor("expired"));
    expect(idp.introspectionRequests()).toBe(1);
  });

  it("F3: that was refused is not shown to the provider again while that is remembered, longer each time", async () => {
    say({ active: false });
    const world = await makeAsking();
    const counts = [];
    for (const milliseconds of [0, 999, 1, 1999, 1, 3999, 1]) {
      world.clock += milliseconds;
      world.authority.reload();
      expect(await world.authenticate("opaque-token")).toEqual(refusedFor("token_inactive"));
      counts.push(idp.introspectionRequests());
    }
    expect(counts).toEqual([1, 1, 2, 2, 3, 3, 4]);
    say();
    world.clock += 30_000;
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
  });

  it("F2: is unavailable while the provider can't be reached, but for those known a moment ago", async () => {
    const world = await makeAsking();
    expect(await world.authenticate("known-token")).toEqual(accepted);
    await idp.close();
    expect(await world.authenticate("new-token")).toMatchObject({ kind: "unavailable", isCausedByCaller: false });
    expect(await world.authenticate("known-token")).toEqual(accepted);
  });

  it("F2: is not an API token: none is shown to the provider (S8)", async () => {
    const value = new Secret("ba9d233e95e04c4a8a661a27daffe7c9bd019067");
    const token = resource("api_token", "forms", {
      token: value,
      generated: false,
      user: null,
      is_superuser: false,
      permissions: [],
      contact_person: "B",
      email: "b@x.nl",
      organization: "",
      application: "",
      administration: "",
      expires_at: null,
      grace_seconds: 60,
    });
    const world = await makeAsking();
    await world.apply(token);
    expect(await world.authenticate(value.reveal())).toEqual(refusedFor("api_token"));
    const rotated = { ...token, attributes: { ...token.attributes, token: new Secret("x".repeat(40)) } };
    await apply(configurationOf(rotated), runOptions(world.url));
    world.clock += 1000;
    expect(await world.authenticate(value.reveal())).toEqual(refusedFor("api_token"));
    expect(idp.introspectionRequests()).toBe(0);
    expect(await world.authenticate("another-credential")).toEqual(accepted);
  });

  it("F2: is refused where another client is there, whose provider may have issued it, and where the client is disabled", async () => {
    const provider = providerOf(idp, "idp", { introspection_endpoint: `${idp.issuer}/introspect` });
    const two = await makeWorld([provider, clientOf(), clientOf({}, "api-2")], { clients: ["api-oidc", "api-2"] });
    expect(await two.authenticate("opaque-token")).toEqual(refusedFor("malformed"));
    const disabled = await makeAsking({ client: { enabled: false } });
    expect(await disabled.authenticate("opaque-token")).toEqual(refusedFor("malformed"));
    const nameless = await makeAsking({ provider: { issuer: null } });
    expect(await nameless.authenticate("opaque-token")).toEqual(refusedFor("not_configured"));
    expect(idp.introspectionRequests()).toBe(0);
  });

  it("F2: waits for the discovery document of the only provider, which names the endpoint", async () => {
    const endpoints = { issuer: null, discovery_endpoint: `${idp.origin}/`, introspection_endpoint: null };
    const world = await makeAsking({ provider: { ...endpoints, jwks_endpoint: null } });
    expect(await world.authenticate("opaque-token")).toMatchObject({
      kind: "unavailable",
      reason: "provider_unavailable",
    });
    idp.onOther = (response) =>
      json(response, {
        issuer: idp.issuer,
        authorization_endpoint: `${idp.origin}/auth`,
        token_endpoint: `${idp.origin}/token`,
        jwks_uri: `${idp.origin}/jwks`,
        introspection_endpoint: `${idp.origin}/introspect`,
      });
    world.clock += 1000;
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
  });
});

describe("S98 an opaque token whose user is asked about at userinfo", () => {
  it("F2: has the claims of there, and is asked about once", async () => {
    say({ email: "of-introspection@example.nl", exp: second + 3600 });
    const world = await makeAsking(fromUserinfo);
    for (let minutes = 0; minutes < 5; minutes += 1) {
      expect(await world.authenticate("opaque-token")).toEqual(accepted);
      world.clock += 60_000;
    }
    expect(await users(world)).toEqual([{ username: "u-1", email: "told@example.nl", subject: "u-1" }]);
    expect([idp.introspectionRequests(), idp.userinfoRequests()]).toEqual([5, 1]);
  });

  it("F2: is refused where the two speak of different users, and is whose userinfo says where only that does", async () => {
    say({ sub: "u-2" });
    const world = await makeAsking(fromUserinfo);
    expect(await world.authenticate("opaque-token")).toEqual(refusedFor("userinfo_mismatch"));
    say({ sub: undefined });
    expect(await world.authenticate("opaque-2")).toEqual(accepted);
    idp.onUserinfo = (response) => json(response, { email: "told@example.nl" });
    expect(await world.authenticate("opaque-3")).toEqual(refusedFor("subject_invalid"));
    expect(await users(world)).toMatchObject([{ subject: "u-1" }]);
  });

  it("F2: of a client itself is not: its own claims are enough (A10.74)", async () => {
    say({ sub: "api" });
    const world = await makeAsking(fromUserinfo);
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
    expect(idp.userinfoRequests()).toBe(0);
    expect(await users(world)).toMatchObject([{ username: "api", subject: "client:api" }]);
  });
});
