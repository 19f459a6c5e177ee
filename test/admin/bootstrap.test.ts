import { describe, expect, it } from "vitest";
import { localUser, password } from "../login/world.js";
import { makeSite, person, type Site, type SiteBrowser } from "./site.js";

const bootstrap = { bootstrap: true };
const secretPhrase = "een nieuw wachtwoord van vier woorden";
const first = { username: "eerste", email: "", way: "password", password: secretPhrase, password_again: secretPhrase };

/** A browser in which the one-time code was typed. */
async function typed(site: Site): Promise<SiteBrowser> {
  const browser = site.browser();
  expect(await browser.post("/bootstrap", { code: await site.code() })).toMatchObject({ status: 303, location: "/" });
  await browser.get("/");
  return browser;
}

async function usersOf({ database }: Site): Promise<readonly string[]> {
  const rows = await database.kysely.selectFrom("users").select(["username", "is_superuser"]).execute();
  return rows.map(({ username, is_superuser }) => `${username} ${is_superuser}`);
}

describe("S108 the one-time code of a database without administrators", () => {
  it("makes the first administrator, and nothing is left of its session", async () => {
    const site = await makeSite([], bootstrap);
    const browser = await typed(site);
    const home = await browser.get("/");
    expect(home.text).toContain("You are using the one-time code.");
    expect(home.text).not.toContain('href="/beheer/tokens"');
    expect((await browser.get("/first-administrator")).text).toContain("You are using the one-time code.");
    expect(await browser.post("/first-administrator", first)).toMatchObject({ status: 303, location: "/" });
    expect(await usersOf(site)).toEqual(["eerste 1"]);
    const over = await browser.get("/");
    expect(over).toMatchObject({ status: 200 });
    expect(over.text).toContain("now sign in");
    expect([...browser.cookies.keys()]).toEqual([]);
    expect(await browser.get("/")).toMatchObject({ status: 303, location: "/sign-in" });
    expect(await site.database.kysely.selectFrom("bootstrap_codes").selectAll().execute()).toEqual([]);
    await browser.get("/sign-in");
    const signedIn = await browser.post("/sign-in/password", { username: "eerste", password: secretPhrase });
    expect(signedIn).toMatchObject({ status: 303, location: "/" });
    expect((await browser.get("/")).text).toContain("<strong>eerste</strong>");
    expect(site.events.map(({ kind }) => kind)).toEqual([
      "bootstrap_started",
      "bootstrap_ended",
      "signed_in_with_password",
    ]);
  });

  it("is in the journal, with what it made, and never with the code", async () => {
    const site = await makeSite([], bootstrap);
    const code = await site.code();
    const browser = site.browser();
    await browser.post("/bootstrap", { code });
    await browser.get("/");
    await browser.post("/first-administrator", first);
    const runs = await site.database.kysely.selectFrom("runs").select(["id", "actor", "through"]).execute();
    const changes = await site.database.kysely.selectFrom("run_changes").selectAll().execute();
    const written = runs.filter(({ through }) => through === "admin");
    expect(written.map(({ actor }) => actor)).toEqual(["bootstrap", "bootstrap"]);
    const kinds = changes.filter(({ run_id: id }) => written.some((run) => run.id === id));
    expect(kinds.map(({ action, kind, key }) => `${action} ${kind} ${key}`).sort()).toEqual([
      "create bootstrap_session bootstrap",
      "create user eerste",
    ]);
    const all = JSON.stringify([runs, changes, site.events]);
    for (const secret of [code, code.replaceAll("-", ""), secretPhrase, ...browser.cookies.values()]) {
      expect(all).not.toContain(secret);
    }
  });

  it("can be typed in small letters, with spaces or without hyphens", async () => {
    const site = await makeSite([], bootstrap);
    const code = await site.code();
    expect(code).toMatch(/^(?:[CDFGHJKMPQRTVWXY2-9]{4}-){3}[CDFGHJKMPQRTVWXY2-9]{4}$/);
    const browser = site.browser();
    const again = ` ${code.toLowerCase().replaceAll("-", "  ")} `;
    expect(await browser.post("/bootstrap", { code: again })).toMatchObject({ status: 303 });
  });

  it("is not spent by a GET, works once, for ten minutes, and of two who type it at once for one", async () => {
    const site = await makeSite([], bootstrap);
    const late = await site.code();
    site.clock.nowMs += 10 * 60_000;
    expect(await site.browser().post("/bootstrap", { code: late })).toMatchObject({ status: 422 });
    const code = await site.code();
    site.clock.nowMs += 10 * 60_000 - 1000;
    expect(await site.browser().get(`/bootstrap?code=${code}`)).toMatchObject({ status: 200 });
    const answers = await Promise.all([1, 2, 3].map(() => site.browser().post("/bootstrap", { code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 422, 422]);
    expect(await site.browser().post("/bootstrap", { code })).toMatchObject({ status: 422 });
    expect(site.events.filter(({ kind }) => kind === "bootstrap_started")).toHaveLength(1);
  });

  it("of another server on the same database works too; once one is typed, no other does, and an earlier session ends", async () => {
    const site = await makeSite([], bootstrap);
    const [one, two] = [await site.code(), await site.code()];
    const browser = site.browser();
    await browser.post("/bootstrap", { code: two });
    expect(await site.browser().post("/bootstrap", { code: one })).toMatchObject({ status: 422 });
    expect(await browser.get("/")).toMatchObject({ status: 200 });
    // A restarted server prints another code: whoever has it takes over.
    await typed(site);
    expect(await browser.get("/")).toMatchObject({ status: 303, location: "/sign-in" });
  });

  it("gives a session that lasts an hour, under an id that nobody could have set", async () => {
    const site = await makeSite([], bootstrap);
    const browser = site.browser();
    const [name = ""] = (await typed(site)).cookies.keys();
    browser.cookies.set(name, "chosen-by-somebody-else");
    const answer = await browser.post("/bootstrap", { code: await site.code() });
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^__Host-vtb-admin-[0-9a-f]{8}-bootstrap=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    site.clock.nowMs += 3_600_000 - 1;
    expect(await browser.get("/")).toMatchObject({ status: 200 });
    site.clock.nowMs += 1;
    expect(await browser.get("/")).toMatchObject({ status: 303 });
  });

  it("ends by signing out", async () => {
    const site = await makeSite([], bootstrap);
    const browser = await typed(site);
    const cookies = new Map(browser.cookies);
    expect(await browser.post("/sign-out")).toMatchObject({ status: 303, location: "/signed-out" });
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expect(await browser.get("/")).toMatchObject({ status: 303, location: "/sign-in" });
  });

  it("may be guessed ten times from one address, whatever the others do", async () => {
    const site = await makeSite([], bootstrap);
    const code = await site.code();
    const attacker = (last: number) => site.browser({}, { address: `2001:db8::${last}` });
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect(await attacker(attempt).post("/bootstrap", { code: "CCCC-CCCC-CCCC-CCCC" })).toMatchObject({
        status: 422,
      });
    }
    const limited = await attacker(11).post("/bootstrap", { code });
    expect(limited).toMatchObject({ status: 429 });
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(site.events.at(-1)).toEqual({ kind: "too_many_attempts", what: "code", address: "2001:db8::11" });
    expect(await site.browser({}, { address: "192.0.2.1" }).post("/bootstrap", { code })).toMatchObject({
      status: 303,
    });
  });

  it("is typed into a form of this origin alone", async () => {
    const site = await makeSite([], bootstrap);
    const code = await site.code();
    const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    expect(await site.browser().post("/bootstrap", { code }, foreign)).toMatchObject({ status: 403 });
    expect(await site.browser().post("/bootstrap", { code })).toMatchObject({ status: 303 });
  });
});

describe("S107 S108 the session of a one-time code", () => {
  it("sees nothing but how the first administrator signs in", async () => {
    const site = await makeSite([localUser("jan", { is_superuser: false, is_staff: true })], bootstrap);
    const browser = await typed(site);
    for (const path of [
      "/tokens",
      "/tokens/new",
      "/users",
      "/groups",
      "/access",
      "/history",
      "/openidx",
      "/signed-in",
    ]) {
      const answer = await browser.get(path);
      expect(answer).toMatchObject({ status: 403 });
      expect(answer.text).toContain("Make an administrator first");
    }
    expect((await browser.get("/openid")).status).not.toBe(403);
  });

  it("needs its CSRF token", async () => {
    const site = await makeSite([], bootstrap);
    const browser = await typed(site);
    expect(await browser.post("/first-administrator", { ...first, csrf: "x".repeat(43) })).toMatchObject({
      status: 403,
    });
    expect(await usersOf(site)).toEqual([]);
    await browser.get("/first-administrator");
    expect(await browser.post("/first-administrator", first)).toMatchObject({ status: 303 });
  });

  it("gives nobody an account that is there, and no one two administrators at once", async () => {
    const site = await makeSite([localUser("jan", { is_superuser: false, is_staff: false })], bootstrap);
    const browser = await typed(site);
    const taken = await browser.post("/first-administrator", { ...first, username: "jan" });
    expect(taken).toMatchObject({ status: 422 });
    expect(taken.text).toContain("This username exists already.");
    expect(taken.text).not.toContain(secretPhrase);
    const both = await Promise.all(
      ["een", "twee"].map((username) => browser.post("/first-administrator", { ...first, username })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([303, 403]);
    expect((await usersOf(site)).filter((name) => name.endsWith("1"))).toHaveLength(1);
  });

  it("keeps what was typed of a form with mistakes, but the passwords", async () => {
    const site = await makeSite([], bootstrap);
    const browser = await typed(site);
    const wrong = { ...first, password: "kort", password_again: "anders" };
    const answer = await browser.post("/first-administrator", wrong);
    expect(answer).toMatchObject({ status: 422 });
    expect(answer.text).toContain("<title>Error: ");
    expect(answer.text).toContain('value="eerste"');
    expect(answer.text).toContain("The password is too short");
    expect(answer.text).toContain("The two passwords are not the same");
    expect(answer.text).not.toContain("kort");
    const long = await browser.post("/first-administrator", { ...first, username: "x".repeat(256) });
    expect(long).toMatchObject({ status: 422 });
    expect(long.text).toContain('href="#username"');
  });

  it("is over once a file made an administrator: its form is refused, and it is asked to sign in", async () => {
    const site = await makeSite([], bootstrap);
    const browser = await typed(site);
    await site.apply(person("root"));
    const answer = await browser.post("/first-administrator", first);
    expect(answer).toMatchObject({ status: 403 });
    expect(answer.text).toContain("now sign in");
    expect(await usersOf(site)).toEqual(["root 1"]);
    expect([...browser.cookies.keys()]).toEqual([]);
  });
});

describe("no one-time code", () => {
  it("is made where somebody can sign in as an administrator, and an earlier one gives nothing", async () => {
    const site = await makeSite([], bootstrap);
    const code = await site.code();
    await site.apply(localUser("beheer", { ...password(secretPhrase), is_superuser: true }));
    expect(await site.admin.bootstrapCode()).toBeUndefined();
    expect((await site.browser().get("/bootstrap")).text).toContain("now sign in");
    expect(await site.browser().post("/bootstrap", { code })).toMatchObject({ status: 403 });
  });

  it("is made or accepted in a server that did not ask for it", async () => {
    const site = await makeSite();
    await expect(site.admin.bootstrapCode()).rejects.toThrow(TypeError);
    expect(await site.browser().get("/bootstrap")).toMatchObject({ status: 303 });
    expect(await site.browser().post("/bootstrap", { code: "x" })).toMatchObject({ status: 403 });
  });
});
