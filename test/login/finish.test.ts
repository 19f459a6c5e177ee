import { beforeAll, describe, expect, it } from "vitest";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { callbackIn, withError, withQuery } from "./callbacks.js";
import { signWith } from "./fake-provider.js";
import { makeWorld } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

describe("the end of a login", () => {
  it("S72 clears the attempt's cookie whatever came of it", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    await world.end(browser, withError(await callbackIn(world, browser), "access_denied"));
    expect(browser.names()).toEqual([]);
    await world.signIn(browser);
    expect(browser.names()).toEqual(["__Host-vtb-session"]);
  });

  it("S74 never sends a code to the token endpoint when its answer is another provider's", async () => {
    const honest = await makeWorld(key);
    const attacker = await makeWorld(key);
    const browser = openBrowser();
    const callback = honest.provider.authorize((await honest.begin(openBrowser())).href);
    const begun = await attacker.begin(browser);
    const state = begun.searchParams.get("state") ?? "";
    const mixed = withQuery(callback, (query) => {
      query.set("state", state);
      query.set("iss", honest.provider.issuer);
    });
    expect(await attacker.end(browser, mixed)).toMatchObject({ code: "issuer_mismatch" });
    expect(attacker.provider.tokenRequests()).toEqual([]);
    // With the right name, it is sent.
    const next = attacker.provider.authorize((await attacker.begin(browser)).href);
    await attacker.end(
      browser,
      withQuery(next, (query) => query.set("iss", attacker.provider.issuer)),
    );
    expect(attacker.provider.tokenRequests()).toHaveLength(1);
  });

  it("S77 takes a signed userinfo answer only with the provider's signature", async () => {
    const other = await makeKey("RS256", "other");
    const world = await makeWorld(key, { client: { userinfo_claims_source: "userinfo_endpoint" } });
    for (const [signer, kind] of [
      [key, "signed_in"],
      [other, "refused"],
    ] as const) {
      world.provider.onUserinfo = (response) =>
        void response
          .writeHead(200, { "content-type": "application/jwt" })
          .end(signWith(signer, {}, { ...world.provider.person, aud: "admin", iss: world.provider.issuer }));
      expect((await world.signIn()).kind).toBe(kind);
    }
    expect(world.reasons()).toEqual(["userinfo_invalid"]);
  });

  it("S78 sends the configured redirect_uri whatever host the callback came to", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    const [, query] = (await callbackIn(world, browser)).split("?");
    expect(await world.end(browser, `https://evil.example/else?${query}`)).toMatchObject({ kind: "signed_in" });
    const [asked] = world.provider.tokenRequests();
    expect(asked?.form.get("redirect_uri")).toBe("https://beheer.example.nl/oidc/callback");
  });

  it("S79 logs that the return URL is of another origin, without the URL", async () => {
    const world = await makeWorld(key);
    const ignored = { kind: "next_ignored", client: "admin-oidc" };
    await world.begin(openBrowser());
    for (const own of ["/", "/beheer?a=b"]) await world.begin(openBrowser(), own);
    expect(world.events).not.toContainEqual(ignored);
    await world.begin(openBrowser(), "//evil.example");
    expect(world.events).toContainEqual(ignored);
  });

  it("S81 ends the session of a code that comes twice, and no other one", async () => {
    const world = await makeWorld(key);
    const [first, other] = [openBrowser(), openBrowser()];
    await world.signIn(other);
    const callback = await callbackIn(world, first);
    await world.end(first, callback);
    expect(await world.login.session(first.header())).toBeDefined();
    await world.end(openBrowser(), callback);
    expect(await world.login.session(first.header())).toBeUndefined();
    expect(await world.login.session(other.header())).toBeDefined();
    expect(world.events.at(-2)).toMatchObject({ kind: "session_ended", reason: "code_replayed" });
  });

  it("S81 ends it also when the code comes back in another login", async () => {
    const world = await makeWorld(key);
    const [first, thief] = [openBrowser(), openBrowser()];
    const callback = await callbackIn(world, first);
    await world.end(first, callback);
    const code = new URLSearchParams(callback.split("?")[1]).get("code") ?? "";
    const begun = await callbackIn(world, thief);
    expect(
      await world.end(
        thief,
        withQuery(begun, (query) => query.set("code", code)),
      ),
    ).toMatchObject({
      code: "code_refused",
    });
    expect(await world.login.session(first.header())).toBeUndefined();
  });

  it("works in several tabs at once, and keeps five attempts in the browser at most", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    const begun: URL[] = [];
    for (let tab = 0; tab < 7; tab += 1) {
      begun.push(await world.begin(browser, `/tab-${tab}`));
      world.clock += 1000;
    }
    expect(browser.names()).toHaveLength(5);
    for (const [tab, code] of [
      [6, undefined],
      [2, undefined],
      [1, "state_invalid"],
    ] as const) {
      const outcome = await world.end(browser, world.provider.authorize(begun[tab]?.href ?? ""));
      expect(outcome).toMatchObject(code ? { code } : { next: `/tab-${tab}` });
    }
  });
});
