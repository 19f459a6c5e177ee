import { describe, expect, it } from "vitest";
import { providerOf } from "../verifier/bearer/world.js";
import { lastChange, plain, release, staff, userRow, versionOf } from "./people.js";
import { makeSite, person, type Site } from "./site.js";

function permissionsOf(site: Site, name: string) {
  return site.database.kysely
    .selectFrom("user_permissions")
    .innerJoin("users", "users.id", "user_permissions.user_id")
    .select("permission")
    .where("username", "=", name)
    .orderBy("permission")
    .execute()
    .then((rows) => rows.map(({ permission }) => permission));
}

async function makeWithAnna(more: object = {}) {
  const site = await makeSite([
    person("anna", { ...plain, email: "anna@gemeente.example", permissions: ["zaken.view_zaak"], ...more }),
    staff("carla", ["vtb_setup.change_users", "taken.view_taak"]),
  ]);
  await release(site, "users", "anna");
  return site;
}

describe("making a user", () => {
  it("gives a name, permissions and a password, which signs in", async () => {
    const site = await makeSite();
    const browser = await site.signedIn("root");
    const page = await browser.get("/new-user");
    expect(page.text).toContain('value="vtb_setup.view_users"');
    const fields = {
      username: "bert",
      first_name: "Bert",
      email: "bert@gemeente.example",
      is_staff: "yes",
      way: "password",
      password: "een goed gekozen wachtwoord",
      permissions: ["vtb_setup.view_users"],
      other_permissions: "taken.view_taak\r\ntaken.change_taak",
    };
    expect(await browser.post("/new-user", fields)).toMatchObject({
      status: 303,
      location: "/users/bert?done=created",
    });
    expect(await userRow(site, "bert")).toMatchObject({
      owner: null,
      first_name: "Bert",
      is_staff: 1,
      is_superuser: 0,
    });
    expect(await permissionsOf(site, "bert")).toEqual(["taken.change_taak", "taken.view_taak", "vtb_setup.view_users"]);
    const own = site.browser();
    await own.get("/sign-in");
    const signIn = { username: "bert", password: "een goed gekozen wachtwoord" };
    expect((await own.post("/sign-in/password", signIn)).status).toBe(303);
    expect((await own.get("/users")).status).toBe(200);
  });

  it("says what is wrong at the field, keeps what was typed, and never the password", async () => {
    const site = await makeSite([person("anna", plain)]);
    const browser = await site.signedIn("root");
    const right = { username: "bert", first_name: "Bert", way: "none" };
    const wrong: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ["username", { username: "" }],
      ["username", { username: "\u200bbert" }],
      ["username", { username: "anna" }],
      ["password", { way: "password" }],
      ["password", { way: "password", password: "kort" }],
      ["sign_in", { way: "provider" }],
      ["permissions", { other_permissions: "geen recht!" }],
    ];
    for (const [field, fields] of wrong) {
      const { status, text } = await browser.post("/new-user", { ...right, ...fields });
      expect([fields, status]).toEqual([fields, 422]);
      expect(text).toMatch(new RegExp(`href="#${field}"`));
      expect(text).toContain('value="Bert"');
      expect(text).not.toContain("kort");
    }
    expect(await userRow(site, "bert")).toBeUndefined();
    expect((await browser.post("/new-user", right)).status).toBe(303);
  });

  it("can say who signs in as the user at a provider", async () => {
    const site = await makeSite([providerOf({ issuer: "https://idp.example" })]);
    const browser = await site.signedIn("root");
    const page = await browser.get("/new-user");
    const provider = /<option value="([^"]+)">[^<]+<\/option><\/select>/.exec(page.text)?.[1] ?? "";
    const fields = { username: "bert", is_staff: "yes", way: "provider", sign_in: provider, subject: "s-42" };
    expect((await browser.post("/new-user", fields)).status).toBe(303);
    expect((await browser.get("/users/bert")).text).toContain(`s-42 at ${provider}`);
  });
});

describe("changing a user", () => {
  it("changes names and own permissions, of nobody who has more than the person", async () => {
    const site = await makeWithAnna();
    const carla = await site.signedIn("carla");
    expect(await carla.post("/users/anna/edit", {})).toMatchObject({ status: 403 });
    const row = await site.database.kysely
      .deleteFrom("user_permissions")
      .where("permission", "=", "zaken.view_zaak")
      .executeTakeFirst();
    expect(row.numDeletedRows).toBe(1n);
    const page = await carla.get("/users/anna/edit");
    expect(page.text).toContain('value="taken.view_taak"');
    expect(page.text).not.toContain('name="is_superuser"');
    expect(page.text).not.toContain('name="other_permissions"');
    const version = versionOf(page);
    const fields = { version, first_name: "Anna", email: "", permissions: ["taken.view_taak"] };
    expect((await carla.post("/users/anna/edit", fields)).location).toBe("/users/anna?done=saved");
    expect(await userRow(site, "anna")).toMatchObject({ first_name: "Anna", email: "", is_superuser: 0 });
    expect(await permissionsOf(site, "anna")).toEqual(["taken.view_taak"]);
    expect(await lastChange(site)).toMatchObject({ actor: "login:carla" });
  });

  it("grants nothing that the person does not hold, whatever the form says", async () => {
    const site = await makeWithAnna({ permissions: [] });
    const carla = await site.signedIn("carla");
    const version = versionOf(await carla.get("/users/anna/edit"));
    for (const more of [{ permissions: ["zaken.change_zaak"] }, { other_permissions: "zaken.change_zaak" }]) {
      const refused = await carla.post("/users/anna/edit", { version, first_name: "Anna", ...more });
      expect(refused.status).toBe(403);
      expect(refused.text).toContain("zaken.change_zaak");
    }
    // Nothing of the form was saved, and a superuser flag that the form does not offer is ignored.
    expect(await userRow(site, "anna")).toMatchObject({ first_name: "" });
    await carla.post("/users/anna/edit", { version, first_name: "Anna", is_superuser: "yes" });
    expect(await userRow(site, "anna")).toMatchObject({ first_name: "Anna", is_superuser: 0 });
  });

  it("makes a superuser only after a recent sign-in, and keeps what was typed on the way", async () => {
    const site = await makeWithAnna();
    const browser = await site.signedIn("root");
    const version = versionOf(await browser.get("/users/anna/edit"));
    const fields = { version, first_name: "Anna", is_superuser: "yes", permissions: ["zaken.view_zaak"] };
    site.clock.nowMs += 16 * 60_000;
    const asked = await browser.post("/users/anna/edit", fields);
    expect(asked.status).toBe(403);
    expect(asked.text).toContain('name="first_name" value="Anna"');
    expect(await userRow(site, "anna")).toMatchObject({ is_superuser: 0 });
    // Without the flag, no recent sign-in is needed.
    expect((await browser.post("/users/anna/edit", { ...fields, is_superuser: [] })).status).toBe(303);
    const fresh = await site.signedIn("root");
    const now = versionOf(await fresh.get("/users/anna/edit"));
    expect((await fresh.post("/users/anna/edit", { ...fields, version: now })).status).toBe(303);
    expect(await userRow(site, "anna")).toMatchObject({ is_superuser: 1 });
  });

  it("is refused where somebody else was faster, with both values, and saved when it is sent again", async () => {
    const site = await makeWithAnna();
    const [one, other] = [await site.signedIn("root"), await site.signedIn("root")];
    const version = versionOf(await one.get("/users/anna/edit"));
    expect(versionOf(await other.get("/users/anna/edit"))).toBe(version);
    site.clock.nowMs += 1000;
    await other.post("/users/anna/edit", { version, first_name: "Johanna", permissions: ["zaken.view_zaak"] });
    const mine = { first_name: "Anneke", permissions: ["zaken.view_zaak", "taken.view_taak"] };
    const late = await one.post("/users/anna/edit", { version, ...mine });
    expect(late.status).toBe(409);
    const seen = late.text.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
    expect(seen).toContain("First name Johanna Anneke");
    expect(seen).toContain("Own rights zaken.view_zaak taken.view_taak, zaken.view_zaak");
    expect(late.text).toContain('value="Anneke"');
    expect(await userRow(site, "anna")).toMatchObject({ first_name: "Johanna" });
    expect((await one.post("/users/anna/edit", { version: versionOf(late), ...mine })).status).toBe(303);
    expect(await userRow(site, "anna")).toMatchObject({ first_name: "Anneke" });
    expect(await permissionsOf(site, "anna")).toEqual(["taken.view_taak", "zaken.view_zaak"]);
    // A form without a version was never shown.
    expect((await one.post("/users/anna/edit", mine)).status).toBe(409);
  });

  it("is refused of what a file manages, in the operation as well, and of a token's user", async () => {
    const site = await makeSite([person("anna", plain)]);
    const browser = await site.signedIn("root");
    const { updated_at: version = "" } = (await userRow(site, "anna")) ?? {};
    const refused = await browser.post("/users/anna/edit", { version, first_name: "Anna" });
    expect(refused.status).toBe(403);
    expect(refused.text).toContain("This is in a file");
    expect(await userRow(site, "anna")).toMatchObject({ first_name: "" });
    expect((await browser.post("/users/nobody/edit", { version })).status).toBe(404);
  });
});
