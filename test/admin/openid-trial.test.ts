import { describe, expect, it } from "vitest";
import { localUser } from "../login/world.js";
import { resource } from "../support/run.js";
import { errorsIn, fieldsOf } from "./forms.js";
import {
  clientForm,
  endTrial,
  everythingOf,
  makeClient,
  makeOpenIdSite,
  type OpenIdSite,
  secret,
  tryOut,
} from "./openid-site.js";
import { start } from "./site.js";

async function rowsOf({ database: { kysely } }: OpenIdSite): Promise<string> {
  const tables = [
    "users",
    "groups",
    "user_groups",
    "login_sessions",
    "applied_claims",
    "runs",
    "oidc_clients",
  ] as const;
  return JSON.stringify(await Promise.all(tables.map((table) => kysely.selectFrom(table).selectAll().execute())));
}

describe("trying a client out", () => {
  it("is a real sign-in that saves nothing, and shows what claims become", async () => {
    const site = await makeOpenIdSite([resource("group", "lezers", { permissions: ["taken.view_taak"] })]);
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    site.provider.idClaims = { groups: ["lezers", "nieuw"], auth_time: start / 1000 - 60 };
    const before = await rowsOf(site);
    const cookies = [...browser.cookies];
    const { status, text } = await tryOut(site, browser);
    expect(status).toBe(200);
    for (const shown of [
      "It works",
      "There will be a new account with the name jan@example.nl.",
      "<dd>Jansen</dd>",
      '<th scope="row">lezers</th><td>exists</td>',
      '<th scope="row">nieuw</th><td>will be created</td>',
      "<li>taken.view_taak</li>",
      "The provider says that this person signed in on",
      '<th scope="row"><code>sub</code></th><td><code>&quot;s-jan&quot;</code></td>',
    ])
      expect(text).toContain(shown);
    expect(text).not.toContain("may do everything</p>");
    expect(await rowsOf(site)).toBe(before);
    expect([...browser.cookies]).toEqual(cookies);
    expect((await browser.get("/")).text).toContain("<strong>root</strong>");
    expect(await everythingOf(site)).not.toContain(secret);
  });

  it("shows the rights of an account that is there, after the claims", async () => {
    const site = await makeOpenIdSite([
      resource("group", "lezers", { permissions: ["taken.view_taak"] }),
      localUser("jan@example.nl", { is_superuser: false, is_staff: false, permissions: ["taken.add_taak"] }),
    ]);
    const browser = await site.signedIn("root");
    await makeClient(site, browser, { make_users_staff: undefined });
    site.provider.idClaims = { groups: ["lezers"] };
    const { text } = await tryOut(site, browser);
    expect(text).toContain("This is the existing account jan@example.nl.");
    expect(text).toContain("<ul><li>taken.add_taak</li><li>taken.view_taak</li></ul>");
    expect(text).toContain("may not use the admin pages");
    site.provider.idClaims = { groups: ["beheer"] };
    expect((await tryOut(site, browser)).text).toContain("<p>Superuser: may do everything.</p>");
  });

  it("says in plain words why it would fail", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const noTime = await tryOut(site, browser, { prompt: "login" });
    expect(noTime.text).toContain("does not confirm that this person signed in just now");
    expect((await tryOut(site, browser)).text).toContain("does not say when this person signed in");
    site.provider.idClaims = { email: undefined };
    const noName = await tryOut(site, browser);
    expect(noName.text).toContain("See which claim is missing");
    expect(noName.text).toContain("<dd>[email]</dd>");
    site.provider.onToken = (response) => {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: "invalid_client", error_description: `wrong secret ${secret}` }));
    };
    expect((await tryOut(site, browser)).text).toContain("Check the client ID, the secret, the scopes");
    site.provider.onToken = undefined;
    site.provider.onDiscovery = (response) => void response.writeHead(500).end();
    await site.database.kysely.updateTable("oidc_providers").set({ token_endpoint: null }).execute();
    const down = await browser.post("/openid/clients/admin-oidc/try");
    expect(down.text).toContain("can&#39;t be reached from this server");
    expect(await everythingOf(site)).not.toContain(secret);
  });

  it("works for values that are not saved, with the secret that was typed", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const path = "/openid/clients/admin-oidc/edit";
    const fields = fieldsOf((await browser.get(path)).text);
    const typed = { ...fields, claim_username: "sub", action: "try" };
    const without = await browser.post(path, typed);
    expect(errorsIn(without.text)).toEqual([["secret", expect.stringContaining("not used for that")]]);
    expect(site.provider.tokenRequests()).toEqual([]);
    const before = await rowsOf(site);
    const other = "canary-another-91c55ad1f0b24c7c8f4e1b7d2a63e908";
    const { text } = await endTrial(site, browser, await browser.post(path, { ...typed, secret: other }));
    expect(text).toContain("The username is s-jan.");
    expect(site.provider.tokenRequests().map(({ form }) => form.get("client_secret"))).toEqual([other]);
    expect(await rowsOf(site)).toBe(before);
    const everything = await everythingOf(site);
    for (const canary of [secret, other]) expect(everything).not.toContain(canary);
    // It counts for exactly these values.
    await browser.get(path);
    const saved = await browser.post(path, { ...typed, secret: other, action: "save" });
    expect(saved.text).toContain("The change was saved.");
    const enabled = await browser.get("/openid/clients/admin-oidc/enable");
    expect(enabled.text).toContain("You tried out signing in with these settings, and it worked.");
  });

  it("shows nothing to others, who may not start one either", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const begun = await browser.post("/openid/clients/admin-oidc/try");
    await browser.post("/sign-out");
    const { status, text } = await endTrial(site, browser, begun);
    expect(status).toBe(404);
    expect(text).not.toContain("s-jan");
    expect((await site.browser().post("/openid/clients/admin-oidc/try")).status).toBe(403);
    expect(clientForm.secret).toBe(secret);
  });
});
