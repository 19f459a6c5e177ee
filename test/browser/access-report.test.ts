import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { tokenA, tokenB, tokenItem, tokens, users, workplace } from "../cli/outcome.js";
import { startBrowser } from "../support/browser.js";
import { runCliProcess } from "../support/cli.js";
import { keycloakProvider } from "../support/config-text.js";
import { hiddenFocus, widerThanScreen } from "./page-checks.mjs";
import { violations } from "./visits.js";

const config = `groups_config_enable: true
groups_config:
  items:
    - {name: lezers, permissions: [taken.view_externetaak, berichten.view_bericht]}
${users(
  "username: jan, email: jan@example.nl, permissions: [taken.view_externetaak], groups: [{name: lezers, until: 2099-01-01T00:00:00Z}]",
  `username: "<i>els</i>", email: els@example.nl, is_superuser: true, password: correct-horse-battery-staple`,
  "username: piet, email: piet@example.nl, is_active: false",
)}${tokens(
  tokenItem("van-jan", tokenA, "user: jan, permissions: [taken.view_externetaak], expires_at: 2098-01-01T00:00:00Z"),
  tokenItem("forms", tokenB, "permissions: [taken.add_externetaak]"),
)}${keycloakProvider}    - identifier: admin-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: vtb
      oidc_rp_client_secret: 6mQ0bJp2Vx8sLr4nYt1kWz7cHd3fGa5e
      options:
        user_settings: {claim_mappings: {username: [sub]}}
        groups_settings: {claim_mapping: [groups], superuser_group_names: [bazen]}
`;

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
});

/** What the command writes for this configuration, in a browser. */
async function open(args: readonly string[], options: BrowserContextOptions = {}) {
  const place = workplace();
  expect(await place.apply(config)).toMatchObject({ status: 0 });
  const { status, stdout } = await runCliProcess(["access", "--output", "html", ...args], { cwd: place.folder });
  expect(status).toBe(0);
  const file = join(place.folder, "access.html");
  writeFileSync(file, stdout);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const seen: string[] = [];
  page.on("request", (request) => seen.push(request.url()));
  page.on("console", (message) => seen.push(message.text()));
  page.on("pageerror", (error) => seen.push(error.message));
  const url = pathToFileURL(file).href;
  await page.goto(url);
  return { page, url, seen };
}

describe("access --output html", () => {
  it("shows everyone, accessibly, in light and dark, on paper and on a phone, and loads nothing", async () => {
    const { page, url, seen } = await open([]);
    expect(await page.getByRole("heading", { level: 2 }).allInnerTexts()).toEqual([
      "Users",
      "API tokens",
      "Sign-ins",
      "May do nothing",
    ]);
    expect(await page.locator("tbody tr").first().textContent()).toMatch(/^<i>els<\/i>\s+superuser\s+is_superuser\s*$/);
    expect(await violations(page, "all")).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violations(page, "contrast")).toEqual([]);
    await page.emulateMedia({ colorScheme: null, media: "print" });
    expect(await page.locator("nav, input").filter({ visible: true }).count()).toBe(0);
    expect(await page.locator("tbody tr").filter({ visible: true }).count()).toBe(9);
    await page.emulateMedia({ media: null });
    await page.keyboard.press("Tab");
    expect(await page.evaluate(hiddenFocus)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(widerThanScreen)).toEqual([]);
    expect(seen).toEqual([url]);
  });

  it("finds who may do something by its search, and sorts by when rights end", async () => {
    const { page } = await open([]);
    await page.getByRole("searchbox", { name: "Search" }).fill("view_externetaak");
    await page.locator("output", { hasText: "3 of 9" }).waitFor();
    expect(await page.locator("tbody th:visible").allInnerTexts()).toEqual([
      "jan",
      "van-jan",
      "admin-oidc group lezers",
    ]);
    await page.getByRole("searchbox").fill("");
    await page.locator("output:empty").waitFor({ state: "attached" });
    await page.locator("section").first().getByRole("button", { name: "Ends" }).press("Enter");
    expect(await page.locator("tbody td:nth-child(2):visible").first().textContent()).toBe("berichten.view_bericht");
  });

  it("shows what files would leave, with where, and one user alone, without scripts as well", async () => {
    const { page } = await open(["user:jan", "--from", "config.yaml"], { javaScriptEnabled: false });
    expect(await page.title()).toBe("What user:jan may do");
    expect(await page.getByRole("heading", { level: 2 }).allInnerTexts()).toEqual(["Users"]);
    const rows = await page.locator("tbody tr").allInnerTexts();
    expect(rows.map((row) => row.replace(/\s+/g, " ").trim())).toEqual([
      "jan berichten.view_bericht group lezers 2099-01-01 00:00Z token:van-jan config.yaml:4",
      "jan taken.view_externetaak own permission group lezers, until 2099-01-01 00:00Z config.yaml:8 config.yaml:4",
    ]);
  });
});
