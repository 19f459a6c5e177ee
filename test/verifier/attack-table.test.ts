import { createHmac, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import type { VerifierOptions } from "../../src/verifier/create-verifier.js";
import type { Authorization } from "../../src/verifier/verifier.js";
import { absent } from "../support/run.js";
import { encode, type Issuer, makeKey, signParts, startIssuer, type TestKey } from "./bearer/issuer.js";
import { clientOf, goodClaims, goodToken, providerOf, start } from "./bearer/world.js";
import { makeWorld, otherValue, principalIn, problemIn, token, tokenValue, user } from "./verifier-world.js";

/** What the database says, and the requests that are sent one after the other. */
interface Attack {
  readonly attacks: readonly Authorization[];
  /** The nearest one that is accepted. */
  readonly twin: Authorization;
  readonly client?: Attributes;
  /** Beside the provider, its client and a token of each sort. */
  readonly more?: readonly Resource[];
  /** Applied after the verifier has started. */
  readonly later?: readonly Resource[];
  readonly options?: Partial<VerifierOptions>;
}

const second = start / 1000;
let idp: Issuer;
let other: Issuer;
let rsa: TestKey;
let rsa512: TestKey;
let stranger: TestKey;
let sameKid: TestKey;
let ec: TestKey;

beforeAll(async () => {
  [idp, other] = await Promise.all([startIssuer(), startIssuer()]);
  [rsa, rsa512, stranger, sameKid, ec] = await Promise.all([
    makeKey("RS256"),
    makeKey("RS512"),
    makeKey("RS256", "stranger"),
    makeKey("RS256"),
    makeKey("ES256"),
  ]);
  idp.keys = [rsa.jwk, rsa512.jwk, ec.jwk];
  other.keys = [sameKid.jwk];
});

afterAll(() => Promise.all([idp.close(), other.close()]));

const bearer = (claims: object = {}, header: object = {}, key = rsa) =>
  `Bearer ${goodToken(idp, key, { client_id: "app", ...claims }, header)}`;
const parts = (header: string) => header.split(".");
const each = (claims: readonly object[], twin: object = {}): Attack => ({
  attacks: claims.map((changed) => bearer(changed)),
  twin: bearer(twin),
});
const eachHeader = (headers: readonly object[], key = rsa): Attack => ({
  attacks: headers.map((changed) => bearer({}, changed, key)),
  twin: bearer(),
});
const written = (header: string, claims: string) => `Bearer ${signParts(rsa, header, claims)}`;
const goodHeader = () => JSON.stringify({ alg: "RS256", typ: "at+jwt", kid: rsa.kid });

/** The table of the requirements, in its words. */
const table: Readonly<Record<string, () => Attack>> = {
  "alg none in any case": () => {
    const [, payload] = parts(bearer());
    const attacks = ["none", "None", "NONE", "nOnE", ""].flatMap((alg) => [
      `Bearer ${encode({ alg })}.${payload}.`,
      `Bearer ${encode({ alg })}.${payload}.AA`,
      bearer({}, { alg }),
    ]);
    return { attacks, twin: bearer() };
  },
  "HS256 signed with the RSA public key, as PEM and as JWK": () => {
    const signed = `${encode({ alg: "HS256", kid: rsa.kid })}.${encode(goodClaims(idp))}`;
    const secrets = [
      rsa.publicKey.export({ format: "pem", type: "spki" }),
      rsa.publicKey.export({ format: "der", type: "spki" }),
      JSON.stringify(rsa.jwk),
      JSON.stringify(rsa.publicKey.export({ format: "jwk" })),
    ];
    const attacks = secrets.map(
      (secret) => `Bearer ${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`,
    );
    return { attacks, twin: bearer() };
  },
  "an alg not configured though the key allows it": () => ({
    attacks: [bearer({}, {}, rsa512), bearer({}, {}, ec)],
    twin: bearer(),
  }),
  "an unknown kid": () => eachHeader([{ kid: "unknown" }, { kid: "" }]),
  "a kid with path or SQL in it": () =>
    eachHeader([{ kid: "../../etc/passwd" }, { kid: "' or 1=1; --" }, { kid: "__proto__" }, { kid: "a\0b" }]),
  "an embedded jwk, jku, x5u or x5c": () => {
    const der = stranger.publicKey.export({ format: "der", type: "spki" }).toString("base64");
    const embedded = [{ jwk: stranger.jwk }, { jku: `${other.origin}/jwks` }, { x5u: other.origin }, { x5c: [der] }];
    const named = [undefined, rsa.kid, stranger.kid].flatMap((kid) => embedded.map((more) => ({ ...more, kid })));
    return eachHeader(named, stranger);
  },
  "an unknown crit": () => eachHeader([{ crit: ["x"], x: 1 }, { crit: [] }, { crit: ["b64"], b64: false }]),
  "a wrong, missing or array iss": () =>
    each([{ iss: other.issuer }, { iss: undefined }, { iss: [idp.issuer] }, { iss: `${idp.issuer}/` }]),
  "neither aud nor azp ours": () => each([{ aud: "b", azp: "b", client_id: "b" }, { aud: undefined }], { azp: "api" }),
  "a right azp with a wrong aud, where oidc_audience is set": () => ({
    ...each([{ azp: "api" }, { azp: "api", aud: undefined }, { azp: "api", aud: "urn:other" }], { aud: "urn:api" }),
    client: { audience: ["urn:api"] },
  }),
  expired: () => each([{ exp: second - 30 }], { exp: second - 29 }),
  "not yet valid": () => each([{ nbf: second + 31 }], { nbf: second + 30 }),
  "exp missing or a string": () => each([{ exp: undefined }, { exp: String(second + 60) }], { exp: second + 60 }),
  "iat in the future": () => each([{ iat: second + 31 }], { iat: second + 30 }),
  "an ID token used as access token, of ours and of another client": () => {
    const bare = { client_id: undefined, scope: undefined };
    const idTokens = [
      { nonce: "n" },
      { at_hash: "h" },
      { c_hash: "h" },
      { typ: "ID" },
      { aud: ["b", "api"], azp: "b" },
    ];
    const claims = [{}, ...idTokens, { aud: "b", azp: "b" }].map((changed) => ({ ...bare, ...changed }));
    return { attacks: claims.map((changed) => bearer(changed, { typ: "JWT" })), twin: bearer({}, { typ: "JWT" }) };
  },
  "a token of another client in the same realm": () =>
    each([{ aud: "account", azp: "b", client_id: "b" }], { aud: "account", azp: "api" }),
  "a token of another provider with the same kid": () => ({
    attacks: [`Bearer ${goodToken(idp, sameKid)}`, `Bearer ${goodToken(other, rsa)}`],
    twin: `Bearer ${goodToken(other, sameKid, { sub: "u-2" })}`,
    more: [providerOf(other, "idp-2"), clientOf({ provider: "idp-2" }, "api-2")],
    options: { clients: ["api-oidc", "api-2"] },
  }),
  "a truncated, padded or re-encoded signature": () => {
    const good = bearer();
    const [head, payload, signature = ""] = parts(good);
    const bytes = Buffer.from(signature, "base64url");
    const last = String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1);
    const changed = [
      bytes.subarray(0, 255).toString("base64url"),
      Buffer.concat([bytes, Buffer.alloc(1)]).toString("base64url"),
      `${signature}=`,
      `${signature}==`,
      bytes.toString("base64"),
      signature.slice(0, -1) + last,
      "",
    ];
    return { attacks: changed.map((odd) => `${head}.${payload}.${odd}`), twin: good };
  },
  "an ES256 signature in DER": () => {
    const signed = `${encode({ alg: "ES256", kid: ec.kid })}.${encode(goodClaims(idp))}`;
    const der = sign("sha256", Buffer.from(signed), ec.privateKey).toString("base64url");
    return { attacks: [`Bearer ${signed}.${der}`], twin: bearer({}, {}, ec), client: { sign_algo: "ES256" } };
  },
  "duplicate JSON keys in header or payload": () => {
    const claims = JSON.stringify(goodClaims(idp));
    return {
      attacks: [
        written(goodHeader(), claims.replace("{", '{"sub":"admin",')),
        written(goodHeader(), claims.replace("{", '{"\\u0073ub":"admin",')),
        written(goodHeader().replace("{", '{"alg":"none",'), claims),
      ],
      twin: written(goodHeader(), claims),
    };
  },
  "two Authorization headers": () => ({
    attacks: [
      [bearer(), bearer()],
      [`Token ${tokenValue}`, bearer()],
      ["Basic YTpi", `Token ${tokenValue}`],
      `Token ${tokenValue}, Token ${tokenValue}`,
    ],
    twin: [bearer()],
  }),
  "control characters": () => ({
    attacks: ["\0", "\r\n", "\x1b[31m", "\x7f"].flatMap((odd) => [`Token ${tokenValue}${odd}`, `${bearer()}${odd}`]),
    twin: `Token ${tokenValue}`,
  }),
  "non-ASCII": () => ({
    attacks: ["é", "\u202e", "\u00a0", "１"].flatMap((odd) => [`Token ${tokenValue}${odd}`, `${bearer()}${odd}`]),
    twin: `Token ${tokenValue}`,
  }),
  "a header of 1 MB": () => ({
    attacks: [
      `Bearer ${"a".repeat(1_000_000)}`,
      `Token ${"a".repeat(1_000_000)}`,
      `${bearer()}${"A".repeat(1_000_000)}`,
    ],
    twin: bearer(),
  }),
  "a revoked token": () => ({
    attacks: [`Token ${otherValue}`],
    twin: `Token ${tokenValue}`,
    more: [token("revoked", otherValue)],
    later: [absent("api_token", "revoked")],
  }),
  "an expired token": () => ({
    attacks: [`Token ${otherValue}`],
    twin: `Token ${"c".repeat(40)}`,
    more: [
      token("expired", otherValue, { expires_at: new Date(start).toISOString() }),
      token("nearly", "c".repeat(40), { expires_at: new Date(start + 1).toISOString() }),
    ],
  }),
  "a token whose grace has ended": () => ({
    attacks: [`Token ${otherValue}`],
    twin: `Token ${"d".repeat(40)}`,
    more: [token("no-grace", otherValue), token("grace", "d".repeat(40))],
    later: [
      token("no-grace", "e".repeat(40), { grace_seconds: 0 }),
      token("grace", "f".repeat(40), { grace_seconds: 3600 }),
    ],
  }),
  "a disabled client": () => ({
    attacks: [`Bearer ${goodToken(other, sameKid)}`],
    twin: bearer(),
    more: [providerOf(other, "idp-2"), clientOf({ provider: "idp-2", enabled: false }, "api-2")],
    options: { clients: ["api-oidc", "api-2"] },
  }),
  "an inactive user": () => ({
    attacks: [`Token ${otherValue}`, bearer({ sub: "els" })],
    twin: `Token ${"c".repeat(40)}`,
    more: [
      user("els", { is_active: false }),
      user("jan"),
      token("of-els", otherValue, { user: "els" }),
      token("of-jan", "c".repeat(40), { user: "jan" }),
    ],
  }),
  "a token's digest sent as the token": () => ({
    attacks: [`Token ${digestToken(new Secret(tokenValue))}`, `Bearer ${digestToken(new Secret(tokenValue))}`],
    twin: `Token ${tokenValue}`,
  }),
};

describe("the attack table", () => {
  it.each(Object.entries(table))("rejects with 401: %s, and accepts its twin", async (_name, makeAttack) => {
    const { attacks, twin, client = {}, more = [], later = [], options = {} } = makeAttack();
    const resources = [providerOf(idp), clientOf(client), token("usual", tokenValue), ...more];
    const world = await makeWorld(resources, options);
    world.setNow(start);
    if (later.length > 0) await world.apply(later, { now: () => new Date(start) });
    for (const attack of attacks) {
      const problem = problemIn(await world.authenticate(attack));
      expect({ attack, status: problem.status }).toEqual({ attack, status: 401 });
      expect(problem).toMatchObject({
        headers: { "WWW-Authenticate": expect.stringContaining("error="), "Cache-Control": "no-store" },
        body: { code: "authentication_failed" },
      });
    }
    principalIn(await world.authenticate(twin));
    // What was tried has left no trace but its reasons.
    expect(world.reasons()).toHaveLength(attacks.length);
  });

  it("S64 allows a narrowed token what it names, and answers 403 to the rest, which its twin may do", async () => {
    const { verifier } = await makeWorld([
      user("jan", { permissions: ["taken.view_externetaak", "taken.add_externetaak"] }),
      token("narrow", tokenValue, { user: "jan", permissions: ["taken.view_externetaak"] }),
      token("whole", otherValue, { user: "jan", permissions: null }),
    ]);
    const ask = (value: string, permission: string) => verifier.authorize(`Token ${value}`, permission);
    expect(await ask(tokenValue, "taken.add_externetaak")).toMatchObject({ problem: { status: 403 } });
    expect(await ask(tokenValue, "taken.view_externetaak")).toMatchObject({ kind: "allowed" });
    expect(await ask(otherValue, "taken.add_externetaak")).toMatchObject({ kind: "allowed" });
  });
});
