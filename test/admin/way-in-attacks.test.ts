import { describe, expect, it } from "vitest";
import { sourceOf } from "../../src/admin/way-in/limits.js";
import { adminClient } from "../login/world.js";
import { providerOf } from "../verifier/bearer/world.js";
import { makeOpenIdSite, type OpenIdSite } from "./openid-site.js";
import { makeSite, person, publicUrl, type Site, type SiteBrowser, secretPhrase, start } from "./site.js";

/** The admin pages with a client that is enabled. */
async function withProvider(...given: Parameters<typeof makeOpenIdSite>): Promise<OpenIdSite> {
  const site = await makeOpenIdSite(...given);
  await site.apply(
    providerOf(site.provider, "idp", { logout_endpoint: `${site.provider.issuer}/logout` }),
    adminClient(),
  );
  return site;
}

/** Goes to the provider and comes back. */
async function viaProvider(site: OpenIdSite, browser: SiteBrowser, path = "/sign-in/start") {
  const { location = "" } = await browser.get(path);
  return await browser.get(comeBack(site, location));
}

function comeBack({ provider }: OpenIdSite, location: string): string {
  return provider.authorize(location).replace(new URL(publicUrl).pathname, "");
}

function sessionIn({ cookies }: SiteBrowser): string | undefined {
  return [...cookies].find(([name]) => name.endsWith("-session"))?.[1];
}

const evil = [
  "https://evil.example/",
  "//evil.example/",
  "/\\evil.example/",
  "/%2f%2fevil.example/",
  "/..//evil.example",
  "https:evil.example",
  "javascript:alert(1)",
  "/\r\nSet-Cookie: a=b",
  "/../andere-app",
  "/%2e%2e/andere-app",
  "@evil.example/",
  ".evil.example/",
];

describe("S79 the place to go to after signing in", () => {
  it.each(evil)("%j stays inside the pages", async (next) => {
    const site = await makeSite();
    const browser = site.browser();
    const form = await browser.get(`/sign-in?next=${encodeURIComponent(next)}`);
    expect(form.text).toMatch(/<input type="hidden" name="next" value="\/(?:andere-app)?">/);
    const { status, location = "" } = await browser.post("/sign-in/password", {
      username: "root",
      password: secretPhrase,
      next,
    });
    expect(status).toBe(303);
    expect(location === "/" || location === "/andere-app").toBe(true);
    const switched = await browser.post("/language", { language: "en", next });
    expect(switched.headers.get("location")).toMatch(/^\/beheer\/(?:andere-app)?$/);
  });

  it("is the page that was asked for, by either way, and never the callback", async () => {
    const site = await withProvider();
    const wanted = "/history?kind=user";
    const next = `next=${encodeURIComponent(wanted)}`;
    expect(await viaProvider(site, site.browser(), `/sign-in/start?${next}`)).toMatchObject({ location: wanted });
    const browser = site.browser();
    expect((await browser.get(`/sign-in?${next}`)).text).toContain(`/beheer/sign-in/start?${next}`);
    const fields = { username: "root", password: secretPhrase };
    expect(await browser.post("/sign-in/password", { ...fields, next: wanted })).toMatchObject({ location: wanted });
    const callback = { ...fields, next: "/oidc/callback?code=x&state=y" };
    expect(await browser.post("/sign-in/password", callback)).toMatchObject({ location: "/" });
  });
});

describe("S72 S73 S75 S81 coming back from the provider", () => {
  it("works once, in the browser that left, and with the state that it left with", async () => {
    const site = await withProvider();
    const [browser, victim] = [site.browser(), site.browser()];
    const { location = "" } = await browser.get("/sign-in/start");
    const callback = comeBack(site, location);
    // Login CSRF: the victim is not to be signed in as the attacker.
    expect(await victim.get(callback)).toMatchObject({ status: 400 });
    expect(sessionIn(victim)).toBeUndefined();
    expect(await browser.get(callback.replace(/state=[^&]+/, "state=guessed"))).toMatchObject({ status: 400 });
    expect(await browser.get(callback)).toMatchObject({ status: 303, location: "/" });
    const cookies = new Map(browser.cookies);
    expect(await browser.get(callback)).toMatchObject({ status: 400 });
    // A code that came twice may have leaked: the session that it began is over.
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expect(await browser.get("/")).toMatchObject({ status: 303 });
  });

  it("shows an error without repeating what it was told", async () => {
    const site = await withProvider();
    const browser = site.browser();
    const { location = "" } = await browser.get("/sign-in/start");
    const state = new URL(location).searchParams.get("state");
    const query = `error=access_denied&error_description=${encodeURIComponent("<script>evil</script>")}&state=${state}`;
    const answer = await browser.get(`/oidc/callback?${query}`);
    expect(answer.status).toBe(403);
    expect(answer.text).not.toContain("evil");
    expect(answer.text).not.toContain(state);
  });

  it("keeps code and state from caches, referrers and scripts", async () => {
    const site = await withProvider();
    const answer = await viaProvider(site, site.browser());
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    for (const cookie of answer.headers.getSetCookie()) {
      expect(cookie).toMatch(/^__Host-vtb-admin-[0-9a-f]{8}-[a-z0-9-]+=.*; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    }
  });

  it("S78 goes to the public URL, whatever the request says of the host", async () => {
    const site = await withProvider();
    const liar = site.browser({
      host: "evil.example",
      "x-forwarded-host": "evil.example",
      forwarded: "host=evil.example",
    });
    const { location = "" } = await liar.get("/sign-in/start");
    expect(new URL(location).searchParams.get("redirect_uri")).toBe(`${publicUrl}/oidc/callback`);
  });
});

describe("S80 S108 the session", () => {
  it("has a new id after signing in and after proving it again, and the old one is over", async () => {
    const site = await makeSite();
    const browser = await site.signedIn("root");
    const planted = sessionIn(browser);
    await browser.get("/sign-in/again");
    const again = await browser.post("/sign-in/password", { username: "root", password: secretPhrase, again: "yes" });
    expect(again).toMatchObject({ status: 303 });
    expect(sessionIn(browser)).not.toBe(planted);
    const thief = site.browser();
    for (const name of browser.cookies.keys()) thief.cookies.set(name, planted ?? "");
    expect(await thief.get("/")).toMatchObject({ status: 303, location: "/sign-in" });
    expect(await browser.get("/")).toMatchObject({ status: 200 });
  });

  it("does not take an id that somebody else has chosen", async () => {
    const site = await makeSite();
    const name = [...(await site.signedIn("root")).cookies.keys()].find((one) => one.endsWith("-session")) ?? "";
    const browser = site.browser();
    browser.cookies.set(name, "chosen".repeat(7));
    await browser.post("/sign-in/password", { username: "root", password: secretPhrase });
    expect(sessionIn(browser)).toMatch(/^[\w-]{43}$/);
    expect(sessionIn(browser)).not.toBe("chosen".repeat(7));
  });

  it("has its own cookies at each public URL, so that two servers on one host do not end each other's", async () => {
    const [one, other] = await Promise.all([
      makeSite([], { publicUrl: "http://127.0.0.1:8090" }),
      makeSite([], { publicUrl: "http://127.0.0.1:8091" }),
    ]);
    const names = await Promise.all(
      [one, other].map(async (site) => [...(await site.signedIn("root")).cookies.keys()]),
    );
    expect(new Set(names.flat()).size).toBe(2);
    for (const name of names.flat()) expect(name).toMatch(/^vtb-admin-[0-9a-f]{8}-session$/);
  });

  it("ends half an hour after the last request", async () => {
    const site = await makeSite();
    const browser = await site.signedIn("root");
    site.clock.nowMs += 30 * 60_000 - 1;
    expect(await browser.get("/")).toMatchObject({ status: 200 });
    site.clock.nowMs += 30 * 60_000 + 60_000;
    expect(await browser.get("/")).toMatchObject({ status: 303 });
  });
});

describe("signing in again for what needs it", () => {
  it("asks for the password of somebody who signed in with one, keeps the name, and goes back", async () => {
    const site = await withProvider();
    const browser = await site.signedIn("root");
    const form = await browser.get("/sign-in/again?next=/signed-in");
    expect(form.status).toBe(200);
    expect(form.text).toContain('value="root"');
    const wrong = await browser.post("/sign-in/password", {
      username: "root",
      password: "fout",
      next: "/signed-in",
      again: "yes",
    });
    expect(wrong).toMatchObject({ status: 403 });
    expect(wrong.text).toContain('value="root"');
    expect(wrong.text).toContain('value="/signed-in"');
    expect(wrong.text).not.toContain("fout");
    expect(await browser.get("/")).toMatchObject({ status: 200 });
    const right = { username: "root", password: secretPhrase, next: "/signed-in", again: "yes" };
    expect(await browser.post("/sign-in/password", right)).toMatchObject({ status: 303, location: "/signed-in" });
  });

  it("asks the provider of somebody who signed in there, which must then say when it asked", async () => {
    const site = await withProvider();
    const browser = site.browser();
    site.provider.idClaims = { auth_time: start / 1000 - 3600 };
    await viaProvider(site, browser);
    const before = sessionIn(browser);
    const { location = "" } = await browser.get("/sign-in/again?next=/signed-in");
    const asked = new URL(location).searchParams;
    expect([asked.get("prompt"), asked.get("max_age")]).toEqual(["login", "1800"]);
    site.provider.idClaims = { auth_time: start / 1000 };
    expect(await browser.get(comeBack(site, location))).toMatchObject({ status: 303, location: "/signed-in" });
    expect(sessionIn(browser)).not.toBe(before);
  });

  it("is refused, with the reason, where the provider does not say when", async () => {
    const site = await withProvider();
    const browser = site.browser();
    site.provider.idClaims = {};
    expect(await viaProvider(site, browser)).toMatchObject({ status: 303 });
    const before = sessionIn(browser);
    const answer = await viaProvider(site, browser, "/sign-in/again");
    expect(answer.status).toBe(502);
    expect(site.events.at(-1)).toMatchObject({
      kind: "refused",
      code: "sign_in_not_fresh",
      reason: "auth_time_missing",
    });
    // Nothing is lost: the earlier session goes on.
    expect(sessionIn(browser)).toBe(before);
    expect(await browser.get("/")).toMatchObject({ status: 200 });
  });
});

describe("S84 a password", () => {
  const jan = () => person("jan", { is_superuser: false });

  it("is enough for everybody who has one while no client is enabled", async () => {
    const site = await makeSite([jan()]);
    await site.signedIn("jan");
    const page = await site.browser().get("/sign-in");
    expect(page.text).toContain('action="/beheer/sign-in/password"');
    expect(page.text).not.toContain("/sign-in/start");
  });

  it("is for superusers alone while a client is enabled, also while the provider is down, behind a link", async () => {
    const site = await withProvider([jan()]);
    const page = await site.browser().get("/sign-in");
    expect(page.text).toContain("/beheer/sign-in/start");
    expect(page.text).toContain('href="/beheer/sign-in/password"');
    expect(page.text).not.toContain('type="password"');
    await site.provider.close();
    await site.signedIn("root");
    await expect(site.signedIn("jan")).rejects.toThrow("403");
    expect(site.events.at(-1)).toMatchObject({ code: "password_refused", reason: "not_superuser" });
    const runs = await site.database.kysely.selectFrom("runs").select("through").execute();
    expect(runs.filter(({ through }) => through === "password sign-in")).toHaveLength(1);
  });

  it('is enough for all who have one with `passwordSignIn: "always"`, but for people of a provider', async () => {
    const site = await withProvider([jan(), person("piet", { is_superuser: false })], { passwordSignIn: "always" });
    const page = await site.browser().get("/sign-in");
    expect(page.text).toContain('type="password"');
    await site.signedIn("jan");
    const links = { issuer: site.provider.issuer, subject: "s-piet" };
    await site.database.kysely.updateTable("users").set(links).where("username", "=", "piet").execute();
    await expect(site.signedIn("piet")).rejects.toThrow("403");
  });

  const guess = (site: Site, username: string, address: string) =>
    site.browser({}, { address }).post("/sign-in/password", { username, password: "fout" });

  it("may be guessed from one address twenty times", { timeout: 120_000 }, async () => {
    const site = await makeSite();
    const names = Array.from({ length: 21 }, (_, index) => `iemand-${index}`);
    const statuses: number[] = [];
    for (const name of names) statuses.push((await guess(site, name, "192.0.2.1")).status);
    expect(statuses).toEqual([...names.slice(1).map(() => 403), 429]);
    expect(site.events.at(-1)).toEqual({ kind: "too_many_attempts", what: "password", address: "192.0.2.1" });
  });

  // At another site: names share 4096 counters, so that now and then another one has the same.
  it("may be guessed for one name five times, wherever from", { timeout: 120_000 }, async () => {
    const site = await makeSite();
    const ofRoot: number[] = [];
    for (let number = 0; number < 6; number += 1)
      ofRoot.push((await guess(site, "root", `198.51.100.${number}`)).status);
    expect(ofRoot).toEqual([403, 403, 403, 403, 403, 429]);
    const right = { username: "root", password: secretPhrase };
    site.clock.nowMs += 5 * 60_000;
    const browser = site.browser({}, { address: "203.0.113.1" });
    // Those that were right do not count.
    for (let number = 0; number < 25; number += 1)
      expect(await browser.post("/sign-in/password", right)).toMatchObject({ status: 303 });
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::1", "2001:db8:1:2"],
    ["2001:0db8:0001:0002::9", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    [undefined, ""],
  ])("counts %s as %s", (address, source) => {
    expect(sourceOf(address)).toBe(source);
  });
});

describe("S82 S108 signing out", () => {
  it("goes to the provider by a page, not by a redirect of the form, and comes back to the public URL", async () => {
    const site = await withProvider();
    const browser = site.browser();
    await viaProvider(site, browser);
    await browser.get("/");
    const answer = await browser.post("/sign-out");
    expect(answer.status).toBe(200);
    expect(answer.location).toBeUndefined();
    const refresh =
      /http-equiv="refresh" content="0; url=([^"]+)"/.exec(answer.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const url = new URL(refresh);
    expect(url.origin).toBe(site.provider.issuer);
    expect(url.searchParams.get("post_logout_redirect_uri")).toBe(`${publicUrl}/signed-out`);
    expect(answer.headers.get("content-security-policy")).toContain("form-action 'self';");
    expect(await browser.get("/")).toMatchObject({ status: 303 });
  });

  it("posts an ID token that is too long for a URL, to the provider's origin alone", async () => {
    const site = await withProvider();
    site.provider.idClaims = { padding: "x".repeat(3000) };
    const browser = site.browser();
    await viaProvider(site, browser);
    await browser.get("/");
    const answer = await browser.post("/sign-out");
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(`action="${site.provider.issuer}/logout"`);
    expect(answer.headers.get("content-security-policy")).toContain(`form-action 'self' ${site.provider.issuer};`);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await browser.get("/")).toMatchObject({ status: 303 });
  });
});
