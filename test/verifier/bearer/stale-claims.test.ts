import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Attributes } from "../../../src/plan/resource.js";
import { makeWorld as makeVerifierWorld, principalIn, token, tokenValue } from "../verifier-world.js";
import { encode, type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import {
  clientOf,
  clientSecret,
  goodClaims,
  goodToken,
  makeWorld,
  providerOf,
  start,
  usualOptions,
  type World,
} from "./world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
  idp.keys = [key.jwk];
});

afterAll(() => idp.close());

const options = {
  ...usualOptions,
  groups_settings: { ...usualOptions.groups_settings, superuser_group_names: ["boss"] },
};
const makeBosses = (more: Attributes = {}) => makeWorld([providerOf(idp), clientOf({ options, ...more })]);
const accepted = expect.objectContaining({ kind: "accepted" });

const iat = (age: number) => start / 1000 - age;

async function state({ database: { kysely } }: World) {
  const user = await kysely.selectFrom("users").select("is_superuser").executeTakeFirstOrThrow();
  const runs = await kysely.selectFrom("runs").select("id").where("actor", "=", "sign-in:api-oidc").execute();
  return { isSuperuser: user.is_superuser === 1, runs: runs.length };
}

/** Each of two processes is shown the tokens in turn, with and without what it remembers. */
async function alternate(world: World, ...tokens: readonly string[]): Promise<void> {
  const other = await world.another();
  for (const authority of [world.authority, other, world.authority]) {
    for (const one of tokens) expect(await authority.authenticate(one)).toEqual(accepted);
    authority.reload();
  }
}

describe("an older token", () => {
  it("F4 S100: is accepted with the newer rights, in every process, and nothing is written for it", async () => {
    const world = await makeBosses();
    const [a, b] = [goodToken(idp, key, { iat: iat(20), groups: ["boss"] }), goodToken(idp, key, { iat: iat(10) })];
    expect(await world.authenticate(a)).toEqual(accepted);
    expect(await state(world)).toEqual({ isSuperuser: true, runs: 1 });
    expect(await world.authenticate(b)).toEqual(accepted);
    await alternate(world, a, b, a);
    expect(await state(world)).toEqual({ isSuperuser: false, runs: 2 });
    expect(world.events).toContainEqual(expect.objectContaining({ kind: "claims_stale", client: "api-oidc" }));
    await world.authenticate(goodToken(idp, key, { iat: iat(5), groups: ["boss"] }));
    expect(await state(world)).toEqual({ isSuperuser: true, runs: 3 });
  });

  it("F4: is older than one that changed nothing, in another process too", async () => {
    const world = await makeBosses();
    const tokenOf = (age: number, groups: readonly string[]) => goodToken(idp, key, { iat: iat(age), groups });
    for (const one of [tokenOf(20, ["boss"]), tokenOf(10, []), tokenOf(10, []), tokenOf(5, [])]) {
      expect(await world.authenticate(one)).toEqual(accepted);
    }
    await alternate(world, tokenOf(7, ["boss"]));
    expect(await state(world)).toEqual({ isSuperuser: false, runs: 2 });
  });

  it("F4: of the same second is as one that came second, and doesn't alternate with it", async () => {
    const world = await makeBosses();
    const [a, b] = [goodToken(idp, key, { groups: ["boss"] }), goodToken(idp, key, { groups: [] })];
    expect(await world.authenticate(a)).toEqual(accepted);
    expect(await world.authenticate(b)).toEqual(accepted);
    await alternate(world, a, b, a);
    expect(await state(world)).toEqual({ isSuperuser: false, runs: 2 });
  });

  it("F4: that does not say when it was issued is as old as its first use in any process", async () => {
    const world = await makeBosses();
    const [a, a2, b] = [["boss"], ["boss"], []].map((groups, index) =>
      goodToken(idp, key, { iat: undefined, groups, jti: String(index) }),
    ) as [string, string, string];
    for (const one of [a, a2, b]) {
      expect(await world.authenticate(one)).toEqual(accepted);
      world.clock += 1000;
    }
    await alternate(world, a, a2, b);
    expect(await state(world)).toEqual({ isSuperuser: false, runs: 2 });
    // A week of daily use does not make it newer.
    for (let day = 0; day < 10; day += 1) {
      world.clock += 24 * 3_600_000;
      const daily = { iat: undefined, jti: "0", groups: ["boss"], exp: start / 1000 + 20 * 24 * 3600 };
      await (await world.another()).authenticate(goodToken(idp, key, daily));
      if (day === 0) await world.authenticate(goodToken(idp, key, { ...daily, jti: "last", groups: [] }));
    }
    expect(await state(world)).toMatchObject({ isSuperuser: false });
  });

  it("F4: is older also by what userinfo says of it", async () => {
    const world = await makeBosses({ userinfo_claims_source: "userinfo_endpoint" });
    const [a, b] = [goodToken(idp, key, { iat: iat(20) }), goodToken(idp, key, { iat: iat(10) })];
    idp.onUserinfo = (response, credential) =>
      json(response, { sub: "u-1", groups: credential.endsWith(a) ? ["boss"] : [] });
    expect(await world.authenticate(a)).toEqual(accepted);
    expect(await state(world)).toEqual({ isSuperuser: true, runs: 1 });
    expect(await world.authenticate(b)).toEqual(accepted);
    await alternate(world, a, b, a);
    expect(await state(world)).toEqual({ isSuperuser: false, runs: 2 });
  });

  it("F4: follows what userinfo says later of the same token, and not an earlier answer that another process kept", async () => {
    const world = await makeBosses({ userinfo_claims_source: "userinfo_endpoint" });
    const one = goodToken(idp, key);
    let groups = ["boss"];
    idp.onUserinfo = (response) => json(response, { sub: "u-1", groups });
    expect(await world.authenticate(one)).toEqual(accepted);
    groups = [];
    world.clock += 1000;
    const other = await world.another();
    await other.authenticate(one);
    expect(await state(world)).toEqual({ isSuperuser: false, runs: 2 });
    for (const authority of [world.authority, other, world.authority]) {
      authority.reload();
      expect(await authority.authenticate(one)).toEqual(accepted);
    }
    expect(await state(world)).toEqual({ isSuperuser: false, runs: 2 });
  });
});

describe("the user's API token", () => {
  it("F4: has the newer rights too, and so has the older token in either of two verifiers", async () => {
    const now = Math.floor(Date.now() / 1000);
    const jwt = (claims: object) => {
      const signed = `${encode({ alg: "HS256", typ: "at+jwt" })}.${encode(goodClaims({ issuer: idp.issuer }, claims))}`;
      return `Bearer ${signed}.${createHmac("sha256", clientSecret).update(signed).digest("base64url")}`;
    };
    const times = { exp: now + 3600 };
    const a = jwt({ ...times, iat: now - 20, groups: ["boss"] });
    const b = jwt({ ...times, iat: now - 10, groups: [] });
    const resources = [providerOf(idp), clientOf({ sign_algo: "HS256", options })];
    const one = await makeVerifierWorld(resources);
    const other = await makeVerifierWorld([], { url: one.url });
    expect(principalIn(await one.authenticate(a)).user.isSuperuser).toBe(true);
    await one.apply([token("van-jan", tokenValue, { user: "u-1", permissions: null })]);
    expect(principalIn(await one.authenticate(`Token ${tokenValue}`)).user.isSuperuser).toBe(true);
    expect(principalIn(await other.authenticate(b)).user.isSuperuser).toBe(false);
    await one.apply([]);
    for (const world of [one, other, one, other]) {
      for (const header of [a, b, a, `Token ${tokenValue}`]) {
        expect(principalIn(await world.authenticate(header)).user.isSuperuser).toBe(false);
      }
    }
  });
});
