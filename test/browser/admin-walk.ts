import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Browser, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { historyTexts } from "../../src/admin/history/texts.js";
import { clientTexts } from "../../src/admin/openid/client-texts.js";
import { providerTexts } from "../../src/admin/openid/provider-texts.js";
import { openidTexts } from "../../src/admin/openid/texts.js";
import { trialTexts } from "../../src/admin/openid/trial-texts.js";
import { commonTexts } from "../../src/admin/texts.js";
import { changeTexts } from "../../src/admin/tokens/change-texts.js";
import { newTokenTexts } from "../../src/admin/tokens/new-texts.js";
import { tokenTexts } from "../../src/admin/tokens/texts.js";
import { bootstrapTexts } from "../../src/admin/way-in/bootstrap-texts.js";
import { wayInTexts } from "../../src/admin/way-in/texts.js";
import { startCli } from "../support/cli-process.js";
import { databaseEnv, databaseOf } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";
import { choose } from "./person.js";

/** Whom the provider knows, and by which group the walk makes them an administrator. */
export const administrator = { username: "jan", group: "beheerders" } as const;

/** What the pages say must be registered at the provider. */
export interface Registration {
  readonly redirectUri: string;
  readonly postLogoutUri: string;
}

/** A real provider, at which the pages are registered and the person is in the group, by `preferred_username` and `groups`. */
export interface WalkProvider {
  /** As an administrator types it. */
  readonly discoveryEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the person does at its pages, for the first time or again. */
  readonly signIn: (page: Page) => Promise<void>;
  /** Confirms signing out, where it asks. */
  readonly confirmLogout?: (page: Page) => Promise<void>;
}

interface Walk {
  readonly language: "nl" | "en";
  /** Whether the browser runs scripts. */
  readonly scripts: boolean;
  readonly startProvider: (registration: Registration) => Promise<WalkProvider>;
}

const permission = "taken.view_externetaak";
const token = "zaaksysteem";

/** From an empty database to a token that came and went, with nothing but the command, its pages and a browser. */
export async function walk(browser: Browser, { language, scripts, startProvider }: Walk): Promise<void> {
  const cwd = temporaryFolder();
  const command = startCli(["admin", "--listen", "127.0.0.1:0"], { cwd });
  const [, adminUrl = ""] = await command.printed(/^Admin pages: (\S+)\n/);
  const [, code = ""] = await command.printed(/type this code:\n\n {2}(\S+)\n/);
  const registration = { redirectUri: `${adminUrl}/oidc/callback`, postLogoutUri: `${adminUrl}/signed-out` };
  const [provider, callApi] = await Promise.all([startProvider(registration), startApi(cwd)]);
  const context = await browser.newContext({
    javaScriptEnabled: scripts,
    locale: language === "nl" ? "nl-NL" : "en-GB",
  });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const addresses: string[] = [];
  context.on("request", (request) => addresses.push(request.url()));
  const steps = stepsOf(page, language, provider);

  await page.goto(`${adminUrl}/`);
  await choose(page, "link", wayInTexts[language].toCode);
  await steps.typeCode(code);
  await steps.makeProvider();
  await steps.makeClient(registration);
  expect(await steps.tryOut("fresh")).toContain(trialTexts[language].notStaff);
  await steps.makeAdministrators();
  expect(await steps.tryOut("as before")).toContain(trialTexts[language].allRights);
  await steps.enable();

  // The code has done its work, and whoever is signed in at the provider comes in without a form.
  await choose(page, "link", wayInTexts[language].withProvider);
  await choose(page, "link", wayInTexts[language].withProvider);
  await page.waitForURL(`${adminUrl}/`);
  await steps.signOut(registration.postLogoutUri);
  await choose(page, "link", wayInTexts[language].tryAgain);
  await choose(page, "link", wayInTexts[language].withProvider);
  await provider.signIn(page);
  await page.waitForURL(`${adminUrl}/`);
  expect(await page.locator(".who strong").textContent()).toBe(administrator.username);

  const first = await steps.makeToken();
  expect(await callApi(first)).toBe(200);
  const second = await steps.rotate();
  expect(second).not.toBe(first);
  expect([await callApi(first), await callApi(second)]).toEqual([200, 200]);
  await steps.revoke();
  expect([await callApi(first), await callApi(second)]).toEqual([401, 401]);

  await choose(page, "link", commonTexts[language].menu.history);
  expect(await steps.history()).toEqual(whatHappened(language));
  const shown = await page.content();
  const download = (format: "csv" | "json") => context.request.get(`${adminUrl}/history/download?format=${format}`);
  const [csv, json] = await Promise.all([download("csv"), download("json")]);
  expect([csv.status(), json.status()]).toEqual([200, 200]);
  const cookies = (await context.cookies(adminUrl)).map(({ value }) => value);
  command.kill("SIGTERM");
  const { stderr } = await command.ended;
  const kept = [shown, await csv.text(), await json.text(), stderr, ...addresses].join("\n");
  for (const secret of [code, provider.clientSecret, first, second, ...cookies]) {
    expect(secret.length).toBeGreaterThanOrEqual(16);
    expect(kept).not.toContain(secret);
  }
}

/** The example's API as a process over the same database; gives the status of a request with a token. */
async function startApi(cwd: string): Promise<(token: string) => Promise<number>> {
  const child = spawn(process.execPath, ["examples/api-server/server.mjs"], {
    env: { PATH: process.env.PATH ?? "", ...databaseEnv(cwd), VTB_SETUP_DATABASE: databaseOf(cwd), PORT: "0" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit").then(() => Promise.reject(new Error("the API ended")));
  const [line] = await Promise.race([once(child.stdout.setEncoding("utf8"), "data"), ended]);
  // From here on, its end is the end of the test.
  ended.catch(() => {});
  const url = String(line).trim();
  return async (value) => (await fetch(url, { headers: { authorization: `Token ${value}` } })).status;
}

function stepsOf(page: Page, language: "nl" | "en", provider: WalkProvider) {
  const common = commonTexts[language];
  const openid = openidTexts[language];
  const main = page.getByRole("main");
  const save = () => choose(page, "button", common.save);
  const heading = async () => (await page.getByRole("heading", { level: 1 }).textContent()) ?? "";
  const newValue = async () => (await page.locator("#new-token").textContent()) ?? "";

  return {
    async typeCode(code: string) {
      const t = bootstrapTexts[language];
      await page.getByLabel(t.code.label).fill(code);
      await choose(page, "button", t.code.send);
      expect(await main.textContent()).toContain(common.bootstrap.banner);
      await choose(page, "link", t.home.toOpenid);
    },

    async makeProvider() {
      const t = providerTexts[language];
      await choose(page, "link", openid.newProvider);
      await page.getByLabel(t.identifier).fill("inloggen");
      await page.locator("#oidc_op_discovery_endpoint").fill(provider.discoveryEndpoint);
      await choose(page, "button", t.discover);
      expect(await main.textContent()).toContain(t.preview.ok);
      await save();
      expect(await heading()).toBe(`${openid.provider} inloggen`);
    },

    async makeClient({ redirectUri, postLogoutUri }: Registration) {
      await choose(page, "link", common.menu.openid);
      await choose(page, "link", openid.newClient);
      expect([
        await page.locator("#redirect-uri").textContent(),
        await page.locator("#logout-uri").textContent(),
      ]).toEqual([redirectUri, postLogoutUri]);
      await page.locator("#oidc_provider_identifier").selectOption("inloggen");
      await page.locator("#oidc_rp_client_id").fill(provider.clientId);
      await page.locator("#secret").fill(provider.clientSecret);
      await page.locator("#claim_username").fill("preferred_username");
      await page.locator("#groups_claim").fill("groups");
      await save();
      expect(await heading()).toBe(`${openid.client} admin-oidc`);
    },

    /** Gives what the new window shows. */
    async tryOut(how: "fresh" | "as before"): Promise<string> {
      const t = clientTexts[language];
      const opened = page.context().waitForEvent("page");
      await page.getByRole("button", { name: how === "fresh" ? t.tryFresh : t.tryOut, exact: true }).click();
      const window = await opened;
      if (how === "fresh") await provider.signIn(window);
      await window.getByRole("heading", { level: 1, name: trialTexts[language].title }).waitFor();
      const shown = (await window.getByRole("main").textContent()) ?? "";
      await window.close();
      expect(shown).toContain(trialTexts[language].works);
      // A sign-in that may change what grants must say when it was.
      expect(shown).toContain("(auth_time)");
      expect(shown).not.toContain(trialTexts[language].noAuthTime);
      return shown;
    },

    async makeAdministrators() {
      await choose(page, "link", openid.edit);
      await page.locator("#make_users_staff").check();
      await page.locator("#superuser_group_names").fill(administrator.group);
      await save();
      const { superusers } = clientTexts[language].gives;
      expect(await main.textContent()).toContain(superusers(administrator.group));
    },

    async enable() {
      await choose(page, "link", openid.enable);
      expect(await main.textContent()).toContain(openid.confirm.tried);
      await choose(page, "button", openid.enable);
      expect(await heading()).toBe(bootstrapTexts[language].over.title);
    },

    async signOut(until: string) {
      await page.getByRole("button", { name: common.signOut }).click({ noWaitAfter: true });
      await provider.confirmLogout?.(page);
      await page.waitForURL(until);
      expect(await heading()).toBe(wayInTexts[language].signedOut.title);
    },

    async makeToken(): Promise<string> {
      const t = newTokenTexts[language];
      await choose(page, "link", common.menu.tokens);
      await choose(page, "link", tokenTexts[language].make);
      await choose(page, "link", t.kinds.service_user);
      await page.getByLabel(t.name).fill(token);
      await page.getByLabel(t.more).fill(permission);
      await page.getByLabel(t.contact).fill("Jan de Vries");
      await page.getByLabel(t.email).fill("jan@gemeente.example");
      await choose(page, "button", t.button);
      expect(await heading()).toBe(changeTexts[language].created.title(token));
      return await newValue();
    },

    async rotate(): Promise<string> {
      const t = changeTexts[language];
      await choose(page, "link", t.created.toToken);
      await choose(page, "link", tokenTexts[language].actions.rotate);
      await page.getByLabel(t.rotate.overlaps["86400"]).check();
      await choose(page, "button", t.rotate.button);
      expect(await heading()).toBe(t.created.rotatedTitle(token));
      return await newValue();
    },

    async revoke() {
      const t = changeTexts[language];
      await choose(page, "link", t.created.toToken);
      await choose(page, "link", tokenTexts[language].actions.revoke);
      await page.getByLabel(t.revoke.reasons.superseded).check();
      await choose(page, "button", t.revoke.button);
      expect(await heading()).toBe(token);
    },

    /** Who did what, and its values: the newest first. */
    async history(): Promise<readonly Happened[]> {
      const rows = await main.locator("tbody tr").all();
      return await Promise.all(
        rows.map(async (row) => {
          const [what = "", , changes = "", who = ""] = await row.locator("td, th").allInnerTexts();
          return { what, who, changes };
        }),
      );
    },
  };
}

interface Happened {
  readonly what: string;
  readonly who: string;
  readonly changes: string;
}

/** What the history says of the walk. */
function whatHappened(language: "nl" | "en"): readonly Happened[] {
  const { actions, kinds, secret, secretSet } = historyTexts[language];
  const signs = { create: "+", update: "~" } as const;
  const person = `login:${administrator.username}`;
  const did = (
    who: string,
    action: "create" | "update",
    kind: keyof typeof kinds,
    key: string,
    changes: string,
  ): Happened => ({
    what: `${signs[action]} ${kinds[kind]} ${key} ${actions[action]}`,
    who,
    changes: expect.stringContaining(changes),
  });
  return [
    did(person, "update", "api_token", token, "revoked: (none) → superseded"),
    did(person, "update", "api_token", token, `token: ${secret}`),
    did(person, "create", "api_token", token, `token: ${secretSet}`),
    did("sign-in:admin-oidc", "create", "user", administrator.username, "is_superuser: true"),
    did("bootstrap", "update", "oidc_client", "admin-oidc", "enabled: false → true"),
    did("bootstrap", "update", "oidc_client", "admin-oidc", `superuser_group_names: (none) → ${administrator.group}`),
    did("bootstrap", "create", "oidc_client", "admin-oidc", `client_secret: ${secretSet}`),
    did("bootstrap", "create", "oidc_provider", "inloggen", "discovery_endpoint: http://"),
    did("bootstrap", "create", "bootstrap_session", "bootstrap", "expires_at: "),
  ];
}
