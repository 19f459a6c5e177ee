import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rightsOn } from "../browser/person.js";
import { startBrowser } from "../support/browser.js";
import { always, startServer, type TestServer } from "../support/http-server.js";
import { browserTokens, requestTokens, type Tokens } from "./browser-tokens.js";
import type { Peer, StartPeer } from "./peer.js";
import { createSite, type Site } from "./site.js";
import { documentedResults } from "./table.js";

/** Each check of the table in docs/providers.md at one provider; what it comes to must be what the table says. */
export function describePeer(name: string, startPeer: StartPeer): void {
  let peer: Peer;
  let browser: Browser;
  let site: Site;
  let catcher: TestServer;
  const documented = documentedResults(name);

  beforeAll(async () => {
    [site, catcher, browser] = await Promise.all([createSite(), startServer(always(200, "back")), startBrowser()]);
    peer = await startPeer({
      redirectUris: [`${site.adminUrl}/oidc/callback`, `${catcher.origin}/callback`],
      postLogoutUri: `${site.adminUrl}/signed-out`,
    });
  }, 1_500_000);
  afterAll(async () => {
    await browser?.close();
    await Promise.all([site?.close(), catcher?.close(), peer?.close()]);
  });

  const check = (what: string, action: () => Promise<string>): void =>
    it(what, async () => expect({ [what]: await action() }).toEqual({ [what]: documented.get(what) }));

  const ownToken = async (usesBasicAuth: boolean): Promise<string> => {
    const fields = { grant_type: "client_credentials", scope: peer.service.scope };
    const tokens = await requestTokens(peer.tokenEndpoint, peer.service, usesBasicAuth, fields);
    return (tokens as Tokens).access_token;
  };
  const personsTokens = (): Promise<Tokens> =>
    browserTokens(browser, {
      authorizationEndpoint: peer.authorizationEndpoint,
      tokenEndpoint: peer.tokenEndpoint,
      catcher,
      client: peer.login,
      usesBasicAuth: true,
      scope: peer.login.scopes.join(" "),
      signIn: peer.signIn,
    });
  const atApi = async (accessToken: string): Promise<string> => {
    const { status, reason } = await site.callApi(accessToken);
    return status === 200 ? "yes" : `${status} \`${reason}\``;
  };
  /** The API accepts one of the two clients at a time. */
  const apply = async (apiClient: "login" | "service"): Promise<string> => {
    const { status, stderr } = await site.apply(configOf(peer, apiClient));
    return status === 0 ? "yes" : stderr;
  };

  describe(`what docs/providers.md says of ${name}`, () => {
    check("discovery by `apply`", async () => {
      const first = await apply("service");
      if (first === "yes") await site.start();
      return first;
    });

    for (const usesBasicAuth of [false, true]) {
      check(`a program's token, asked with ${usesBasicAuth ? "Basic credentials" : "a form"}`, async () =>
        (await ownToken(usesBasicAuth)) === "" ? "no" : "yes",
      );
    }
    check("a program's token at the API", async () => atApi(await ownToken(true)));

    check("a person's token at the API", async () => {
      await apply("login");
      return atApi((await personsTokens()).access_token);
    });
    check("a person's ID token at the API", async () => atApi((await personsTokens()).id_token));

    check("login with groups", async () => {
      const { page, close } = await newPage(browser);
      const result = await signInToPages(page);
      await close();
      return result;
    });

    check("logout", async () => {
      const { page, close } = await newPage(browser);
      await signInToPages(page);
      await page.getByRole("button", { name: "Uitloggen" }).click({ noWaitAfter: true });
      if (peer.keepsSession) {
        await page.waitForURL((url) => !url.href.startsWith(site.adminUrl));
        await page.goto(site.adminUrl);
        await page.getByRole("link", { name: "Inloggen" }).waitFor();
        await close();
        return "here alone";
      }
      await peer.confirmLogout?.(page);
      await page.waitForURL(`${site.adminUrl}/signed-out`);
      // Who is signed out there as well is asked again.
      await page.goto(`${site.adminUrl}/sign-in/start`);
      await expect.poll(() => page.url(), { timeout: 30_000 }).not.toContain(site.adminUrl);
      await page.locator("input[type=password]").waitFor();
      await close();
      return "yes";
    });

    check("a new signing key", async () => {
      await peer.rotateKeys();
      const { page, close } = await newPage(browser);
      const login = await signInToPages(page);
      await close();
      const api = await atApi((await personsTokens()).access_token);
      return login === api ? login : `login: ${login}, API: ${api}`;
    });

    check("an outage", async () => {
      const { access_token: known } = await personsTokens();
      const before = await atApi(known);
      await peer.stop();
      const during = await atApi(known);
      const { page, close } = await newPage(browser);
      // Without the look before, people are sent to a page that is not there.
      const isLookedAt = peer.clientLines.includes("check_op_availability: true");
      if (isLookedAt) await page.goto(`${site.adminUrl}/sign-in/start`);
      const reported = isLookedAt ? await page.getByRole("heading", { level: 1 }).textContent() : undefined;
      await close();
      await peer.start();
      const after = await atApi((await personsTokens()).access_token);
      expect([during, after]).toEqual([before, before]);
      if (isLookedAt) expect(reported).toBe("Inlogdienst niet beschikbaar");
      return before;
    });
  });

  async function signInToPages(page: Page): Promise<string> {
    await page.goto(`${site.adminUrl}/sign-in/start`);
    await peer.signIn(page);
    await page.waitForURL(`${site.adminUrl}/**`);
    const title = await page.getByRole("heading", { level: 1 }).textContent();
    if (title !== "Start") return `${title}: ${site.adminLog().trim().split("\n").at(-1)}`;
    // The file gives them to the group.
    const permissions = await rightsOn(page);
    return permissions.includes("taken.view_externetaak") ? "yes" : `with the permissions ${permissions.join()}`;
  }
}

async function newPage(browser: Browser) {
  const context = await browser.newContext({ locale: "nl-NL" });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  return { page, close: () => context.close() };
}

function configOf(
  { discoveryEndpoint, login, service, serviceUser, clientLines, endpointLines = [] }: Peer,
  api: "login" | "service",
) {
  const client = (identifier: string, credentials: typeof login | typeof service, isStaff: boolean) => `
    - identifier: ${identifier}
      oidc_provider_identifier: peer
      oidc_rp_client_id: ${credentials.clientId}
      oidc_rp_client_secret: ${credentials.clientSecret}
      oidc_rp_scopes_list: [${login.scopes.join(", ")}]
${clientLines.map((line) => `      ${line}\n`).join("")}      options:
        user_settings:
          claim_mappings:
            username: [${identifier === "api-oidc" && api === "service" ? serviceUser.claim : "preferred_username"}]
            email: [email]
        groups_settings:
          claim_mapping: [groups]
          sync: false
          sync_pattern: "vtb-*"
          default_groups: []
          make_users_staff: ${isStaff}
          superuser_group_names: []`;
  return `
groups_config_enable: true
groups_config:
  items:
    - name: vtb-behandelaars
      permissions: [taken.view_externetaak, taken.add_externetaak]
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - username: ${serviceUser.username}
      groups: [vtb-behandelaars]
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: peer
      oidc_token_use_basic_auth: true
      endpoint_config:
        oidc_op_discovery_endpoint: ${discoveryEndpoint}
${endpointLines.map((line) => `        ${line}\n`).join("")}  items:${client("admin-oidc", login, true)}${client("api-oidc", api === "login" ? login : service, false)}
`;
}
