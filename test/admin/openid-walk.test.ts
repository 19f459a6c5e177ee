import { describe, expect, it, onTestFinished } from "vitest";
import { clickThrough } from "../support/click-through.js";
import { startOpenIdProvider } from "../support/openid-provider.js";
import { send } from "./openid-site.js";
import { makeSite, publicUrl, type SiteBrowser, type Visited } from "./site.js";

const secret = "canary-at-a-real-provider-4d2a97c1e8f04b63";

/** A provider at which these pages are registered, and everybody has the groups that are set. */
async function realProvider(groups: { current: readonly string[] }) {
  const provider = await startOpenIdProvider({
    configuration: {
      clients: [
        {
          client_id: "vtb-beheer",
          client_secret: secret,
          redirect_uris: [`${publicUrl}/oidc/callback`],
          token_endpoint_auth_method: "client_secret_basic",
          require_auth_time: true,
        },
      ],
      enabledJWA: { idTokenSigningAlgValues: ["RS256"] },
      pkce: { required: () => true },
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["given_name", "roles"] },
      features: { devInteractions: { enabled: true } },
      findAccount: (_context: unknown, id: string) => ({
        accountId: id,
        claims: () => ({
          sub: id,
          email: `${id}@example.nl`,
          email_verified: true,
          given_name: "Jan",
          roles: groups.current,
        }),
      }),
    },
  });
  onTestFinished(() => provider.close());
  return provider;
}

async function follow(browser: SiteBrowser, location: string): Promise<Visited> {
  const { pathname, search } = await clickThrough(location, "jan");
  return await browser.get(`${pathname.replace(new URL(publicUrl).pathname, "")}${search}`);
}

const toProvider = ({ text }: Visited): string =>
  (/http-equiv="refresh" content="0; url=([^"]+)"/.exec(text)?.[1] ?? "").replaceAll("&amp;", "&");

describe("the first administrator by a claim, at a real provider", () => {
  it("goes from an empty database to signing in, with nothing but the pages", async () => {
    const groups = { current: ["medewerkers"] };
    const provider = await realProvider(groups);
    const site = await makeSite([], { bootstrap: true, now: Date.now });
    const browser = site.browser();
    await browser.post("/bootstrap", { code: await site.code() });
    await browser.get("/");

    const found = await send(browser, "/openid/new-provider", {
      identifier: "keycloak",
      oidc_op_discovery_endpoint: provider.discoveryEndpoint,
      oidc_token_use_basic_auth: "yes",
      action: "discover",
    });
    expect(found.text).toContain("The discovery document was found and is right.");
    const made = await send(browser, "/openid/new-provider", {
      identifier: "keycloak",
      oidc_op_discovery_endpoint: provider.discoveryEndpoint,
      oidc_token_use_basic_auth: "yes",
    });
    expect(made.location).toBe("/openid/providers/keycloak?done=created");

    const client = {
      oidc_provider_identifier: "keycloak",
      oidc_rp_client_id: "vtb-beheer",
      secret,
      claim_username: "email",
      groups_claim: "roles",
      groups_sync: "yes",
    };
    const saved = await send(browser, "/openid/new-client", client);
    expect(saved.location).toBe("/openid/clients/admin-oidc?done=created");

    const begun = await browser.post("/openid/clients/admin-oidc/try", { prompt: "login" });
    const tried = await follow(browser, toProvider(begun));
    expect(tried.text).toContain("It works: this person can sign in.");
    expect(tried.text).toContain("The provider says that this person signed in on");
    expect(tried.text).toContain("may not use the admin pages");
    expect(await site.database.kysely.selectFrom("users").selectAll().execute()).toEqual([]);

    const rule = { superuser_group_names: "beheerders", make_users_staff: "yes" };
    expect((await send(browser, "/openid/clients/admin-oidc/edit", rule)).status).toBe(303);
    groups.current = ["beheerders"];
    const again = await follow(browser, toProvider(await browser.post("/openid/clients/admin-oidc/try")));
    expect(again.text).toContain("<p>Superuser: may do everything.</p>");
    expect((await send(browser, "/openid/clients/admin-oidc/enable")).status).toBe(303);

    // The code has done its work.
    expect((await browser.get("/openid")).text).toContain("now sign in");
    const administrator = site.browser();
    const { location = "" } = await administrator.get("/sign-in/start");
    expect(await follow(administrator, location)).toMatchObject({ status: 303 });
    expect((await administrator.get("/openid")).text).toContain("<strong>jan@example.nl</strong>");
    // With `auth_time`, the sign-in is recent.
    expect((await administrator.get("/openid/clients/admin-oidc/edit")).status).toBe(200);
    expect(JSON.stringify(site.events)).not.toContain(secret);
  });
});
