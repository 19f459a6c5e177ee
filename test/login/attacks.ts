import { createSeals } from "../../src/login/cookies.js";
import { sealLoginState } from "../../src/login/login-state.js";
import type { RefusalCode } from "../../src/login/refusal-codes.js";
import { Secret } from "../../src/secrets/secret.js";
import { json } from "../verifier/bearer/issuer.js";
import { providerOf } from "../verifier/bearer/world.js";
import { type Browser, openBrowser } from "./browser.js";
import { callbackIn, withError, withQuery } from "./callbacks.js";
import { adminClient, type Finished, localUser, settingsOf, type World, type WorldOptions } from "./world.js";

export interface Attack {
  readonly name: string;
  readonly options?: () => WorldOptions;
  readonly attack: (world: World, browser: Browser) => Promise<Finished>;
  readonly status: number;
  readonly code: RefusalCode;
  /** In the log, the last one. */
  readonly reason: string;
  /** The nearest login that is accepted; an ordinary one in the same world where left out. */
  readonly twin?: (world: World, browser: Browser) => Promise<Finished>;
}

/** What a login refuses, each with the nearest thing that it takes. */
export const attacks: readonly Attack[] = [
  {
    name: "A11.95 S72 a callback without a start",
    attack: (world, browser) => world.end(browser, "/oidc/callback?code=abc&state=made-up"),
    status: 400,
    code: "state_invalid",
    reason: "unknown_state",
  },
  {
    name: "A11.95 S72 a forged state beside a real cookie",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      return world.end(
        browser,
        withQuery(callback, (query) => query.set("state", "a".repeat(32))),
      );
    },
    status: 400,
    code: "state_invalid",
    reason: "unknown_state",
    // The attempt itself is still good.
    twin: async (world, browser) => world.end(browser, await callbackIn(world, browser)),
  },
  {
    name: "S72 the cookie of one attempt under the name of another",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      const other = openBrowser();
      await callbackIn(world, other);
      const [name] = browser.names();
      const value = other.header()?.split("=").slice(1).join("=");
      return world.login.finish(callback, `${name}=${value}`);
    },
    status: 400,
    code: "state_invalid",
    reason: "wrong_state",
  },
  {
    name: "S72 a cookie that was sealed with another secret",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      const state = new URLSearchParams(callback.split("?")[1]).get("state") ?? "";
      const forged = { client: "admin-oidc", state, nonce: null, verifier: null, next: "/", issuer: null };
      const seals = createSeals(() => [new Secret("another-secret-that-an-attacker-may-know-2f8c")], Date.now);
      const sealed = sealLoginState({ ...forged, startedAtMs: world.clock, restarts: 0 }, seals);
      return world.login.finish(callback, `${browser.names()[0]}=${sealed}`);
    },
    status: 400,
    code: "state_invalid",
    reason: "cookie_forged",
  },
  {
    name: "S72 another browser's state",
    attack: async (world, browser) => world.end(browser, await callbackIn(world, openBrowser())),
    status: 400,
    code: "state_invalid",
    reason: "unknown_state",
  },
  {
    name: "S72 the attempt of another client's login",
    attack: async (world, browser) => {
      const other = await world.another({ client: "second-oidc" });
      return other.finish(await callbackIn(world, browser), browser.header());
    },
    status: 400,
    code: "state_invalid",
    reason: "other_client",
  },
  {
    name: "F59 S72 a state thirty minutes later",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      world.clock += 1_800_000;
      return world.end(browser, callback);
    },
    status: 400,
    code: "state_expired",
    reason: "state_expired",
    twin: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      world.clock += 1_799_999;
      return world.end(browser, callback);
    },
  },
  {
    name: "S72 a state that comes twice with its cookie",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      const second = browser.clone();
      await world.end(browser, callback);
      return world.end(second, callback);
    },
    status: 400,
    code: "state_used",
    reason: "state_replayed",
  },
  {
    name: "S72 a state that comes twice to two processes at once",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      const other = await world.another();
      const both = await Promise.all([
        world.login.finish(callback, browser.header()),
        other.finish(callback, browser.header()),
      ]);
      const [refused, ...rest] = both.filter(({ kind }) => kind === "refused");
      if (!refused || rest.length > 0) throw new Error("expected exactly one to be accepted");
      return refused;
    },
    status: 400,
    code: "state_used",
    reason: "state_replayed",
  },
  {
    name: "S72 a state that comes again after its cookie is gone",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      await world.end(browser, callback);
      return world.end(browser, callback);
    },
    status: 400,
    code: "state_used",
    reason: "state_replayed",
  },
  {
    name: "S73 an ID token with another login's nonce",
    attack: (world, browser) => {
      world.provider.idClaims = { nonce: "n".repeat(32) };
      return world.signIn(browser);
    },
    status: 502,
    code: "identity_unverified",
    reason: "wrong_nonce",
  },
  {
    name: "S73 an ID token without the nonce that was sent",
    attack: (world, browser) => {
      world.provider.idClaims = { nonce: undefined };
      return world.signIn(browser);
    },
    status: 502,
    code: "identity_unverified",
    reason: "wrong_nonce",
  },
  {
    name: "S74 an answer with the name of another provider",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      return world.end(
        browser,
        withQuery(callback, (query) => query.set("iss", "https://evil.example")),
      );
    },
    status: 400,
    code: "issuer_mismatch",
    reason: "wrong_issuer_parameter",
    twin: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      return world.end(
        browser,
        withQuery(callback, (query) => query.set("iss", world.provider.issuer)),
      );
    },
  },
  {
    name: "S74 an answer without the name that the provider says it sends",
    attack: async (world, browser) => {
      world.provider.metadata = { authorization_response_iss_parameter_supported: true };
      await world.apply(providerOf(world.provider, "idp", { discovery_endpoint: world.provider.issuer }));
      return world.signIn(browser);
    },
    status: 400,
    code: "issuer_mismatch",
    reason: "no_issuer_parameter",
    twin: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      return world.end(
        browser,
        withQuery(callback, (query) => query.set("iss", world.provider.issuer)),
      );
    },
  },
  {
    name: "S74 a provider that was changed after the start",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      await world.apply(providerOf(world.provider, "idp", { issuer: "https://new.example" }));
      return world.end(browser, callback);
    },
    status: 400,
    code: "issuer_mismatch",
    reason: "provider_changed",
    twin: async (world, browser) => {
      await world.apply(providerOf(world.provider));
      return world.signIn(browser);
    },
  },
  {
    name: "S75 a person who gave up at the provider",
    attack: async (world, browser) => world.end(browser, withError(await callbackIn(world, browser), "access_denied")),
    status: 403,
    code: "provider_refused",
    reason: "access_denied",
  },
  {
    name: "S75 a provider that has no time now",
    attack: async (world, browser) =>
      world.end(browser, withError(await callbackIn(world, browser), "temporarily_unavailable")),
    status: 503,
    code: "provider_unavailable",
    reason: "temporarily_unavailable",
  },
  {
    name: "S75 an error of the provider that nobody knows, with a description full of tags",
    attack: async (world, browser) => {
      const more = { error_description: "<script>alert(1)</script>", error_uri: "https://evil.example" };
      return world.end(browser, withError(await callbackIn(world, browser), "<b>evil</b>", more));
    },
    status: 502,
    code: "provider_failed",
    reason: "unknown_error",
  },
  {
    name: "S75 an error with a state that nobody sent",
    attack: (world, browser) => world.end(browser, "/oidc/callback?error=access_denied&state=unknown"),
    status: 400,
    code: "state_invalid",
    reason: "unknown_state",
  },
  {
    name: "S75 a code after its state came with an error",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      const second = browser.clone();
      await world.end(browser, withError(callback, "access_denied"));
      return world.end(second, callback);
    },
    status: 400,
    code: "state_used",
    reason: "state_replayed",
  },
  {
    name: "S77 a userinfo endpoint that fails",
    options: () => ({ client: { userinfo_claims_source: "userinfo_endpoint" } }),
    attack: (world, browser) => {
      world.provider.onUserinfo = (response) => void response.writeHead(500).end();
      return world.signIn(browser);
    },
    twin: (world, browser) => {
      world.provider.onUserinfo = undefined;
      world.clock += 60_000;
      return world.signIn(browser);
    },
    status: 503,
    code: "provider_unavailable",
    reason: "userinfo_unavailable",
  },
  {
    name: "S77 a provider that says nothing about users, where it is to be asked",
    options: () => ({
      client: { userinfo_claims_source: "userinfo_endpoint" },
      provider: { userinfo_endpoint: null },
    }),
    attack: (world, browser) => world.signIn(browser),
    twin: async (world, browser) => {
      await world.apply(providerOf(world.provider));
      return world.signIn(browser);
    },
    status: 503,
    code: "not_configured",
    reason: "no_userinfo_endpoint",
  },
  {
    name: "S77 a userinfo answer about another subject",
    options: () => ({ client: { userinfo_claims_source: "userinfo_endpoint" } }),
    attack: (world, browser) => {
      world.provider.onUserinfo = (response) => json(response, { sub: "s-piet", email: "piet@example.nl" });
      return world.signIn(browser);
    },
    status: 502,
    code: "identity_unverified",
    reason: "userinfo_mismatch",
    twin: (world, browser) => {
      world.provider.onUserinfo = (response) => json(response, { sub: "s-jan", email: "jan@example.nl" });
      return world.signIn(browser);
    },
  },
  {
    name: "S81 a code that was used",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, openBrowser());
      const code = new URLSearchParams(callback.split("?")[1]).get("code") ?? "";
      // Another browser uses it first, in its own login, where the provider accepts it.
      const begun = await callbackIn(world, browser);
      world.provider.onToken = (response) => json(response, { error: "invalid_grant" }, 400);
      return world.end(
        browser,
        withQuery(begun, (query) => query.set("code", code)),
      );
    },
    status: 400,
    code: "code_refused",
    reason: "invalid_grant",
  },
  {
    name: "S81 a stolen code in the thief's own login: the challenge is another one",
    attack: async (world, browser) => {
      const stolen = new URLSearchParams((await callbackIn(world, openBrowser())).split("?")[1]).get("code") ?? "";
      return world.end(
        browser,
        withQuery(await callbackIn(world, browser), (query) => query.set("code", stolen)),
      );
    },
    status: 400,
    code: "code_refused",
    reason: "invalid_grant",
  },
  {
    name: "S85 a token endpoint that redirects the secret to another host (307)",
    attack: (world, browser) => {
      world.provider.onToken = (response) => void response.writeHead(307, { location: "https://evil.example/" }).end();
      return world.signIn(browser);
    },
    status: 502,
    code: "provider_failed",
    reason: "token_answer_invalid",
  },
  {
    name: "S85 an endless answer of the token endpoint",
    attack: (world, browser) => {
      world.provider.onToken = (response) => json(response, { access_token: "x".repeat(600 * 1024) });
      return world.signIn(browser);
    },
    status: 502,
    code: "provider_failed",
    reason: "token_answer_invalid",
  },
  {
    name: "an answer of the token endpoint with a name twice",
    attack: (world, browser) => {
      world.provider.onToken = (response) =>
        void response
          .writeHead(200, { "content-type": "application/json" })
          .end('{"access_token":"a","token_type":"bearer","id_token":"a","id_token":"b"}');
      return world.signIn(browser);
    },
    status: 502,
    code: "provider_failed",
    reason: "token_answer_invalid",
  },
  {
    name: "a client secret that the provider does not take",
    attack: (world, browser) => {
      world.provider.onToken = (response) => json(response, { error: "invalid_client" }, 401);
      return world.signIn(browser);
    },
    status: 502,
    code: "configuration_rejected",
    reason: "invalid_client",
  },
  {
    name: "a token endpoint that is down",
    attack: (world, browser) => {
      world.provider.onToken = (response) => void response.writeHead(503).end();
      return world.signIn(browser);
    },
    status: 503,
    code: "provider_unavailable",
    reason: "token_endpoint_unavailable",
  },
  {
    name: "tokens without an ID token",
    attack: (world, browser) => {
      world.provider.onToken = (response) => json(response, { access_token: "a", token_type: "bearer" });
      return world.signIn(browser);
    },
    status: 502,
    code: "identity_unverified",
    reason: "no_id_token",
  },
  {
    name: "A11.80 a client that was disabled meanwhile",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      await world.apply(adminClient({ enabled: false }));
      return world.end(browser, callback);
    },
    status: 403,
    code: "client_disabled",
    reason: "client_disabled",
    twin: async (world, browser) => {
      await world.apply(adminClient());
      return world.signIn(browser);
    },
  },
  {
    name: "an inactive user",
    options: () => ({
      resources: [localUser("jan@example.nl", { is_active: false, is_superuser: false, is_staff: false })],
    }),
    attack: (world, browser) => world.signIn(browser),
    status: 403,
    code: "user_inactive",
    reason: "inactive_user",
    twin: async (world, browser) => {
      await world.apply(localUser("jan@example.nl", { is_active: true, is_superuser: false, is_staff: false }));
      return world.signIn(browser);
    },
  },
  {
    name: "a user without the staff flag on staff pages",
    options: () => ({ client: settingsOf({}, { make_users_staff: false }) }),
    attack: (world, browser) => world.signIn(browser),
    status: 403,
    code: "user_not_staff",
    reason: "not_staff",
    twin: async (world, browser) => {
      const open = await world.another({ requireStaff: false });
      return open.finish(await callbackIn(world, browser), browser.header());
    },
  },
  {
    name: "a callback with two states",
    attack: async (world, browser) =>
      world.end(
        browser,
        withQuery(await callbackIn(world, browser), (query) => query.append("state", "b")),
      ),
    status: 400,
    code: "callback_invalid",
    reason: "ambiguous",
  },
  {
    name: "a callback with a code and an error",
    attack: async (world, browser) =>
      world.end(
        browser,
        withQuery(await callbackIn(world, browser), (query) => query.append("error", "access_denied")),
      ),
    status: 400,
    code: "callback_invalid",
    reason: "ambiguous",
  },
  {
    name: "a callback without a code",
    attack: async (world, browser) =>
      world.end(
        browser,
        withQuery(await callbackIn(world, browser), (query) => query.delete("code")),
      ),
    status: 400,
    code: "callback_invalid",
    reason: "no_code",
  },
  {
    name: "a callback of many kilobytes",
    attack: async (world, browser) =>
      world.end(
        browser,
        withQuery(await callbackIn(world, browser), (query) => query.set("code", "c".repeat(5000))),
      ),
    status: 400,
    code: "callback_invalid",
    reason: "too_long",
  },
  {
    name: "a callback without anything",
    attack: (world, browser) => world.end(browser, "/oidc/callback"),
    status: 400,
    code: "state_invalid",
    reason: "no_state",
  },
  {
    name: "a callback that is no URL",
    attack: (world, browser) => world.end(browser, "http://["),
    status: 400,
    code: "callback_invalid",
    reason: "no_url",
  },
];
