import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { apply } from "../../../src/engine/apply.js";
import type { Attributes } from "../../../src/plan/resource.js";
import { Secret } from "../../../src/secrets/secret.js";
import { configurationOf, resource, runOptions } from "../../support/run.js";
import { type Issuer, json, makeKey, signParts, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf } from "./world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  key = await makeKey("RS256");
});

beforeEach(async () => {
  idp = await startIssuer();
  idp.keys = [key.jwk];
  idp.onUserinfo = (response) => json(response, { sub: "u-1", email: "told@example.nl", groups: ["told"] });
});

afterEach(() => idp.close());

const asking = { userinfo_claims_source: "userinfo_endpoint" };
const makeAsking = (more: Attributes = {}) => makeWorld([providerOf(idp), clientOf({ ...asking, ...more })]);
const tokenOf = (claims: object = {}) => goodToken(idp, key, { jti: randomUUID(), ...claims });
const accepted = expect.objectContaining({ kind: "accepted" });

describe("userinfo", () => {
  it("I11 is asked once a token, not once a request, and makes the user", async () => {
    const world = await makeAsking();
    const token = tokenOf();
    for (let minutes = 0; minutes < 50; minutes += 1) {
      expect(await world.authenticate(token)).toEqual(accepted);
      world.clock += 60_000;
    }
    expect(idp.userinfoRequests()).toBe(1);
    await world.authenticate(goodToken(idp, key, { jti: "x", exp: world.clock / 1000 + 60 }));
    expect(idp.userinfoRequests()).toBe(2);
    expect(await world.database.kysely.selectFrom("users").select("email").execute()).toEqual([
      { email: "told@example.nl" },
    ]);
  });

  it("is asked once by a hundred requests at once, also after a change of the configuration", async () => {
    const world = await makeAsking();
    const token = tokenOf();
    expect(await Promise.all(Array.from({ length: 100 }, () => world.authenticate(token)))).toEqual(
      Array(100).fill(accepted),
    );
    world.authority.reload();
    expect(await world.authenticate(token)).toEqual(accepted);
    expect(idp.userinfoRequests()).toBe(1);
  });

  it("is not asked where the token itself is the source", async () => {
    const world = await makeAsking({ userinfo_claims_source: "id_token" });
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
    expect(idp.userinfoRequests()).toBe(0);
  });

  it("A10.74 is not asked about a client that acts in its own name", async () => {
    const world = await makeAsking();
    expect(await world.authenticate(tokenOf({ sub: "batch", client_id: "batch", groups: ["own"] }))).toEqual(accepted);
    expect(idp.userinfoRequests()).toBe(0);
    expect(await world.database.kysely.selectFrom("users").select(["username", "subject"]).execute()).toEqual([
      { username: "batch", subject: "client:batch" },
    ]);
  });

  it("is not asked about a token that fails by itself", async () => {
    const world = await makeAsking();
    expect(await world.authenticate(tokenOf({ aud: "other" }))).toMatchObject({ kind: "refused" });
    expect(await world.authenticate(goodToken(idp, await makeKey("RS256")))).toMatchObject({ kind: "refused" });
    expect(idp.userinfoRequests()).toBe(0);
  });

  it("S77 is refused when it speaks of somebody else", async () => {
    const world = await makeAsking();
    expect(await world.authenticate(tokenOf({ sub: "u-2" }))).toEqual({ kind: "refused", reason: "userinfo_mismatch" });
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
  });

  it.each([400, 401, 403])(
    "A10.76 that answers %i refuses the token, which is remembered for a second",
    async (status) => {
      idp.onUserinfo = (response) => void response.writeHead(status).end();
      const world = await makeAsking();
      const token = tokenOf();
      const refused = { kind: "refused", reason: "userinfo_refused" };
      expect(await world.authenticate(token)).toEqual(refused);
      expect(await world.authenticate(token)).toEqual(refused);
      expect(idp.userinfoRequests()).toBe(1);
      world.clock += 1000;
      expect(await world.authenticate(token)).toEqual(refused);
      expect(idp.userinfoRequests()).toBe(2);
    },
  );

  it.each([404, 429, 500, 503])(
    "that answers %i is unavailable, unlike the incumbent's 401, and rests for a while",
    async (status) => {
      idp.onUserinfo = (response) =>
        void response.writeHead(status, status === 503 ? { "retry-after": "17" } : {}).end();
      const world = await makeAsking();
      const retryAfterSeconds = status === 503 ? 17 : 1;
      const unavailable = { kind: "unavailable", reason: "userinfo_unavailable" };
      expect(await world.authenticate(tokenOf())).toEqual({ ...unavailable, retryAfterSeconds });
      expect(await world.authenticate(tokenOf())).toMatchObject(unavailable);
      expect(idp.userinfoRequests()).toBe(1);
      idp.onUserinfo = (response) => json(response, { sub: "u-1" });
      world.clock += 1000;
      expect(await world.authenticate(tokenOf())).toEqual(accepted);
    },
  );

  it("that can't be reached is unavailable, where the incumbent crashes", async () => {
    idp.onUserinfo = (response) => void response.destroy();
    expect(await (await makeAsking()).authenticate(tokenOf())).toMatchObject({ reason: "userinfo_unavailable" });
  });

  it.each([
    ["a list", "application/json", "[]"],
    ["no JSON", "application/json", "<html>"],
    ["another type", "text/html", '{"sub":"u-1"}'],
    ["a name twice", "application/json", '{"sub":"u-1","sub":"u-1"}'],
  ])("is refused with %s in its answer", async (_what, type, body) => {
    idp.onUserinfo = (response) => void response.writeHead(200, { "content-type": type }).end(body);
    const invalid = { kind: "refused", reason: "userinfo_invalid" };
    expect(await (await makeAsking()).authenticate(tokenOf())).toEqual(invalid);
  });

  it("S77 is verified where it is signed", async () => {
    const stranger = await makeKey("RS256");
    const answer = { iss: idp.issuer, aud: "api", sub: "u-1", email: "signed@example.nl" };
    const header = { alg: "RS256", kid: key.kid };
    const send = (signer: TestKey, claims: object, head: object = header) => {
      idp.onUserinfo = (response) =>
        void response.writeHead(200, { "content-type": "application/jwt" }).end(signParts(signer, head, claims));
    };
    const world = await makeAsking();
    const invalid = { kind: "refused", reason: "userinfo_invalid" };
    send(stranger, answer);
    expect(await world.authenticate(tokenOf())).toEqual(invalid);
    send(key, { ...answer, iss: "https://evil.example" });
    expect(await world.authenticate(tokenOf())).toEqual(invalid);
    send(key, { ...answer, aud: "other" });
    expect(await world.authenticate(tokenOf())).toEqual(invalid);
    send(key, answer, { ...header, alg: "none" });
    expect(await world.authenticate(tokenOf())).toEqual(invalid);
    send(key, answer);
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
    expect(await world.database.kysely.selectFrom("users").select("email").execute()).toEqual([
      { email: "signed@example.nl" },
    ]);
  });
});

describe("an opaque token", () => {
  it("is checked at userinfo, again after a minute", async () => {
    const world = await makeAsking();
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
    world.clock += 59_999;
    expect(await world.authenticate("opaque-token")).toEqual(accepted);
    expect(idp.userinfoRequests()).toBe(1);
    world.clock += 1;
    idp.onUserinfo = (response) => void response.writeHead(401).end();
    expect(await world.authenticate("opaque-token")).toEqual({ kind: "refused", reason: "userinfo_refused" });
  });

  it("is refused where the token is the source, an audience is configured, or another client is there", async () => {
    const own = await makeAsking({ userinfo_claims_source: "id_token" });
    expect(await own.authenticate("opaque-token")).toEqual({ kind: "refused", reason: "malformed" });
    const audience = await makeAsking({ audience: ["api"] });
    expect(await audience.authenticate("opaque-token")).toEqual({ kind: "refused", reason: "wrong_audience" });
    const two = await makeWorld([providerOf(idp), clientOf(asking), clientOf(asking, "api-2")], {
      clients: ["api-oidc", "api-2"],
    });
    expect(await two.authenticate("opaque-token")).toEqual({ kind: "refused", reason: "malformed" });
    const disabled = await makeAsking({ enabled: false });
    expect(await disabled.authenticate("opaque-token")).toEqual({ kind: "refused", reason: "malformed" });
    expect(idp.userinfoRequests()).toBe(0);
  });

  it("S8 is not an API token: none is shown to the provider", async () => {
    const value = new Secret("ba9d233e95e04c4a8a661a27daffe7c9bd019067");
    const token = resource("api_token", "forms", {
      ...{ token: value, generated: false, user: null, is_superuser: false, permissions: [], contact_person: "B" },
      ...{
        email: "b@x.nl",
        organization: "",
        application: "",
        administration: "",
        expires_at: null,
        grace_seconds: 60,
      },
    });
    const world = await makeAsking();
    await world.apply(token);
    expect(await world.authenticate(value.reveal())).toEqual({ kind: "refused", reason: "api_token" });
    const rotated = { ...token, attributes: { ...token.attributes, token: new Secret("x".repeat(40)) } };
    await apply(configurationOf(rotated), runOptions(world.url));
    world.clock += 1000;
    expect(await world.authenticate(value.reveal())).toEqual({ kind: "refused", reason: "api_token" });
    expect(idp.userinfoRequests()).toBe(0);
    expect(await world.authenticate("another-credential")).toEqual(accepted);
  });

  it("S67 makes at most 50 requests at once", async () => {
    let open = 0;
    let most = 0;
    let turnedAway = 0;
    idp.onUserinfo = (response) => {
      open += 1;
      most = Math.max(most, open);
      const answer = setInterval(() => {
        // Not before everybody has come.
        if (turnedAway < 150) return;
        clearInterval(answer);
        open -= 1;
        json(response, { sub: "u-1" });
      }, 20);
    };
    const world = await makeAsking();
    const ask = async (index: number) => {
      const outcome = await world.authenticate(`opaque-${index}`);
      if (outcome.kind === "unavailable") turnedAway += 1;
      return outcome;
    };
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(index)));
    expect(most).toBeLessThanOrEqual(50);
    expect(outcomes.filter(({ kind }) => kind === "unavailable")).toHaveLength(150);
  });
});
