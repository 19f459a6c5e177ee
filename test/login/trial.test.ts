import { beforeAll, describe, expect, it } from "vitest";
import type { StartRequest } from "../../src/login/login.js";
import type { UnsavedClient } from "../../src/login/trial-result.js";
import { Secret } from "../../src/secrets/secret.js";
import { writtenIn } from "../support/databases.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { withError } from "./callbacks.js";
import { unsavedOf } from "./trials.js";
import { localUser, makeWorld, start, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

async function begin(world: World, client: string | UnsavedClient, request?: StartRequest) {
  const browser = openBrowser();
  const begun = await world.login.tryOut(client, request);
  if (begun.kind !== "redirect") throw new Error(`expected a trial to begin: ${JSON.stringify(begun.result)}`);
  browser.take(begun.cookies);
  return { browser, location: begun.location };
}

async function tryOut(world: World, client: string | UnsavedClient, request?: StartRequest) {
  const { browser, location } = await begin(world, client, request);
  const outcome = await world.end(browser, world.provider.authorize(location));
  if (outcome.kind !== "tried") throw new Error(`expected a trial to end: ${outcome.kind}`);
  return { browser, outcome };
}

/** All rows but those of one-time states. */
async function rowsOf({ database: { kysely } }: World): Promise<string> {
  const tables = ["users", "groups", "user_groups", "login_sessions", "applied_claims", "runs", "setup_state"] as const;
  const rows = await Promise.all(tables.map((table) => kysely.selectFrom(table).selectAll().execute()));
  return JSON.stringify(rows);
}

const user = {
  username: "jan@example.nl",
  email: "jan@example.nl",
  isStaff: true,
  isActive: undefined,
  isSuperuser: false,
  groups: [{ name: "beheer", mayBeCreated: true }],
  notes: [],
};

describe("a sign-in that is tried out", () => {
  it.each([true, false])(
    "shows claims and what they become, for a saved client whose enabled is %j",
    async (enabled) => {
      const world = await makeWorld(key, { client: { enabled } });
      world.provider.idClaims = { auth_time: start / 1000 - 60 };
      const before = await rowsOf(world);
      const { browser, outcome } = await tryOut(world, "admin-oidc", { next: "/clients" });
      expect(outcome).toMatchObject({
        next: "/clients",
        result: {
          kind: "mapped",
          claims: { sub: "s-jan", email: "jan@example.nl", groups: ["beheer"] },
          authenticatedAt: new Date(start - 60_000),
          user,
          account: { kind: "new" },
        },
      });
      expect(await rowsOf(world)).toBe(before);
      // No session, and no cookie left.
      expect(browser.names()).toEqual([]);
      expect(world.events).toEqual([{ kind: "tried", client: "admin-oidc" }]);
      // The near twin: an ordinary login writes, if the client is enabled.
      const login = await world.login.start();
      expect(login.kind).toBe(enabled ? "redirect" : "refused");
    },
  );

  it("works for values that are not saved, whose secret is written nowhere", async () => {
    const world = await makeWorld(key);
    const secret = "not-saved-7f1c9a523d844e0b9c6a51f0e2d7b834";
    const before = await rowsOf(world);
    const { outcome } = await tryOut(world, unsavedOf(world, { client_secret: new Secret(secret) }));
    expect(outcome.result).toMatchObject({ kind: "mapped", user, account: undefined });
    const [asked] = world.provider.tokenRequests();
    expect([asked?.form.get("client_id"), asked?.form.get("client_secret")]).toEqual(["new", secret]);
    expect(await rowsOf(world)).toBe(before);
    expect(await writtenIn(world.url)).not.toContain(secret);
    expect(JSON.stringify([outcome, world.events])).not.toContain(secret);
  });

  it("leaves tokens, nonces, hashes and secrets out of what it shows, wherever a claim has them", async () => {
    const world = await makeWorld(key);
    const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    const secret = "not-saved-7f1c9a523d844e0b9c6a51f0e2d7b834";
    world.provider.idClaims = { inner: { token: jwt, said: [`it is ${secret}`] }, given_name: "Jan. van der. Berg" };
    const { outcome } = await tryOut(world, unsavedOf(world, { client_secret: new Secret(secret) }));
    if (outcome.result.kind !== "mapped") throw new Error("expected claims");
    const { claims } = outcome.result;
    expect(claims).toMatchObject({
      given_name: "Jan. van der. Berg",
      inner: { token: "[secret]", said: ["[secret]"] },
    });
    for (const name of ["nonce", "at_hash", "c_hash"]) expect(claims).not.toHaveProperty(name);
  });

  it("shows whose account it would be, or why none", async () => {
    const world = await makeWorld(key, {
      resources: [localUser("jan@example.nl", { is_staff: false, is_superuser: false })],
    });
    const existing = { kind: "existing", username: "jan@example.nl", isActive: true, isStaff: true };
    expect((await tryOut(world, "admin-oidc")).outcome.result).toMatchObject({ account: existing });
    await world.apply(localUser("jan@example.nl"));
    expect((await tryOut(world, "admin-oidc")).outcome.result).toMatchObject({
      account: { kind: "refused", reason: "sign_in_missing" },
    });
  });

  it("shows the reason of a failure, with the claims that cause it", async () => {
    const world = await makeWorld(key);
    const reasonOf = async (request?: StartRequest) => (await tryOut(world, "admin-oidc", request)).outcome.result;
    expect(await reasonOf({ prompt: "login" })).toMatchObject({
      kind: "failed",
      code: "sign_in_not_fresh",
      reason: "auth_time_missing",
      hint: expect.stringContaining("auth_time"),
    });
    world.provider.idClaims = { email: undefined };
    expect(await reasonOf()).toMatchObject({ reason: "username_missing", claim: "[email]", claims: { sub: "s-jan" } });
    const { browser, location } = await begin(world, "admin-oidc");
    const denied = withError(world.provider.authorize(location), "access_denied");
    expect(await world.end(browser, denied)).toMatchObject({ kind: "tried", result: { reason: "access_denied" } });
    expect(await world.login.tryOut("no-such-client")).toMatchObject({ result: { reason: "unknown_client" } });
    expect(world.events.map((event) => event.kind)).toEqual(["tried", "tried", "tried", "tried"]);
  });

  it("is a trial to its end: once, in its browser, and never a login, nor a login a trial", async () => {
    const world = await makeWorld(key);
    const { browser, location } = await begin(world, "admin-oidc");
    const callback = world.provider.authorize(location);
    expect(await world.end(openBrowser(), callback)).toMatchObject({ code: "state_invalid" });
    const replay = browser.clone();
    expect(await world.end(browser, callback)).toMatchObject({ kind: "tried" });
    expect(await world.end(replay, callback)).toMatchObject({ code: "state_used" });
    expect(await world.database.kysely.selectFrom("login_sessions").select("digest").execute()).toEqual([]);
    // A trial between leaves the session that the browser has.
    await world.signIn(browser);
    const other = await world.login.tryOut("admin-oidc", { cookieHeader: browser.header() });
    if (other.kind !== "redirect") throw new Error("expected a trial to begin");
    browser.take(other.cookies);
    await world.end(browser, world.provider.authorize(other.location));
    expect(await world.login.session(browser.header())).toBeDefined();
  });
});
