import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { tokenA, tokenItem, tokens, users, workplace } from "../cli/outcome.js";
import { startBrowser } from "../support/browser.js";
import { runCliProcess } from "../support/cli.js";
import { hiddenFocus, widerThanScreen } from "./page-checks.mjs";
import { violations } from "./visits.js";

const env = { VTB_SETUP_KEY: createHash("sha256").update("timeline").digest("hex") };
const config = `${users(
  "username: jan, email: jan@example.nl",
  `username: "<i>els</i>", email: els@example.nl, password: correct-horse-battery-staple`,
)}${tokens(tokenItem("forms", tokenA, "user: jan"))}`;

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
});

/** The timeline of a database of three runs, as the command writes it, in a browser. */
async function open(options: BrowserContextOptions = {}) {
  const place = workplace();
  writeFileSync(join(place.folder, "config.yaml"), config);
  const run = async (...args: readonly string[]) => {
    const done = await runCliProcess(args, { cwd: place.folder, env, timeoutMs: 60_000 });
    expect(done.status).toBe(0);
    return done.stdout;
  };
  await run("apply", "config.yaml");
  await run("token", "disable", "forms", "--actor", "Jan de Vries");
  await run("user", "deactivate", "jan");
  const file = join(place.folder, "history.html");
  writeFileSync(file, await run("history", "--output", "html"));
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
  const picture = async (name: string) => {
    const folder = process.env.HISTORY_PICTURES;
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  };
  return { page, url, seen, picture };
}

describe("history --output html", () => {
  it("is a timeline, accessible in light and dark, on paper and on a phone, and loads nothing", async () => {
    const { page, url, seen, picture } = await open();
    const titles = await page.getByRole("heading", { level: 3 }).allInnerTexts();
    expect(titles.map((title) => title.replace(/ by \S+@\S+/, ""))).toEqual([
      "user deactivate",
      "token disable for Jan de Vries",
      "apply (owner default, config.yaml)",
    ]);
    expect(await page.locator(".timeline > li").last().textContent()).toContain("<i>els</i>");
    expect(await page.content()).not.toContain("correct-horse");
    expect(await violations(page, "all")).toEqual([]);
    await picture("wide");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violations(page, "contrast")).toEqual([]);
    await page.emulateMedia({ colorScheme: null, media: "print" });
    expect(await page.locator("nav, input").filter({ visible: true }).count()).toBe(0);
    expect(await page.locator(".timeline > li").filter({ visible: true }).count()).toBe(3);
    await picture("print");
    await page.emulateMedia({ media: null });
    await page.keyboard.press("Tab");
    expect(await page.evaluate(hiddenFocus)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(widerThanScreen)).toEqual([]);
    await picture("phone");
    expect(seen).toEqual([url]);
  });

  it("finds runs by what they changed and by who did it, with the keyboard", async () => {
    const { page } = await open();
    await page.keyboard.press("Tab");
    await page.keyboard.type("de vries forms");
    await page.locator("output", { hasText: "1 of 3" }).waitFor();
    expect(await page.locator(".timeline > li:visible").allInnerTexts()).toEqual([
      expect.stringContaining("disabled: true (was false)"),
    ]);
  });

  it("reads the same without scripts", async () => {
    const { page } = await open({ javaScriptEnabled: false });
    expect(await page.locator(".timeline > li:visible").count()).toBe(3);
    expect(await page.locator("button, input").filter({ visible: true }).count()).toBe(0);
  });
});
