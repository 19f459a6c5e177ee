import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import type { ShownPage } from "./admin-pages.js";
import { type SeededSite, seedPassword } from "./seeded-site.js";

const axe = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Dutch with the pages' script, or English without it. */
export type Reader = "nl" | "en";

/** Opens pages of the table, in a window for each person, who signs in once. */
export function createVisits(browser: Browser, site: SeededSite) {
  const windows = new Map<string, Promise<Page>>();
  const urls = { seeded: site.url, emergency: site.emergencyUrl, empty: site.emptyUrl };

  async function newWindow(reader: Reader): Promise<Page> {
    const context = await browser.newContext({ locale: reader === "nl" ? "nl-NL" : "en-GB" });
    context.setDefaultTimeout(10_000);
    // Not with `javaScriptEnabled: false`, without which axe does not run either.
    if (reader === "en") await context.route("**/assets/script.*", (route) => route.abort());
    return await context.newPage();
  }

  async function signIn(page: Page, username: string): Promise<Page> {
    await page.goto(`${site.url}/sign-in`);
    await page.locator("#username").fill(username);
    await page.locator("#password").fill(seedPassword);
    await page.locator("#password").press("Enter");
    await page.locator(".who strong").waitFor();
    return page;
  }

  /** Each time: a code works once, and ends the other window's session. */
  async function typeCode(page: Page): Promise<void> {
    await page.context().clearCookies({ name: /bootstrap/ });
    await page.goto(`${site.emptyUrl}/bootstrap`);
    await page.locator("#code").fill(await site.newCode());
    await page.locator("#code").press("Enter");
    await page.locator(".menu").waitFor();
  }

  return async ({ as, of = "seeded", path, act, status = 200, hasMistakes = false }: ShownPage, reader: Reader) => {
    site.clock.aheadMs = 0;
    const key = `${as} ${reader}`;
    const isPerson = as !== "nobody" && as !== "code";
    const known = windows.get(key) ?? newWindow(reader).then((opened) => (isPerson ? signIn(opened, as) : opened));
    windows.set(key, known);
    const page = await known;
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ media: null, colorScheme: null });
    if (as === "code") await typeCode(page);
    const answer = await page.goto(urls[of] + path);
    expect({ path, status: answer?.status() }).toEqual({ path, status });
    await act?.(page, site);
    expect({ path, hasMistakes: /^(?:Fout|Error): /.test(await page.title()) }).toEqual({ path, hasMistakes });
    return page;
  };
}

/** All rules, or those about contrast, which does not depend on the language, or all but those. */
type Rules = "all" | "contrast" | "others";

/** The rules that the page breaks, with the elements that break them. */
export async function violations(page: Page, rules: Rules): Promise<readonly string[]> {
  const runOnly = rules === "contrast" ? { type: "rule", values: ["color-contrast"] } : { type: "tag", values: tags };
  const others = { "target-size": { enabled: true }, "color-contrast": { enabled: rules !== "others" } };
  const options = JSON.stringify({ runOnly, rules: rules === "contrast" ? {} : others, resultTypes: ["violations"] });
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe);
  const results = await page.evaluate<AxeResults>(`axe.run(document, ${options})`);
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
