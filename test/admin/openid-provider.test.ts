import { describe, expect, it } from "vitest";
import { providerOf } from "../verifier/bearer/world.js";
import { errorsIn, fieldsOf } from "./forms.js";
import { makeClient, makeOpenIdSite, providerForm, secret, send } from "./openid-site.js";
import { person, start } from "./site.js";

const quarter = 15 * 60_000;

describe("the preview of a provider", () => {
  it("shows what the provider says before anything is saved, and sends no secret", async () => {
    const site = await makeOpenIdSite();
    site.provider.metadata = {
      id_token_signing_alg_values_supported: ["ES256"],
      token_endpoint_auth_methods_supported: ["client_secret_basic"],
      code_challenge_methods_supported: ["plain"],
      scopes_supported: ["openid", "email"],
    };
    const browser = await site.signedIn("root");
    const typed = { ...providerForm(site.provider), action: "discover" };
    const { status, text } = await send(browser, "/openid/new-provider", typed);
    expect(status).toBe(200);
    for (const said of [
      `<code>${site.provider.issuer}/token</code>`,
      "ES256",
      "openid, email",
      "does not name PKCE with S256",
      "Choose another algorithm than RS256 at the client: ES256",
      "accepts the secret in a Basic header alone",
    ])
      expect(text).toContain(said);
    expect(fieldsOf(text)).toMatchObject(providerForm(site.provider));
    expect(await site.database.kysely.selectFrom("oidc_providers").selectAll().execute()).toEqual([]);
    expect(site.provider.asked).toEqual([
      expect.objectContaining({ method: "GET", url: "/.well-known/openid-configuration", authorization: undefined }),
    ]);
  });

  it("warns of an issuer that is another one, and shows the rest", async () => {
    const site = await makeOpenIdSite();
    site.provider.metadata = { issuer: "https://idp.example.nl/realms/x", jwks_uri: `${site.provider.issuer}/jwks` };
    const browser = await site.signedIn("root");
    const typed = { ...providerForm(site.provider), action: "discover" };
    const differs = await send(browser, "/openid/new-provider", typed);
    expect(differs.text).toContain("The issuer is https://idp.example.nl/realms/x. It is another one");
    expect(differs.text).toContain(`<code>${site.provider.issuer}/token</code>`);
    // Its near twin: the issuer that the person wrote.
    const same = { ...typed, oidc_op_issuer: "https://idp.example.nl/realms/x" };
    expect((await send(browser, "/openid/new-provider", same)).text).not.toContain("It is another one");
  });

  it("says why it fails: no answer, no document, an address that nobody may be sent to", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    const preview = async (url: string) =>
      (await send(browser, "/openid/new-provider", { oidc_op_discovery_endpoint: url, action: "discover" })).text;
    expect(await preview("")).toContain("First fill in a discovery address");
    expect(await preview(`${site.provider.issuer}/other`)).toContain("answered with status 404");
    expect(await preview("http://169.254.169.254/latest")).toContain("gives no usable answer");
    await site.provider.close();
    expect(await preview(site.provider.issuer)).toContain("can&#39;t be reached");
  });

  it("is limited for each session", async () => {
    const site = await makeOpenIdSite();
    const [one, other] = [await site.signedIn("root"), await site.signedIn("root")];
    await one.get("/openid/new-provider");
    const ask = (browser: typeof one) =>
      browser.post("/openid/new-provider", { ...providerForm(site.provider), action: "discover" });
    for (let times = 0; times < 20; times += 1) expect((await ask(one)).status).toBe(200);
    const asked = site.provider.asked.length;
    expect(await ask(one)).toMatchObject({ status: 429, text: expect.stringContaining("Wait 3 seconds") });
    expect(site.provider.asked.length).toBe(asked);
    await other.get("/openid/new-provider");
    expect((await ask(other)).status).toBe(200);
    site.clock.nowMs += 3000;
    expect((await ask(one)).status).toBe(200);
  });
});

describe("the form of a provider", () => {
  it("makes a provider as a file does, managed by nobody", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    const saved = await send(browser, "/openid/new-provider", {
      ...providerForm(site.provider),
      oidc_op_former_issuers: "https://old.example.nl\r\nhttps://older.example.nl",
      oidc_use_pkce: undefined,
    });
    expect(saved).toMatchObject({ status: 303, location: "/openid/providers/keycloak?done=created" });
    const rows = await site.database.kysely.selectFrom("oidc_providers").selectAll().execute();
    expect(rows).toEqual([
      expect.objectContaining({
        identifier: "keycloak",
        owner: null,
        issuer: site.provider.issuer,
        token_endpoint: `${site.provider.issuer}/token`,
        former_issuers: JSON.stringify(["https://old.example.nl", "https://older.example.nl"]),
        use_pkce: 0,
        nonce_size: 32,
      }),
    ]);
    expect((await browser.get("/openid/providers/keycloak?done=created")).text).toContain("Saved.");
    expect(await send(browser, "/openid/providers/keycloak/edit")).toMatchObject({
      location: "/openid/providers/keycloak?done=unchanged",
    });
  });

  it("shows each mistake at its field, and keeps what was typed", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    const typed = {
      identifier: "Key Cloak",
      oidc_op_token_endpoint: "ftp://idp.example.nl/token",
      oidc_nonce_size: "many",
      oidc_op_former_issuers: "no-url",
    };
    const refused = await send(browser, "/openid/new-provider", typed);
    expect(refused.status).toBe(422);
    expect(new Set(errorsIn(refused.text).map(([field]) => field))).toEqual(
      new Set([
        "identifier",
        "oidc_op_authorization_endpoint",
        "oidc_op_token_endpoint",
        "oidc_op_user_endpoint",
        "oidc_nonce_size",
        "oidc_op_former_issuers",
      ]),
    );
    expect(errorsIn(refused.text)).toContainEqual([
      "oidc_op_token_endpoint",
      "Token endpoint: fill in a whole address, which begins with https://, or fill in a discovery address.",
    ]);
    expect(refused.text).toContain("<title>Error: New provider");
    expect(fieldsOf(refused.text)).toMatchObject(typed);
    const taken = { ...providerForm(site.provider) };
    await send(browser, "/openid/new-provider", taken);
    const again = await send(browser, "/openid/new-provider", taken);
    expect(errorsIn(again.text)).toEqual([["identifier", "This name exists already. Choose another one."]]);
  });

  it("takes addresses from the new document when another provider is discovered, and clears the secrets", async () => {
    const site = await makeOpenIdSite();
    const other = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const typed = { oidc_op_discovery_endpoint: other.provider.issuer };
    const refused = await send(browser, "/openid/providers/keycloak/edit", typed);
    expect(refused.status).toBe(422);
    expect(errorsIn(refused.text)).toEqual([["clears", expect.stringContaining("The secret of admin-oidc")]]);
    const saved = await send(browser, "/openid/providers/keycloak/edit", { ...typed, clears: "yes" });
    expect(saved.text).toContain("The secret of admin-oidc was cleared");
    const row = await site.database.kysely.selectFrom("oidc_providers").selectAll().executeTakeFirst();
    expect(row).toMatchObject({ issuer: other.provider.issuer, token_endpoint: `${other.provider.issuer}/token` });
    expect((await browser.get("/openid/clients/admin-oidc")).text).not.toContain("stored, encrypted");
    // Its near twin: what sends no secret elsewhere keeps it.
    await send(browser, "/openid/clients/admin-oidc/edit", { secret });
    const kept = await send(browser, "/openid/providers/keycloak/edit", { oidc_state_size: "40" });
    expect(kept).toMatchObject({ status: 303, location: "/openid/providers/keycloak?done=changed" });
    expect((await browser.get("/openid/clients/admin-oidc")).text).toContain("stored, encrypted");
  });

  it("answers 409 with both values when someone else was faster, and then replaces what the person saw", async () => {
    const site = await makeOpenIdSite();
    const [one, other] = [await site.signedIn("root"), await site.signedIn("root")];
    await send(one, "/openid/new-provider", providerForm(site.provider));
    const fields = fieldsOf((await one.get("/openid/providers/keycloak/edit")).text);
    site.clock.nowMs += 1000;
    await send(other, "/openid/providers/keycloak/edit", { oidc_state_size: "50" });
    const late = await one.post("/openid/providers/keycloak/edit", {
      ...fields,
      oidc_state_size: "60",
      action: "save",
    });
    expect(late.status).toBe(409);
    expect(late.text).toMatch(/<th scope="row">Length of the state<\/th><td>60<\/td><td>50<\/td>/);
    const sizes = () => site.database.kysely.selectFrom("oidc_providers").select("state_size").execute();
    expect(await sizes()).toEqual([{ state_size: 50 }]);
    const again = await one.post("/openid/providers/keycloak/edit", { ...fieldsOf(late.text), action: "save" });
    expect(again.status).toBe(303);
    expect(await sizes()).toEqual([{ state_size: 60 }]);
  });

  it("asks for a recent sign-in at the form and at what it sends, and keeps what was typed", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    const fields = fieldsOf((await browser.get("/openid/new-provider")).text);
    site.clock.nowMs = start + quarter + 1;
    expect((await browser.get("/openid/new-provider")).text).toContain("Sign in again");
    const late = await browser.post("/openid/new-provider", {
      ...fields,
      ...providerForm(site.provider),
      action: "save",
    });
    expect(late.status).toBe(403);
    expect(fieldsOf(late.text)).toMatchObject(providerForm(site.provider));
    expect(await site.database.kysely.selectFrom("oidc_providers").selectAll().execute()).toEqual([]);
    const fresh = await site.signedIn("root");
    expect(await send(fresh, "/openid/new-provider", providerForm(site.provider))).toMatchObject({ status: 303 });
  });
});

describe("a provider's page", () => {
  it("shows which keys the provider publishes now, and why some are not used", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await send(browser, "/openid/new-provider", providerForm(site.provider));
    site.provider.keys = [...site.provider.keys, { kty: "oct", k: "c2VjcmV0", kid: "shared" }];
    await browser.get("/openid/providers/keycloak");
    const { text } = await browser.post("/openid/providers/keycloak/check");
    expect(text).toMatch(/key-RS256<\/th><td>RSA<\/td><td>unknown<\/td><td>in use/);
    expect(text).toMatch(/shared<\/th><td>oct<\/td><td>unknown<\/td><td>symmetric, not used/);
    expect(text).not.toContain("c2VjcmV0");
    await site.provider.close();
    expect((await browser.post("/openid/providers/keycloak/check")).text).toContain("The keys can&#39;t be fetched");
  });

  it("is read-only where a file manages it, also for a form that was sent anyway", async () => {
    const provider = await makeOpenIdSite();
    const site = await makeOpenIdSite([providerOf(provider.provider, "idp")], { contact: "team-ict@example.nl" });
    const browser = await site.signedIn("root");
    const { text } = await browser.get("/openid/providers/idp");
    expect(text).toContain("test.yaml");
    expect(text).toContain("team-ict@example.nl");
    expect(text).not.toContain("/openid/providers/idp/edit");
    expect((await browser.get("/openid/providers/idp/edit")).status).toBe(403);
    const typed = { oidc_op_discovery_endpoint: provider.provider.issuer, oidc_state_size: "60", action: "save" };
    const sent = await browser.post("/openid/providers/idp/edit", typed);
    expect(sent).toMatchObject({ status: 403, text: expect.stringContaining("This is in a file") });
    expect((await browser.post("/openid/providers/idp/delete")).status).toBe(403);
    expect(await site.database.kysely.selectFrom("oidc_providers").select("state_size").execute()).toEqual([
      { state_size: 32 },
    ]);
  });

  it("deletes what was made here and nothing refers to", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const used = await browser.get("/openid/providers/keycloak/delete");
    expect(used.text).toContain("These clients still use the provider: admin-oidc");
    const forced = await browser.post("/openid/providers/keycloak/delete");
    expect([409, 422]).toContain(forced.status);
    expect(await send(browser, "/openid/clients/admin-oidc/delete")).toMatchObject({
      status: 303,
      location: "/openid?done=removed",
    });
    expect((await send(browser, "/openid/providers/keycloak/delete")).status).toBe(303);
    expect(await site.database.kysely.selectFrom("oidc_providers").selectAll().execute()).toEqual([]);
  });
});

describe("OpenID Connect", () => {
  it("is for superusers alone", async () => {
    const permissions = ["vtb_setup.change_tokens", "vtb_setup.change_users", "vtb_setup.view_history"];
    const site = await makeOpenIdSite([person("jan", { is_superuser: false, permissions })]);
    const browser = await site.signedIn("jan");
    for (const path of ["/openid", "/openid/new-provider", "/openid/new-client", "/openid/clients/x/edit"]) {
      expect((await browser.get(path)).status).toBe(403);
      expect((await browser.post(path, { ...providerForm(site.provider), action: "discover" })).status).toBe(403);
    }
    expect(site.provider.asked).toEqual([]);
    expect((await (await site.signedIn("root")).get("/openid")).status).toBe(200);
  });
});
