import type { ServerResponse } from "node:http";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf, refusedFor } from "./world.js";

let fast: Issuer;
let slow: Issuer;
let key: TestKey;
/** Requests for the slow provider's discovery document, which wait for an answer. */
let held: ServerResponse[];

beforeAll(async () => {
  key = await makeKey("RS256");
});

beforeEach(async () => {
  [fast, slow] = await Promise.all([startIssuer(), startIssuer()]);
  for (const issuer of [fast, slow]) issuer.keys = [key.jwk];
  held = [];
  fast.onOther = (response) => json(response, documentOf(fast));
  slow.onOther = (response) => void held.push(response);
});

afterEach(async () => {
  await Promise.all([fast.close(), slow.close()]);
});

const accepted = expect.objectContaining({ kind: "accepted" });
const clients = ["api-oidc", "slow"];

function documentOf({ issuer, origin }: Issuer) {
  return {
    issuer,
    authorization_endpoint: `${origin}/auth`,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${origin}/jwks`,
  };
}

/** As `--offline` stores it. */
function undiscovered(issuer: Issuer, name: string) {
  const missing = { issuer: null, jwks_endpoint: null, userinfo_endpoint: null };
  return providerOf(issuer, name, { ...missing, discovery_endpoint: `${issuer.origin}/` });
}

const ofSlow = (claims: object = {}) => goodToken(slow, key, { sub: "u-2", ...claims });

const makeBoth = (first = providerOf(fast)) =>
  makeWorld([first, clientOf(), undiscovered(slow, "slow"), clientOf({ provider: "slow" }, "slow")], { clients });

/** The one request is still waiting: nothing has waited for its time to be over. */
function expectHanging(): void {
  expect(held.map(({ closed }) => closed)).toEqual([false]);
}

describe("a provider whose discovery document does not come", () => {
  it("F6: delays neither the start nor the tokens of another one, also after a change of the configuration", async () => {
    const world = await makeBoth();
    expect(await world.authenticate(goodToken(fast, key))).toEqual(accepted);
    await world.apply(providerOf(fast), clientOf({ client_id: "changed" }));
    expect(await world.authenticate(goodToken(fast, key, { aud: "changed" }))).toEqual(accepted);
    await expect.poll(() => held.length).toBe(1);
    expectHanging();
  });

  it("F6: does not delay one that still waits for its own document", async () => {
    const world = await makeBoth(undiscovered(fast, "idp"));
    expect(await world.authenticate(goodToken(fast, key))).toEqual(accepted);
    await expect.poll(() => held.length).toBe(1);
    expectHanging();
  });

  it("F6: does not delay the refusal of a token that can be of neither", async () => {
    const world = await makeBoth();
    const unknown = refusedFor("unknown_issuer");
    expect(await world.authenticate(goodToken(fast, key, { iss: "https://evil.example" }))).toEqual(unknown);
    expect(await world.authenticate(goodToken(fast, key, { iss: `${slow.issuer}/other` }))).toEqual(unknown);
    await expect.poll(() => held.length).toBe(1);
    expectHanging();
  });

  it("F6: accepts its users once the document arrives, with one request for all of them", async () => {
    const world = await makeBoth();
    const waiting = Array.from({ length: 10 }, (_, jti) => world.authenticate(ofSlow({ jti })));
    await expect.poll(() => held.length).toBe(1);
    for (const response of held) json(response, documentOf(slow));
    expect(await Promise.all(waiting)).toEqual(Array(10).fill(accepted));
    expect(held).toHaveLength(1);
    expect(await world.authenticate(goodToken(fast, key))).toEqual(accepted);
  });

  it("F6: is unavailable only to its own users where it fails, and is retried after a pause", async () => {
    slow.onOther = (response) => void response.writeHead(500).end();
    const world = await makeBoth();
    expect(await world.authenticate(ofSlow())).toMatchObject({
      kind: "unavailable",
      reason: "provider_unavailable",
      retryAfterSeconds: 1,
      found: `no discovery document of ${slow.issuer}`,
    });
    expect(await world.authenticate(goodToken(fast, key))).toEqual(accepted);
    slow.onOther = (response) => json(response, documentOf(slow));
    expect(await world.authenticate(ofSlow())).toMatchObject({ kind: "unavailable" });
    world.clock += 1000;
    expect(await world.authenticate(ofSlow())).toEqual(accepted);
  });
});
