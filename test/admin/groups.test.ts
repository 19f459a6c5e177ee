import { describe, expect, it } from "vitest";
import { clientOf, providerOf, usualOptions } from "../verifier/bearer/world.js";
import { group, lastChange, plain, release, staff, versionOf } from "./people.js";
import { makeSite, person, type Site } from "./site.js";

function permissionsOf(site: Site, name: string) {
  return site.database.kysely
    .selectFrom("group_permissions")
    .innerJoin("groups", "groups.id", "group_permissions.group_id")
    .select("permission")
    .where("name", "=", name)
    .orderBy("permission")
    .execute()
    .then((rows) => rows.map(({ permission }) => permission));
}

function plainText(html: string): string {
  return html.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
}

describe("the list of groups", () => {
  it("is searched and sorted, and counts the members that count now", async () => {
    const site = await makeSite([
      group("lezers", ["taken.view_taak"]),
      group("schrijvers"),
      person("anna", { ...plain, groups: ["lezers"] }),
      person("bert", { ...plain, groups: ["lezers"], groups_until: { lezers: "2026-01-01T00:00:00.000Z" } }),
    ]);
    const browser = await site.signedIn("root");
    const namesAt = async (path: string) =>
      [...(await browser.get(path)).text.matchAll(/<th scope="row"><a href="[^"]*">([^<]*)<\/a>/g)].map(([, at]) => at);
    expect(await namesAt("/groups")).toEqual(["lezers", "schrijvers"]);
    expect(await namesAt("/groups?q=SCHRIJ")).toEqual(["schrijvers"]);
    expect(await namesAt("/groups?sort=members")).toEqual(["schrijvers", "lezers"]);
    expect(await namesAt("/groups?sort=-name")).toEqual(["schrijvers", "lezers"]);
    expect(plainText((await browser.get("/groups?q=lezers")).text)).toMatch(/lezers From a file 1 1 /);
  });
});

describe("the page of a group", () => {
  it("shows its members with their sources and ends, its rights, and the claims that bring people in", async () => {
    const options = (more: object) => ({
      options: { ...usualOptions, groups_settings: { ...usualOptions.groups_settings, ...more } },
    });
    const site = await makeSite(
      [
        providerOf({ issuer: "https://idp.example" }),
        clientOf(options({ claim_mapping: ["realm", "groups"] })),
        clientOf(options({ claim_mapping: [], default_groups: ["lezers"] }), "admin-oidc"),
        group("lezers", ["taken.view_taak"]),
        group("schrijvers"),
        person("anna", { ...plain, groups: ["lezers"], groups_until: { lezers: "2026-04-01T00:00:00.000Z" } }),
      ],
      { passwordSignIn: "always" },
    );
    const browser = await site.signedIn("root");
    const text = plainText((await browser.get("/groups/lezers")).text);
    expect(text).toContain("anna the file 1 April 2026 at 02:00 CEST");
    expect(text).toContain("taken.view_taak");
    expect(text).toContain("Everybody who signs in through admin-oidc.");
    expect(text).toContain("Who signs in through api-oidc, and has the group lezers in the claim");
    expect(plainText((await browser.get("/groups/schrijvers")).text)).not.toContain("Everybody");
    expect(await browser.get("/groups/weg")).toMatchObject({ status: 404 });
  });

  it("adds and removes members by hand, also of a group of a file, and refuses what a file or nobody gives", async () => {
    const site = await makeSite([
      group("lezers", ["taken.view_taak"]),
      person("anna", plain),
      person("bert", { ...plain, groups: ["lezers"] }),
    ]);
    const browser = await site.signedIn("root");
    const post = (fields: Readonly<Record<string, string>>) => browser.post("/groups/lezers/members", fields);
    expect((await post({ do: "add", username: "anna", until: "2026-12-31" })).location).toBe(
      "/groups/lezers/members?done=yes",
    );
    const { text } = await browser.get("/groups/lezers/members");
    expect(plainText(text)).toContain("anna by hand 1 January 2027 at 00:00 CET");
    expect(text).toContain('Remove<span class="spoken"> anna</span>');
    expect(text).not.toContain('Remove<span class="spoken"> bert</span>');
    for (const [field, fields] of [
      ["username", { do: "add", username: "nobody" }],
      ["until", { do: "add", username: "anna", until: "2025-12-31" }],
      ["groups", { do: "remove", username: "bert" }],
    ] as const) {
      const refused = await post(fields);
      expect([fields, refused.status]).toEqual([fields, 422]);
      expect(refused.text).toContain(`href="#${field}"`);
    }
    expect((await post({ do: "remove", username: "anna" })).status).toBe(303);
    expect(plainText((await browser.get("/groups/lezers")).text)).not.toContain("anna");
  });
});

describe("making, changing and deleting a group", () => {
  it("works for one made by hand, with the permissions that the person has", async () => {
    const site = await makeSite([staff("carla", ["vtb_setup.change_users", "taken.view_taak"]), person("anna", plain)]);
    const carla = await site.signedIn("carla");
    const form = await carla.get("/new-group");
    expect(form.text).toContain('value="taken.view_taak"');
    expect(form.text).not.toContain('value="vtb_setup.view_tokens"');
    const fields = { name: "lezers", permissions: "taken.view_taak" };
    expect(await carla.post("/new-group", { ...fields, permissions: "zaken.view_zaak" })).toMatchObject({
      status: 403,
    });
    expect(await carla.post("/new-group", fields)).toMatchObject({ location: "/groups/lezers?done=created" });
    expect(await permissionsOf(site, "lezers")).toEqual(["taken.view_taak"]);
    expect(await lastChange(site)).toMatchObject({
      actor: "login:carla",
      action: "create",
      kind: "group",
      key: "lezers",
    });
    for (const name of ["lezers", "", " "]) {
      const refused = await carla.post("/new-group", { ...fields, name });
      expect([name, refused.status]).toEqual([name, 422]);
      expect(refused.text).toContain('href="#name"');
      expect(refused.text).toContain('value="taken.view_taak" checked');
    }
    const version = versionOf(await carla.get("/groups/lezers/edit"));
    expect((await carla.post("/groups/lezers/edit", { version })).location).toBe("/groups/lezers?done=saved");
    expect(await permissionsOf(site, "lezers")).toEqual([]);
    await carla.post("/groups/lezers/members", { do: "add", username: "anna" });
    expect((await carla.get("/groups/lezers/delete")).text).toContain("The group has 1 member.");
    expect(await carla.post("/groups/lezers/delete")).toMatchObject({ location: "/groups?done=deleted" });
    expect(await carla.get("/groups/lezers")).toMatchObject({ status: 404 });
  });

  it("keeps the permissions that the person does not hold, and takes away none of them", async () => {
    const site = await makeSite([
      group("lezers", ["taken.view_taak", "zaken.view_zaak"]),
      staff("carla", ["vtb_setup.change_users", "taken.view_taak"]),
    ]);
    await release(site, "groups", "lezers");
    const carla = await site.signedIn("carla");
    const page = await carla.get("/groups/lezers/edit");
    expect(plainText(page.text)).toContain("They stay as they are: zaken.view_zaak");
    const refused = await carla.post("/groups/lezers/edit", { version: versionOf(page) });
    expect(refused.status).toBe(403);
    expect(await carla.post("/groups/lezers/delete")).toMatchObject({ status: 403 });
    expect(await permissionsOf(site, "lezers")).toEqual(["taken.view_taak", "zaken.view_zaak"]);
    const root = await site.signedIn("root");
    const version = versionOf(await root.get("/groups/lezers/edit"));
    expect((await root.post("/groups/lezers/edit", { version, permissions: "zaken.view_zaak" })).status).toBe(303);
    expect(await permissionsOf(site, "lezers")).toEqual(["zaken.view_zaak"]);
  });

  it("is refused where somebody else was faster, with both values", async () => {
    const site = await makeSite([group("lezers", ["taken.view_taak"])]);
    await release(site, "groups", "lezers");
    const browser = await site.signedIn("root");
    const version = versionOf(await browser.get("/groups/lezers/edit"));
    site.clock.nowMs += 1000;
    await browser.post("/groups/lezers/edit", { version, permissions: [], other_permissions: "zaken.view_zaak" });
    const mine = { permissions: ["taken.view_taak"], other_permissions: "taken.change_taak" };
    const late = await browser.post("/groups/lezers/edit", { version, ...mine });
    expect(late.status).toBe(409);
    expect(plainText(late.text)).toContain("Own rights zaken.view_zaak taken.change_taak, taken.view_taak");
    expect(await permissionsOf(site, "lezers")).toEqual(["zaken.view_zaak"]);
    expect((await browser.post("/groups/lezers/edit", { ...mine, version: versionOf(late) })).status).toBe(303);
    expect(await permissionsOf(site, "lezers")).toEqual(["taken.change_taak", "taken.view_taak"]);
  });

  it("is refused of what a file manages, in the operation as well", async () => {
    const site = await makeSite([group("lezers", ["taken.view_taak"])]);
    const browser = await site.signedIn("root");
    expect((await browser.get("/groups/lezers")).text).not.toContain("/groups/lezers/edit");
    expect(await browser.get("/groups/lezers/edit")).toMatchObject({ location: "/groups/lezers" });
    const row = await site.database.kysely.selectFrom("groups").select("updated_at").executeTakeFirstOrThrow();
    const refused = await browser.post("/groups/lezers/edit", { version: row.updated_at });
    expect(refused.status).toBe(403);
    expect(refused.text).toContain("This is in a file");
    expect(await browser.post("/groups/lezers/delete")).toMatchObject({ status: 403 });
    expect(await permissionsOf(site, "lezers")).toEqual(["taken.view_taak"]);
  });
});
