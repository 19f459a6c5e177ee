import { describe, expect, it } from "vitest";
import type { Resource } from "../../src/plan/resource.js";
import { permissionOf } from "../../src/users/admin-rights.js";
import { token, tokenValue } from "../verifier/verifier-world.js";
import { makeSite, person, type Site, start } from "./site.js";

const dayMs = 86_400_000;
const at = (inDays: number) => new Date(start + inDays * dayMs).toISOString();

/** Staff with these rights at the pages. */
function staff(name: string, ...rights: Parameters<typeof permissionOf>[0][]): Resource {
  return person(name, { is_superuser: false, permissions: rights.map(permissionOf).sort() });
}

const people = [staff("viewer", "view_tokens"), staff("jan"), staff("piet")];
const tokens = [
  token("zaaksysteem", `${tokenValue}0`, {
    application: "Zaken",
    description: "Koppeling met Zaken",
    allowed_ips: ["10.1.0.0/16", "2001:db8::/32"],
    rate_limit: "100/m",
  }),
  token("jans-token", `${tokenValue}1`, { user: "jan", permissions: null }),
  token("new", `${tokenValue}2`, { user: "piet", permissions: ["taken.view_externetaak"] }),
];

async function makeTokensSite(): Promise<Site> {
  const site = await makeSite([...people, ...tokens]);
  await site.database.kysely
    .updateTable("api_tokens")
    .set({ created_at: at(-100), value_since: at(-100) })
    .execute();
  return site;
}

/** The names of the tokens on a list, in its order. */
function namesOn(text: string): readonly string[] {
  return [...text.matchAll(/<th scope="row">.*?<a href="[^"]+">([^<]+)<\/a>/gs)].map(([, name]) => name ?? "");
}

describe("the list of tokens", () => {
  it("is searched, filtered and sorted by its address", async () => {
    const site = await makeTokensSite();
    const { kysely } = site.database;
    const set = (identifier: string, columns: object) =>
      kysely.updateTable("api_tokens").set(columns).where("identifier", "=", identifier).execute();
    await set("zaaksysteem", { last_used_at: at(-1), expires_at: at(10) });
    await set("new", { owner: null, disabled_at: at(-1), disabled_by: "root" });
    const browser = await site.signedIn("viewer");
    const names = async (path: string) => namesOn((await browser.get(path)).text);
    expect(await names("/tokens")).toEqual(["jans-token", "new", "zaaksysteem"]);
    expect(await names("/tokens?sort=-name")).toEqual(["zaaksysteem", "new", "jans-token"]);
    expect(await names("/tokens?q=ZAKEN")).toEqual(["zaaksysteem"]);
    expect(await names("/tokens?user=jan")).toEqual(["jans-token"]);
    expect(await names("/tokens?state=disabled")).toEqual(["new"]);
    expect(await names("/tokens?owner=none")).toEqual(["new"]);
    expect(await names("/tokens?owner=of:default")).toEqual(["jans-token", "zaaksysteem"]);
    expect(await names("/tokens?expiring=30")).toEqual(["zaaksysteem"]);
    expect(await names("/tokens?expiring=7")).toEqual([]);
    expect(await names("/tokens?unused=90&state=active")).toEqual(["jans-token"]);
    // What an address can't mean is ignored.
    expect(await names("/tokens?state=%00&sort=digest&page=0&owner=x")).toHaveLength(3);
    expect(await names("/tokens?q=%00")).toHaveLength(3);
  });

  it("counts what deserves a look, with a link to each", async () => {
    const site = await makeTokensSite();
    const { text } = await (await site.signedIn("root")).get("/tokens");
    expect(text).toContain(
      '<a href="/beheer/tokens?state=active&amp;unused=90">Not used for 90 days: <strong>3</strong>',
    );
    expect(text).toContain('<a href="/beheer/tokens?state=revoked">Revoked: <strong>0</strong>');
  });

  it("has pages of fifty", async () => {
    const more = Array.from({ length: 51 }, (_, index) => token(`t${index}`, `${tokenValue}${100 + index}`));
    const site = await makeSite(more);
    const browser = await site.signedIn("root");
    const firstPage = await browser.get("/tokens?q=t&sort=-created");
    expect(namesOn(firstPage.text)).toHaveLength(50);
    expect(firstPage.text).toContain('href="/beheer/tokens?q=t&amp;sort=-created&amp;page=2"');
    expect(namesOn((await browser.get("/tokens?q=t&sort=-created&page=2")).text)).toHaveLength(1);
  });

  it("has only their own tokens for people who may not see all, whatever the address says", async () => {
    const site = await makeTokensSite();
    const browser = await site.signedIn("jan");
    const { text } = await browser.get("/tokens?user=piet&owner=of:default");
    expect(text).not.toContain("zaaksysteem");
    expect(namesOn((await browser.get("/tokens")).text)).toEqual(["jans-token"]);
    expect((await browser.get("/tokens")).text).toContain("All: <strong>1</strong>");
    expect((await browser.get("/tokens/zaaksysteem")).status).toBe(404);
    expect((await browser.get("/tokens/jans-token")).status).toBe(200);
  });
});

describe("a token's page", () => {
  it("says who made it, when, from which file, and what it may", async () => {
    const site = await makeTokensSite();
    const browser = await site.signedIn("root");
    const { text, status } = await browser.get("/tokens/zaaksysteem");
    expect(status).toBe(200);
    for (const part of [
      "vtb-setup (through apply, test.yaml)",
      "Koppeling met Zaken",
      "10.1.0.0/16, 2001:db8::/32",
      "100/m",
      "taken.view_externetaak",
      "From a file",
      "of this token alone",
      '<a href="/beheer/history?kind=api_token&amp;name=zaaksysteem">',
      '<a href="/beheer/yaml?kind=api_token&amp;name=zaaksysteem">',
    ]) {
      expect(text).toContain(part);
    }
  });

  it("shows which permissions have no effect since its user does not have them", async () => {
    const site = await makeTokensSite();
    const { text } = await (await site.signedIn("root")).get("/tokens/~new");
    expect(text).toContain("<del>taken.view_externetaak</del>");
    const { text: whole } = await (await site.signedIn("root")).get("/tokens/jans-token");
    expect(whole).not.toContain("<del>");
  });

  it("is reached also where its name is that of another page", async () => {
    const site = await makeTokensSite();
    const browser = await site.signedIn("root");
    expect((await browser.get("/tokens")).text).toContain('href="/beheer/tokens/~new"');
    expect((await browser.get("/tokens/~new")).text).toContain("<h1>new</h1>");
    expect((await browser.get("/tokens/gone")).status).toBe(404);
    for (const path of ["/tokens/a%00b", "/users/a%00b", "/groups/a%00b"]) {
      expect((await browser.get(path)).status).toBe(404);
    }
  });

  it("offers only what the person may do", async () => {
    const site = await makeTokensSite();
    const linksOf = async (name: string, path: string) =>
      [...(await (await site.signedIn(name)).get(path)).text.matchAll(/class="button secondary" href="([^"]+)"/g)].map(
        ([, href]) => href,
      );
    expect(await linksOf("viewer", "/tokens/zaaksysteem")).toEqual([]);
    const boxesOf = async (name: string) =>
      [...(await (await site.signedIn(name)).get("/tokens")).text.matchAll(/name="name" value="([^"]+)"/g)].length;
    expect([await boxesOf("viewer"), await boxesOf("jan"), await boxesOf("root")]).toEqual([0, 1, 3]);
    expect(await linksOf("jan", "/tokens/jans-token")).toEqual([
      "/beheer/tokens/jans-token/disable",
      "/beheer/tokens/revoke?name=jans-token",
    ]);
  });
});

describe("a token that is looked up by its value", () => {
  it("is found, and the value does not come back", async () => {
    const site = await makeTokensSite();
    const browser = await site.signedIn("viewer");
    await browser.get("/tokens");
    for (const pasted of [`${tokenValue}0`, ` Token ${tokenValue}0\n`, `Authorization: Token ${tokenValue}0`]) {
      const found = await browser.post("/tokens/find", { token: pasted });
      expect(found).toMatchObject({ status: 303, location: "/tokens/zaaksysteem?found=current" });
    }
    const unknown = await browser.post("/tokens/find", { token: "a-value-that-nobody-has" });
    expect(unknown).toMatchObject({ status: 422 });
    expect(unknown.text).toContain("No token has or had this value.");
    expect(unknown.text).not.toContain("a-value-that-nobody-has");
    expect(JSON.stringify(site.events)).not.toContain(tokenValue);
  });

  it("is not found by people who may not see it", async () => {
    const site = await makeTokensSite();
    const browser = await site.signedIn("jan");
    await browser.get("/tokens");
    expect(await browser.post("/tokens/find", { token: `${tokenValue}0` })).toMatchObject({ status: 422 });
    const own = await browser.post("/tokens/find", { token: `${tokenValue}1` });
    expect(own.location).toBe("/tokens/jans-token?found=current");
  });

  it("can be looked up so often by a session, and again later", async () => {
    const site = await makeTokensSite();
    const browser = await site.signedIn("viewer");
    await browser.get("/tokens");
    const statuses = [];
    for (let count = 0; count < 31; count += 1) {
      statuses.push((await browser.post("/tokens/find", { token: `${tokenValue}0` })).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 30 }, () => 303), 429]);
    const other = await site.signedIn("root");
    await other.get("/tokens");
    expect((await other.post("/tokens/find", { token: `${tokenValue}0` })).status).toBe(303);
    site.clock.nowMs += 60_000;
    expect((await browser.post("/tokens/find", { token: `${tokenValue}0` })).status).toBe(303);
  });
});
