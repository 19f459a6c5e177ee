import { beforeAll, describe, expect, it } from "vitest";
import type { StartRequest } from "../../src/login/login.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { withError } from "./callbacks.js";
import { localUser, makeWorld, password, start, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

const now = start / 1000;
const login: StartRequest = { prompt: "login" };
const recent: StartRequest = { maxAge: 900 };

/** Signs a person in whose ID token has this `auth_time`. */
async function signInWith(world: World, authTime: unknown, request?: StartRequest) {
  const browser = openBrowser();
  world.provider.idClaims = { auth_time: authTime };
  const outcome = await world.signIn(browser, "/beheer", request);
  return { outcome, session: await world.login.session(browser.header()) };
}

describe("a login that asks for a sign-in now, or not too long ago", () => {
  it("asks the provider, which must then say when it was", async () => {
    const world = await makeWorld(key);
    const asked = async (request?: StartRequest) => {
      const { searchParams } = await world.begin(openBrowser(), "/", request);
      return [searchParams.get("prompt"), searchParams.get("max_age")];
    };
    expect(await asked()).toEqual([null, null]);
    // Without `max_age`, a provider need not send `auth_time`; half an hour is longer than a login may take.
    expect(await asked(login)).toEqual(["login", "1800"]);
    expect(await asked(recent)).toEqual([null, "900"]);
    expect(await asked({ prompt: "login", maxAge: 1 })).toEqual(["login", "1"]);
    expect(await asked({ prompt: "select_account" })).toEqual(["select_account", null]);
    expect(await asked({ prompt: "consent" })).toEqual(["consent", null]);
  });

  it.each([
    { name: "none", reason: "auth_time_missing", authTime: undefined, asked: login },
    { name: "none, for a maximum age", reason: "auth_time_missing", authTime: undefined, asked: recent },
    { name: "null", reason: "auth_time_malformed", authTime: null, asked: login },
    { name: "a text", reason: "auth_time_malformed", authTime: String(now), asked: login },
    { name: "a negative number", reason: "auth_time_malformed", authTime: -1, asked: recent },
    { name: "a number that no date can hold", reason: "auth_time_malformed", authTime: 1e300, asked: recent },
    { name: "a list", reason: "auth_time_malformed", authTime: [now], asked: login },
    { name: "the future", reason: "auth_time_in_future", authTime: now + 31, asked: login, twin: now + 30 },
    { name: "milliseconds", reason: "auth_time_in_future", authTime: start, asked: recent, twin: now },
    { name: "before the prompt", reason: "before_prompt", authTime: now - 31, asked: login, twin: now - 30 },
    { name: "too old by the leeway", reason: "too_long_ago", authTime: now - 930, asked: recent, twin: now - 929 },
    {
      name: "recent, but before the prompt",
      reason: "before_prompt",
      authTime: now - 60,
      asked: { prompt: "login", maxAge: 900 } as const,
      twin: now,
    },
  ])("S76 refuses as auth_time $name, and begins no session", async ({ authTime, reason, asked, twin = now }) => {
    const world = await makeWorld(key);
    const { outcome, session } = await signInWith(world, authTime, asked);
    expect(outcome).toMatchObject({ kind: "refused", status: 502, code: "sign_in_not_fresh", next: "/beheer" });
    expect(world.reasons()).toEqual([reason]);
    expect(session).toBeUndefined();
    expect(await world.database.kysely.selectFrom("users").select("id").execute()).toEqual([]);
    expect((await signInWith(world, twin, asked)).outcome).toMatchObject({ kind: "signed_in" });
  });

  it("measures the age when the browser comes back, and a prompt from when the login began", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    world.provider.idClaims = { auth_time: now - 890 };
    const begun = await world.begin(browser, "/", recent);
    world.clock += 40_000;
    expect(await world.end(browser, world.provider.authorize(begun.href))).toMatchObject({ kind: "refused" });
    world.clock = start + 999;
    const prompted = await world.begin(browser, "/", login);
    // The whole second in which the login began, and a person who then reads a consent page for long.
    world.provider.idClaims = { auth_time: now };
    world.clock = start + 20 * 60_000;
    expect(await world.end(browser, world.provider.authorize(prompted.href))).toMatchObject({ kind: "signed_in" });
    expect(await world.login.session(browser.header())).toMatchObject({ authenticatedAt: new Date(start) });
  });

  it("has the leeway of its option", async () => {
    const world = await makeWorld(key, { login: { leewaySeconds: 0 } });
    expect((await signInWith(world, now - 1, login)).outcome).toMatchObject({ kind: "refused" });
    expect((await signInWith(world, now, login)).outcome).toMatchObject({ kind: "signed_in" });
    expect((await signInWith(world, now + 1, login)).outcome).toMatchObject({ kind: "refused" });
    expect((await signInWith(world, now - 900, recent)).outcome).toMatchObject({ kind: "refused" });
    expect((await signInWith(world, now - 899, recent)).outcome).toMatchObject({ kind: "signed_in" });
  });

  it("S72 is held to what it asked, whatever the browser makes of the URL or brings along", async () => {
    const world = await makeWorld(key);
    world.provider.idClaims = { auth_time: now - 3600 };
    const browser = openBrowser();
    const plain = await world.begin(browser, "/");
    const prompted = await world.begin(browser, "/", login);
    for (const name of ["prompt", "max_age"]) prompted.searchParams.delete(name);
    const stripped = world.provider.authorize(prompted.href);
    // The cookie of the login without a prompt, under the name of the other.
    const [plainName = "", promptedName = ""] = browser.names();
    const plainValue = browser
      .header()
      ?.split("; ")[0]
      ?.slice(plainName.length + 1);
    expect(await world.login.finish(stripped, `${promptedName}=${plainValue}`)).toMatchObject({
      code: "state_invalid",
    });
    expect(await world.end(browser, stripped)).toMatchObject({ code: "sign_in_not_fresh" });
    expect(await world.end(browser, stripped)).toMatchObject({ code: "state_used" });
    expect(world.reasons()).toEqual(["wrong_state", "before_prompt", "state_replayed"]);
    // The one that asked for nothing signs in, and says how old the sign-in is.
    expect(await world.end(browser, world.provider.authorize(plain.href))).toMatchObject({ kind: "signed_in" });
    expect(await world.login.session(browser.header())).toMatchObject({ authenticatedAt: new Date(start - 3_600_000) });
  });

  it("asks the same after the provider required a new request", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    const begun = await world.begin(browser, "/", { prompt: "login", maxAge: 60 });
    const more = { error_description: "authentication_expired" };
    const restarted = await world.end(
      browser,
      withError(world.provider.authorize(begun.href), "temporarily_unavailable", more),
    );
    if (restarted.kind !== "redirect") throw new Error("expected a restart");
    const { searchParams } = new URL(restarted.location);
    expect([searchParams.get("prompt"), searchParams.get("max_age")]).toEqual(["login", "60"]);
    expect(await world.end(browser, world.provider.authorize(restarted.location))).toMatchObject({
      code: "sign_in_not_fresh",
    });
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 31_536_001, "900", null])(
    "may not ask for a maximum age of %j",
    async (maxAge) => {
      const world = await makeWorld(key);
      await expect(world.login.start({ maxAge: maxAge as number })).rejects.toThrow(/^maxAge must be whole seconds/);
    },
  );

  it.each(["none", "login consent", "", null, "toString"])("may not ask for the prompt %j", async (prompt) => {
    const world = await makeWorld(key);
    await expect(world.login.start({ prompt: prompt as "login" })).rejects.toThrow(/^prompt must be/);
  });
});

describe("a session", () => {
  it.each([
    { authTime: now - 3600, is: new Date(start - 3_600_000) },
    // Clocks differ: never later than now, or the sign-in would be recent for longer.
    { authTime: now + 30, is: new Date(start) },
    { authTime: now + 31, is: undefined },
    { authTime: undefined, is: undefined },
    { authTime: "yesterday", is: undefined },
    { authTime: -5, is: undefined },
  ])("that asked for nothing knows of auth_time $authTime when the user signed in: $is", async ({ authTime, is }) => {
    const world = await makeWorld(key);
    const { outcome, session } = await signInWith(world, authTime);
    expect(outcome).toMatchObject({ kind: "signed_in" });
    expect(session?.authenticatedAt).toEqual(is);
  });

  it("keeps the moment of its sign-in, however long it goes on", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    world.provider.idClaims = { auth_time: now - 10 };
    await world.signIn(browser, "/", login);
    world.clock += 20 * 60_000;
    expect(await world.login.session(browser.header())).toMatchObject({
      startedAt: new Date(start),
      authenticatedAt: new Date(start - 10_000),
    });
  });

  it("of a password has the moment of the password", async () => {
    const world = await makeWorld(key, { resources: [localUser("nood", password("correct-horse-battery-staple"))] });
    const browser = openBrowser();
    const attempt = { username: "nood", password: "correct-horse-battery-staple" };
    browser.take((await world.login.signInWithPassword(attempt, undefined)).cookies);
    world.clock += 60_000;
    expect(await world.login.session(browser.header())).toMatchObject({ authenticatedAt: new Date(start) });
  });

  it("from before this was kept is of nobody knows when", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    world.provider.idClaims = { auth_time: now };
    await world.signIn(browser);
    await world.database.kysely.updateTable("login_sessions").set({ authenticated_at: null }).execute();
    const session = await world.login.session(browser.header());
    expect(session).toMatchObject({ startedAt: new Date(start) });
    expect(session?.authenticatedAt).toBeUndefined();
  });
});
