import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  administrator as newAdministrator,
  type Registration,
  type WalkProvider,
  walk,
} from "../browser/admin-walk.js";
import { rightsOn } from "../browser/person.js";
import { startBrowser } from "../support/browser.js";
import { always, startServer, type TestServer } from "../support/http-server.js";
import { browserTokens, requestTokens, type Tokens } from "./browser-tokens.js";
import { describePeer } from "./checks.js";
import { administrator, type Keycloak, type KeycloakVersion, startKeycloak } from "./keycloak.js";
import { type Addresses, type Peer, person } from "./peer.js";
import { createSite, type Site } from "./site.js";
import { blocksUnder } from "./table.js";

const realm = "gemeente";

/** Follows docs/providers.md step by step, and nothing else, and then looks at what this version does. */
export function describeKeycloak(version: KeycloakVersion): void {
  let keycloak: Keycloak;
  let browser: Browser;
  let site: Site;
  let zaaksysteem: TestServer;
  let secrets: ReadonlyMap<string, string>;

  beforeAll(async () => {
    [keycloak, browser, site, zaaksysteem] = await Promise.all([
      startKeycloak(version),
      startBrowser(),
      createSite(),
      startServer(always(200, "signed in")),
    ]);
    // What a municipality has before it reads the page: a realm with people in groups.
    await keycloak.admin("POST", "", realmOf(realm));
    secrets = await makeClients();
  }, 1_500_000);
  afterAll(async () => {
    await browser?.close();
    await Promise.all([site?.close(), zaaksysteem?.close(), keycloak?.close()]);
  });

  /** The page's names are those of a municipality; here they are those of this machine. */
  function here(text: string): string {
    return text
      .replaceAll("https://login.gemeente.example", keycloak.outsideUrl)
      .replaceAll("https://keycloak.intern", keycloak.insideUrl)
      .replaceAll("https://beheer.gemeente.example/beheer", site.adminUrl)
      .replaceAll("https://zaaksysteem.gemeente.example", zaaksysteem.origin);
  }

  /** Runs the page's commands as they are; gives the clients' secrets. */
  async function makeClients(): Promise<ReadonlyMap<string, string>> {
    const folder = mkdtempSync(join(tmpdir(), "vtb-setup-kcadm-"));
    try {
      const blocks = blocksUnder("Keycloak");
      for (const { file, info, text } of blocks) {
        if (info === "json" && file !== undefined) writeFileSync(join(folder, file), here(text));
      }
      const [commands] = blocks.filter(({ info, text }) => info === "sh keycloak" && text.includes("kcadm.sh"));
      const { stdout } = await promisify(execFile)("sh", ["-ec", here(commands?.text ?? "")], {
        cwd: folder,
        env: {
          ...process.env,
          // Where it keeps its session, which is not by HOME.
          KC_OPTS: `-Duser.home=${folder}`,
          PATH: `${keycloak.bin}:${process.env.PATH}`,
          KEYCLOAK_USER: administrator.username,
          KEYCLOAK_PASSWORD: administrator.password,
        },
      });
      const clients = JSON.parse(stdout) as readonly { readonly clientId: string; readonly secret?: string }[];
      return new Map(clients.map(({ clientId, secret = "" }) => [clientId, secret]));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  const applyPage = (change = (text: string) => text) => {
    const [config] = blocksUnder("Keycloak").filter(({ info, file }) => info === "yaml" && file === undefined);
    const env = { VTB_ADMIN_SECRET: secretOf("vtb-admin"), VTB_API_SECRET: secretOf("vtb-api") };
    return site.apply(change(here(config?.text ?? "")), env);
  };
  const secretOf = (clientId: string) => secrets.get(clientId) ?? "";
  const credentials = (clientId: string) => ({ clientId, clientSecret: secretOf(clientId) });
  const endpoint = (name: string, url = keycloak.outsideUrl) =>
    `${url}/realms/${realm}/protocol/openid-connect/${name}`;
  const ownToken = async (clientId: string, usesBasicAuth = false) => {
    const grant = { grant_type: "client_credentials" };
    return ((await requestTokens(endpoint("token"), credentials(clientId), usesBasicAuth, grant)) as Tokens)
      .access_token;
  };
  const personsTokens = (clientId: string) =>
    browserTokens(browser, {
      authorizationEndpoint: endpoint("auth"),
      tokenEndpoint: endpoint("token"),
      client: credentials(clientId),
      catcher: zaaksysteem,
      signIn,
    });

  describe(`the page's steps at Keycloak ${version}`, () => {
    it("F66 the file is applied, and changes nothing the second time", async () => {
      const first = await applyPage();
      expect(first).toMatchObject({ status: 0 });
      expect(await applyPage()).toMatchObject({ status: 0, stdout: expect.stringMatching(/^No changes|^Nothing/) });
      await site.start();
    });

    it("F66 a person signs in to the admin pages, with the groups of the realm that the file takes, and out again", async () => {
      const context = await browser.newContext({ locale: "nl-NL" });
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      await page.goto(`${site.adminUrl}/sign-in/start`);
      await signIn(page);
      await page.waitForURL(`${site.adminUrl}/**`);
      expect([await page.getByRole("heading", { level: 1 }).textContent(), site.adminLog()]).toEqual([
        "Start",
        expect.not.stringContaining('"kind":"refused"'),
      ]);
      expect(await rightsOn(page)).toEqual(["taken.add_externetaak", "taken.view_externetaak"]);
      await page.getByRole("button", { name: "Uitloggen" }).click({ noWaitAfter: true });
      await page.waitForURL(`${site.adminUrl}/signed-out`);
      await page.goto(`${site.adminUrl}/sign-in/start`);
      expect(await page.locator("#username").isVisible()).toBe(true);
      await context.close();
    });

    it("F66 F51 a service account gets in with the rights of its user", async () => {
      const [curl] = blocksUnder("Keycloak").filter(({ text }) => text.startsWith("curl "));
      const { stdout } = await promisify(execFile)("sh", ["-ec", here(curl?.text ?? "")], {
        env: { ...process.env, OPEN_FORMULIEREN_SECRET: secretOf("open-formulieren") },
      });
      expect(await site.callApi(JSON.parse(stdout).access_token)).toEqual({ status: 200, reason: undefined });
      expect(await site.callApi(await ownToken("open-formulieren", true))).toMatchObject({ status: 200 });
    });

    it("F66 F50 a second client's token gets in for the person who signed in to it, and its other tokens don't", async () => {
      const tokens = await personsTokens("zaaksysteem");
      expect("nonce" in decodeJwt(tokens.access_token)).toBe(version === "23.0.7");
      expect(await site.callApi(tokens.access_token)).toEqual({ status: 200, reason: undefined });
      expect(await site.callApi(tokens.id_token)).toEqual({ status: 401, reason: "id_token" });
      expect((await site.callApi(tokens.refresh_token ?? "")).status).toBe(401);
    });

    it("F66 a client without the audience mapper doesn't get in, since account is nobody's audience", async () => {
      const { id, protocolMappers } = await clientOf("open-formulieren");
      for (const mapper of protocolMappers as readonly { readonly id: string; readonly name: string }[]) {
        if (mapper.name !== "vtb-api") continue;
        await keycloak.admin("DELETE", `/${realm}/clients/${id}/protocol-mappers/models/${mapper.id}`);
      }
      const token = await ownToken("open-formulieren");
      expect(decodeJwt(token).aud).toBe("account");
      expect(await site.callApi(token)).toEqual({ status: 401, reason: "wrong_audience" });
    });
  });

  describe.runIf(version === "26.7.3")(`what else the page says of Keycloak ${version}`, () => {
    it("a lightweight access token has too few claims to be accepted", async () => {
      await changeClient("zaaksysteem", { attributes: { "client.use.lightweight.access.token.enabled": "true" } });
      const { access_token: token } = await personsTokens("zaaksysteem");
      expect(decodeJwt(token).sub).toBeUndefined();
      expect(await site.callApi(token)).toEqual({ status: 401, reason: "wrong_audience" });
      await changeClient("zaaksysteem", { attributes: { "client.use.lightweight.access.token.enabled": "false" } });
    });

    it("an at+jwt works, without client_id where it is a person's", async () => {
      await changeClient("zaaksysteem", { attributes: { "access.token.header.type.rfc9068": "true" } });
      const { access_token: token } = await personsTokens("zaaksysteem");
      expect([decodeProtectedHeader(token).typ, decodeJwt(token).client_id]).toEqual(["at+jwt", undefined]);
      expect(await site.callApi(token)).toEqual({ status: 200, reason: undefined });
    });
  });

  describe(`two host names at Keycloak ${version}`, () => {
    it("F66 the file names the issuer and where to ask, and both kinds of token still get in", async () => {
      const [two] = blocksUnder("Keycloak").filter(({ file }) => file === "two-hosts.yaml");
      const provider = /^ {4}- identifier: keycloak\n(?: {6}.*\n)+/m;
      const [inside = ""] = provider.exec(here(two?.text ?? "")) ?? [];
      expect(await applyPage((text) => text.replace(provider, inside))).toMatchObject({ status: 0 });
      expect(await site.callApi((await personsTokens("zaaksysteem")).access_token)).toMatchObject({ status: 200 });
    });
  });

  it(`a new administrator gets from an empty database to a token with Keycloak ${version}`, async () => {
    const startProvider = (registration: Registration) => makeWalkRealm(keycloak, registration);
    await walk(browser, { language: "nl", scripts: true, startProvider });
  });

  describePeer(`Keycloak ${version}`, (addresses) => makeRealm(keycloak, addresses));

  async function clientOf(clientId: string): Promise<Readonly<Record<string, unknown>>> {
    const [client] = (await keycloak.admin("GET", `/${realm}/clients?clientId=${clientId}`)) as readonly object[];
    return client as Readonly<Record<string, unknown>>;
  }

  async function changeClient(clientId: string, change: { readonly attributes?: object }): Promise<void> {
    const client = await clientOf(clientId);
    const attributes = { ...(client.attributes as object), ...change.attributes };
    await keycloak.admin("PUT", `/${realm}/clients/${client.id}`, { ...client, ...change, attributes });
  }
}

/** A separate realm for the checks that every provider has, with clients that are named by their own tokens. */
async function makeRealm(keycloak: Keycloak, { redirectUris, postLogoutUri }: Addresses): Promise<Peer> {
  const name = "peers";
  const login = { clientId: "vtb-admin", clientSecret: "geheim-van-vtb-admin" };
  const service = { clientId: "vtb-service", clientSecret: "geheim-van-vtb-service" };
  await keycloak.admin("POST", "", realmOf(name));
  await keycloak.admin("POST", `/${name}/clients`, {
    clientId: login.clientId,
    secret: login.clientSecret,
    redirectUris,
    protocolMappers: [groupsMapper()],
    attributes: { "post.logout.redirect.uris": postLogoutUri },
  });
  await keycloak.admin("POST", `/${name}/clients`, {
    clientId: service.clientId,
    secret: service.clientSecret,
    serviceAccountsEnabled: true,
  });
  const url = `${keycloak.outsideUrl}/realms/${name}`;
  return {
    discoveryEndpoint: `${url}/`,
    authorizationEndpoint: `${url}/protocol/openid-connect/auth`,
    tokenEndpoint: `${url}/protocol/openid-connect/token`,
    login: { ...login, scopes: ["openid", "profile", "email"] },
    service: { ...service, scope: "openid" },
    serviceUser: { username: `service-account-${service.clientId}`, claim: "preferred_username" },
    clientLines: ["userinfo_claims_source: userinfo_endpoint", "check_op_availability: true"],
    signIn,
    rotateKeys: async () => {
      const { id } = (await keycloak.admin("GET", `/${name}`)) as { readonly id: string };
      await keycloak.admin("POST", `/${name}/components`, {
        name: "new",
        providerId: "rsa-generated",
        providerType: "org.keycloak.keys.KeyProvider",
        parentId: id,
        config: { priority: ["200"], enabled: ["true"], active: ["true"], keySize: ["2048"] },
      });
    },
    stop: keycloak.stop,
    start: keycloak.start,
    // The test that started it does that.
    close: async () => {},
  };
}

/** A realm in which the person is in the group that the pages are told to make administrators of. */
async function makeWalkRealm(keycloak: Keycloak, registration: Registration): Promise<WalkProvider> {
  const name = "walk";
  const client = { clientId: "vtb-beheer", clientSecret: "geheim-van-de-beheerpaginas" };
  await keycloak.admin("POST", "", realmOf(name, [newAdministrator.group]));
  await keycloak.admin("POST", `/${name}/clients`, {
    clientId: client.clientId,
    secret: client.clientSecret,
    redirectUris: [registration.redirectUri],
    protocolMappers: [groupsMapper()],
    attributes: { "post.logout.redirect.uris": registration.postLogoutUri, "pkce.code.challenge.method": "S256" },
  });
  return { discoveryEndpoint: `${keycloak.outsideUrl}/realms/${name}`, ...client, signIn };
}

/** As docs/providers.md has it. */
function groupsMapper(): unknown {
  const client = JSON.parse(blocksUnder("Keycloak").find(({ file }) => file === "vtb-admin.json")?.text ?? "");
  return client.protocolMappers[0];
}

/** A realm with a person in groups. */
function realmOf(name: string, groups: readonly string[] = ["vtb-behandelaars", "anders"]): unknown {
  return {
    realm: name,
    enabled: true,
    groups: groups.map((group) => ({ name: group })),
    users: [
      {
        username: person.username,
        enabled: true,
        email: "jan@gemeente.example",
        emailVerified: true,
        firstName: "Jan",
        lastName: "de Vries",
        groups: groups.map((group) => `/${group}`),
        credentials: [{ type: "password", value: person.password, temporary: false }],
      },
    ],
  };
}

async function signIn(page: Page): Promise<void> {
  await page.locator("#username").fill(person.username);
  await page.locator("#password").fill(person.password);
  await page.locator("#kc-login").click({ noWaitAfter: true });
}
