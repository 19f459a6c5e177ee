import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startBrowser } from "../../support/browser.js";
import { shownPages } from "../admin-pages.js";
import { type SeededSite, startSeededSite } from "../seeded-site.js";
import { createVisits, violations } from "../visits.js";

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

// Contrast, which takes most of the time, is the same on both databases.
it.each(shownPages)("on a database server, the page is accessible: $name", async (shown) => {
  expect(await violations(await open(shown, "nl"), "others")).toEqual([]);
});
