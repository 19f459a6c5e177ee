import { beforeAll, describe, expect, it } from "vitest";
import { readCookies } from "../../src/login/cookies.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { makeWorld } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

describe("a Cookie header", () => {
  it("is read by name; a name that is there twice counts as not there", () => {
    const cookies = readCookies("a=1; b=x=y;c=; a=2;d");
    expect([...cookies]).toEqual([
      ["b", "x=y"],
      ["c", ""],
    ]);
    expect(readCookies("a=1; a=1").size).toBe(0);
    expect(readCookies(undefined).size).toBe(0);
  });

  it("is not read when it is longer than 32 KiB", () => {
    const rest = (length: number) => `a=1; b=${"x".repeat(length - 7)}`;
    expect(readCookies(rest(32 * 1024)).get("a")).toBe("1");
    expect(readCookies(rest(32 * 1024 + 1)).size).toBe(0);
  });
});

describe("S72 S80 a login's cookies", () => {
  it("are for this host and https alone, and no script's", async () => {
    const world = await makeWorld(key);
    const begun = await world.login.start();
    expect(begun.cookies).toEqual([
      expect.stringMatching(
        /^__Host-vtb-login-[0-9a-f]{16}=v1\.[\w.-]+; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      ),
    ]);
    const ended = await world.signIn();
    expect(ended.cookies).toEqual([
      expect.stringMatching(/^__Host-vtb-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
      expect.stringMatching(/^__Host-vtb-login-[0-9a-f]{16}=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
    ]);
    expect((await world.login.logout(undefined)).cookies).toEqual([
      "__Host-vtb-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure",
    ]);
  });

  it("do without Secure and its prefix on this machine's http alone", async () => {
    const world = await makeWorld(key, { login: { redirectUri: "http://127.0.0.1:3000/oidc/callback" } });
    const { cookies } = await world.login.start();
    expect(cookies).toEqual([
      expect.stringMatching(/^vtb-login-[0-9a-f]{16}=v1\.[\w.-]+; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    const browser = openBrowser();
    await world.signIn(browser);
    expect(browser.names()).toEqual(["vtb-session"]);
    expect(await world.login.session(browser.header())).toBeDefined();
  });

  it("reveal nothing of the login to a reader", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    const url = await world.begin(browser, "/geheim-pad");
    const written = browser.header() ?? "";
    const decoded = Buffer.from(written, "base64url").toString("latin1");
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(written + decoded).not.toContain(url.searchParams.get(name));
    }
    expect(written + decoded).not.toContain("geheim-pad");
  });

  it("have the names of their server, so that two on one host keep apart", async () => {
    const world = await makeWorld(key);
    // Its session's cookie begins as the first one's logins do.
    const other = await world.another({ cookieName: "vtb-login" });
    const browser = openBrowser();
    await world.signIn(browser);
    const begun = await other.start({ cookieHeader: browser.header() });
    if (begun.kind !== "redirect") throw new Error("expected a login to begin");
    browser.take(begun.cookies);
    browser.take((await other.finish(world.provider.authorize(begun.location), browser.header())).cookies);
    expect(browser.names()).toEqual(["__Host-vtb-session", "__Host-vtb-login-session"]);
    // More logins than a browser keeps: neither server clears what is the other's.
    for (let tab = 0; tab < 7; tab += 1) await world.begin(browser);
    for (const login of [world.login, other]) expect(await login.session(browser.header())).toBeDefined();
    browser.take((await world.login.logout(browser.header())).cookies);
    expect(await world.login.session(browser.header())).toBeUndefined();
    expect(await other.session(browser.header())).toBeDefined();
  });
});
