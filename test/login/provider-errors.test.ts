import { beforeAll, describe, expect, it } from "vitest";
import { json, makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { providerOf } from "../verifier/bearer/world.js";
import { openBrowser } from "./browser.js";
import { callbackIn, withError } from "./callbacks.js";
import { clientSecret, makeWorld, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

const minute = 60_000;
const expired = { error_description: "authentication_expired" };

/** A provider that says that it puts its name on each answer (RFC 9207). */
async function makeNaming(): Promise<World> {
  const world = await makeWorld(key);
  world.provider.metadata = { authorization_response_iss_parameter_supported: true };
  await world.apply(providerOf(world.provider, "idp", { discovery_endpoint: world.provider.issuer }));
  return world;
}

async function endWith(world: World, error: string, more: Readonly<Record<string, string>> = {}) {
  const browser = openBrowser();
  return world.end(browser, withError(await callbackIn(world, browser), error, more));
}

const refusalOf = (world: World) => world.events.findLast((event) => event.kind === "refused");

describe("an error that comes with a callback", () => {
  it("F59: without `iss` is an error and no attack, as Keycloak 23 sends a person's no", async () => {
    const world = await makeNaming();
    expect(await endWith(world, "access_denied")).toMatchObject({ status: 403, code: "provider_refused" });
    expect(refusalOf(world)).toMatchObject({ reason: "access_denied", found: "access_denied" });
    const named = { iss: world.provider.issuer };
    expect(await endWith(world, "access_denied", named)).toMatchObject({ code: "provider_refused" });
  });

  it("F59: with a wrong `iss` is an attack, and so is a code without one", async () => {
    const world = await makeNaming();
    const wrong = { iss: "https://evil.example" };
    expect(await endWith(world, "access_denied", wrong)).toMatchObject({ code: "issuer_mismatch" });
    expect(await endWith(world, "temporarily_unavailable", { ...expired, ...wrong })).toMatchObject({
      code: "issuer_mismatch",
    });
    expect(refusalOf(world)).toMatchObject({ reason: "wrong_issuer_parameter", found: "https://evil.example" });
    expect(await world.signIn()).toMatchObject({ code: "issuer_mismatch" });
    expect(refusalOf(world)).toMatchObject({ reason: "no_issuer_parameter" });
  });

  it("F59: `server_error` did answer; `temporarily_unavailable` is to be tried later", async () => {
    const world = await makeWorld(key);
    expect(await endWith(world, "server_error")).toMatchObject({ status: 502, code: "provider_failed" });
    expect(await endWith(world, "temporarily_unavailable")).toMatchObject({ code: "provider_unavailable" });
    const other = { error_description: "authentication_expired_not" };
    expect(await endWith(world, "temporarily_unavailable", other)).toMatchObject({ code: "provider_unavailable" });
  });

  it.each([
    ["invalid_request", /redirect URI.*`oidc_use_pkce: true`.*\(PAR\)/],
    ["invalid_client", /`oidc_rp_client_id` \(admin\)/],
    ["unauthorized_client", /authorization code flow .* for the client admin/],
    ["invalid_scope", /`oidc_rp_scopes_list`.*: openid email profile$/],
    ["unsupported_response_type", undefined],
    ["invalid_request_object", undefined],
  ])("F59: `%s` is a mistake of configuration, whose event says where to look", async (error, hint) => {
    const world = await makeWorld(key);
    const page = await endWith(world, error, { error_description: "Zie het handboek" });
    expect(page).toMatchObject({ status: 502, code: "configuration_rejected", next: undefined });
    expect(refusalOf(world)).toMatchObject({ reason: error, found: `${error}: Zie het handboek` });
    if (hint) expect(refusalOf(world)).toMatchObject({ hint: expect.stringMatching(hint) });
  });

  it("F59: that nobody knows is shown to the log in one line, and to nobody else", async () => {
    const world = await makeWorld(key);
    const page = await endWith(world, "constructor", { error_description: "a\nb\u001b[31m" });
    expect(page).toMatchObject({ code: "provider_failed" });
    expect(JSON.stringify(page)).not.toContain("constructor");
    expect(refusalOf(world)).toMatchObject({ reason: "unknown_error", found: "constructor: a\\nb\\u{1b}[31m" });
  });
});

describe("an error of the token endpoint", () => {
  it.each([
    ["invalid_client", { token_use_basic_auth: false }, /was sent in the body.*`oidc_token_use_basic_auth: true`/],
    ["invalid_client", { token_use_basic_auth: true }, /was sent in a header.*`oidc_token_use_basic_auth: false`/],
    ["unauthorized_client", {}, /`oidc_rp_client_secret`/],
    ["invalid_request", {}, /`oidc_use_pkce: true`/],
    ["invalid_scope", {}, /`oidc_rp_scopes_list`/],
    ["unsupported_grant_type", {}, undefined],
  ])("F59: `%s` is a mistake of configuration, with %j", async (error, provider, hint) => {
    const world = await makeWorld(key, { provider });
    world.provider.onToken = (response, { form }) => {
      const quoted = `${form.get("code")} ${form.get("code_verifier")} ${clientSecret}`;
      json(response, { error, error_description: `not good: ${quoted}` }, 400);
    };
    expect(await world.signIn()).toMatchObject({ status: 502, code: "configuration_rejected" });
    expect(refusalOf(world)).toMatchObject({ reason: error, found: `status 400, ${error}: not good: ••• ••• •••` });
    if (hint) expect(refusalOf(world)).toMatchObject({ hint: expect.stringMatching(hint) });
  });

  it("F59: `invalid_grant` is about the code, and what is unknown about nothing that we know", async () => {
    const world = await makeWorld(key);
    for (const [error, code] of [
      ["invalid_grant", "code_refused"],
      ["server_error", "provider_failed"],
      ["toString", "provider_failed"],
    ]) {
      world.provider.onToken = (response) => json(response, { error }, 400);
      expect(await world.signIn()).toMatchObject({ code });
    }
    expect(world.reasons()).toEqual(["invalid_grant", "server_error", "token_request_refused"]);
  });
});

describe("a login that the provider wants begun again", () => {
  it("F59: begins at once, in the same browser and with the same page to go to", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    const first = await world.begin(browser, "/beheer?a=b");
    const error = withError(world.provider.authorize(first.href), "temporarily_unavailable", expired);
    const again = await world.end(browser, error);
    expect(again.kind).toBe("redirect");
    expect(browser.names()).toHaveLength(1);
    const second = new URL(again.kind === "redirect" ? again.location : "");
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(second.searchParams.get(name)).not.toBe(first.searchParams.get(name));
    }
    expect(world.events).toContainEqual(expect.objectContaining({ kind: "restarted" }));
    const end = await world.end(browser, world.provider.authorize(second.href));
    expect(end).toMatchObject({ kind: "signed_in", next: "/beheer?a=b" });
    // What it was answered with is spent.
    expect(await world.end(browser, error)).toMatchObject({ code: "state_used" });
  });

  it("F59: begins again also where the page was open for longer than a login may take", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    const callback = await callbackIn(world, browser);
    world.clock += 45 * minute;
    const again = await world.end(browser, withError(callback, "temporarily_unavailable", expired));
    expect(again).toMatchObject({ kind: "redirect" });
  });

  it("F59: does so three times, and then shows a page: a provider that always answers so causes no loop", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    let { href } = await world.begin(browser);
    for (const kind of ["redirect", "redirect", "redirect", "refused"]) {
      const outcome = await world.end(
        browser,
        withError(world.provider.authorize(href), "temporarily_unavailable", expired),
      );
      expect(outcome.kind).toBe(kind);
      if (outcome.kind === "redirect") href = outcome.location;
      else expect(outcome).toMatchObject({ code: "state_expired", next: "/" });
    }
    expect(world.reasons()).toEqual(["authentication_expired"]);
  });

  it("F59: does not begin for a browser that has begun nothing", async () => {
    const world = await makeWorld(key);
    const callback = withError(await callbackIn(world, openBrowser()), "temporarily_unavailable", expired);
    expect(await world.end(openBrowser(), callback)).toMatchObject({ code: "state_invalid" });
  });
});

describe("a login page that was left open", () => {
  it("F59: ends in a page that starts the login again with the same return URL", async () => {
    const world = await makeWorld(key);
    for (const [minutes, code] of [
      [31, "state_expired"],
      [23 * 60, "state_expired"],
    ] as const) {
      const browser = openBrowser();
      const begun = await world.begin(browser, "/beheer");
      world.clock += minutes * minute;
      const outcome = await world.end(browser, world.provider.authorize(begun.href));
      expect(outcome).toMatchObject({ code, next: "/beheer" });
      // Its address is used up, also when the page is loaded again.
      expect(await world.end(browser, world.provider.authorize(begun.href))).toMatchObject({ code: "state_used" });
    }
    expect(world.provider.tokenRequests()).toEqual([]);
  });

  it("F59: is in time for 29 minutes", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    const begun = await world.begin(browser);
    world.clock += 29 * minute;
    expect(await world.end(browser, world.provider.authorize(begun.href))).toMatchObject({ kind: "signed_in" });
  });
});
