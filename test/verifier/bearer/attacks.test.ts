import { createHmac, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../../src/secrets/secret.js";
import { digestToken, generateToken } from "../../../src/secrets/token.js";
import { serve } from "../../support/http-server.js";
import { encode, type Issuer, makeKey, signParts, startIssuer, type TestKey } from "./issuer.js";
import {
  clientOf,
  clientSecret,
  goodClaims,
  goodToken,
  makeWorld,
  providerOf,
  refusedFor,
  start,
  type World,
} from "./world.js";

let idp: Issuer;
let other: Issuer;
let rs256: TestKey;
let rs512: TestKey;
let stranger: TestKey;
let sameKid: TestKey;

beforeAll(async () => {
  [idp, other] = await Promise.all([startIssuer(), startIssuer()]);
  [rs256, rs512, stranger, sameKid] = await Promise.all([
    makeKey("RS256"),
    makeKey("RS512", "for-rs512"),
    makeKey("RS256", "stranger"),
    makeKey("RS256"),
  ]);
  idp.keys = [rs256.jwk, rs512.jwk];
  other.keys = [sameKid.jwk];
});

afterAll(() => Promise.all([idp.close(), other.close()]));

const makeUsual = () => makeWorld([providerOf(idp), clientOf()]);

/** Refused for this reason, and the near twin accepted by the same authority. */
async function refuse(world: World, token: string, reason: string, twin = goodToken(idp, rs256)) {
  expect(await world.authenticate(token)).toMatchObject({ kind: "rejected", reason });
  expect(await world.authenticate(twin)).toMatchObject({ kind: "accepted", clientIdentifier: "api-oidc" });
}

const header = () => ({ alg: "RS256", typ: "at+jwt", kid: rs256.kid });

describe("a bearer token's algorithm and key", () => {
  it.each(["none", "None", "noNE", "NONE", ""])("S11 is refused with alg %j, signed or not", async (alg) => {
    const world = await makeUsual();
    const [, payload] = goodToken(idp, rs256).split(".");
    await refuse(world, `${encode({ alg })}.${payload}.`, "malformed");
    await refuse(world, `${encode({ alg })}.${payload}.AA`, "wrong_algorithm");
    await refuse(world, signParts(rs256, { ...header(), alg }, goodClaims(idp)), "wrong_algorithm");
  });

  it("S13 is refused with HS256 under the RSA public key as PEM, DER or JWK", async () => {
    const world = await makeUsual();
    const { publicKey, jwk } = rs256;
    const secrets = [
      publicKey.export({ format: "pem", type: "spki" }),
      publicKey.export({ format: "der", type: "spki" }),
      JSON.stringify(jwk),
      JSON.stringify(publicKey.export({ format: "jwk" })),
    ];
    const signed = `${encode({ ...header(), alg: "HS256" })}.${encode(goodClaims(idp))}`;
    for (const secret of secrets) {
      const mac = createHmac("sha256", secret).update(signed).digest("base64url");
      await refuse(world, `${signed}.${mac}`, "wrong_algorithm");
    }
  });

  it("S13 takes HS256 under the client's secret only where it is configured, and then nothing else", async () => {
    const world = await makeWorld([providerOf(idp), clientOf({ sign_algo: "HS256" })]);
    const signed = `${encode({ alg: "HS256" })}.${encode(goodClaims(idp))}`;
    const macOf = (secret: string | Buffer) => createHmac("sha256", secret).update(signed).digest("base64url");
    const twin = `${signed}.${macOf(clientSecret)}`;
    const pem = rs256.publicKey.export({ format: "pem", type: "spki" });
    await refuse(world, `${signed}.${macOf(pem)}`, "bad_signature", twin);
    await refuse(world, goodToken(idp, rs256), "wrong_algorithm", twin);
  });

  it.each([
    ["HS256", 32],
    ["HS384", 48],
    ["HS512", 64],
  ])("F5 S101 is refused with %s where the client's secret has fewer than %i bytes", async (alg, least) => {
    const makeSymmetric = (secret: string) =>
      makeWorld([providerOf(idp), clientOf({ sign_algo: alg, client_secret: new Secret(secret) })]);
    const tokenWith = (secret: string) => {
      const signed = `${encode({ alg })}.${encode(goodClaims(idp))}`;
      return `${signed}.${createHmac(`sha${alg.slice(2)}`, secret)
        .update(signed)
        .digest("base64url")}`;
    };
    for (const secret of ["x", "x".repeat(least - 1)]) {
      const world = await makeSymmetric(secret);
      expect(await world.authenticate(tokenWith(secret))).toEqual(refusedFor("weak_secret"));
      const message = `its secret is shorter than the ${least} bytes that ${alg} requires`;
      expect(world.events).toContainEqual({ kind: "client_unusable", client: "api-oidc", message });
    }
    for (const secret of ["x".repeat(least), "é".repeat(least / 2)]) {
      expect(await (await makeSymmetric(secret)).authenticate(tokenWith(secret))).toMatchObject({ kind: "accepted" });
    }
  });

  it("S12 is refused with an alg that is not configured though the key allows it, before a key is looked for", async () => {
    const world = await makeUsual();
    const requests = idp.keyRequests();
    expect(await world.authenticate(goodToken(idp, rs512))).toEqual(refusedFor("wrong_algorithm"));
    expect(idp.keyRequests()).toBe(requests);
    await refuse(world, goodToken(idp, rs512), "wrong_algorithm");
    const twin = await makeWorld([providerOf(idp), clientOf({ sign_algo: "RS512" })]);
    expect(await twin.authenticate(goodToken(idp, rs512))).toMatchObject({ kind: "accepted" });
  });

  it("S47 is refused with an unknown kid", async () => {
    const world = await makeUsual();
    await refuse(world, goodToken(idp, rs256, {}, { kid: "unknown" }), "unknown_key");
  });

  it.each([
    "../../etc/passwd",
    "' or 1=1; drop table users; --",
    "__proto__",
    "constructor",
    "a\0b",
    "file:///dev/zero",
  ])("S19 is refused with the kid %j, which is data only", async (kid) => {
    const world = await makeUsual();
    await refuse(world, goodToken(idp, rs256, {}, { kid }), "unknown_key");
    expect(await world.database.kysely.selectFrom("users").selectAll().execute()).toHaveLength(1);
  });

  it("S18 is refused with its own key embedded or pointed to, and no request is sent there", async () => {
    const canary = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys: [stranger.jwk] }));
    });
    const world = await makeUsual();
    for (const more of [
      { jwk: stranger.jwk },
      { jku: `${canary.origin}/jwks` },
      { x5u: `${canary.origin}/cert` },
      { x5c: [stranger.publicKey.export({ format: "der", type: "spki" }).toString("base64")] },
    ]) {
      await refuse(world, goodToken(idp, stranger, {}, { ...more, kid: undefined }), "bad_signature");
      await refuse(world, goodToken(idp, stranger, {}, more), "unknown_key");
      // The header itself does no harm.
      await refuse(
        world,
        goodToken(idp, stranger, {}, { ...more, kid: rs256.kid }),
        "bad_signature",
        goodToken(idp, rs256, {}, more),
      );
    }
    expect(canary.requests).toEqual([]);
  });

  it("S17 is refused with a critical extension", async () => {
    const world = await makeUsual();
    await refuse(
      world,
      goodToken(idp, rs256, {}, { crit: ["x"], x: 1 }),
      "unsupported_header",
      goodToken(idp, rs256, {}, { x: 1 }),
    );
  });

  it("S23 is refused when another provider signed it, with a key of the same kid", async () => {
    const world = await makeWorld(
      [providerOf(idp), providerOf(other, "idp-2"), clientOf(), clientOf({ provider: "idp-2" }, "api-2")],
      { clients: ["api-oidc", "api-2"] },
    );
    await refuse(world, goodToken(idp, sameKid), "bad_signature");
    await refuse(world, goodToken(other, rs256), "bad_signature");
    expect(await world.authenticate(goodToken(other, sameKid, { sub: "u-2" }))).toMatchObject({
      kind: "accepted",
      clientIdentifier: "api-2",
    });
  });
});

describe("a bearer token's signature", () => {
  it("S16 is refused when it is truncated, padded, re-encoded or of another token", async () => {
    const world = await makeUsual();
    const good = goodToken(idp, rs256);
    const [head, payload, signature = ""] = good.split(".");
    const shorter = Buffer.from(signature, "base64url").subarray(0, 255).toString("base64url");
    const longer = Buffer.concat([Buffer.from(signature, "base64url"), Buffer.alloc(1)]).toString("base64url");
    const [, , elsewhere] = goodToken(idp, rs256, { jti: "other" }).split(".");
    for (const odd of [shorter, longer, elsewhere]) await refuse(world, `${head}.${payload}.${odd}`, "bad_signature");
    const base64 = Buffer.from(signature, "base64url").toString("base64");
    const stray = signature.slice(0, -1) + String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1);
    for (const odd of [`${signature}=`, `${signature}==`, `${signature} `, base64, stray]) {
      await refuse(world, `${head}.${payload}.${odd}`, "malformed", good);
    }
  });

  it.each(["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS384"])(
    "of %s is taken where it is configured",
    async (alg) => {
      const key = await makeKey(alg);
      const issuer = await startIssuer();
      issuer.keys = [key.jwk];
      const world = await makeWorld([providerOf(issuer), clientOf({ sign_algo: alg })]);
      const good = goodToken(issuer, key);
      const [head, payload, signature = ""] = good.split(".");
      const cut = Buffer.from(signature, "base64url").subarray(6).toString("base64url");
      await refuse(world, `${head}.${payload}.${cut}`, "bad_signature", good);
      await issuer.close();
    },
  );

  it("S16 is refused when it is ES256 in DER", async () => {
    const key = await makeKey("ES256");
    const issuer = await startIssuer();
    issuer.keys = [key.jwk];
    const world = await makeWorld([providerOf(issuer), clientOf({ sign_algo: "ES256" })]);
    const signed = `${encode({ alg: "ES256", kid: key.kid })}.${encode(goodClaims(issuer))}`;
    const der = sign("sha256", Buffer.from(signed), key.privateKey).toString("base64url");
    await refuse(world, `${signed}.${der}`, "bad_signature", goodToken(issuer, key));
    await issuer.close();
  });
});

describe("a bearer token's claims", () => {
  const cases: readonly [string, object, string, object?][] = [
    ["S22 a wrong iss", { iss: "https://evil.example" }, "unknown_issuer"],
    ["S22 no iss", { iss: undefined }, "wrong_issuer"],
    ["S22 an empty iss", { iss: "" }, "wrong_issuer"],
    ["S25 no aud, azp or client_id of ours", { aud: "other", azp: "other" }, "wrong_audience"],
    ["S25 no aud at all", { aud: undefined }, "wrong_audience", { aud: undefined, azp: "api" }],
    ["S25 an empty aud, where nothing else names us", { aud: [] }, "wrong_audience", { aud: ["x", "api"] }],
    ["S25 an object as aud", { aud: { api: true } }, "wrong_audience"],
    ["S25 a pattern as aud", { aud: ".*" }, "wrong_audience"],
    ["S25 an aud with a number in it", { aud: ["api", 1] }, "wrong_audience"],
    ["S26 a list as azp", { aud: "api", azp: ["api"] }, "wrong_audience", { aud: "other", azp: "api" }],
    [
      "I11 a token of another client in the same realm",
      { aud: "account", azp: "b" },
      "wrong_audience",
      { aud: "account", client_id: "api" },
    ],
    ["S27 expired", { exp: start / 1000 - 30 }, "expired", { exp: start / 1000 - 29 }],
    ["S27 no exp", { exp: undefined }, "malformed_time"],
    ["S27 an exp that is a text", { exp: String(start / 1000 + 60) }, "malformed_time"],
    ["S28 not yet valid", { nbf: start / 1000 + 31 }, "not_yet_valid", { nbf: start / 1000 + 30 }],
    ["S28 an iat in the future", { iat: start / 1000 + 31 }, "issued_in_future", { iat: start / 1000 + 30 }],
    ["S30 no sub", { sub: undefined }, "subject_invalid"],
    ["S30 an empty sub", { sub: "" }, "subject_invalid"],
    ["S32 an at_hash", { at_hash: "h" }, "id_token"],
    ["S32 a c_hash", { c_hash: "h" }, "id_token"],
    ["S32 Keycloak's ID token", { typ: "ID" }, "id_token", { typ: "Bearer" }],
    ["S32 Keycloak's refresh token", { typ: "Refresh" }, "refresh_token"],
    ["S32 Keycloak's logout token", { typ: "Logout" }, "id_token"],
  ];
  it.each(cases)("are refused with %s", async (_what, claims, reason, twin = {}) => {
    const world = await makeUsual();
    await refuse(world, goodToken(idp, rs256, claims), reason, goodToken(idp, rs256, twin));
  });

  it("S22 are refused with an iss that is a list, or differs by a slash or by case", async () => {
    const world = await makeUsual();
    await refuse(world, goodToken(idp, rs256, { iss: [idp.issuer] }), "wrong_issuer");
    await refuse(world, goodToken(idp, rs256, { iss: `${idp.issuer}/` }), "unknown_issuer");
    await refuse(world, goodToken(idp, rs256, { iss: idp.issuer.toUpperCase() }), "unknown_issuer");
  });

  it("S24 are refused with an unknown issuer before anything is fetched", async () => {
    const world = await makeUsual();
    const [before, elsewhere] = [idp.keyRequests(), other.requests.length];
    expect(await world.authenticate(goodToken(other, sameKid))).toEqual(refusedFor("unknown_issuer"));
    expect([idp.keyRequests(), other.requests.length]).toEqual([before, elsewhere]);
    await refuse(world, goodToken(other, sameKid), "unknown_issuer");
  });

  it("S25 are refused with a right azp and a wrong aud where oidc_audience is set", async () => {
    const world = await makeWorld([providerOf(idp), clientOf({ audience: ["https://api.example", "second"] })]);
    const twin = goodToken(idp, rs256, { aud: ["x", "second"], azp: "b" });
    for (const aud of ["api", undefined, ["https://api.example/"]]) {
      await refuse(world, goodToken(idp, rs256, { aud, azp: "api", client_id: "api" }), "wrong_audience", twin);
    }
  });

  it.each(["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", undefined])(
    "S31 are taken with the typ %s",
    async (typ) => {
      const world = await makeUsual();
      expect(await world.authenticate(goodToken(idp, rs256, {}, { typ }))).toMatchObject({ kind: "accepted" });
    },
  );

  it.each(["logout+jwt", "dpop+jwt", "secevent+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", "ID", ""])(
    "S31 are refused with the typ %j",
    async (typ) => {
      const world = await makeUsual();
      await refuse(world, goodToken(idp, rs256, {}, { typ }), "wrong_type");
    },
  );

  it("S10 are refused with a name twice in header or payload", async () => {
    const world = await makeUsual();
    const claims = JSON.stringify(goodClaims(idp));
    const twice = claims.replace("{", '{"sub":"admin",');
    await refuse(world, signParts(rs256, header(), twice), "malformed_payload", signParts(rs256, header(), claims));
    const head = JSON.stringify(header());
    await refuse(world, signParts(rs256, head.replace("{", '{"alg":"none",'), claims), "malformed_header");
  });

  it("S29 have a leeway that can be set from 0 to 300 seconds", async () => {
    const expired = goodToken(idp, rs256, { exp: start / 1000 - 300 });
    const barely = goodToken(idp, rs256, { exp: start / 1000 - 299 });
    await refuse(await makeWorld([providerOf(idp), clientOf()], { leewaySeconds: 300 }), expired, "expired", barely);
    const strict = await makeWorld([providerOf(idp), clientOf()], { leewaySeconds: 0 });
    await refuse(strict, goodToken(idp, rs256, { exp: start / 1000 }), "expired");
    for (const leewaySeconds of [-1, 301, Number.NaN]) {
      await expect(makeWorld([providerOf(idp), clientOf()], { leewaySeconds })).rejects.toThrow(RangeError);
    }
  });

  it("S90 S95 are kept from the database when they are refused", async () => {
    const world = await makeUsual();
    await world.authenticate(goodToken(idp, stranger, { sub: "evil" }));
    await world.authenticate(goodToken(idp, rs256, { sub: "evil", aud: "x" }));
    expect(await world.database.kysely.selectFrom("users").selectAll().execute()).toEqual([]);
  });
});

describe("a credential that is no token of the provider's", () => {
  const token = generateToken();

  it.each([
    ["S8 an API token", token.reveal(), "malformed"],
    ["S60 an API token's digest", digestToken(token), "no_introspection"],
    ["control characters", "a.b\u0007.c", "malformed"],
    ["letters beyond ASCII", "é.é.é", "malformed"],
    ["S4 a megabyte", `${"a".repeat(1_000_000)}.b.c`, "too_long"],
    ["nothing", "", "malformed"],
    ["a JWE", "eyJhbGciOiJSUzI1NiJ9.AA.AA.AA.AA", "encrypted_token"],
  ])("is refused: %s", async (_what, credential, reason) => {
    await refuse(await makeUsual(), credential, reason);
  });

  it("A10.75 is rejected when it is garbage, and creates no user", async () => {
    const world = await makeUsual();
    expect(await world.authenticate("garbage.garbage.garbage")).toMatchObject({ kind: "rejected" });
    expect(await world.database.kysely.selectFrom("users").selectAll().execute()).toEqual([]);
  });
});

describe("a client", () => {
  it("A11.80 that is disabled accepts no one, while mozilla-django-oidc-db's still does at its API", async () => {
    const world = await makeWorld([providerOf(idp), clientOf({ enabled: false })]);
    expect(await world.authenticate(goodToken(idp, rs256))).toEqual(refusedFor("client_disabled"));
    await world.apply(providerOf(idp), clientOf());
    expect(await world.authenticate(goodToken(idp, rs256))).toMatchObject({ kind: "accepted" });
  });

  it("A10.77 that is not configured accepts no one, and neither does a database without one", async () => {
    const world = await makeWorld([providerOf(idp), clientOf({}, "other-client")]);
    expect(await world.authenticate(goodToken(idp, rs256))).toEqual(refusedFor("not_configured"));
    await world.apply(providerOf(idp), clientOf());
    expect(await world.authenticate(goodToken(idp, rs256))).toMatchObject({ kind: "accepted" });
  });

  it("A11.81 with neither a sign key nor published keys accepts no one, and an event says why", async () => {
    const world = await makeWorld([providerOf(idp, "idp", { jwks_endpoint: null }), clientOf()]);
    expect(await world.authenticate(goodToken(idp, rs256))).toEqual(refusedFor("not_configured"));
    expect(world.events).toMatchObject([{ kind: "client_unusable", client: "api-oidc" }]);
  });

  it("S14 checks with the key that is written for it, and refuses one that does not fit", async () => {
    const pem = new Secret(String(rs256.publicKey.export({ format: "pem", type: "spki" })));
    const withKey = await makeWorld([providerOf(idp, "idp", { jwks_endpoint: null }), clientOf({ sign_key: pem })]);
    await refuse(withKey, goodToken(idp, stranger), "bad_signature", goodToken(idp, rs256, {}, { kid: "any" }));
    const unfit = await makeWorld([providerOf(idp), clientOf({ sign_key: pem, sign_algo: "ES256" })]);
    expect(unfit.events).toMatchObject([{ kind: "client_unusable" }]);
  });

  it("F16: never checks with a private key that an earlier version stored", async () => {
    for (const format of ["pem", "jwk"] as const) {
      const key =
        format === "pem" ? rs256.privateKey.export({ format, type: "pkcs8" }) : rs256.privateKey.export({ format });
      const stored = new Secret(typeof key === "object" ? JSON.stringify(key) : String(key));
      const world = await makeWorld([providerOf(idp), clientOf({ sign_key: stored })]);
      expect(await world.authenticate(goodToken(idp, rs256))).toEqual(refusedFor("not_configured"));
      expect(world.events).toMatchObject([{ kind: "client_unusable", message: "its sign key is not valid (private)" }]);
    }
  });

  it("whose provider's issuer is unknown takes any, if it is the only one", async () => {
    const nameless = providerOf(idp, "idp", { issuer: null });
    const alone = await makeWorld([nameless, clientOf()]);
    expect(await alone.authenticate(goodToken(idp, rs256))).toMatchObject({ kind: "accepted" });
    expect(await alone.authenticate(goodToken(idp, rs256, { iss: undefined }))).toMatchObject({ kind: "rejected" });
    const both = await makeWorld([nameless, clientOf(), clientOf({}, "api-2")], { clients: ["api-oidc", "api-2"] });
    expect(await both.authenticate(goodToken(idp, rs256))).toEqual(refusedFor("unknown_issuer"));
    expect(both.events.map(({ kind }) => kind)).toEqual(["client_unusable", "client_unusable"]);
  });

  it("is distinguished from others of the same issuer by the audience", async () => {
    const world = await makeWorld([providerOf(idp), clientOf(), clientOf({ client_id: "second" }, "api-2")], {
      clients: ["api-oidc", "api-2"],
    });
    expect(await world.authenticate(goodToken(idp, rs256))).toMatchObject({ clientIdentifier: "api-oidc" });
    expect(await world.authenticate(goodToken(idp, rs256, { aud: "second" }))).toMatchObject({
      clientIdentifier: "api-2",
    });
    expect(await world.authenticate(goodToken(idp, rs256, { aud: "third" }))).toMatchObject({
      reason: "wrong_audience",
    });
  });

  it("has its secrets opened only where they are needed", async () => {
    const vault = {
      seal: () => "",
      open: () => {
        throw new Error("opened");
      },
    };
    const world = await makeWorld([providerOf(idp), clientOf()], { vault });
    expect(await world.authenticate(goodToken(idp, rs256))).toMatchObject({ kind: "accepted" });
  });
});
