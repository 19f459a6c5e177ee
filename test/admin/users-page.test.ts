import { describe, expect, it } from "vitest";
import { token } from "../verifier/verifier-world.js";
import { day, group, plain, release, staff } from "./people.js";
import { makeSite, person, start } from "./site.js";

describe("the page of a user", () => {
  it("shows what the user may do and through what, its groups with their ends, tokens, sessions and file", async () => {
    const site = await makeSite([
      group("lezers", ["taken.view_taak"]),
      person("anna", {
        ...plain,
        first_name: "Anna",
        groups: ["lezers"],
        groups_until: { lezers: new Date(start + day).toISOString() },
        permissions: ["taken.view_taak", "zaken.view_zaak"],
      }),
    ]);
    const browser = await site.signedIn("root");
    const { status, text } = await browser.get("/users/anna");
    expect(status).toBe(200);
    const seen = text.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
    expect(seen).toContain("taken.view_taak own right, from the file group lezers (the file)");
    expect(seen).toContain("zaken.view_zaak own right, from the file");
    expect(seen).toContain("lezers the file 2 March 2026 at 13:00 CET");
    expect(seen).toContain("Signs in with a password");
    expect(seen).toContain("From a file");
    expect(text).toContain('href="/beheer/history?kind=user&amp;name=anna"');
    // What the file manages is not edited; what takes access away is offered.
    expect(text).not.toContain("/users/anna/edit");
    expect(text).toContain("/users/anna/deactivate");
    expect((await browser.get("/users/anna/edit")).location).toBe("/users/anna");
    await release(site, "users", "anna");
    const byHand = await browser.get("/users/anna");
    expect(byHand.text).toContain("own right, given by hand");
    expect(byHand.text).toContain("/users/anna/edit");
  });

  it("says that an inactive user may do nothing, and what it may once active", async () => {
    const site = await makeSite([person("anna", { ...plain, is_active: false, permissions: ["zaken.view_zaak"] })]);
    const { text } = await (await site.signedIn("root")).get("/users/anna");
    expect(text).toContain("this user may do nothing");
    expect(text).toContain("zaken.view_zaak");
  });

  it("shows tokens to those alone who may see tokens, and changes to those who may make them", async () => {
    const site = await makeSite([
      person("anna", plain),
      token("app", "app-token-3f9a1c07b5e84d62a1f0c9e8", { user: "anna", permissions: null }),
      token("new", "new-token-3f9a1c07b5e84d62a1f0c9e8", { user: "anna", permissions: null }),
      staff("carla", ["vtb_setup.view_users"]),
    ]);
    const root = await (await site.signedIn("root")).get("/users/anna");
    expect(root.text).toContain('href="/beheer/tokens/app"');
    // Its name is that of another page.
    expect(root.text).toContain('href="/beheer/tokens/~new"');
    const carla = await (await site.signedIn("carla")).get("/users/anna");
    expect(carla.text).toContain("2 API tokens");
    expect(carla.text).not.toContain("/tokens/app");
    expect(carla.text).not.toContain("/users/anna/deactivate");
    expect(await (await site.signedIn("carla")).get("/users/nobody")).toMatchObject({ status: 404 });
    expect(await (await site.signedIn("carla")).get("/users/%00")).toMatchObject({ status: 404 });
  });

  it("escapes names, also of people that claims made", async () => {
    const site = await makeSite([person("<b>x</b>&\"'", { ...plain, first_name: "<script>" })]);
    const browser = await site.signedIn("root");
    const { text, status } = await browser.get(`/users/${encodeURIComponent("<b>x</b>&\"'")}`);
    expect(status).toBe(200);
    expect(text).not.toMatch(/<b>x|<script>/);
    expect((await browser.get("/users")).text).not.toMatch(/<b>x|<script>/);
  });
});
