import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createGuardedFetch } from "../../../src/oidc/guarded-fetch.js";
import type { Attributes } from "../../../src/plan/resource.js";
import type { BearerOptions } from "../../../src/verifier/bearer/authenticate.js";
import { freePort, startServer } from "../../support/http-server.js";
import { type Issuer, json, makeKey, signParts, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf, refusedFor } from "./world.js";

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
const makeAsking = (more: Attributes = {}, options: Partial<BearerOptions> = {}) =>
  makeWorld([providerOf(idp), clientOf({ ...asking, ...more })], options);
const tokenOf = (claims: object = {}) => goodToken(idp, key, { jti: randomUUID(), ...claims });
const accepted = expect.objectContaining({ kind: "accepted" });

describe("userinfo", () => {
  it("I11 is requested once for each token, not for each request, and creates the user", async () => {
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

  it("F57 says that there are more groups than it sends: the token is refused", async () => {
    const world = await makeAsking();
    idp.onUserinfo = (response) => json(response, { sub: "u-1", _claim_names: { groups: "src1" } });
    expect(await world.authenticate(tokenOf())).toMatchObject({ kind: "rejected", reason: "groups_overage" });
    idp.onUserinfo = (response) => json(response, { sub: "u-1", groups: [] });
    // What the token says is not asked for.
    expect(await world.authenticate(tokenOf({ hasgroups: true, groups: undefined }))).toEqual(accepted);
  });

  it("is not asked where the token itself is the source", async () => {
    const world = await makeAsking({ userinfo_claims_source: "id_token" });
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
    expect(idp.userinfoRequests()).toBe(0);
  });

  it("A10.74 is not requested for a client's own token", async () => {
    const world = await makeAsking();
    expect(await world.authenticate(tokenOf({ sub: "batch", client_id: "batch", groups: ["own"] }))).toEqual(accepted);
    expect(idp.userinfoRequests()).toBe(0);
    expect(await world.database.kysely.selectFrom("users").select(["username", "subject"]).execute()).toEqual([
      { username: "batch", subject: "client:batch" },
    ]);
  });

  it("is not asked about a token that fails by itself", async () => {
    const world = await makeAsking();
    expect(await world.authenticate(tokenOf({ aud: "other" }))).toMatchObject({ kind: "rejected" });
    expect(await world.authenticate(goodToken(idp, await makeKey("RS256")))).toMatchObject({ kind: "rejected" });
    expect(idp.userinfoRequests()).toBe(0);
  });

  it("S77 is rejected when it is about another subject", async () => {
    const world = await makeAsking();
    expect(await world.authenticate(tokenOf({ sub: "u-2" }))).toEqual(refusedFor("userinfo_mismatch"));
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
  });

  it.each([400, 401, 403])(
    "A10.76 that answers %i refuses the token, which is remembered for a second",
    async (status) => {
      idp.onUserinfo = (response) => void response.writeHead(status).end();
      const world = await makeAsking();
      const token = tokenOf();
      const refused = refusedFor("userinfo_refused");
      expect(await world.authenticate(token)).toEqual(refused);
      expect(await world.authenticate(token)).toEqual(refused);
      expect(idp.userinfoRequests()).toBe(1);
      world.clock += 1000;
      expect(await world.authenticate(token)).toEqual(refused);
      expect(idp.userinfoRequests()).toBe(2);
    },
  );

  it.each([404, 429, 500, 503])(
    "F3: that answers %i about a token is unavailable for that token, where mozilla-django-oidc-db answers 401, and is still asked about others",
    async (status) => {
      const bad = tokenOf();
      idp.onUserinfo = (response, credential) => {
        if (credential !== bad) return json(response, { sub: "u-1" });
        response.writeHead(status, status === 503 ? { "retry-after": "17" } : {}).end();
      };
      const world = await makeAsking();
      const retryAfterSeconds = status === 503 ? 17 : 1;
      const found = `the userinfo endpoint answered with status ${status}`;
      const unavailable = { kind: "unavailable", reason: "userinfo_unavailable", isCausedByCaller: true, found };
      expect(await world.authenticate(bad)).toMatchObject({ ...unavailable, retryAfterSeconds });
      expect(await world.authenticate(bad)).toMatchObject({ ...unavailable, retryAfterSeconds });
      expect(idp.userinfoRequests()).toBe(1);
      expect(await world.authenticate(tokenOf())).toEqual(accepted);
      expect(world.events.filter(({ kind }) => kind === "provider_failed")).toEqual([]);
      expect(world.events).toContainEqual(expect.objectContaining({ kind: "token_unanswered" }));
      idp.onUserinfo = (response) => json(response, { sub: "u-1" });
      world.clock += retryAfterSeconds * 1000;
      expect(await world.authenticate(bad)).toEqual(accepted);
    },
  );

  it("F3: that does not answer for one token is asked about others meanwhile", async () => {
    const bad = tokenOf();
    idp.onUserinfo = (response, credential) => {
      if (credential !== bad) json(response, { sub: "u-1" });
    };
    const world = await makeAsking({}, { fetch: createGuardedFetch({ timeoutMs: 300 }) });
    const hanging = world.authenticate(bad);
    await expect.poll(idp.userinfoRequests).toBe(1);
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
    expect(await hanging).toMatchObject({ kind: "unavailable", isCausedByCaller: true });
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
  });

  it("F3: rests where there is no connection, which is nobody's failed attempt, and is asked again after that", async () => {
    const port = await freePort();
    const world = await makeWorld([
      providerOf(idp, "idp", { userinfo_endpoint: `http://127.0.0.1:${port}/userinfo` }),
      clientOf(asking),
    ]);
    const unavailable = { kind: "unavailable", reason: "userinfo_unavailable", isCausedByCaller: false };
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => world.authenticate(tokenOf())));
    const found = "the server refused the connection (ECONNREFUSED)";
    expect(outcomes).toMatchObject(Array(5).fill({ ...unavailable, retryAfterSeconds: 1, found }));
    const server = await startServer((_request, response) => json(response, { sub: "u-1" }), undefined, port);
    onTestFinished(() => server.close());
    expect(await world.authenticate(tokenOf())).toMatchObject(unavailable);
    expect(server.requests).toEqual([]);
    world.clock += 1000;
    expect(await world.authenticate(tokenOf())).toEqual(accepted);
  });

  it("that cannot be reached is unavailable, where mozilla-django-oidc-db crashes", async () => {
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
    const invalid = refusedFor("userinfo_invalid");
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
    const invalid = refusedFor("userinfo_invalid");
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
