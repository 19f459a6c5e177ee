import { mkdirSync, statSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startBrowser } from "../support/browser.js";
import { type SeededSite, seedPassword, startSeededSite } from "./seeded-site.js";

const folder = "docs/images";
const maxBytes = 60_000;

let browser: Browser;
let site: SeededSite;

beforeAll(async () => {
  [browser, site] = await Promise.all([startBrowser(), startSeededSite()]);
  mkdirSync(folder, { recursive: true });
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

interface Screenshot {
  readonly name: string;
  readonly path: string;
  readonly height?: number;
  readonly act?: (page: Page) => Promise<void>;
}

const screenshots: readonly Screenshot[] = [
  { name: "admin-tokens", path: "/tokens", height: 610, act: scrollToList },
  { name: "admin-new-token", path: "/tokens/new", act: makeToken },
  { name: "admin-user", path: "/users/jan", height: 760 },
  { name: "admin-client", path: "/openid/clients/admin-oidc" },
  { name: "admin-access", path: "/access/user?name=jan", height: 660 },
];

async function scrollToList(page: Page): Promise<void> {
  await page.locator(".counters").evaluate((element) => element.scrollIntoView());
}

async function makeToken(page: Page): Promise<void> {
  await page.locator("#identifier").fill("open-klant");
  await page.locator("input[name=permissions]").first().check();
  await page.locator("main form[method=post] button:not([type=button])").first().click();
  await page.locator("#new-token").waitFor();
}

it.each(screenshots)("$name.png", async ({ name, path, height = 700, act }) => {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1024, height } });
  const page = await context.newPage();
  await page.goto(`${site.url}/sign-in`);
  await page.locator("#username").fill("fatima");
  await page.locator("#password").fill(seedPassword);
  await page.locator("#password").press("Enter");
  await page.locator(".who strong").waitFor();
  await page.goto(site.url + path);
  await act?.(page);
  const file = `${folder}/${name}.png`;
  await page.screenshot({ path: file, animations: "disabled" });
  await context.close();
  expect(statSync(file).size).toBeLessThanOrEqual(maxBytes);
});
