import { createHook } from "node:async_hooks";
import { scryptSync } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { noticeChange } from "../support/databases.js";
import { deriveEachTime } from "../support/remember-scrypt.js";
import { countUp, sqlInAnotherProcess } from "../support/sql-in-another-process.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { token } from "../verifier/verifier-world.js";
import { openBrowser } from "./browser.js";
import { adminClient, localUser, makeWorld, password, settingsOf, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

const right = "het noodwachtwoord 4711";
const emergency = localUser("nood", password(right));

function tryPassword(world: World, username: string, text: string, cookie?: string) {
  return world.login.signInWithPassword({ username, password: text, next: "/beheer" }, cookie);
}

describe("S84 a user for emergencies", () => {
  it("comes in with a password while the provider is down, and the client is disabled", async () => {
    const world = await makeWorld(key, { resources: [emergency] });
    await world.provider.close();
    await world.apply(adminClient({ enabled: false }));
    const outcome = await tryPassword(world, "nood", right);
    expect(outcome).toMatchObject({
      kind: "signed_in",
      next: "/beheer",
      principal: { scheme: "session", user: { username: "nood", isSuperuser: true, isStaff: true } },
    });
    const browser = openBrowser();
    browser.take(outcome.cookies);
    expect(await world.login.session(browser.header())).toMatchObject({ principal: { user: { username: "nood" } } });
    // There is no session at the provider to end.
    expect((await world.login.logout(browser.header())).location).toBe("/");
  });

  it("S96 leaves a journal of each use, with ids and without the password", async () => {
    const world = await makeWorld(key, { resources: [emergency] });
    const { kysely } = world.database;
    const before = await kysely.selectFrom("runs").select("id").execute();
    await tryPassword(world, "nood", right);
    await tryPassword(world, "nood", "wrong");
    const runs = (await kysely.selectFrom("runs").selectAll().execute()).filter(
      ({ id }) => !before.some((row) => row.id === id),
    );
    expect(runs).toMatchObject([{ actor: "password:admin-oidc", through: "password sign-in", owner: "", files: "[]" }]);
    const user = await kysely.selectFrom("users").select("id").where("username", "=", "nood").executeTakeFirstOrThrow();
    const changes = await kysely
      .selectFrom("run_changes")
      .selectAll()
      .where("run_id", "=", runs[0]?.id ?? "")
      .execute();
    expect(changes).toMatchObject([{ kind: "user", key: "nood", resource_id: user.id }]);
    expect(JSON.stringify([runs, changes])).not.toContain(right);
    const event = { kind: "signed_in_with_password", client: "admin-oidc", userId: user.id, runId: runs[0]?.id };
    expect(world.events).toContainEqual(event);
  });

  it("is never matched or changed by claims, in whatever case", async () => {
    for (const isCaseSensitive of [true, false]) {
      const user = {
        claim_mappings: { username: ["name"], email: ["email"] },
        username_case_sensitive: isCaseSensitive,
      };
      const world = await makeWorld(key, { resources: [emergency], client: settingsOf(user) });
      const before = await world.database.kysely.selectFrom("users").selectAll().execute();
      world.provider.person = { sub: "s-evil", name: isCaseSensitive ? "nood" : "NOOD", email: "evil@example.nl" };
      expect(await world.signIn()).toMatchObject({ status: 403, code: "user_refused" });
      expect(world.reasons()).toEqual(["username_of_emergency"]);
      expect(await world.database.kysely.selectFrom("users").selectAll().execute()).toEqual(before);
    }
  });

  it("is only who has a password and is a superuser: others are linked as ever", async () => {
    const signIn = { sign_in_provider: "idp" };
    const twins = [localUser("a", signIn), localUser("b", { ...password(right), ...signIn, is_superuser: false })];
    const world = await makeWorld(key, {
      resources: twins,
      client: settingsOf({ claim_mappings: { username: ["sub"] } }),
    });
    for (const sub of ["a", "b"]) {
      world.provider.person = { sub };
      expect(await world.signIn()).toMatchObject({ kind: "signed_in", principal: { user: { username: sub } } });
    }
  });

  it("rejects the password of a user who is linked to a provider", async () => {
    const resources = [localUser("b", { ...password(right), is_superuser: false, sign_in_provider: "idp" })];
    const world = await makeWorld(key, { resources, client: settingsOf({ claim_mappings: { username: ["sub"] } }) });
    expect(await tryPassword(world, "b", right)).toMatchObject({ kind: "signed_in" });
    world.provider.person = { sub: "b" };
    await world.signIn();
    expect(await tryPassword(world, "b", right)).toMatchObject({ status: 403, code: "password_refused" });
    expect(world.reasons()).toEqual(["user_of_provider"]);
  });
});

describe("a session that began with a password", () => {
  const begin = async (world: World, username: string) => {
    const outcome = await tryPassword(world, username, right);
    const browser = openBrowser();
    browser.take(outcome.cookies);
    expect(await world.login.session(browser.header())).toBeDefined();
    return browser;
  };

  it("S80 is over when the user has no password any more", async () => {
    const world = await makeWorld(key, { resources: [emergency] });
    const browser = await begin(world, "nood");
    sqlInAnotherProcess(world.url, `UPDATE users SET password_hash = NULL; ${countUp}`);
    await noticeChange();
    expect(await world.login.session(browser.header())).toBeUndefined();
  });

  it("S80 is over when a provider vouches for the user", async () => {
    const resources = [localUser("b", { ...password(right), is_superuser: false, sign_in_provider: "idp" })];
    const world = await makeWorld(key, { resources, client: settingsOf({ claim_mappings: { username: ["sub"] } }) });
    const browser = await begin(world, "b");
    world.provider.person = { sub: "b" };
    await world.signIn();
    expect(await world.login.session(browser.header())).toBeUndefined();
  });
});

/** How often a key was derived from a password while something was done. */
async function derivationsOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === "SCRYPTREQUEST") count += 1;
    },
  }).enable();
  await work().finally(() => hook.disable());
  return count;
}

describe("a password", () => {
  it("F15 S69 costs the same time to check for every username, so that a caller cannot find out which ones exist", async () => {
    deriveEachTime();
    const resources = [
      emergency,
      localUser("zonder"),
      localUser("weg", { ...password(right), is_active: false }),
      localUser("gekoppeld", { ...password(right), is_superuser: false, sign_in_provider: "idp" }),
      token("dienst", "t".repeat(40)),
    ];
    const world = await makeWorld(key, { resources, client: settingsOf({ claim_mappings: { username: ["sub"] } }) });
    world.provider.person = { sub: "gekoppeld" };
    expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
    for (const name of ["nood", "zonder", "weg", "gekoppeld", "dienst", "niemand", ""]) {
      const derivations = await derivationsOf(() => tryPassword(world, name, "wrong"));
      expect({ name, derivations }).toEqual({ name, derivations: 1 });
    }
    const reasons = ["wrong_password", "no_password", "wrong_password", "user_of_provider", "no_password"];
    expect(world.reasons()).toEqual([...reasons, "unknown_user", "unknown_user"]);
  });

  it("is refused alike for a wrong one, a user who has none, an inactive one and nobody; the log knows why", async () => {
    const resources = [emergency, localUser("zonder"), localUser("weg", { ...password(right), is_active: false })];
    const world = await makeWorld(key, { resources });
    const pages = [];
    for (const name of ["nood", "zonder", "weg", "niemand"]) pages.push(await tryPassword(world, name, "wrong"));
    expect(new Set(pages.map((page) => JSON.stringify(page))).size).toBe(1);
    expect(pages[0]).toMatchObject({ status: 403, code: "password_refused", cookies: [] });
    expect(world.reasons()).toEqual(["wrong_password", "no_password", "wrong_password", "unknown_user"]);
    expect(await tryPassword(world, "weg", right)).toMatchObject({ code: "user_inactive" });
    expect(await tryPassword(world, "nood", right)).toMatchObject({ kind: "signed_in" });
  });

  it("accepts only superusers where a password is for emergencies alone, and says no more than for a wrong one", async () => {
    const staff = localUser("jan", { ...password(right), is_superuser: false });
    const world = await makeWorld(key, { resources: [emergency, staff] });
    const only = (username: string, text = right) =>
      world.login.signInWithPassword({ username, password: text, superusersOnly: true }, undefined);
    expect(await only("jan")).toEqual(await only("jan", "wrong"));
    expect(world.reasons()).toEqual(["not_superuser", "not_superuser"]);
    expect(await only("nood")).toMatchObject({ kind: "signed_in" });
    await world.database.kysely
      .updateTable("users")
      .set({ claim_superuser: 1 })
      .where("username", "=", "nood")
      .execute();
    expect(await only("nood")).toMatchObject({ code: "password_refused" });
    expect(await tryPassword(world, "jan", right)).toMatchObject({ kind: "signed_in" });
  });

  it("accepts only staff and superusers, unless others are allowed", async () => {
    const neither = { ...password(right), is_staff: false, is_superuser: false };
    const superuser = localUser("baas", { ...password(right), is_staff: false });
    const world = await makeWorld(key, { resources: [localUser("jan", neither), superuser] });
    expect(await tryPassword(world, "jan", right)).toMatchObject({ status: 403, code: "user_not_staff" });
    // A superuser has every right, and so that of staff.
    expect(await tryPassword(world, "baas", right)).toMatchObject({ kind: "signed_in" });
    const open = await world.another({ requireStaff: false });
    expect(await open.signInWithPassword({ username: "jan", password: right }, undefined)).toMatchObject({
      kind: "signed_in",
      next: "/",
    });
  });

  it("may be tried five times in five minutes for a username, in any case, and then again", async () => {
    const world = await makeWorld(key, { resources: [emergency, localUser("ander", password(right))] });
    for (const name of ["nood", "NOOD", "nood", "Nood", "nood"]) {
      expect(await tryPassword(world, name, "wrong")).toMatchObject({ code: "password_refused" });
    }
    expect(await tryPassword(world, "nood", right)).toMatchObject({ status: 429, code: "too_many_attempts" });
    expect(await tryPassword(world, "ander", right)).toMatchObject({ kind: "signed_in" });
    world.clock += 299_999;
    expect(await tryPassword(world, "nood", right)).toMatchObject({ code: "too_many_attempts" });
    world.clock += 1;
    expect(await tryPassword(world, "nood", right)).toMatchObject({ kind: "signed_in" });
  });

  it("S69 is hashed anew when it was hashed with other parameters", async () => {
    const world = await makeWorld(key, { resources: [emergency] });
    const { kysely } = world.database;
    const salt = Buffer.alloc(16, 7);
    const [saltText, keyText] = [salt, scryptSync(right, salt, 32, { N: 2 ** 10, r: 8, p: 1 })].map((bytes) =>
      bytes.toString("base64").replace(/=+$/, ""),
    );
    const outdated = `$scrypt$ln=10,r=8,p=1$${saltText}$${keyText}`;
    await kysely.updateTable("users").set({ password_hash: outdated }).where("username", "=", "nood").execute();
    const hash = async () =>
      (await kysely.selectFrom("users").select("password_hash").executeTakeFirst())?.password_hash;
    await tryPassword(world, "nood", "wrong");
    expect(await hash()).toBe(outdated);
    expect(await tryPassword(world, "nood", right)).toMatchObject({ kind: "signed_in" });
    expect(await hash()).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/);
    expect(await tryPassword(world, "nood", right)).toMatchObject({ kind: "signed_in" });
  });

  it("S80 ends the browser's earlier session", async () => {
    const world = await makeWorld(key, { resources: [emergency] });
    const browser = openBrowser();
    await world.signIn(browser);
    const earlier = browser.header();
    browser.take((await tryPassword(world, "nood", right, earlier)).cookies);
    expect(await world.login.session(earlier)).toBeUndefined();
    expect(await world.login.session(browser.header())).toMatchObject({ principal: { user: { username: "nood" } } });
  });

  it("may have at most 1024 characters, so that checking it stays cheap, and its next path is one of this site", async () => {
    const world = await makeWorld(key, { resources: [localUser("lang", password("w".repeat(1024)))] });
    expect(await tryPassword(world, "lang", "w".repeat(1025))).toMatchObject({ code: "password_refused" });
    const outcome = await world.login.signInWithPassword(
      { username: "lang", password: "w".repeat(1024), next: "//evil.example" },
      undefined,
    );
    expect(outcome).toMatchObject({ kind: "signed_in", next: "/" });
  });
});
