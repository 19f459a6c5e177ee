import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startBrowser } from "../support/browser.js";
import { serve } from "../support/http-server.js";
import { type AdminSite, startAdminSite } from "./admin-site.js";
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
  await jan.page.goto(`${site.adminUrl}/tokens/new`);
  const csrf = await jan.page.locator("form[action='/beheer/tokens/new'] input[name=csrf]").inputValue();
  return {
    csrf,
    identifier,
    contactPerson: "Jan",
    email: "jan@gemeente.example",
    for: "self",
    scope: "listed",
    permissions: "taken.view_externetaak",
    expires: "90",
  };
}

async function tokensOfJan(): Promise<string> {
  await jan.page.goto(`${site.adminUrl}/tokens`);
  return (await jan.page.getByRole("main").textContent()) ?? "";
}

const isSignedIn = async (): Promise<boolean> => {
  await jan.page.goto(site.adminUrl);
  return await jan.page.getByText("Ingelogd als jan").isVisible();
};

describe("the admin pages against others", () => {
  it("S72 S80 keeps its cookies from scripts, from other sites and from other paths' reach", async () => {
    const { context, page } = await stranger();
    await page.goto(`${site.adminUrl}/sign-in/start`);
    const shared = { domain: "127.0.0.1", path: "/", httpOnly: true, secure: false, sameSite: "Lax" };
    const loginCookie = expect.objectContaining({ name: expect.stringMatching(/^vtb-admin-\w+-login-/), ...shared });
    expect(await context.cookies(site.adminUrl)).toEqual(expect.arrayContaining([loginCookie]));
    await signInAtProvider(page, site, "jan");
    const cookies = (await context.cookies(site.adminUrl)).filter(({ name }) => name.startsWith("vtb-"));
    expect(cookies).toEqual([
      expect.objectContaining({ name: expect.stringMatching(/^vtb-admin-\w+-session$/), ...shared }),
    ]);
  });

  it.each(["127.0.0.1", "localhost"])("S83 refuses a form that is sent from another origin, on %s", async (host) => {
    const fields = Object.entries(await tokenForm("van-elders"));
    const inputs = fields.map(([name, value]) => `<input name="${name}" value="${value}">`).join("");
    const evil = await serve((_request, response) => {
      const page = `<form method="post" action="${site.adminUrl}/tokens/new">${inputs}<button>Win!</button></form>`;
      response.writeHead(200, { "content-type": "text/html" }).end(page);
    });
    await jan.page.goto(evil.origin.replace("127.0.0.1", host));
    await choose(jan.page, "button", "Win!");
    expect(await jan.page.getByRole("heading", { level: 1 }).textContent()).toBe(
      "Dit formulier is niet van deze website",
    );
    expect(await tokensOfJan()).not.toContain("van-elders");
  });

  it("S83 refuses a form without the session's token or with another one, and accepts it with it", async () => {
    const { csrf = "", ...form } = await tokenForm("zaken-test");
    const headers = { "sec-fetch-site": "same-origin", origin: new URL(site.adminUrl).origin };
    const send = async (fields: Record<string, string>): Promise<number> =>
      (await jan.context.request.post(`${site.adminUrl}/tokens/new`, { headers, form: fields })).status();
    expect(await send(form)).toBe(403);
    expect(await send({ ...form, csrf: `${csrf.slice(1)}x` })).toBe(403);
    expect(await tokensOfJan()).not.toContain("zaken-test");
    expect(site.log()).toContain('"kind":"form_refused","reason":"wrong_csrf_token","path":"/tokens/new"');
    expect(await send({ ...form, csrf })).toBe(200);
    expect(await tokensOfJan()).toContain("zaken-test");
  });

  it.each(["/tokens/new", "/sign-out", "/sign-in/password", "/language"])(
    "S83 refuses what another origin sends to %s, says what to do, and logs why",
    async (path) => {
      const { csrf = "" } = await tokenForm("x");
      const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
      const answer = await jan.context.request.post(site.adminUrl + path, { headers, form: { csrf } });
      expect([answer.status(), await answer.text()]).toEqual([403, expect.stringContaining("Open de pagina zelf")]);
      expect(site.log()).toContain(`"kind":"form_refused","reason":"foreign_origin","path":"${path}"`);
      expect(await isSignedIn()).toBe(true);
    },
  );

  it("says that nothing was done where a form comes after the session has ended", async () => {
    const { context, page } = await stranger();
    await signIn(page, site, "jan", "/tokens/new");
    await page.locator("#identifier").fill("te-laat");
    await context.clearCookies({ name: /^vtb-admin-\w+-session$/ });
    await choose(page, "button", "Token maken");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("U bent niet meer ingelogd");
    expect(site.log()).toContain('"reason":"no_session"');
    expect(await page.getByRole("link", { name: "Opnieuw inloggen" }).isVisible()).toBe(true);
  });

  it("S83 changes nothing for a GET", async () => {
    const answer = await jan.page.goto(`${site.adminUrl}/sign-out`);
    expect(answer?.status()).toBe(404);
    expect(await isSignedIn()).toBe(true);
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
    await signIn(page, site, "jan", "/tokens/new");
    expect(page.url()).toBe(`${site.adminUrl}/tokens/new`);
    await page.locator("#identifier").fill("niet-in-adres");
    await page.getByLabel("taken.view_externetaak").check();
    await choose(page, "button", "Token maken");
    const token = (await page.locator("#new-token").textContent()) ?? "";
    const [session] = (await context.cookies(site.adminUrl)).filter(({ name }) => /^vtb-admin-\w+-session$/.test(name));
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
      "/beheer/oidc/callback",
    ]);
    // The style sheet, the form and the provider's page for signing out were requested from these pages.
    expect(sent.filter(({ referer }) => referer.startsWith(site.adminUrl))).toEqual([]);
    const paths = sent.map(({ url }) => new URL(url).pathname);
    for (const path of ["/beheer/tokens/new", "/session/end", expect.stringMatching(/^\/beheer\/assets\/style\./)]) {
      expect(paths).toContainEqual(path);
    }
  });
});
