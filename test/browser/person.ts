import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import type { AdminSite } from "./admin-site.js";

/** A separate browser for one person, with scripts turned off. */
export async function newPerson(browser: Browser): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: "nl-NL" });
  context.setDefaultTimeout(10_000);
  return { context, page: await context.newPage() };
}

/** Follows a link or sends a form, by its whole name, and waits for the page that comes. */
export async function choose(page: Page, role: "link" | "button", name: string | RegExp): Promise<void> {
  await page.getByRole(role, { name, exact: true }).click();
  await page.waitForLoadState();
}

/** What a person does at the provider: username, password, and consent to the pages. */
export async function signInAtProvider(page: Page, { issuer }: AdminSite, username: string): Promise<void> {
  expect(page.url()).toMatch(new RegExp(`^${issuer}/interaction/`));
  await page.getByPlaceholder("Enter any login").fill(username);
  await page.getByPlaceholder("and password").fill("any");
  await choose(page, "button", "Sign-in");
  await choose(page, "button", "Continue");
}

export async function signIn(page: Page, site: AdminSite, username: string, next = "/"): Promise<void> {
  await page.goto(`${site.adminUrl}/sign-in/start?next=${encodeURIComponent(next)}`);
  await signInAtProvider(page, site, username);
}

/** The rights that the start page shows of who is signed in. */
export async function rightsOn(page: Page): Promise<readonly string[]> {
  const items = await page.getByRole("main").getByRole("listitem").allTextContents();
  return items.filter((text) => /^\w+\.\w+$/.test(text));
}
