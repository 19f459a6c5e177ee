import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type HtmlPage, htmlPage } from "../../src/report/html-page.js";
import { startBrowser } from "../support/browser.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { hiddenFocus, widerThanScreen } from "./page-checks.mjs";
import { violations } from "./visits.js";

const hostile = `<img src=x onerror=alert(1)>"'&</script><script>alert(2)</script>`;
const secret = "vtb_9fKq2xLr7ZtB4vWn8cYh3mDs6pGj1aQe5uRi0oTy";

const sample: HtmlPage = {
  title: "Who may do what",
  lead: "Everything that users, API tokens and sign-ins may do.",
  facts: [
    ["Database", "sqlite:./vtb-auth.db"],
    ["Made at", { time: "2026-03-01T09:30:00.000Z" }],
  ],
  sections: [
    {
      kind: "table",
      title: "Users",
      empty: "No users.",
      columns: ["User", "May", "Through", "Ends"],
      rows: [
        ["user-10", "taken.view_externetaak", "itself", ""],
        [
          "user-9",
          "taken.change_externetaak",
          { lines: ["group lezers", "itself"] },
          { time: "2026-12-01T00:00:00.000Z" },
        ],
        ["Jan", { mark: "superuser", as: "bad" }, "itself", { time: "2026-02-01T00:00:00.000Z" }],
        [hostile, "taken.view", "group beheer", ""],
      ],
    },
    { kind: "table", title: "API tokens", empty: "No API tokens.", columns: ["Token"], rows: [] },
    {
      kind: "timeline",
      title: "What happened",
      empty: "Nothing happened.",
      entries: [
        {
          time: "2026-03-01T09:00:00.000Z",
          title: "apply by ops@host",
          facts: [["Digest", { code: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }]],
          lines: [`created api_token ${secret}`, { mark: "secret", as: "good" }],
        },
      ],
    },
  ],
};

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
});

/** Opens the file in a window of its own; what it requests and complains of is collected. */
async function open(page: HtmlPage, options: BrowserContextOptions = {}) {
  const file = join(temporaryFolder(), "report.html");
  writeFileSync(file, [...htmlPage(page)].join(""));
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(10_000);
  const window = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  window.on("request", (request) => requests.push(request.url()));
  window.on("console", (message) => complaints.push(message.text()));
  window.on("pageerror", (error) => complaints.push(error.message));
  const url = pathToFileURL(file).href;
  await window.goto(url);
  return { window, url, requests, complaints };
}

const namesIn = (window: Page) => window.locator("tbody th").allInnerTexts();
const shownNames = (window: Page) => window.locator("tbody th:visible").allInnerTexts();

describe("a report as HTML", () => {
  it("is accessible in light and dark, on paper, and by keyboard", async () => {
    const { window } = await open(sample);
    expect(await violations(window, "all")).toEqual([]);
    await window.emulateMedia({ colorScheme: "dark" });
    expect(await violations(window, "contrast")).toEqual([]);
    await window.emulateMedia({ colorScheme: "light", media: "print" });
    expect(await window.locator("nav, input, label").filter({ visible: true }).count()).toBe(0);
    expect(await window.locator("h1, tbody tr, .timeline > li").filter({ visible: true }).count()).toBe(6);
    await window.emulateMedia({ media: "screen" });
    await window.keyboard.press("Tab");
    expect(await window.evaluate(hiddenFocus)).toEqual([]);
  });

  it("fits on a phone, where each cell says what it is", async () => {
    const { window } = await open(sample, { viewport: { width: 390, height: 800 } });
    expect(await window.evaluate(widerThanScreen)).toEqual([]);
    expect(await violations(window, "all")).toEqual([]);
    const label = await window.evaluate(`getComputedStyle(document.querySelector("tbody td"), "::before").content`);
    expect(label).toBe('"May"');
    await window.locator("thead button", { hasText: "User" }).click();
    expect((await namesIn(window)).slice(1, 3)).toEqual(["Jan", "user-9"]);
  });

  it("requests nothing and has nothing to complain of, whatever the names in it are", async () => {
    const { window, url, requests, complaints } = await open(sample);
    expect(await namesIn(window)).toContain(hostile);
    expect({ requests, complaints }).toEqual({ requests: [url], complaints: [] });
    const foreign = await window.evaluate(`new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
      document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = true" }));
    })`);
    expect(foreign).toBe("script-src-elem");
  });

  it("masks what looks like a secret, and shows the program's own digests", async () => {
    const { window } = await open(sample);
    const text = await window.locator("body").textContent();
    expect(text).not.toContain(secret);
    expect(text).toContain("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
  });

  it("searches all sections by several words, and says how many it found", async () => {
    const { window } = await open(sample);
    await window.keyboard.press("Tab");
    await window.locator("#search").fill("LEZERS user");
    await window.locator("output", { hasText: "1 of 5" }).waitFor();
    expect(await shownNames(window)).toEqual(["user-9"]);
    expect(await window.getByRole("heading", { name: "What happened" }).isVisible()).toBe(false);
    await window.locator("#search").fill("ops@host");
    await window.locator("output", { hasText: "1 of 5 match “ops@host”" }).waitFor();
    expect(await window.locator(".timeline > li").isVisible()).toBe(true);
    await window.locator("#search").fill("");
    await window.locator("output:empty").waitFor({ state: "attached" });
    expect(await shownNames(window)).toHaveLength(4);
  });

  it("sorts by a column with the keyboard, numbers as numbers and what has no value last", async () => {
    const { window } = await open(sample);
    const press = async (name: string) => {
      await window.getByRole("button", { name }).focus();
      await window.keyboard.press("Enter");
    };
    await press("User");
    expect(await namesIn(window)).toEqual([hostile, "Jan", "user-9", "user-10"]);
    await press("Ends");
    expect((await namesIn(window)).slice(0, 2)).toEqual(["Jan", "user-9"]);
    await press("Ends");
    expect((await namesIn(window)).slice(0, 2)).toEqual(["user-9", "Jan"]);
    expect(await window.locator("th[aria-sort]").allInnerTexts()).toEqual(["Ends"]);
  });

  it("reads the same without scripts, and offers nothing then that needs them", async () => {
    const { window } = await open(sample, { javaScriptEnabled: false });
    expect(await shownNames(window)).toHaveLength(4);
    expect(await window.getByText("No API tokens.").isVisible()).toBe(true);
    expect(await window.locator("button, input").filter({ visible: true }).count()).toBe(0);
  });
});
