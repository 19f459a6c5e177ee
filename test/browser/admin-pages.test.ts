import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrowser } from "../support/browser.js";
import { shownPages } from "./admin-pages.js";
import { focused, hiddenFocus, pageFaults, printFaults, widerThanScreen } from "./page-checks.mjs";
import { type SeededSite, seedPassword, startSeededSite } from "./seeded-site.js";
import { createVisits, violations } from "./visits.js";

let browser: Browser;
let site: SeededSite;
let open: ReturnType<typeof createVisits>;

beforeAll(async () => {
  [browser, site] = await Promise.all([startBrowser(), startSeededSite()]);
  open = createVisits(browser, site);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

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
