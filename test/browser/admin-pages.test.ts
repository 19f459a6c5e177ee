import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrowser } from "../support/browser.js";
import { type ShownPage, shownPages } from "./admin-pages.js";
import { focused, hiddenFocus, pageFaults, printFaults, widerThanScreen } from "./page-checks.mjs";
import { type SeededSite, seedPassword, startSeededSite } from "./seeded-site.js";

const axe = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let browser: Browser;
let site: SeededSite;

beforeAll(async () => {
  [browser, site] = await Promise.all([startBrowser(), startSeededSite()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

/** Dutch with the pages' script, or English without it. */
type Reader = "nl" | "en";

const windows = new Map<string, Promise<Page>>();

/** The window of a person, who signs in once. */
function windowOf(as: ShownPage["as"], reader: Reader): Promise<Page> {
  const key = `${as} ${reader}`;
  const known = windows.get(key) ?? signIn(as, reader);
  windows.set(key, known);
  return known;
}

async function signIn(as: ShownPage["as"], reader: Reader): Promise<Page> {
  const context = await browser.newContext({ locale: reader === "nl" ? "nl-NL" : "en-GB" });
  context.setDefaultTimeout(10_000);
  // Not with `javaScriptEnabled: false`, without which axe does not run either.
  if (reader === "en") await context.route("**/assets/script.*", (route) => route.abort());
  const page = await context.newPage();
  if (as === "nobody") return page;
  await page.goto(`${site.url}/sign-in`);
  await page.locator("#username").fill(as);
  await page.locator("#password").fill(seedPassword);
  await page.locator("#password").press("Enter");
  await page.locator(".who strong").waitFor();
  return page;
}

async function open({ as, path, act, status = 200 }: ShownPage, reader: Reader): Promise<Page> {
  const page = await windowOf(as, reader);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ media: null, colorScheme: null });
  const answer = await page.goto(site.url + path);
  expect({ path, status: answer?.status() }).toEqual({ path, status });
  await act?.(page);
  return page;
}

/** All rules, or those about contrast, which does not depend on the language, or all but those. */
type Rules = "all" | "contrast" | "others";

/** The rules that the page breaks, with the elements that break them. */
async function violations(page: Page, rules: Rules): Promise<readonly string[]> {
  const runOnly = rules === "contrast" ? { type: "rule", values: ["color-contrast"] } : { type: "tag", values: tags };
  const others = { "target-size": { enabled: true }, "color-contrast": { enabled: rules !== "others" } };
  const options = JSON.stringify({ runOnly, rules: rules === "contrast" ? {} : others, resultTypes: ["violations"] });
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe);
  const results = await page.evaluate<AxeResults>(`axe.run(document, ${options})`);
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

describe.each(shownPages)("the page: $name", (shown) => {
  it("is accessible in Dutch, on small screens, enlarged, dark, printed and by keyboard", async () => {
    const page = await open(shown, "nl");
    expect(await page.locator("html").getAttribute("lang")).toBe("nl");
    expect(await violations(page, "all")).toEqual([]);
    expect(await page.evaluate(pageFaults)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violations(page, "contrast")).toEqual([]);
    await page.emulateMedia({ colorScheme: null, media: "print" });
    expect(await page.evaluate(printFaults)).toEqual([]);
    await page.emulateMedia({ media: null });
    // 1280 pixels, enlarged to twice and four times their size (WCAG 1.4.4, 1.4.10).
    for (const width of [640, 320]) {
      await page.setViewportSize({ width, height: 640 });
      expect({ width, wider: await page.evaluate(widerThanScreen) }).toEqual({ width, wider: [] });
    }
    await page.keyboard.press("Shift");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(hiddenFocus)).toEqual([]);
  });

  it("is accessible in English, without the script", async () => {
    const page = await open(shown, "en");
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    expect(await violations(page, "others")).toEqual([]);
    expect(await page.evaluate(pageFaults)).toEqual([]);
  });
});

describe("by keyboard alone, and without scripts at all", () => {
  it("signs in, skips to the content, and reaches everything in the order of the page", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: "nl-NL" });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    await page.goto(`${site.url}/users`);
    const press = async (key: string) => {
      await page.keyboard.press(key);
      return await page.evaluate(focused);
    };
    expect(await press("Tab")).toMatchObject({ name: "Naar de inhoud", isOnScreen: true });
    await page.keyboard.press("Enter");
    while ((await press("Tab"))?.name !== "username") expect(await page.evaluate(focused)).toBeDefined();
    await page.keyboard.type("fatima");
    await page.keyboard.press("Tab");
    await page.keyboard.type(seedPassword);
    await page.keyboard.press("Enter");
    await page.locator(".who strong").waitFor();
    expect(page.url()).toBe(`${site.url}/users`);

    let before = -1;
    for (let now = await press("Tab"); now !== undefined; now = await press("Tab")) {
      expect({ ...now, isLater: now.order > before }).toMatchObject({ isOnScreen: true, isLater: true });
      before = now.order;
    }
    expect(
      await page.locator("a[href], button, input:not([type=hidden]), select, [tabindex='0']").count(),
    ).toBeGreaterThan(10);
    await page.goto(`${site.url}/users`);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(focused)).toMatchObject({ isOnScreen: true });
    expect(await page.locator(":focus").getAttribute("id")).toBe("content");
    await context.close();
  });

  it("switches the language, and stays on the page", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: "nl-NL" });
    const page = await context.newPage();
    await page.goto(`${site.url}/sign-in`);
    await page.getByRole("button", { name: "English" }).click();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
    await page.getByRole("button", { name: "Nederlands" }).click();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Inloggen");
    expect(page.url()).toBe(`${site.url}/sign-in`);
    await context.close();
  });
});

describe("what looks at the pages", () => {
  it("finds the faults of a page that has them", async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(
      `data:text/html,<html><nav style="width:2000px">menu</nav><h3 style="color:silver">pale</h3><input type="password" value="a"><button style="outline:none"></button><a href="%23x">c</a>`,
    );
    expect(await page.evaluate(pageFaults)).toEqual([
      "no title: ",
      "no language",
      "not one first heading",
      "no link to the content",
      "no text: <button> ",
      "nothing has the id x",
      "inline: <nav> menu",
      "inline: <h3> pale",
      "inline: <button> ",
      "a secret is filled in: <input> ",
    ]);
    expect(await violations(page, "all")).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^button-name: /),
        expect.stringMatching(/^color-contrast: /),
        expect.stringMatching(/^html-has-lang: /),
        expect.stringMatching(/^label: /),
      ]),
    );
    expect(await page.evaluate(widerThanScreen)).toContain('<nav class=""> menu');
    await page.keyboard.press("Tab");
    expect(await page.evaluate(hiddenFocus)).toContain("<button> ");
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate(printFaults)).toEqual([
      "nav is printed",
      "button is printed",
      "the heading is not printed",
    ]);
    await page.context().close();
  });
});
