import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Resource } from "../../../src/plan/resource.js";
import type { VerifierEvent } from "../../../src/verifier/event.js";
import { makeWorld as makeVerifier, principalIn, problemIn, token, tokenValue, user } from "../verifier-world.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf, start, usualOptions } from "./world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  key = await makeKey("RS256", "known");
});

beforeEach(async () => {
  idp = await startIssuer();
  idp.keys = [key.jwk];
});

afterEach(() => idp.close());

/** Users are called by the claim `name`. */
const settings = {
  options: {
    ...usualOptions,
    user_settings: { ...usualOptions.user_settings, claim_mappings: { username: ["name"] } },
  },
};
const audience = ["taken-api", "https://taken.example.nl"];

describe("F58 F41 a rejected bearer token reports what was found and what was expected", () => {
  it.each<readonly [string, object, object, (issuer: string) => object]>([
    [
      "an issuer",
      { iss: "https://other.example.nl" },
      {},
      (issuer) => ({ reason: "unknown_issuer", claim: "iss", found: "https://other.example.nl", expected: issuer }),
    ],
    [
      "no issuer",
      { iss: undefined },
      {},
      (issuer) => ({ reason: "wrong_issuer", claim: "iss", found: "nothing", expected: issuer }),
    ],
    [
      "an audience",
      { aud: ["account", "other"], azp: "front-end" },
      {},
      () => ({
        reason: "wrong_audience",
        claim: "aud",
        found: 'aud ["account","other"], azp front-end',
        expected: "taken-api or https://taken.example.nl in aud",
      }),
    ],
    [
      "no audience",
      { aud: undefined },
      {},
      () => ({ reason: "wrong_audience", claim: "aud", found: "no aud, azp or client_id" }),
    ],
    ["an algorithm", {}, { alg: "RS512" }, () => ({ reason: "wrong_algorithm", found: "RS512", expected: "RS256" })],
    [
      "a key id",
      {},
      { kid: "rotated-away" },
      () => ({ reason: "unknown_key", found: "key id rotated-away", expected: "known" }),
    ],
    ["no access token", {}, { typ: "logout+jwt" }, () => ({ reason: "wrong_type", found: "the type logout+jwt" })],
    [
      "its end",
      { exp: start / 1000 - 60 },
      {},
      () => ({
        reason: "expired",
        claim: "exp",
        found: "2026-03-01T11:59:00Z",
        expected: "later than 2026-03-01T12:00:00Z (leeway 30 s)",
      }),
    ],
  ])("%s", async (_what, claims, header, expected) => {
    const world = await makeWorld([providerOf(idp), clientOf({ audience })]);
    const refused = await world.authenticate(goodToken(idp, key, { aud: "taken-api", ...claims }, header));
    expect(refused).toMatchObject({ kind: "rejected", ...expected(idp.issuer) });
  });

  it("also where the answer was remembered", async () => {
    const world = await makeWorld([providerOf(idp), clientOf()]);
    const [head = "", payload = ""] = goodToken(idp, key).split(".");
    const forged = `${head}.${payload}.${goodToken(idp, key, { sub: "u-2" }).split(".")[2]}`;
    const details = { reason: "bad_signature", found: "key id known", expected: "known" };
    expect(await world.authenticate(forged)).toMatchObject(details);
    expect(world.authority.authenticate(forged)).toMatchObject(details);
  });

  it("names what each client that is left wants, and no other", async () => {
    const second = clientOf({ client_id: "second" }, "second");
    const third = clientOf({ client_id: "third", sign_algo: "ES256" }, "third");
    const clients = ["api-oidc", "second", "third"];
    const world = await makeWorld([providerOf(idp), clientOf(), second, third], { clients });
    expect(await world.authenticate(goodToken(idp, key, { aud: "other" }))).toMatchObject({
      reason: "wrong_audience",
      expected: "api in aud, azp or client_id; or second in aud, azp or client_id",
    });
  });

  it("names what came from introspection", async () => {
    idp.onIntrospection = (response) => json(response, { active: true, iss: "https://other.example.nl", sub: "u-1" });
    const provider = providerOf(idp, "idp", { introspection_endpoint: `${idp.issuer}/introspect` });
    const world = await makeWorld([provider, clientOf()]);
    const refused = { reason: "wrong_issuer", found: "https://other.example.nl", expected: idp.issuer };
    expect(await world.authenticate("opaque-token")).toMatchObject(refused);
    expect(await world.authenticate("opaque-token")).toMatchObject(refused);
  });

  it("names what userinfo answered, each time", async () => {
    const challenge = 'Bearer error="invalid_token", error_description="Token has no openid scope"';
    idp.onUserinfo = (response) => void response.writeHead(403, { "www-authenticate": challenge }).end();
    const world = await makeWorld([providerOf(idp), clientOf({ userinfo_claims_source: "userinfo_endpoint" })]);
    const refused = { reason: "userinfo_refused", found: `status 403, WWW-Authenticate: ${challenge}` };
    const token = goodToken(idp, key);
    expect(await world.authenticate(token)).toMatchObject(refused);
    expect(world.authority.authenticate(token)).toMatchObject(refused);
  });

  it("names the user that another subject has", async () => {
    const world = await makeWorld([providerOf(idp), clientOf(settings), user("jan", { is_superuser: true })]);
    const refused = { reason: "sign_in_missing", username: "jan" };
    expect(await world.authenticate(goodToken(idp, key, { name: "jan" }))).toMatchObject(refused);
  });

  it("in one line of bounded length, whatever a caller puts there", async () => {
    const world = await makeWorld([providerOf(idp), clientOf()]);
    const odd = `\n{"kind":"accepted"}\u001b[2J\u202e${"x".repeat(5000)}`;
    for (const [claims, header] of [
      [{ iss: odd }, {}],
      [{ aud: [odd, odd] }, {}],
      [{ aud: odd, azp: odd, client_id: odd }, {}],
      [{}, { alg: odd.slice(0, 500) }],
      [{}, { kid: odd.slice(0, 500) }],
      [{}, { typ: odd.slice(0, 500) }],
      [{ token_use: "id", typ: odd }, {}],
    ]) {
      const outcome = await world.authenticate(goodToken(idp, key, claims, header));
      const found = outcome.kind === "rejected" ? (outcome.found ?? "") : "";
      expect(found).toMatch(/^[\x20-\x7e…]{1,900}$/);
    }
  });

  it("and never the credential, nor whose it is", async () => {
    const provider = providerOf(idp, "idp", { introspection_endpoint: `${idp.issuer}/introspect` });
    const world = await makeWorld([provider, clientOf()]);
    const sub = "burgerservicenummer-123456782";
    const credentials = [
      "opaque-token-of-somebody",
      "eyJh.eyJz.c2ln",
      "vtb_opaque.token.somebody",
      goodToken(idp, key, { sub, exp: 1 }),
      goodToken(idp, key, { sub: `client:${sub}` }),
      goodToken(idp, key, { sub, aud: "other" }),
    ];
    for (const credential of credentials) {
      const reported = JSON.stringify(await world.authenticate(credential));
      for (const part of [...credential.split("."), sub].filter((text) => text.length > 1)) {
        expect(reported).not.toContain(part);
      }
    }
  });
});

describe("the event of a refused token shows its issuer, audience, key id and algorithm", () => {
  const eventOf = async (credential: string, ...resources: readonly Resource[]) => {
    const { authenticate, events, setNow } = await makeVerifier([providerOf(idp), clientOf(settings), ...resources]);
    setNow(start);
    problemIn(await authenticate(`Bearer ${credential}`));
    return events.find(({ kind }) => kind === "rejected");
  };
  const seen = { algorithm: "RS256", kid: "known", audience: "api" };

  it.each<readonly [string, object, object, object]>([
    ["expired", { exp: 1 }, {}, {}],
    ["unknown_issuer", { iss: "https://other.example.nl" }, {}, { issuer: "https://other.example.nl" }],
    ["wrong_audience", { aud: ["a", "b"] }, {}, { audience: '["a","b"]' }],
    ["wrong_algorithm", {}, { alg: "ES256" }, { algorithm: "ES256" }],
    ["unknown_key", {}, { kid: "rotated-away" }, { kid: "rotated-away" }],
    ["username_missing", { name: undefined }, {}, {}],
  ])("%s", async (reason, claims, header, expected) => {
    const event = await eventOf(goodToken(idp, key, { name: "jan", ...claims }, header));
    expect(event).toMatchObject({ reason, issuer: idp.issuer, ...seen, ...expected });
  });

  it("also where it has a good signature, and no user may be it", async () => {
    const event = await eventOf(goodToken(idp, key, { name: "jan" }), user("jan", { is_superuser: true }));
    expect(event).toMatchObject({ reason: "sign_in_missing", issuer: idp.issuer, ...seen });
  });

  it("and shows none of what it lacks, and of another type only that", async () => {
    const event = await eventOf(goodToken(idp, key, { iss: { a: "secret" }, aud: undefined }, { kid: undefined }));
    expect(event).toMatchObject({ reason: "wrong_issuer", issuer: "an object", algorithm: "RS256" });
    expect(Object.keys(event ?? {})).not.toContain("audience");
    expect(Object.keys(event ?? {})).not.toContain("kid");
  });

  it("each in one line of bounded length", async () => {
    const odd = `\n{"kind":"accepted"}\u001b[2J\u202e${"x".repeat(1000)}`;
    const event = await eventOf(
      goodToken(idp, key, { iss: odd, aud: odd }, { kid: odd.slice(0, 900), alg: odd.slice(0, 900) }),
    );
    for (const name of ["issuer", "audience", "kid", "algorithm"]) {
      expect(Reflect.get(event ?? {}, name)).toMatch(/^[\x20-\x7e…]{200,300}$/);
    }
  });
});

describe("F41 an event has the instance of the problem that the client got", () => {
  const instances = (events: readonly VerifierEvent[]) =>
    events.flatMap((event) => ("instance" in event ? [[event.kind, event.instance]] : []));

  it("for every refusal that a client hears of", async () => {
    const { verifier, events } = await makeVerifier(
      [token("a", tokenValue), providerOf(idp), clientOf(), user("jan")],
      {
        failureLimit: { perMinute: 3 },
      },
    );
    const context = { source: "192.0.2.1" };
    const reported: unknown[] = [];
    for (const [kind, header, permission] of [
      ["rejected", "Token nobodys"],
      ["rejected", "Bearer two parts"],
      ["rejected", `Bearer ${goodToken({ issuer: "https://other.example.nl" }, key)}`],
      ["throttled", "Token nobodys"],
      ["forbidden", `Token ${tokenValue}`, "taken.add_externetaak"],
    ] as const) {
      const source = kind === "forbidden" ? undefined : context;
      const decision = await verifier.authorize(header, permission, source);
      reported.push([kind, decision.kind === "refused" ? decision.problem.body.instance : "none"]);
    }
    expect(instances(events)).toEqual(reported);
  });

  it("for what can't be decided now", async () => {
    idp.onKeys = (response) => void response.destroy();
    const { authenticate, events, setNow } = await makeVerifier([providerOf(idp), clientOf()]);
    setNow(start);
    const { status, body } = problemIn(await authenticate(`Bearer ${goodToken(idp, key)}`));
    expect(status).toBe(503);
    expect(events).toContainEqual({
      kind: "unavailable",
      reason: "keys_unavailable",
      found: "key id known",
      issuer: idp.issuer,
      audience: "api",
      kid: "known",
      algorithm: "RS256",
      instance: body.instance,
    });
  });

  it("and an accepted request has none", async () => {
    const { authenticate, events, setNow } = await makeVerifier([providerOf(idp), clientOf()]);
    setNow(start);
    principalIn(await authenticate(`Bearer ${goodToken(idp, key)}`));
    expect(instances(events)).toEqual([]);
  });
});
