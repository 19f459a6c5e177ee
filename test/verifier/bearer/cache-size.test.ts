import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLruCache } from "../../../src/lru-cache.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf } from "./world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
  idp.keys = [key.jwk];
  idp.onIntrospection = (response, form) => json(response, { active: true, client_id: "api", sub: form.get("token") });
  idp.onUserinfo = (response, token) => json(response, { sub: token.startsWith("ey") ? "u-1" : token });
});

afterAll(() => idp.close());

const size = 40;
const opaque = Array.from({ length: size }, (_, index) => `opaque-${index}`);

function makeSized() {
  const provider = providerOf(idp, "idp", { introspection_endpoint: `${idp.issuer}/introspect` });
  const client = clientOf({ userinfo_claims_source: "userinfo_endpoint" });
  return makeWorld([provider, client], { cacheSize: size });
}

describe("cacheSize", () => {
  it("F74: is how many opaque tokens and userinfo answers are kept, whatever the order of their use", async () => {
    const world = await makeSized();
    for (let round = 0; round < 3; round += 1) {
      for (const token of opaque) expect(await world.authenticate(token)).toMatchObject({ kind: "accepted" });
      // What was concluded is gone, and what the provider said is not.
      world.authority.reload();
    }
    expect([idp.introspectionRequests(), idp.userinfoRequests()]).toEqual([size, size]);
    await world.authenticate("one-more");
    expect(idp.introspectionRequests()).toBe(size + 1);
  });

  it("F74: is how many verified JWTs are kept, apart from what was refused", async () => {
    const world = await makeWorld([providerOf(idp), clientOf()], { cacheSize: size });
    const tokens = Array.from({ length: size }, (_, jti) => goodToken(idp, key, { jti }));
    const outcomes = [];
    for (const token of tokens) outcomes.push(await world.authenticate(token));
    const forged = Array.from({ length: size }, (_, jti) => `${goodToken(idp, key, { jti }).slice(0, -8)}AAAAAAAA`);
    for (const token of forged) expect(await world.authenticate(token)).toMatchObject({ kind: "rejected" });
    // Synchronous, and the same object: nothing was looked at again.
    for (const [index, token] of tokens.entries()) {
      expect(world.authority.authenticate(token)).toBe(outcomes[index]);
    }
  });

  it("F74: is held to exactly, with entries that were deleted and set again", () => {
    const recent = createLruCache<number>(100);
    const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
    for (const [index, name] of keys.entries()) recent.set(name, index);
    expect(keys.map(recent.get)).toEqual(keys.map((_, index) => index));
    recent.set("one-more", 100);
    expect(recent.size()).toBe(100);
    for (const name of keys) recent.delete(name);
    expect(recent.get("k1")).toBeUndefined();
    expect(recent.get("one-more")).toBe(100);
    for (const [index, name] of keys.entries()) recent.set(name, index);
    expect(recent.size()).toBeLessThanOrEqual(100);
    expect(keys.filter((name) => recent.get(name) === undefined).length).toBeLessThanOrEqual(1);
  });

  it.each([0, -1, 1.5, Number.NaN])("F74: is not %s", (capacity) => {
    expect(() => createLruCache(capacity)).toThrow(RangeError);
  });
});
