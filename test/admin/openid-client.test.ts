import { describe, expect, it } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { openVault } from "../../src/secrets/vault.js";
import { adminClient } from "../login/world.js";
import { sealingEnv } from "../support/databases.js";
import { providerOf } from "../verifier/bearer/world.js";
import { errorsIn, fieldsOf } from "./forms.js";
import {
  clientForm,
  endTrial,
  everythingOf,
  makeClient,
  makeOpenIdSite,
  type OpenIdSite,
  providerForm,
  secret,
  send,
  tryOut,
} from "./openid-site.js";
import { person, publicUrl, start } from "./site.js";

const edit = "/openid/clients/admin-oidc/edit";
const quarter = 15 * 60_000;

async function clientIn({ database }: OpenIdSite) {
  const row = await database.kysely.selectFrom("oidc_clients").selectAll().executeTakeFirstOrThrow();
  const vault = openVault({ env: sealingEnv(), keyFile: database.keyFile });
  return { ...row, secret: vault.open(row.client_secret, `oidc_clients/${row.id}/client_secret`).reveal() };
}

describe("the form of a client", () => {
  it("makes a client that is not enabled, as a file does, with its options and the addresses to copy", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await send(browser, "/openid/new-provider", providerForm(site.provider));
    expect((await browser.get("/openid/new-client")).text).toContain(`${publicUrl}/oidc/callback</code>`);
    const typed = { ...clientForm, groups_claim: "realm_access > roles", default_groups: "lezers\r\nschrijvers" };
    const saved = await send(browser, "/openid/new-client", typed);
    expect(saved).toMatchObject({ status: 303, location: "/openid/clients/admin-oidc?done=created" });
    const client = await clientIn(site);
    expect(client).toMatchObject({ owner: null, enabled: 0, client_id: "vtb", secret, use_pkce: null });
    expect(JSON.parse(client.options)).toEqual({
      user_settings: {
        claim_mappings: {
          username: ["email"],
          email: ["email"],
          first_name: ["given_name"],
          last_name: ["family_name"],
        },
        username_case_sensitive: true,
        allow_unverified_email: true,
      },
      groups_settings: {
        claim_mapping: ["realm_access", "roles"],
        sync: true,
        sync_pattern: "*",
        default_groups: ["lezers", "schrijvers"],
        make_users_staff: true,
        superuser_group_names: ["beheer"],
      },
    });
    const { text } = await browser.get("/openid/clients/admin-oidc");
    for (const shown of [`${publicUrl}/oidc/callback`, `${publicUrl}/signed-out`]) expect(text).toContain(shown);
    expect(text).toContain("Members of beheer become superusers and may do everything.");
    expect(text).toContain("Everybody who signs in through it joins: lezers, schrijvers.");
    // Sent back untouched, it changes nothing.
    expect(await send(browser, edit)).toMatchObject({ location: "/openid/clients/admin-oidc?done=unchanged" });
    expect(await everythingOf(site)).not.toContain(secret);
  });

  it("keeps what it does not show of the options, and paths that have a > themselves", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser, { claim_first_name: '["a > b", "c"]' });
    const { options } = await clientIn(site);
    const stored = JSON.parse(options);
    expect(stored.user_settings.claim_mappings.first_name).toEqual(["a > b", "c"]);
    stored.free = { own: [1] };
    stored.user_settings.claim_mappings.is_superuser = ["admin"];
    stored.groups_settings.on_overage = "refuse";
    await site.database.kysely
      .updateTable("oidc_clients")
      .set({ options: JSON.stringify(stored) })
      .execute();
    expect((await browser.get("/openid/clients/admin-oidc")).text).toContain(
      "Those with the claim admin become superusers",
    );
    await send(browser, edit, { claim_email: "mail" });
    stored.user_settings.claim_mappings.email = ["mail"];
    expect(JSON.parse((await clientIn(site)).options)).toEqual(stored);
  });

  it("shows each mistake at its field, keeps what was typed, and never the secret", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    const typed = { ...clientForm, identifier: "other", other_identifier: "Mijn App", claim_username: "" };
    const refused = await send(browser, "/openid/new-client", { ...typed, oidc_rp_client_id: "ví ng" });
    expect(refused.status).toBe(422);
    expect(errorsIn(refused.text).map(([field]) => field)).toEqual(
      expect.arrayContaining(["other_identifier", "oidc_rp_client_id", "claim_username"]),
    );
    const { secret: _, ...others } = typed;
    const kept = { ...others, oidc_rp_client_id: "ví ng", oidc_provider_identifier: "", secret: "" };
    expect(fieldsOf(refused.text)).toMatchObject(kept);
    const dangling = await send(browser, "/openid/new-client", { ...clientForm, oidc_provider_identifier: "gone" });
    expect(errorsIn(dangling.text)).toEqual([
      ["oidc_provider_identifier", expect.stringMatching(/^Provider: This provider does not exist\./)],
    ]);
    const empty = await send(browser, "/openid/new-client", { ...clientForm, oidc_rp_client_id: " " });
    expect(errorsIn(empty.text)).toEqual([["oidc_rp_client_id", "Client ID: fill this in."]]);
    expect(await everythingOf(site)).not.toContain(secret);
  });
});

describe("two people at one client", () => {
  it("get a 409 with both values where someone else was faster", async () => {
    const site = await makeOpenIdSite();
    const [one, other] = [await site.signedIn("root"), await site.signedIn("root")];
    await makeClient(site, one);
    const fields = { ...fieldsOf((await one.get(edit)).text), action: "save" };
    site.clock.nowMs += 1000;
    await send(other, edit, { superuser_group_names: "anderen" });
    const late = await one.post(edit, { ...fields, superuser_group_names: "mijnen", secret });
    expect(late.status).toBe(409);
    expect(late.text).toMatch(/Groups whose members are superusers[^<]*<\/th><td>mijnen<\/td><td>anderen<\/td>/);
    expect(JSON.parse((await clientIn(site)).options).groups_settings.superuser_group_names).toEqual(["anderen"]);
    expect((await one.post(edit, { ...fieldsOf(late.text), action: "save" })).status).toBe(303);
    expect(JSON.parse((await clientIn(site)).options).groups_settings.superuser_group_names).toEqual(["mijnen"]);
    expect(await everythingOf(site)).not.toContain(secret);
  });
});

describe("a client's secret", () => {
  it("stays when the field is empty, and is replaced or deleted when asked", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const { text } = await browser.get(edit);
    expect(fieldsOf(text).secret).toBe("");
    await send(browser, edit, { oidc_rp_scopes_list: "openid\r\nemail" });
    expect(await clientIn(site)).toMatchObject({ secret, scopes: '["openid","email"]' });
    const other = "canary-another-91c55ad1f0b24c7c8f4e1b7d2a63e908";
    await send(browser, edit, { secret: other });
    expect((await clientIn(site)).secret).toBe(other);
    await send(browser, edit, { remove_secret: "yes" });
    expect((await clientIn(site)).secret).toBe("");
    const everything = await everythingOf(site);
    for (const canary of [secret, other]) expect(everything).not.toContain(canary);
  });

  it("must be typed again for another client id or provider, and the same one may be", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const refused = await send(browser, edit, { oidc_rp_client_id: "other" });
    expect(errorsIn(refused.text)).toEqual([["secret", expect.stringContaining("type the secret again")]]);
    expect(await clientIn(site)).toMatchObject({ client_id: "vtb", secret });
    expect((await send(browser, edit, { oidc_rp_client_id: "other", secret })).status).toBe(303);
    expect(await clientIn(site)).toMatchObject({ client_id: "other", secret });
    await send(browser, "/openid/new-provider", { ...providerForm(site.provider), identifier: "elsewhere" });
    const moved = await send(browser, edit, { oidc_provider_identifier: "elsewhere" });
    expect(errorsIn(moved.text).map(([field]) => field)).toEqual(["secret"]);
    expect((await send(browser, edit, { oidc_provider_identifier: "elsewhere", remove_secret: "yes" })).status).toBe(
      303,
    );
    expect((await clientIn(site)).secret).toBe("");
  });

  it("is asked for again where a form lost it while someone signed in again", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const fields: Record<string, string> = { ...fieldsOf((await browser.get(edit)).text), action: "save" };
    const { secret: _, ...lost } = fields;
    const refused = await browser.post(edit, lost);
    expect(errorsIn(refused.text)).toEqual([["secret", expect.stringContaining("not kept")]]);
    // Its near twin: the field is there, and empty.
    expect((await browser.post(edit, fields)).status).toBe(303);
    site.clock.nowMs = start + quarter + 1;
    const late = await browser.post(edit, { ...fields, oidc_rp_scopes_list: "openid", secret });
    expect(late.status).toBe(403);
    expect(fieldsOf(late.text)).toMatchObject({ oidc_rp_scopes_list: "openid", secret: "" });
    expect(await clientIn(site)).toMatchObject({ scopes: '["openid","email","profile"]' });
  });
});

describe("enabling a client", () => {
  it("asks for a trial that works, with the settings as they are", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const path = "/openid/clients/admin-oidc/enable";
    const untried = await send(browser, path);
    expect(untried.status).toBe(422);
    expect(errorsIn(untried.text)).toEqual([["anyway", expect.stringContaining("First try out")]]);
    site.provider.idClaims = { email: undefined };
    expect((await tryOut(site, browser)).text).toContain("It does not work");
    expect((await send(browser, path)).status).toBe(422);
    site.provider.idClaims = {};
    expect((await tryOut(site, browser)).text).toContain("It works");
    await send(browser, edit, { oidc_rp_scopes_list: "openid\r\nemail" });
    expect((await send(browser, path)).status).toBe(422);
    expect((await clientIn(site)).enabled).toBe(0);
    await tryOut(site, browser);
    const other = await site.signedIn("root");
    expect(await send(other, path)).toMatchObject({ status: 303, location: "/openid/clients/admin-oidc?done=enabled" });
    expect((await clientIn(site)).enabled).toBe(1);
    expect((await browser.get("/openid")).text).toContain("enabled");
  });

  it("is possible without one for those who know the risk, and not by someone else's trial", async () => {
    const site = await makeOpenIdSite([person("piet")]);
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    await tryOut(site, browser);
    const piet = await site.signedIn("piet");
    const path = "/openid/clients/admin-oidc/enable";
    expect((await send(piet, path)).status).toBe(422);
    expect((await send(piet, path, { anyway: "yes" })).status).toBe(303);
    expect((await clientIn(site)).enabled).toBe(1);
  });

  it("asks for a trial of a change as well, or to save it anyway", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    await send(browser, "/openid/clients/admin-oidc/enable", { anyway: "yes" });
    // Then it is the way in, and passwords are no longer accepted: the session stays.
    const refused = await send(browser, edit, { claim_email: "mail" });
    expect(errorsIn(refused.text)).toEqual([["anyway", expect.stringContaining("First try out the change")]]);
    expect(await send(browser, edit)).toMatchObject({ location: "/openid/clients/admin-oidc?done=unchanged" });
    expect((await send(browser, edit, { claim_email: "mail", anyway: "yes" })).status).toBe(303);
    expect(JSON.parse((await clientIn(site)).options).user_settings.claim_mappings.email).toEqual(["mail"]);
    const typed = { claim_email: "email", secret };
    await endTrial(site, browser, await send(browser, edit, { ...typed, action: "try" }));
    expect((await send(browser, edit, { ...typed, claim_first_name: "nickname" })).status).toBe(422);
    expect((await send(browser, edit, typed)).status).toBe(303);
  });

  it("enables only what was seen", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const path = "/openid/clients/admin-oidc/enable";
    const fields = { ...fieldsOf((await browser.get(path)).text), anyway: "yes" };
    site.clock.nowMs += 1000;
    await send(browser, edit, { superuser_group_names: "iedereen" });
    expect((await browser.post(path, fields)).status).toBe(409);
    expect((await clientIn(site)).enabled).toBe(0);
    expect((await send(browser, path, { anyway: "yes" })).status).toBe(303);
  });
});

describe("a recent sign-in", () => {
  it("is needed for each change, at its form and where it is made", async () => {
    const site = await makeOpenIdSite();
    const browser = await site.signedIn("root");
    await makeClient(site, browser);
    const actions = ["clients/admin-oidc/enable", "clients/admin-oidc/disable", "clients/admin-oidc/delete"];
    const changes = await Promise.all(
      [...actions, "providers/keycloak/delete"].map(async (action) => ({
        path: `/openid/${action}`,
        fields: { ...fieldsOf((await browser.get(`/openid/${action}`)).text), anyway: "yes" },
      })),
    );
    const rows = async () => [
      await clientIn(site),
      await site.database.kysely.selectFrom("runs").selectAll().execute(),
    ];
    const before = await rows();
    site.clock.nowMs = start + quarter + 1;
    for (const { path, fields } of changes) {
      expect((await browser.get(path)).text).toContain("Sign in again");
      expect(await browser.post(path, fields)).toMatchObject({
        status: 403,
        text: expect.stringContaining("Sign in again"),
      });
    }
    expect(await rows()).toEqual(before);
    // Its near twin: looking needs none.
    expect((await browser.get("/openid/clients/admin-oidc")).text).toContain("disabled");
  });
});

describe("a client of a file", () => {
  it("is read-only, but can be disabled, with the advice to change the file", async () => {
    const idp = await makeOpenIdSite();
    const client = adminClient({ client_secret: new Secret(secret) });
    const site = await makeOpenIdSite([providerOf(idp.provider, "idp"), client], { passwordSignIn: "always" });
    const browser = await site.signedIn("root");
    const { text } = await browser.get("/openid/clients/admin-oidc");
    expect(text).toContain("test.yaml");
    expect(text).not.toContain(edit);
    for (const action of ["edit", "delete"]) {
      expect((await browser.get(`/openid/clients/admin-oidc/${action}`)).status).toBe(403);
      const sent = { ...clientForm, oidc_provider_identifier: "idp", sign_key: "", action: "save", anyway: "yes" };
      expect(await browser.post(`/openid/clients/admin-oidc/${action}`, sent)).toMatchObject({ status: 403 });
    }
    const disabling = await browser.get("/openid/clients/admin-oidc/disable");
    expect(disabling.text).toContain("Change the file, too");
    expect((await browser.post("/openid/clients/admin-oidc/disable")).status).toBe(303);
    expect(await clientIn(site)).toMatchObject({ enabled: 0, owner: "default", secret });
    const enabling = await browser.post("/openid/clients/admin-oidc/enable", { anyway: "yes" });
    expect(enabling).toMatchObject({ status: 403, text: expect.stringContaining("This is in a file") });
    expect((await clientIn(site)).enabled).toBe(0);
    const [run] = await site.database.kysely
      .selectFrom("runs")
      .innerJoin("run_changes", "run_changes.run_id", "runs.id")
      .select(["runs.actor", "run_changes.fields"])
      .where("runs.through", "=", "admin")
      .execute();
    expect(run).toMatchObject({ actor: "login:root", fields: expect.stringContaining("enabled") });
    await site.apply(person("root"), providerOf(idp.provider, "idp"), client);
    expect((await clientIn(site)).enabled).toBe(1);
    expect(await everythingOf(site)).not.toContain(secret);
  });
});

describe("the guards", () => {
  /** A person whom claims make a superuser, signed in through the client. */
  async function administratorByClaim(site: OpenIdSite) {
    const root = await site.signedIn("root");
    await makeClient(site, root);
    await send(root, "/openid/clients/admin-oidc/enable", { anyway: "yes" });
    site.provider.idClaims = { auth_time: start / 1000 };
    const browser = site.browser();
    const { location = "" } = await browser.get("/sign-in/start");
    await browser.get(site.provider.authorize(location));
    expect((await browser.get("/")).text).toContain("<strong>jan@example.nl</strong>");
    return { root, browser };
  }

  it("keep the person's own way in", async () => {
    const site = await makeOpenIdSite();
    const { root, browser } = await administratorByClaim(site);
    expect(await browser.post("/openid/clients/admin-oidc/disable")).toMatchObject({
      status: 403,
      text: expect.stringContaining("You would lock yourself out"),
    });
    expect((await send(browser, "/openid/clients/admin-oidc/delete")).status).toBe(403);
    expect((await clientIn(site)).enabled).toBe(1);
    // Its near twin: a person who has another way in.
    expect((await root.post("/openid/clients/admin-oidc/disable")).status).toBe(303);
    expect((await clientIn(site)).enabled).toBe(0);
  });

  it("leave someone who can sign in as an administrator", async () => {
    const site = await makeOpenIdSite();
    const { browser } = await administratorByClaim(site);
    await site.database.kysely.updateTable("users").set({ password_hash: null }).execute();
    expect(await browser.post("/openid/clients/admin-oidc/disable")).toMatchObject({
      status: 403,
      text: expect.stringContaining("There would be no administrator any more"),
    });
    const rule = { superuser_group_names: "", anyway: "yes" };
    expect((await send(browser, edit, rule)).text).toContain("There would be no administrator any more");
    expect((await send(browser, edit, { default_groups: "lezers", anyway: "yes" })).status).toBe(303);
  });
});
