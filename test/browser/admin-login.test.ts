import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrowser } from "../support/browser.js";
import { type AdminSite, readmeCommands, startAdminSite } from "./admin-site.js";
import { choose, newPerson, rightsOn, signIn, signInAtProvider } from "./person.js";

let browser: Browser;
let site: AdminSite;

beforeAll(async () => {
  [browser, site] = await Promise.all([startBrowser(), startAdminSite()]);
});
afterAll(async () => {
  site?.close();
  await browser?.close();
});

/** The status that the README's curl request gets with this token. */
async function curl(token: string): Promise<string> {
  const [command = ""] = readmeCommands().filter((line) => line.startsWith("curl "));
  const shell = command.replace("vtb_…", token).replace(/http:\S+/, site.apiUrl);
  expect(shell).toContain(`Token ${token}`);
  const args = ["-c", `${shell} --silent --output /dev/null --write-out '%{http_code}'`];
  return (await promisify(execFile)("sh", args)).stdout;
}

describe("the admin interface in an application, in a real browser", () => {
  it("S79 signs in without scripts, lands on next, and shows the permissions", async () => {
    const { context, page } = await newPerson(browser);
    await page.goto(`${site.adminUrl}/tokens`);
    await choose(page, "link", "Inloggen");
    await signInAtProvider(page, site, "jan");
    expect(page.url()).toBe(`${site.adminUrl}/tokens`);
    await page.goto(site.adminUrl);
    expect(await page.getByText("Ingelogd als jan").isVisible()).toBe(true);
    expect(await rightsOn(page)).toEqual(["taken.add_externetaak", "taken.view_externetaak"]);
    await context.close();
  });

  it("S79 lands on its own first page where next leads to another origin", async () => {
    const { context, page } = await newPerson(browser);
    await signIn(page, site, "jan", "//127.0.0.1:1/tokens");
    expect(page.url()).toBe(`${site.adminUrl}/`);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Start");
    await context.close();
  });

  it("S63 S65 shows a new token once, which curl gets in with until it is revoked", async () => {
    const { context, page } = await newPerson(browser);
    await signIn(page, site, "jan", "/tokens/new");
    await page.getByLabel("Naam van het token").fill("met-curl");
    await page.getByLabel("taken.view_externetaak").check();
    await choose(page, "button", "Token maken");
    const token = (await page.locator("#new-token").textContent()) ?? "";
    expect(token).toMatch(/^vtb_[0-9A-Za-z]{46}$/);
    expect(await curl(token)).toBe("200");
    expect(await curl(`${token.slice(0, -1)}~`)).toBe("401");

    await choose(page, "link", "Naar het token");
    expect(await page.content()).not.toContain(token);
    await choose(page, "link", "Intrekken");
    await page.getByRole("radio").first().check();
    await choose(page, "button", /intrekken/i);
    expect(await page.getByRole("status").textContent()).toContain("Ingetrokken");
    expect(await curl(token)).toBe("401");
    expect(site.log()).toContain('"reason":"revoked"');
    await context.close();
  });

  it("S82 signs out at both ends, and the next sign-in takes over what changed", async () => {
    const { context, page } = await newPerson(browser);
    await signIn(page, site, "fatima");
    expect(await page.getByText("U bent superuser").isVisible()).toBe(true);
    const before = await context.cookies(site.adminUrl);
    // Signed in at the provider: it shows no form.
    await context.clearCookies({ name: /^vtb-/ });
    await page.goto(`${site.adminUrl}/sign-in/start?next=/tokens`);
    expect(page.url()).toBe(`${site.adminUrl}/tokens`);

    await choose(page, "button", "Uitloggen");
    await choose(page, "button", "Yes, sign me out");
    expect(page.url()).toBe(`${site.adminUrl}/signed-out`);
    expect(await context.cookies(site.adminUrl)).not.toContainEqual(
      expect.objectContaining({ name: expect.stringMatching(/^vtb-admin-\w+-session$/) }),
    );
    site.changePerson("fatima", { family_name: "Yilmaz-Bos", groups: ["vtb-lezers", "onbekend"] });
    await page.goto(`${site.adminUrl}/sign-in/start`);
    expect(await page.getByPlaceholder("and password").isVisible()).toBe(true);
    await signInAtProvider(page, site, "fatima");
    expect(await rightsOn(page)).toEqual(["taken.view_externetaak"]);
    expect(await page.getByText("U bent superuser").count()).toBe(0);
    expect(before.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^vtb-admin-\w+-session$/));
    await context.close();
  });

  it("S80 keeps a session that was ended from coming back with its old cookie", async () => {
    const { context, page } = await newPerson(browser);
    await signIn(page, site, "jan");
    const cookies = await context.cookies(site.adminUrl);
    await choose(page, "button", "Uitloggen");
    await page.getByRole("button", { name: "Yes, sign me out" }).waitFor();
    await context.addCookies(cookies);
    await page.goto(site.adminUrl);
    expect(await page.getByRole("link", { name: "Inloggen" }).isVisible()).toBe(true);
    await context.close();
  });

  it("rejects a person who is not staff, says what to do, and logs why", async () => {
    const { context, page } = await newPerson(browser);
    await signIn(page, site, "piet", "/tokens");
    expect(new URL(page.url()).pathname).toBe("/beheer/oidc/callback");
    expect(await page.getByRole("main").textContent()).toMatch(/beheer/i);
    expect(site.log()).toContain('"code":"user_not_staff"');
    await page.goto(site.adminUrl);
    expect(await page.getByRole("link", { name: "Inloggen" }).isVisible()).toBe(true);
    await context.close();
  });
});

describe("examples/admin-server", () => {
  it.each(["fastify.mjs", "hono.mjs"])("is the same with %s", async (server) => {
    const other = await startAdminSite(server);
    try {
      const { context, page } = await newPerson(browser);
      await page.goto(new URL(other.adminUrl).origin);
      await choose(page, "link", "Inloggen");
      await signInAtProvider(page, other, "jan");
      expect(page.url()).toBe(`${other.adminUrl}/`);
      await choose(page, "button", "English");
      expect(await page.getByText("Signed in as jan").isVisible()).toBe(true);
      await context.close();
    } finally {
      other.close();
    }
  });
});
