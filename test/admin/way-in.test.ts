import { describe, expect, it } from "vitest";
import { makeSite, person, publicUrl } from "./site.js";

describe("the way in", () => {
  it("sends people who are not signed in to the sign-in page, and back afterwards", async () => {
    const site = await makeSite();
    const browser = site.browser();
    expect(await browser.get("/history?kind=user")).toMatchObject({
      status: 303,
      location: `/sign-in?next=${encodeURIComponent("/history?kind=user")}`,
    });
    const signedIn = await site.signedIn("root");
    const home = await signedIn.get("/");
    expect(home.status).toBe(200);
    expect(home.text).toContain("<strong>root</strong>");
  });

  it("refuses people who are not staff", async () => {
    const site = await makeSite([person("jan", { is_staff: false, is_superuser: false })]);
    await expect(site.signedIn("jan")).rejects.toThrow("403");
  });

  it("signs out", async () => {
    const site = await makeSite();
    const browser = await site.signedIn("root");
    expect(await browser.post("/sign-out")).toMatchObject({ status: 303, location: "/signed-out" });
    expect(await browser.get("/")).toMatchObject({ status: 303, location: "/sign-in" });
  });

  it("speaks the language of the browser, and another after the switch", async () => {
    const site = await makeSite();
    const browser = await site.signedIn("root", { "accept-language": "nl-NL,nl;q=0.9,en;q=0.8" });
    expect((await browser.get("/")).text).toContain('<html lang="nl">');
    expect(await browser.post("/language", { language: "en", next: "/" })).toMatchObject({
      status: 303,
      location: "/",
    });
    expect((await browser.get("/")).text).toContain('<html lang="en">');
  });
});

describe("S83 S108 every form", () => {
  it("is refused from another origin, without the CSRF token, and as something else than a form", async () => {
    const site = await makeSite();
    const browser = await site.signedIn("root");
    expect(await browser.post("/sign-out", {}, { origin: "https://evil.example" })).toMatchObject({ status: 403 });
    expect(await browser.post("/sign-out", {}, { "sec-fetch-site": "cross-site" })).toMatchObject({ status: 403 });
    expect(await browser.post("/sign-out", { csrf: "x".repeat(43) })).toMatchObject({ status: 403 });
    expect(await browser.post("/sign-out", {}, { "content-type": "application/json" })).toMatchObject({ status: 415 });
    expect(await browser.get("/")).toMatchObject({ status: 200 });
    expect(site.events.filter(({ kind }) => kind === "form_refused")).toEqual([
      { kind: "form_refused", reason: "foreign_origin", path: "/sign-out" },
      { kind: "form_refused", reason: "foreign_origin", path: "/sign-out" },
      { kind: "form_refused", reason: "wrong_csrf_token", path: "/sign-out" },
      { kind: "form_refused", reason: "not_a_form", path: "/sign-out" },
    ]);
    // Its near twin.
    await browser.get("/");
    expect(await browser.post("/sign-out")).toMatchObject({ status: 303 });
  });

  it("is answered with headers that keep pages from being framed, stored or run with foreign scripts", async () => {
    const site = await makeSite();
    const { headers } = await site.browser().get("/sign-in");
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none';.*frame-ancestors 'none'$/);
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  });

  it("is on this machine alone accepted under the exact host", async () => {
    const site = await makeSite([], { publicUrl: "http://127.0.0.1:8090" });
    expect((await site.browser({ host: "127.0.0.1:8090" }).get("/sign-in")).status).toBe(200);
    expect((await site.browser({ host: "evil.example:8090" }).get("/sign-in")).status).toBe(400);
    expect((await site.browser({ host: "localhost:8090" }).get("/sign-in")).status).toBe(400);
  });
});

describe("the path that the pages are under", () => {
  it("may be stripped by a proxy, or not", async () => {
    const site = await makeSite();
    const { origin } = new URL(publicUrl);
    for (const path of ["/beheer/sign-in", "/sign-in"]) {
      const response = await site.admin.fetch(new Request(origin + path));
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('action="/beheer/sign-in/password"');
    }
  });
});
