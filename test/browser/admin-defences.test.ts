import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startBrowser } from "../support/browser.js";
import { serve } from "../support/http-server.js";
import { type AdminSite, startAdminSite } from "./admin-site.js";
import { outlineOf, pageFaults } from "./in-page.mjs";
import { choose, newPerson, signIn, signInAtProvider } from "./person.js";

let browser: Browser;
let site: AdminSite;
/** Signed in. */
let jan: { readonly context: BrowserContext; readonly page: Page };

beforeAll(async () => {
  [browser, site] = await Promise.all([startBrowser(), startAdminSite()]);
  jan = await newPerson(browser);
  await signIn(jan.page, site, "jan");
});
afterAll(async () => {
  site?.close();
  await browser?.close();
});

async function stranger() {
  const person = await newPerson(browser);
  onTestFinished(() => person.context.close());
  return person;
}

/** What Jan's own form would send. */
async function tokenForm(identifier: string): Promise<Record<string, string>> {
  await jan.page.goto(`${site.adminUrl}/tokens`);
  const csrf = await jan.page.locator("form[action='/tokens'] input[name=csrf]").inputValue();
  return { csrf, identifier, contactPerson: "Jan", email: "jan@gemeente.example" };
}

async function tokensOfJan(): Promise<readonly string[]> {
  await jan.page.goto(`${site.adminUrl}/tokens`);
  return jan.page.getByRole("rowheader").allTextContents();
}

describe("the admin pages against others", () => {
  it("S72 S80 keeps its cookies from scripts, from other sites and from other paths' reach", async () => {
    const { context, page } = await stranger();
    await page.goto(`${site.adminUrl}/login`);
    const shared = { domain: "127.0.0.1", path: "/", httpOnly: true, secure: false, sameSite: "Lax" };
    const loginCookie = expect.objectContaining({ name: expect.stringMatching(/^vtb-login-/), ...shared });
    expect(await context.cookies(site.adminUrl)).toEqual(expect.arrayContaining([loginCookie]));
    await signInAtProvider(page, site, "jan");
    const cookies = (await context.cookies(site.adminUrl)).filter(({ name }) => name.startsWith("vtb-"));
    expect(cookies).toEqual([expect.objectContaining({ name: "vtb-session", ...shared })]);
  });

  it.each(["127.0.0.1", "localhost"])("S83 refuses a form that is sent from another origin, on %s", async (host) => {
    const fields = Object.entries(await tokenForm("van-elders"));
    const inputs = fields.map(([name, value]) => `<input name="${name}" value="${value}">`).join("");
    const evil = await serve((_request, response) => {
      const page = `<form method="post" action="${site.adminUrl}/tokens">${inputs}<button>Win!</button></form>`;
      response.writeHead(200, { "content-type": "text/html" }).end(page);
    });
    await jan.page.goto(evil.origin.replace("127.0.0.1", host));
    await choose(jan.page, "button", "Win!");
    expect(await jan.page.getByRole("heading", { level: 1 }).textContent()).toBe("Niet uitgevoerd");
    expect(await tokensOfJan()).not.toContain("van-elders");
  });

  it("S83 refuses a form without the session's token or with another one, and accepts it with it", async () => {
    const { csrf = "", ...form } = await tokenForm("eigen");
    const headers = { "sec-fetch-site": "same-origin", origin: site.adminUrl };
    const send = async (fields: Record<string, string>): Promise<number> =>
      (await jan.context.request.post(`${site.adminUrl}/tokens`, { headers, form: fields })).status();
    expect(await send(form)).toBe(403);
    expect(await send({ ...form, csrf: `${csrf.slice(1)}x` })).toBe(403);
    expect(await tokensOfJan()).not.toContain("eigen");
    expect(site.log()).toContain('"kind":"form_refused","reason":"wrong_csrf_token","path":"/tokens"');
    expect(await send({ ...form, csrf })).toBe(200);
    expect(await tokensOfJan()).toContain("eigen");
  });

  it.each(["/tokens", "/tokens/x/intrekken", "/uitloggen", "/noodtoegang"])(
    "S83 refuses what another origin sends to %s, says what to do, and logs why",
    async (path) => {
      const { csrf = "" } = await tokenForm("x");
      const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
      const answer = await jan.context.request.post(site.adminUrl + path, { headers, form: { csrf } });
      expect([answer.status(), await answer.text()]).toEqual([403, expect.stringContaining("Ga terug naar het begin")]);
      expect(site.log()).toContain(`"kind":"form_refused","reason":"foreign_origin","path":"${path}"`);
      await jan.page.goto(site.adminUrl);
      expect(await jan.page.getByText("Ingelogd als jan").isVisible()).toBe(true);
    },
  );

  it.each(["/tokens/x/intrekken", "/uitloggen"])(
    "S83 refuses a form to %s without the session's token",
    async (path) => {
      const headers = { "sec-fetch-site": "same-origin", origin: site.adminUrl };
      const answer = await jan.context.request.post(site.adminUrl + path, { headers, form: { csrf: "x" } });
      expect(answer.status()).toBe(403);
      await jan.page.goto(site.adminUrl);
      expect(await jan.page.getByText("Ingelogd als jan").isVisible()).toBe(true);
    },
  );

  it("says that nothing was done where a form comes after the session has ended", async () => {
    const { context, page } = await stranger();
    await signIn(page, site, "jan", "/tokens");
    await page.getByLabel("Naam van het token").fill("te-laat");
    await context.clearCookies({ name: "vtb-session" });
    await choose(page, "button", "Token maken");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("U bent niet meer ingelogd");
    expect(site.log()).toContain('"reason":"no_session"');
    await choose(page, "link", "Naar het begin");
    expect(await page.getByRole("link", { name: "Inloggen" }).isVisible()).toBe(true);
  });

  it("S83 changes nothing for a GET", async () => {
    const answer = await jan.page.goto(`${site.adminUrl}/uitloggen`);
    expect(answer?.status()).toBe(404);
    await jan.page.goto(site.adminUrl);
    expect(await jan.page.getByText("Ingelogd als jan").isVisible()).toBe(true);
  });

  it("refuses a form of more than 16 KiB", async () => {
    const headers = { "sec-fetch-site": "same-origin" };
    const form = { ...(await tokenForm("te-groot")), application: "a".repeat(16_384) };
    const answer = await jan.context.request.post(`${site.adminUrl}/tokens`, { headers, form });
    expect(answer.status()).toBe(413);
    expect(await tokensOfJan()).not.toContain("te-groot");
  });

  it("keeps codes, tokens and sessions out of addresses, Referer headers and logs", async () => {
    const { context, page } = await stranger();
    const sent: { readonly url: string; readonly referer: string }[] = [];
    const noting: Promise<unknown>[] = [];
    page.on("request", (request) => {
      noting.push(
        request.headerValue("referer").then((referer) => sent.push({ url: request.url(), referer: referer ?? "" })),
      );
    });
    await signIn(page, site, "jan", "/tokens");
    expect(page.url()).toBe(`${site.adminUrl}/tokens`);
    await page.getByLabel("Naam van het token").fill("niet-in-adres");
    await choose(page, "button", "Token maken");
    const token = await page.getByLabel("Uw nieuwe token").inputValue();
    const [session] = (await context.cookies(site.adminUrl)).filter(({ name }) => name === "vtb-session");
    await page.getByRole("button", { name: "Uitloggen" }).click();
    await page.getByRole("button", { name: "Yes, sign me out" }).waitFor();
    await Promise.all(noting);

    const callback = new URL(sent.find(({ url }) => url.includes("/oidc/callback?"))?.url ?? "");
    const code = callback.searchParams.get("code") ?? "";
    const state = callback.searchParams.get("state") ?? "";
    for (const secret of [token, session?.value ?? "", code, state]) {
      expect(secret.length).toBeGreaterThanOrEqual(20);
      expect(site.log()).not.toContain(secret);
      expect(sent.filter(({ referer }) => referer.includes(secret))).toEqual([]);
    }
    for (const secret of [token, session?.value ?? ""])
      expect(sent.filter(({ url }) => url.includes(secret))).toEqual([]);
    expect(sent.filter(({ url }) => url.includes(code)).map(({ url }) => new URL(url).pathname)).toEqual([
      "/oidc/callback",
    ]);
    // The stylesheet, the form and the provider's page for signing out were requested from these pages.
    expect(sent.filter(({ referer }) => referer.startsWith(site.adminUrl))).toEqual([]);
    for (const path of ["/style.css", "/tokens", "/session/end"]) {
      expect(sent.map(({ url }) => new URL(url).pathname)).toContain(path);
    }
  });

  it("forbids browsers to run scripts, to show it in a frame and to store it", async () => {
    for (const path of ["/", "/tokens", "/noodtoegang", "/bestaat-niet", "/oidc/callback?code=1&state=2"]) {
      const headers = (await jan.page.goto(site.adminUrl + path))?.headers() ?? {};
      expect(headers).toMatchObject({
        "content-security-policy":
          "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
      });
    }
  });

  it("can be used with the keyboard alone, and shows where one is", async () => {
    const { page } = await stranger();
    const focused = async (): Promise<string> => {
      const outline = await page.locator(":focus").evaluate(outlineOf);
      return `${await page.locator(":focus").textContent()} (${outline})`;
    };
    await page.goto(site.adminUrl);
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Naar de inhoud (solid)");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Inloggen (solid)");
    await page.keyboard.press("Enter");
    await page.getByPlaceholder("Enter any login").waitFor();
    await page.keyboard.type("jan");
    await page.keyboard.press("Tab");
    await page.keyboard.type("any");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Continue" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Mijn gegevens" }).waitFor();
    for (const control of ["Naar de inhoud", "Mijn gegevens", "API-tokens", "Uitloggen"]) {
      await page.keyboard.press("Tab");
      expect(await focused()).toBe(`${control} (solid)`);
    }
  });

  it("has labels, headings, landmarks, language, titles and contrast, and fits a small screen", async () => {
    const { page } = await stranger();
    await page.setViewportSize({ width: 320, height: 640 });
    const titles: string[] = [];
    const look = async (): Promise<void> => {
      titles.push(await page.title());
      expect({ page: await page.title(), faults: await page.evaluate(pageFaults) }).toMatchObject({ faults: [] });
    };
    for (const path of ["/", "/noodtoegang", "/uitgelogd", "/oidc/callback"]) {
      await page.goto(site.adminUrl + path);
      await look();
    }
    await signIn(page, site, "jan");
    await look();
    await choose(page, "link", "API-tokens");
    await look();
    await choose(page, "button", "Token maken");
    await look();
    const summary = page.getByRole("alert");
    expect(await page.locator(":focus").getAttribute("role")).toBe("alert");
    await summary.getByRole("link", { name: /Vul een naam in/ }).click();
    expect(await page.locator(":focus").getAttribute("name")).toBe("identifier");
    await page.keyboard.type("leesbaar");
    await page.keyboard.press("Enter");
    await page.getByRole("status").waitFor();
    await look();
    await choose(page, "link", "leesbaar intrekken");
    await look();
    await page.goto(`${site.adminUrl}/bestaat-niet`);
    await look();
    expect(titles.map((title) => title.replace(" – VTB-beheer", ""))).toEqual([
      "Welkom",
      "Noodtoegang",
      "U bent uitgelogd",
      "Inloggen niet gelukt",
      "Mijn gegevens",
      "API-tokens",
      "Fout: API-tokens",
      "API-tokens",
      "Token intrekken",
      "Niet gevonden",
    ]);
  });

  it("finds the violations of a page that has them", async () => {
    const { page } = await stranger();
    await page.goto(
      `data:text/html,<h1>a</h1><h3 style="color:silver">b</h3><input><button></button><a href="%23x">c</a>`,
    );
    expect(await page.evaluate(pageFaults)).toEqual([
      "no language",
      "no title",
      "a heading's level is skipped",
      "landmarks are missing",
      "no link to the content",
      "no label: <input> ",
      "no text: <button> ",
      "nothing has the id x",
      "inline: <h3> b",
      "too little contrast: <h3> b",
    ]);
  });
});
