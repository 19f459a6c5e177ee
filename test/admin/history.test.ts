import { describe, expect, it } from "vitest";
import { type ChangeRecord, type RunRecord, writeRun } from "../../src/database/write-rows.js";
import { resource } from "../support/run.js";
import { token, tokenValue } from "../verifier/verifier-world.js";
import { makeSite, person, type Site, type SiteBrowser } from "./site.js";

function change(kind: string, key: string, fields: readonly object[] = []): ChangeRecord {
  return { action: "update", kind, key, id: `${kind}-${key}`, fields };
}

async function record(site: Site, run: Partial<RunRecord> & { readonly id: string }, ...changes: ChangeRecord[]) {
  const at = run.finishedAt ?? "2099-02-01T09:30:00.000Z";
  const usual = { startedAt: at, finishedAt: at, actor: "jan@host", through: "user deactivate" as const, version: "1" };
  const { kysely } = site.database;
  await kysely.transaction().execute((tx) => writeRun(tx, { ...usual, ...run }, changes, () => undefined));
}

/** A table's rows as texts of their cells, without its heading. */
async function rowsAt(browser: SiteBrowser, path: string): Promise<readonly (readonly string[])[]> {
  const { status, text } = await browser.get(path);
  expect(status).toBe(200);
  const body = /<tbody>(.*)<\/tbody>/s.exec(text)?.[1] ?? "";
  return [...body.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = ""]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = ""]) =>
      cell
        .replace(/<details>.*<\/details>/s, "")
        .replace(/<[^>]*>/g, "")
        .replace(/\s+/g, " ")
        .trim(),
    ),
  );
}

const viewer = { is_superuser: false, permissions: ["vtb_setup.view_history"] };

describe("the history", () => {
  it("shows what was changed, from what to what, when, by whom and through what", async () => {
    const site = await makeSite();
    await record(
      site,
      { id: "r-1", actor: "<b>els</b>", claimedActor: "piet" },
      change("user", "jan", [
        { name: "email", before: "a@x.nl", after: "b@x.nl" },
        { name: "password", sensitive: true },
        {
          name: "is_staff",
          before: true,
          after: false,
          drift: {
            was: false,
            became: true,
            at: "2099-01-01T00:00:00.000Z",
            by: "sign-in:admin-oidc",
            through: "sign-in",
          },
        },
      ]),
    );
    const browser = await site.signedIn("root");
    const [row, ...others] = await rowsAt(browser, "/history");
    expect(row).toEqual([
      "~ user jan changed",
      "1 February 2099 at 10:30 CET",
      "email: a@x.nl → b@x.nlpassword: changed (secret)is_staff: true → false This undid a change of 1 January 2099 at 01:00 CET, by sign-in:admin-oidc (signing in).",
      "&lt;b&gt;els&lt;/b&gt;, for piet (not verified)",
      "user deactivate",
    ]);
    expect(others.map(([what]) => what)).toContain("+ user root made");
    const dutch = await site.signedIn("root", { "accept-language": "nl" });
    expect((await rowsAt(dutch, "/history"))[0]?.[0]).toBe("~ gebruiker jan gewijzigd");
  });

  it("never shows a secret", async () => {
    const site = await makeSite([token("forms", tokenValue)]);
    const browser = await site.signedIn("root");
    const rows = await rowsAt(browser, "/history?kind=api_token");
    expect(rows[0]?.[2]).toContain("token: set (secret)");
    for (const path of ["/history", "/history/download?format=csv", "/history/download?format=json"]) {
      expect((await browser.get(path)).text).not.toContain(tokenValue);
    }
  });

  it("is of one object, under the names that it has had, with a link to it as YAML", async () => {
    const site = await makeSite([resource("group", "lezers", { permissions: [] })]);
    await site.apply(person("root"), { ...resource("group", "readers", { permissions: [] }), renamedFrom: "lezers" });
    const browser = await site.signedIn("root");
    const rows = await rowsAt(browser, "/history?kind=group&name=readers");
    expect(rows.map(([what]) => what)).toEqual(["~ group readers changed", "+ group lezers made"]);
    const { text } = await browser.get("/history?kind=group&name=readers");
    expect(text).toContain("<h1>History of group readers</h1>");
    expect(text).toContain('href="/beheer/yaml?kind=group&amp;name=readers"');
  });

  it("is filtered by the form, whose fields keep what was chosen", async () => {
    const site = await makeSite();
    await record(site, { id: "r-1", finishedAt: "2099-02-01T22:59:59.999Z" }, change("user", "jan"));
    await record(site, { id: "r-2", finishedAt: "2099-02-01T23:00:00.000Z" }, change("user", "els"));
    await record(site, { id: "r-3", through: "admin", actorUserId: "u-1" }, change("group", "Jansen"));
    const browser = await site.signedIn("root");
    const found = async (query: string) => (await rowsAt(browser, `/history?${query}`)).map(([what]) => what);
    expect(await found("text=JAN")).toEqual(["~ user jan changed", "~ group Jansen changed"]);
    expect(await found("text=jan&kind=user")).toEqual(["~ user jan changed"]);
    expect(await found("actor=jan%40host&kind=group")).toEqual(["~ group Jansen changed"]);
    expect(await found("user=u-1")).toEqual(["~ group Jansen changed"]);
    expect(await found("through=admin")).toEqual(["~ group Jansen changed"]);
    expect(await found("action=delete")).toEqual([]);
    expect(await found("text=%00")).toHaveLength(5);
    // Days are those of Amsterdam, in which the second of February begins an hour before that of UTC.
    expect(await found("since=2099-02-01&until=2099-02-01&kind=user")).toEqual(["~ user jan changed"]);
    expect(await found("since=2099-02-02")).toEqual(["~ user els changed"]);
    const { text } = await browser.get("/history?text=jan&through=admin&since=2099-02-01");
    expect(text).toMatch(/name="text" type="search" value="jan"/);
    expect(text).toContain('<option value="admin" selected>these admin pages</option>');
    expect(text).toMatch(/name="since" type="date" value="2099-02-01"/);
  });

  it("refuses a day that does not exist, and keeps it", async () => {
    const browser = await (await makeSite()).signedIn("root");
    const { status, text } = await browser.get("/history?since=2099-02-31");
    expect(status).toBe(422);
    expect(text).toContain("Fill in a day that exists");
    expect(text).toContain('value="2099-02-31"');
  });

  it("has pages that keep the filter", async () => {
    const site = await makeSite();
    await record(site, { id: "r-1" }, ...Array.from({ length: 60 }, (_, at) => change("user", `u${at}`)));
    const browser = await site.signedIn("root");
    const first = await browser.get("/history?through=user+deactivate");
    const next = /rel="next" href="\/beheer([^"]*)"/.exec(first.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(next).toContain("through=user+deactivate");
    const rows = await rowsAt(browser, next);
    expect(rows.map(([what]) => what)).toEqual(Array.from({ length: 10 }, (_, at) => `~ user u${9 - at} changed`));
    const last = await browser.get(next);
    expect(last.text).not.toContain('rel="next"');
    expect(last.text).toContain('<a href="/beheer/history?through=user+deactivate">Newest</a>');
  });

  it("is downloaded as it is filtered", async () => {
    const site = await makeSite();
    await record(site, { id: "r-1" }, ...Array.from({ length: 600 }, (_, at) => change("user", `=u${at}`)));
    const browser = await site.signedIn("root");
    const csv = await browser.get("/history/download?format=csv&through=user+deactivate");
    expect(csv.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(csv.headers.get("content-disposition")).toBe('attachment; filename="history-2026-03-01.csv"');
    const lines = csv.text.split("\r\n");
    expect(lines).toHaveLength(602);
    expect(lines[1]).toContain(",update,user,'=u599,");
    const json = await browser.get("/history/download?format=json&kind=user&name=root&action=create");
    expect(JSON.parse(json.text)).toMatchObject({ outcome: "ok", items: [{ action: "create", key: "root" }] });
  });

  it("is for those who may see it", async () => {
    const site = await makeSite([
      person("ziener", viewer),
      person("staf", { is_superuser: false, permissions: ["vtb_setup.view_users"] }),
    ]);
    expect((await (await site.signedIn("ziener")).get("/history")).status).toBe(200);
    const other = await site.signedIn("staf");
    expect((await other.get("/history")).status).toBe(403);
    expect((await other.get("/history/download?format=json")).status).toBe(403);
  });
});

describe("an object as YAML", () => {
  it("is shown to those who may see it, without secrets", async () => {
    const site = await makeSite([
      token("forms", tokenValue),
      person("ziener", { is_superuser: false, permissions: ["vtb_setup.view_users"] }),
    ]);
    const root = await site.signedIn("root");
    const shown = await root.get("/yaml?kind=api_token&name=forms");
    expect(shown.status).toBe(200);
    expect(shown.text).toMatch(/identifier: forms\n\s+token:\n\s+sha256: (?:&quot;)?[\da-f]{64}/);
    expect(shown.text).not.toContain(tokenValue);
    expect((await root.get("/yaml?kind=api_token&name=nothing")).status).toBe(404);
    expect((await root.get("/yaml?kind=sealing_key&name=x")).status).toBe(404);
    const viewing = await site.signedIn("ziener");
    expect((await viewing.get("/yaml?kind=user&name=root")).status).toBe(200);
    for (const kind of ["api_token", "oidc_client", "oidc_provider", "policy", ""]) {
      expect((await viewing.get(`/yaml?kind=${kind}&name=forms`)).status).toBe(403);
    }
  });
});

describe("what differs from the files", () => {
  it("is shown with what it was and became, when and by whom, of all and of one object", async () => {
    const site = await makeSite([person("jan", { email: "jan@gemeente.example" }), person("els")]);
    const browser = await site.signedIn("root");
    expect((await browser.get("/history/differences")).text).toContain("There is no difference");
    const set = { email: "ander@gemeente.example" };
    await site.database.kysely.updateTable("users").set(set).where("username", "=", "jan").execute();
    const at = "2099-02-01T09:30:00.000Z";
    const { id } = await site.database.kysely
      .selectFrom("users")
      .select("id")
      .where("username", "=", "jan")
      .executeTakeFirstOrThrow();
    const fields = [{ name: "email", sensitive: true }];
    await record(
      site,
      { id: "r-1", finishedAt: at, actor: "sign-in:admin-oidc", through: "sign-in" },
      { ...change("user", "jan", fields), id },
    );
    const rows = await rowsAt(browser, "/history/differences");
    const differs =
      "email: jan@gemeente.example → ander@gemeente.example on 1 February 2099 at 10:30 CET, by sign-in:admin-oidc (signing in)";
    expect(rows).toEqual([["user jan", "default", differs]]);
    expect((await browser.get("/history?kind=user&name=jan")).text).toContain("Differs from the file");
    expect((await browser.get("/history?kind=user&name=els")).text).not.toContain("Differs from the file");
    const csv = await browser.get("/history/differences/download?format=csv");
    expect(csv.text.split("\r\n")[1]).toBe(
      `user,jan,default,changed,email,jan@gemeente.example,ander@gemeente.example,${at},sign-in:admin-oidc,sign-in`,
    );
    expect(JSON.parse((await browser.get("/history/differences/download?format=json")).text).items).toHaveLength(1);
  });
});
