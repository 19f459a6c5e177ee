import { describe, expect, it } from "vitest";
import { day, group, plain, staff } from "./people.js";
import { makeSite, person, type Site, type SiteBrowser, start } from "./site.js";

/** The usernames of a list, in its order. */
async function namesAt(browser: SiteBrowser, path: string): Promise<readonly string[]> {
  const { status, text } = await browser.get(path);
  expect(status).toBe(200);
  return [...text.matchAll(/<th scope="row"><a href="[^"]*">([^<]*)<\/a>/g)].map(([, name]) => name ?? "");
}

async function update(site: Site, name: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
  await site.database.kysely.updateTable("users").set(fields).where("username", "=", name).execute();
}

async function makePeople() {
  const site = await makeSite([
    group("lezers", ["taken.view_taak"]),
    person("anna", { ...plain, email: "a@gemeente.example", first_name: "Anna", groups: ["lezers"] }),
    person("bert", { ...plain, email: "Bert@gemeente.example", last_name: "50%_Jansen", is_active: false }),
    staff("carla", ["vtb_setup.view_users"]),
  ]);
  await update(site, "carla", { owner: null, last_sign_in_at: new Date(start - 10 * day).toISOString() });
  const old = new Date(start - 200 * day).toISOString();
  for (const name of ["anna", "bert", "carla"]) await update(site, name, { created_at: old });
  return site;
}

describe("the list of users", () => {
  it("is searched, filtered and sorted by the database, with counters that link to filters", async () => {
    const site = await makePeople();
    const browser = await site.signedIn("root");
    const lists: readonly (readonly [string, readonly string[]])[] = [
      ["/users", ["anna", "bert", "carla", "root"]],
      ["/users?q=ANN", ["anna"]],
      ["/users?q=bert%40GEMEENTE", ["bert"]],
      ["/users?q=jansen", ["bert"]],
      // Wildcards of the database are none here.
      ["/users?q=50%25_", ["bert"]],
      ["/users?q=5%25J", []],
      ["/users?q=%00", ["anna", "bert", "carla", "root"]],
      ["/users?state=inactive", ["bert"]],
      ["/users?state=active&rights=staff", ["carla", "root"]],
      ["/users?rights=superuser", ["root"]],
      ["/users?group=lezers", ["anna"]],
      ["/users?owner=-", ["carla"]],
      ["/users?owner=%3Ddefault", ["anna", "bert", "root"]],
      ["/users?unused=90", ["anna", "bert"]],
      ["/users?sort=-username", ["root", "carla", "bert", "anna"]],
      ["/users?sort=seen", ["anna", "bert", "carla", "root"]],
      ["/users?sort=-seen", ["root", "carla", "bert", "anna"]],
      ["/users?sort=password_hash", ["anna", "bert", "carla", "root"]],
      ["/users?page=2", []],
    ];
    for (const [path, names] of lists) expect([path, await namesAt(browser, path)]).toEqual([path, names]);
    const { text } = await browser.get("/users");
    expect(text).toContain('<a href="/beheer/users?state=inactive">inactive: 1</a>');
    expect(text).toContain('<a href="/beheer/users?unused=90">not seen for 90 days: 2</a>');
    expect(text).toContain('<a href="/beheer/users?rights=superuser">superusers: 1</a>');
  });

  it("has pages, and keeps the filter on the way to the next one", async () => {
    const site = await makeSite(
      Array.from({ length: 60 }, (_, at) =>
        person(`u${String(at).padStart(2, "0")}`, { ...plain, password: undefined }),
      ),
    );
    const browser = await site.signedIn("root");
    const { text } = await browser.get("/users?q=u&sort=-username");
    expect(text).toContain("60 users found");
    expect(text).toContain('href="/beheer/users?q=u&amp;sort=-username&amp;page=2"');
    const second = await namesAt(browser, "/users?q=u&sort=-username&page=2");
    expect([second.length, second[0], second.at(-1)]).toEqual([10, "u09", "u00"]);
  });

  it("is for those who may see users", async () => {
    const site = await makeSite([staff("carla", ["vtb_setup.view_users"]), staff("dirk", ["vtb_setup.view_tokens"])]);
    expect(await (await site.signedIn("dirk")).get("/users")).toMatchObject({ status: 403 });
    const allowed = await (await site.signedIn("carla")).get("/users");
    expect(allowed.status).toBe(200);
    expect(allowed.text).not.toContain("/new-user");
  });
});
