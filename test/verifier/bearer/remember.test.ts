import crypto, { hash } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { createLruCache } from "../../../src/lru-cache.js";
import { openForTest, resource } from "../../support/run.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf, refusedFor, start, usualOptions } from "./world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
  idp.keys = [key.jwk];
});

afterAll(() => idp.close());

const makeUsual = () => makeWorld([providerOf(idp), clientOf()]);
const accepted = expect.objectContaining({ kind: "accepted" });

describe("a verified token", () => {
  it("S54 is remembered for a minute, and answered at once", async () => {
    const world = await makeUsual();
    const token = goodToken(idp, key);
    await world.authenticate(token);
    const signatureChecks = vi.spyOn(crypto, "createVerify");
    syncBuiltinESMExports();
    onTestFinished(() => {
      signatureChecks.mockRestore();
      syncBuiltinESMExports();
    });
    world.clock += 59_999;
    expect(world.authority.authenticate(token)).toEqual(accepted);
    expect(signatureChecks).toHaveBeenCalledTimes(0);
    world.clock += 1;
    expect(world.authority.authenticate(token)).toEqual(accepted);
    expect(signatureChecks).toHaveBeenCalledTimes(1);
  });

  it("S54 is remembered until it ends, and not longer", async () => {
    const world = await makeUsual();
    const token = goodToken(idp, key, { exp: start / 1000 + 10 });
    expect(await world.authenticate(token)).toEqual(accepted);
    world.clock += 39_999;
    expect(await world.authenticate(token)).toEqual(accepted);
    world.clock += 1;
    expect(await world.authenticate(token)).toEqual(refusedFor("expired"));
  });

  it("S54 is distinguished from another with the same beginning or end", async () => {
    const world = await makeUsual();
    const token = goodToken(idp, key);
    await world.authenticate(token);
    const [head, , signature] = token.split(".");
    const [, payload] = goodToken(idp, key, { sub: "admin" }).split(".");
    expect(await world.authenticate(`${head}.${payload}.${signature}`)).toMatchObject({ kind: "rejected" });
  });

  it("S55 is looked at again after a change of the configuration", async () => {
    const world = await makeUsual();
    const token = goodToken(idp, key);
    expect(await world.authenticate(token)).toEqual(accepted);
    await world.apply(providerOf(idp), clientOf({ client_id: "another" }));
    expect(await world.authenticate(token)).toEqual(refusedFor("wrong_audience"));
  });

  it("S55 is looked at again when the configuration changes while it is being looked at", async () => {
    const world = await makeUsual();
    let release = (): void => {};
    idp.onKeys = (response) => {
      release = () => json(response, { keys: idp.keys });
    };
    const waiting = world.authenticate(goodToken(idp, key));
    await world.apply(providerOf(idp), clientOf({ enabled: false }));
    idp.onKeys = undefined;
    release();
    expect(await waiting).toEqual(refusedFor("client_disabled"));
  });

  it("of a new user is unavailable while another process writes for long, and one of a known user is not", async () => {
    const world = await makeUsual();
    await world.authenticate(goodToken(idp, key));
    const other = await (await openForTest(world.url)).kysely.startTransaction().execute();
    await other.updateTable("setup_state").set({ revision: 99 }).execute();
    const waiting = world.authenticate(goodToken(idp, key, { sub: "u-2" }));
    expect(await world.authenticate(goodToken(idp, key, { jti: "2" }))).toEqual(accepted);
    // It has met the lock by then.
    await sleep(200);
    world.clock += 3000;
    expect(await waiting).toMatchObject({ kind: "unavailable", reason: "database_busy", retryAfterSeconds: 1 });
    await other.rollback().execute();
    expect(await world.authenticate(goodToken(idp, key, { sub: "u-2" }))).toEqual(accepted);
  });

  it("has the revision at which it was accepted", async () => {
    const world = await makeUsual();
    const first = await world.authenticate(goodToken(idp, key));
    const { revision } = await world.database.kysely
      .selectFrom("setup_state")
      .select("revision")
      .executeTakeFirstOrThrow();
    expect(first).toMatchObject({ revision });
    world.authority.reload();
    expect(await world.authenticate(goodToken(idp, key))).toMatchObject({ revision });
  });

  it("of a known user is answered at once also when it is new, and changes of its claims are written", async () => {
    const world = await makeUsual();
    await world.authenticate(goodToken(idp, key));
    expect(world.authority.authenticate(goodToken(idp, key, { jti: "2" }))).toEqual(accepted);
    const changed = world.authority.authenticate(goodToken(idp, key, { email: "new@example.nl" }));
    expect(changed).toBeInstanceOf(Promise);
    await changed;
    expect(await world.database.kysely.selectFrom("users").select("email").execute()).toEqual([
      { email: "new@example.nl" },
    ]);
  });

  it("creates one user for a hundred simultaneous requests, with one event", async () => {
    const world = await makeUsual();
    const tokens = Array.from({ length: 100 }, (_, index) => goodToken(idp, key, { jti: String(index % 10) }));
    expect(await Promise.all(tokens.map(world.authenticate))).toEqual(Array(100).fill(accepted));
    expect(world.events.filter(({ kind }) => kind === "user_written")).toHaveLength(1);
  });

  it("is not accepted for a user whose name is taken, and the refusal says no more", async () => {
    const world = await makeUsual();
    const options = { ...usualOptions, user_settings: { claim_mappings: { username: ["name"] } } };
    await world.apply(providerOf(idp), clientOf({ options }));
    expect(await world.authenticate(goodToken(idp, key, { name: "jan" }))).toEqual(accepted);
    expect(await world.authenticate(goodToken(idp, key, { name: "jan", sub: "u-2" }))).toEqual(
      refusedFor("username_taken"),
    );
  });

  it("F1: is not accepted for a superuser of the name alone, and is where sign_in names the provider", async () => {
    const world = await makeUsual();
    const boss = { email: "", is_staff: false, is_superuser: true, groups: [], permissions: [] };
    await world.apply(providerOf(idp), clientOf(), resource("user", "u-1", boss));
    const token = goodToken(idp, key);
    expect(await world.authenticate(token)).toEqual(refusedFor("sign_in_missing"));
    await world.apply(resource("user", "u-1", { ...boss, sign_in_provider: "idp" }));
    expect(await world.authenticate(token)).toEqual(accepted);
    expect(world.events).toContainEqual(expect.objectContaining({ kind: "user_linked", by: "sign_in" }));
  });

  it("S36 is accepted with an odd groups claim, which is counted", async () => {
    const world = await makeUsual();
    expect(await world.authenticate(goodToken(idp, key, { groups: [1] }))).toEqual(accepted);
    expect(world.events).toContainEqual(expect.objectContaining({ kind: "groups_claim_odd", client: "api-oidc" }));
  });

  it("F56 reports a missing groups claim when the user is written, and not at each request", async () => {
    const world = await makeUsual();
    const reported = () => world.events.filter(({ kind }) => kind === "groups_claim_missing");
    await world.authenticate(goodToken(idp, key, { groups: [] }));
    expect(reported()).toEqual([]);
    const token = goodToken(idp, key, { sub: "u-2", groups: undefined });
    for (let request = 0; request < 3; request += 1) expect(await world.authenticate(token)).toEqual(accepted);
    expect(reported()).toMatchObject([{ client: "api-oidc", claim: "[groups]", found: "nothing" }]);
  });

  it("F61 is refused where a former issuer signed it, and links its user again where the new one did", async () => {
    const former = "https://former.example";
    const world = await makeWorld([providerOf(idp, "idp", { former_issuers: [former] }), clientOf()]);
    expect(await world.authenticate(goodToken(idp, key))).toEqual(accepted);
    const linked = () => world.database.kysely.selectFrom("users").select(["issuer", "subject"]).execute();
    await world.database.kysely.updateTable("users").set({ issuer: former }).execute();
    world.authority.reload();
    expect(await world.authenticate(goodToken(idp, key, { iss: former }))).toMatchObject({
      kind: "rejected",
      reason: "unknown_issuer",
    });
    expect(await linked()).toEqual([{ issuer: former, subject: "u-1" }]);
    expect(await world.authenticate(goodToken(idp, key, { iat: start / 1000 }))).toEqual(accepted);
    expect(await linked()).toEqual([{ issuer: idp.issuer, subject: "u-1" }]);
    expect(world.events).toContainEqual(expect.objectContaining({ kind: "user_linked", by: "former_issuer" }));
  });

  it("F57 is refused where it has more groups than are sent, also after one that named them", async () => {
    const world = await makeUsual();
    const memberships = () => world.database.kysely.selectFrom("user_groups").select("origin").execute();
    expect(await world.authenticate(goodToken(idp, key, { groups: ["a"] }))).toEqual(accepted);
    for (const overage of [{ hasgroups: true }, { _claim_names: { groups: "src1" } }]) {
      expect(await world.authenticate(goodToken(idp, key, overage))).toMatchObject({
        kind: "rejected",
        reason: "groups_overage",
        claim: "[groups]",
        hint: expect.stringMatching(/on_overage: keep/),
      });
    }
    expect(await memberships()).toHaveLength(1);
    // Of another claim, it is none of the groups' business: there are none now.
    expect(await world.authenticate(goodToken(idp, key, { groups: [], _claim_names: { a: "s" } }))).toEqual(accepted);
    expect(await memberships()).toEqual([]);
  });

  it("F57 is accepted with the earlier groups where the options say so, and that is reported", async () => {
    const groups = { ...usualOptions.groups_settings, on_overage: "keep" };
    const options = { ...usualOptions, groups_settings: groups };
    const world = await makeWorld([providerOf(idp), clientOf({ options })]);
    expect(await world.authenticate(goodToken(idp, key, { groups: ["a"] }))).toEqual(accepted);
    const token = goodToken(idp, key, { hasgroups: true });
    for (let request = 0; request < 3; request += 1) expect(await world.authenticate(token)).toEqual(accepted);
    expect(await world.database.kysely.selectFrom("user_groups").select("origin").execute()).toHaveLength(1);
    expect(world.events.filter(({ kind }) => kind === "groups_kept")).toMatchObject([
      { client: "api-oidc", claim: "[groups]", found: expect.stringContaining("hasgroups") },
    ]);
  });
});

describe("a refused token", () => {
  it("S56 is remembered for a second where its signature is wrong, and not at all otherwise", async () => {
    const world = await makeUsual();
    const forged = goodToken(idp, { ...(await makeKey("RS256")) });
    const refused = await world.authenticate(forged);
    expect(refused).toEqual(refusedFor("bad_signature"));
    world.clock += 999;
    expect(world.authority.authenticate(forged)).toBe(refused);
    world.clock += 1;
    expect(world.authority.authenticate(forged)).not.toBe(refused);
    const early = goodToken(idp, key, { nbf: start / 1000 + 32 });
    expect(await world.authenticate(early)).toEqual(refusedFor("not_yet_valid"));
    world.clock += 1000;
    expect(await world.authenticate(early)).toEqual(accepted);
  });

  it("S89 appears in no event, and neither does an accepted one", async () => {
    const world = await makeUsual();
    const tokens = [goodToken(idp, key), goodToken(idp, await makeKey("RS256")), goodToken(idp, key, { aud: "x" })];
    for (const token of tokens) await world.authenticate(token);
    const shown = inspect(world.events, { depth: 10 });
    for (const part of tokens.flatMap((token) => token.split("."))) expect(shown).not.toContain(part);
    for (const token of tokens) expect(shown).not.toContain(hash("sha256", token, "hex"));
    expect(world.events.length).toBeGreaterThan(0);
  });
});

describe("what is remembered", () => {
  it("S54 is bounded, and keeps what is used", () => {
    const recent = createLruCache<number>(100);
    for (let index = 0; index < 100_000; index += 1) {
      recent.set(`k${index}`, index);
      expect(recent.get("k0") ?? -1).toBe(0);
    }
    expect(recent.size()).toBeLessThanOrEqual(100);
    expect(recent.get("k99999")).toBe(99_999);
    expect(recent.get("k5")).toBeUndefined();
    recent.clear();
    expect(recent.size()).toBe(0);
  });
});
