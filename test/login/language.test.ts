import { beforeAll, describe, expect, it } from "vitest";
import { texts } from "../../src/login/texts.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { withError } from "./callbacks.js";
import { makeWorld, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

type Started = Parameters<World["login"]["start"]>[0];

async function begin(world: World, request: Started) {
  const browser = openBrowser();
  const begun = await world.login.start(request);
  if (begun.kind !== "redirect") throw new Error(`expected a login to begin: ${begun.code}`);
  browser.take(begun.cookies);
  return { browser, url: new URL(begun.location) };
}

describe("the language of one request", () => {
  it("is that of the login's pages until its end, through a restart too, and asked for at the provider", async () => {
    const world = await makeWorld(key);
    const { browser, url } = await begin(world, { language: "en" });
    expect(url.searchParams.get("ui_locales")).toBe("en");
    const again = { error_description: "authentication_expired" };
    const restarted = await world.login.finish(
      withError(world.provider.authorize(url.href), "temporarily_unavailable", again),
      browser.header(),
    );
    if (restarted.kind !== "redirect") throw new Error("expected a restart");
    browser.take(restarted.cookies);
    expect(new URL(restarted.location).searchParams.get("ui_locales")).toBe("en");
    const refused = withError(world.provider.authorize(restarted.location), "access_denied");
    expect(await world.login.finish(refused, browser.header())).toMatchObject(texts.en.provider_refused);
  });

  it("is, without one, the option's, and no wish at the provider", async () => {
    const world = await makeWorld(key);
    const { browser, url } = await begin(world, {});
    expect(url.searchParams.has("ui_locales")).toBe(false);
    const refused = withError(world.provider.authorize(url.href), "access_denied");
    expect(await world.login.finish(refused, browser.header())).toMatchObject(texts.nl.provider_refused);
  });

  it("of the request that ends a login beats the one that began it", async () => {
    const world = await makeWorld(key, { login: { language: "en" } });
    const { browser, url } = await begin(world, { language: "en" });
    const refused = withError(world.provider.authorize(url.href), "access_denied");
    expect(await world.login.finish(refused, browser.header(), { language: "nl" })).toMatchObject(
      texts.nl.provider_refused,
    );
    expect(await world.login.finish("/oidc/callback", undefined, { language: "nl" })).toMatchObject(
      texts.nl.state_invalid,
    );
    expect(await world.login.finish("/oidc/callback", undefined)).toMatchObject(texts.en.state_invalid);
  });

  it("counts for refusals at the start and of passwords", async () => {
    const world = await makeWorld(key, { client: { enabled: false } });
    expect(await world.login.start({ language: "en" })).toMatchObject(texts.en.client_disabled);
    expect(await world.login.start()).toMatchObject(texts.nl.client_disabled);
    const wrong = { username: "jan", password: "verkeerd" };
    expect(await world.login.signInWithPassword({ ...wrong, language: "en" }, undefined)).toMatchObject(
      texts.en.password_refused,
    );
  });

  it.each(["fr", "__proto__", "toString", "", 1, null])(
    "that there are no texts in, %j, counts as none",
    async (other) => {
      const world = await makeWorld(key);
      // As a server in JavaScript may pass it on.
      const language = other as "nl";
      const { browser, url } = await begin(world, { language });
      expect(url.searchParams.has("ui_locales")).toBe(false);
      const refused = withError(world.provider.authorize(url.href), "access_denied");
      expect(await world.login.finish(refused, browser.header(), { language })).toMatchObject(
        texts.nl.provider_refused,
      );
    },
  );
});
