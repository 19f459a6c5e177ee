import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { createLogin } from "../../src/login/create-login.js";
import type { LoginEvent } from "../../src/login/event.js";
import type { Attributes } from "../../src/plan/resource.js";
import { Secret } from "../../src/secrets/secret.js";
import { clickThrough } from "../support/click-through.js";
import { sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { type OpenIdProvider, startOpenIdProvider } from "../support/openid-provider.js";
import { configurationOf, openForTest, runOptions } from "../support/run.js";
import { providerOf } from "../verifier/bearer/world.js";
import { type Browser, openBrowser } from "./browser.js";
import { withQuery } from "./callbacks.js";
import { adminClient, redirectUri, sessionSecret, settingsOf } from "./world.js";

const secret = "a-secret-at-a-real-provider-91c2";
const back = "https://beheer.example.nl/";

let provider: OpenIdProvider;
let roles: readonly string[];
beforeAll(async () => {
  const client = (id: string, method: string, more: object = {}) => ({
    client_id: id,
    client_secret: secret,
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [back],
    token_endpoint_auth_method: method,
    ...more,
  });
  provider = await startOpenIdProvider({
    configuration: {
      clients: [
        client("basic", "client_secret_basic"),
        client("vtb-admin", "client_secret_basic", { client_secret: oddSecret }),
        client("post", "client_secret_post", { id_token_signed_response_alg: "HS256" }),
        client("signed", "client_secret_basic", { userinfo_signed_response_alg: "RS256" }),
      ],
      enabledJWA: { idTokenSigningAlgValues: ["RS256", "HS256"], userinfoSigningAlgValues: ["RS256"] },
      pkce: { required: () => true },
      claims: { openid: ["sub"], email: ["email"], profile: ["given_name", "roles"] },
      features: { devInteractions: { enabled: true }, jwtUserinfo: { enabled: true } },
      findAccount: (_context: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.nl`, given_name: "Jan", roles }),
      }),
    },
  });
  return () => provider.close();
});

async function loginAs(client: Attributes, more: Attributes = {}) {
  roles = ["beheer"];
  const url = await migratedDatabase();
  const options = settingsOf(
    { claim_mappings: { username: ["sub"], email: ["email"], first_name: ["given_name"] } },
    { claim_mapping: ["roles"] },
  );
  const admin = adminClient({ ...options, client_secret: new Secret(secret), ...userinfo, ...client });
  const none = { authorization_endpoint: null, token_endpoint: null, userinfo_endpoint: null, jwks_endpoint: null };
  // The provider says itself where everything is.
  const row = providerOf(provider, "idp", { ...none, discovery_endpoint: provider.discoveryEndpoint, ...more });
  await apply(configurationOf(row, admin), runOptions(url));
  const events: LoginEvent[] = [];
  const login = await createLogin({
    database: url,
    redirectUri,
    sessionSecret,
    env: sealingEnv(),
    postLogoutRedirectUri: back,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => login.close());
  const signIn = async (browser: Browser, atProvider = new Map<string, string>(), change = (url: URL) => url.href) => {
    const begun = await login.start({ next: "/beheer" });
    if (begun.kind === "refused") throw new Error(`expected a login to begin: ${begun.code}`);
    browser.take(begun.cookies);
    const callback = await clickThrough(begun.location, "jan", atProvider);
    const outcome = await login.finish(change(callback), browser.header());
    browser.take(outcome.cookies);
    return outcome;
  };
  const { kysely } = await openForTest(url);
  const groups = async () =>
    (await kysely.selectFrom("user_groups").innerJoin("groups", "groups.id", "group_id").select("name").execute()).map(
      ({ name }) => name,
    );
  return { login, events, signIn, groups };
}

describe("a login at a real provider", () => {
  it.each([
    { client: { client_id: "basic" }, more: { token_use_basic_auth: true } },
    {
      client: { client_id: "post", sign_algo: "HS256" },
      more: { token_use_basic_auth: false },
    },
    { client: { client_id: "signed" }, more: { token_use_basic_auth: true } },
    // F54: read back as RFC 6749 §2.3.1 has it.
    { client: { client_id: "vtb-admin", client_secret: new Secret(oddSecret) }, more: { token_use_basic_auth: true } },
  ])("S71 S77 signs a person in through the client $client.client_id", async ({ client, more }) => {
    const { login, signIn } = await loginAs(client, more);
    const browser = openBrowser();
    expect(await signIn(browser)).toMatchObject({
      kind: "signed_in",
      next: "/beheer",
      principal: { user: { username: "jan", isStaff: true } },
    });
    expect(await login.session(browser.header())).toMatchObject({ principal: { user: { username: "jan" } } });
  });

  it("updates groups at the second login, which needs no password at the provider", async () => {
    const { signIn, groups } = await loginAs({ client_id: "basic" }, basic);
    const atProvider = new Map<string, string>();
    const first = await signIn(openBrowser(), atProvider);
    expect(await groups()).toEqual(["beheer"]);
    roles = ["lezers"];
    const second = await signIn(openBrowser(), atProvider);
    expect(await groups()).toEqual(["lezers"]);
    const ids = [first, second].map((outcome) => outcome.kind === "signed_in" && outcome.principal.user.id);
    expect(ids[0]).toBe(ids[1]);
    expect([first.kind, second.kind]).toEqual(["signed_in", "signed_in"]);
  });

  it("S74 comes back with the provider's name, without which it is refused", async () => {
    const { events, signIn } = await loginAs({ client_id: "basic" }, basic);
    const seen: (string | null)[] = [];
    const outcome = await signIn(openBrowser(), undefined, (url) => {
      seen.push(url.searchParams.get("iss"));
      return withQuery(url.href, (query) => query.delete("iss"));
    });
    expect(seen).toEqual([provider.issuer]);
    expect(outcome).toMatchObject({ code: "issuer_mismatch" });
    expect(events).toContainEqual(expect.objectContaining({ kind: "refused", reason: "no_issuer_parameter" }));
    expect(await signIn(openBrowser())).toMatchObject({ kind: "signed_in" });
  });

  it("S76 proves a sign-in now with prompt=login, and is refused where the browser leaves the prompt out", async () => {
    const { login, events, signIn } = await loginAs({ client_id: "basic" }, basic);
    const [browser, atProvider] = [openBrowser(), new Map<string, string>()];
    await signIn(browser, atProvider);
    // The provider knows the person, and says nothing of when, unless asked.
    expect((await login.session(browser.header()))?.authenticatedAt).toBeUndefined();
    for (const request of [{ prompt: "login" }, { maxAge: 900 }] as const) {
      const before = Math.floor(Date.now() / 1000) * 1000;
      const begun = await login.start(request);
      if (begun.kind === "refused") throw new Error(`expected a login to begin: ${begun.code}`);
      browser.take(begun.cookies);
      const forms: string[] = [];
      const callback = await clickThrough(begun.location, "jan", atProvider, forms);
      expect(forms).toEqual("prompt" in request ? ["login"] : []);
      browser.take((await login.finish(callback.href, browser.header())).cookies);
      const { authenticatedAt } = (await login.session(browser.header())) ?? {};
      if ("prompt" in request) expect(authenticatedAt?.getTime()).toBeGreaterThanOrEqual(before);
      expect(authenticatedAt?.getTime()).toBeLessThanOrEqual(Date.now());
    }
    const begun = await login.start({ prompt: "login" });
    if (begun.kind === "refused") throw new Error(`expected a login to begin: ${begun.code}`);
    browser.take(begun.cookies);
    const stripped = withQuery(begun.location, (query) => {
      for (const name of ["prompt", "max_age"]) query.delete(name);
    });
    const silent = await clickThrough(stripped, "jan", atProvider);
    expect(await login.finish(silent.href, browser.header())).toMatchObject({ code: "sign_in_not_fresh" });
    expect(events).toContainEqual(expect.objectContaining({ kind: "refused", reason: "auth_time_missing" }));
  });

  it("S81 a code is worth nothing in another login", async () => {
    const { signIn } = await loginAs({ client_id: "basic" }, basic);
    let code = "";
    await signIn(openBrowser(), undefined, (url) => {
      code = url.searchParams.get("code") ?? "";
      return url.href;
    });
    const replay = await signIn(openBrowser(), undefined, (url) =>
      withQuery(url.href, (query) => query.set("code", code)),
    );
    expect(replay).toMatchObject({ status: 400, code: "code_refused" });
  });

  it("a wrong client secret is the administrator's to solve", async () => {
    const client = { client_id: "basic", client_secret: new Secret("not-the-right-one") };
    const { events, signIn } = await loginAs(client, basic);
    expect(await signIn(openBrowser())).toMatchObject({ status: 502, code: "configuration_rejected" });
    expect(events).toContainEqual(expect.objectContaining({ kind: "refused", reason: "invalid_client" }));
  });

  it("S82 its logout page knows the ID token, and where to go afterwards", async () => {
    const { login, signIn } = await loginAs({ client_id: "basic" }, basic);
    const [browser, atProvider] = [openBrowser(), new Map<string, string>()];
    await signIn(browser, atProvider);
    const { location } = await login.logout(browser.header());
    expect(location).toContain(`${provider.issuer}/session/end?`);
    const cookie = [...atProvider].map((pair) => pair.join("=")).join("; ");
    const answer = await fetch(location, { headers: { cookie } });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("op.logoutForm")]);
    const stranger = new URL(location);
    stranger.searchParams.set("post_logout_redirect_uri", "https://evil.example/");
    expect((await fetch(stranger, { headers: { cookie } })).status).toBe(400);
  });
});

// An ID token of this provider has but the subject.
const userinfo = { userinfo_claims_source: "userinfo_endpoint" };
const oddSecret = "0123456789 abc+def/ghi%jkl:mno=pqr&stu-v_w.x~y";
const basic = { token_use_basic_auth: true };
