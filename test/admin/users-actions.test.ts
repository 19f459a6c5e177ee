import { describe, expect, it } from "vitest";
import { token } from "../verifier/verifier-world.js";
import { group, lastChange, plain, release, staff, userRow, versionOf } from "./people.js";
import { makeSite, person } from "./site.js";

const value = "app-token-3f9a1c07b5e84d62a1f0c9e8";

describe("deactivating a user", () => {
  it("says first which tokens and sessions stop, and that the file should follow, and is recorded by the person", async () => {
    const site = await makeSite([
      person("anna", { is_superuser: false }),
      token("app", value, { user: "anna", permissions: null }),
    ]);
    const anna = await site.signedIn("anna");
    const browser = await site.signedIn("root");
    const question = await browser.get("/users/anna/deactivate");
    expect(question.text).toContain("This API token stops working");
    expect(question.text).toContain("This session ends");
    expect(question.text).toContain("Change the file, too");
    expect((await userRow(site, "anna"))?.deactivated_at).toBeNull();
    const done = await browser.post("/users/anna/deactivate");
    expect(done).toMatchObject({ status: 303, location: "/users/anna?done=deactivated" });
    expect((await browser.get(done.location ?? "")).text).toContain("The user was deactivated");
    expect((await userRow(site, "anna"))?.deactivated_by).toBe("login:root");
    expect(await lastChange(site)).toMatchObject({ actor: "login:root", through: "admin", kind: "user", key: "anna" });
    expect((await anna.get("/")).status).toBe(303);
    // A second time changes nothing; activating ends it.
    expect((await browser.post("/users/anna/deactivate")).location).toBe("/users/anna?done=unchanged");
    expect((await browser.get("/users/anna/deactivate")).location).toBe("/users/anna");
    expect((await browser.post("/users/anna/activate")).location).toBe("/users/anna?done=activated");
    expect((await userRow(site, "anna"))?.deactivated_at).toBeNull();
  });

  it("is refused of a superuser, of oneself, of the last administrator, and without the right; an equal's works", async () => {
    const site = await makeSite([
      staff("carla", ["vtb_setup.change_users"]),
      staff("dirk", ["vtb_setup.view_users"]),
      person("anna", plain),
    ]);
    const carla = await site.signedIn("carla");
    const above = await carla.post("/users/root/deactivate");
    expect(above).toMatchObject({ status: 403 });
    expect(above.text).toContain("This account may do more than you");
    expect(await carla.post("/users/carla/deactivate")).toMatchObject({ status: 403 });
    expect(await (await site.signedIn("root")).post("/users/root/deactivate")).toMatchObject({ status: 403 });
    const dirk = await site.signedIn("dirk");
    expect(await dirk.get("/users/anna/deactivate")).toMatchObject({ status: 403 });
    expect(await dirk.post("/users/anna/deactivate")).toMatchObject({ status: 403 });
    expect((await userRow(site, "anna"))?.deactivated_at).toBeNull();
    expect(await carla.post("/users/anna/deactivate")).toMatchObject({ status: 303 });
    expect(await carla.post("/users/nobody/deactivate")).toMatchObject({ status: 404 });
  });

  it("is not for the user of one token, nor ended where the file says so", async () => {
    const site = await makeSite([token("app", value), person("anna", { ...plain, is_active: false })]);
    const browser = await site.signedIn("root");
    expect(await browser.post("/users/app/deactivate")).toMatchObject({ status: 404 });
    await browser.post("/users/anna/deactivate");
    const refused = await browser.post("/users/anna/activate");
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("inactive because of a file");
    expect(refused.text).toContain("<title>Error: ");
  });
});

describe("ending sessions and links", () => {
  it("ends all sessions of a user", async () => {
    const site = await makeSite([person("anna", { is_superuser: false })]);
    const anna = await site.signedIn("anna");
    const browser = await site.signedIn("root");
    expect((await browser.get("/users/anna/end-sessions")).text).toContain("This session ends");
    expect((await browser.post("/users/anna/end-sessions")).location).toBe("/users/anna?done=ended");
    expect((await anna.get("/")).location).toBe("/sign-in");
    expect((await browser.get("/")).status).toBe(200);
  });

  it("unlinks the identity at a provider", async () => {
    const site = await makeSite([person("anna", { ...plain, password: undefined })]);
    const linked = { issuer: "https://idp.example", subject: "s-1" };
    await site.database.kysely.updateTable("users").set(linked).where("username", "=", "anna").execute();
    const browser = await site.signedIn("root");
    expect((await browser.get("/users/anna")).text).toContain("s-1 at https://idp.example");
    expect((await browser.get("/users/anna/unlink")).text).toContain("Unlink anna");
    expect((await browser.post("/users/anna/unlink")).location).toBe("/users/anna?done=unlinked");
    expect(await userRow(site, "anna")).toMatchObject({ issuer: null, subject: null });
    expect((await browser.get("/users/anna")).text).not.toContain("s-1");
  });
});

describe("setting a password", () => {
  it("ends the sessions, keeps the strength rule of the command, and is never shown", async () => {
    const site = await makeSite([person("anna", { is_superuser: false })]);
    const anna = await site.signedIn("anna");
    const browser = await site.signedIn("root");
    const before = await userRow(site, "anna");
    for (const password of ["", "kort", "changeme", "a".repeat(1025)]) {
      const refused = await browser.post("/users/anna/password", { password });
      expect([password.length, refused.status]).toEqual([password.length, 422]);
      expect(refused.text).toContain('href="#password"');
      if (password !== "") expect(refused.text).not.toContain(password);
    }
    expect(await userRow(site, "anna")).toEqual(before);
    const done = await browser.post("/users/anna/password", { password: "een heel ander wachtwoord" });
    expect(done.location).toBe("/users/anna?done=password");
    expect((await browser.get("/users/anna?done=password")).text).not.toContain("een heel ander");
    expect((await anna.get("/")).status).toBe(303);
    const again = site.browser();
    await again.get("/sign-in");
    const fields = { username: "anna", password: "een heel ander wachtwoord" };
    expect((await again.post("/sign-in/password", fields)).status).toBe(303);
    expect(JSON.stringify(await lastChange(site))).not.toContain("een heel ander");
  });

  it("needs a recent sign-in, for its page and for its form, and no account above", async () => {
    const site = await makeSite([staff("carla", ["vtb_setup.change_users"]), person("anna", plain)]);
    const carla = await site.signedIn("carla");
    expect(await carla.post("/users/root/password", { password: "een heel ander wachtwoord" })).toMatchObject({
      status: 403,
    });
    site.clock.nowMs += 16 * 60_000;
    const before = await userRow(site, "anna");
    const page = await carla.get("/users/anna/password");
    expect(page.status).toBe(403);
    expect(page.text).toContain("Sign in again");
    const form = await carla.post("/users/anna/password", { password: "een heel ander wachtwoord" });
    expect(form.status).toBe(403);
    expect(form.text).toContain("Sign in again");
    expect(form.text).not.toContain("een heel ander");
    expect(await userRow(site, "anna")).toEqual(before);
    site.clock.nowMs -= 16 * 60_000;
    expect((await carla.get("/users/anna/password")).status).toBe(200);
    expect((await carla.post("/users/anna/password", { password: "een heel ander wachtwoord" })).status).toBe(303);
  });
});

describe("the groups of a user by hand", () => {
  it("are added with an end, also to a user of a file, and survive its apply", async () => {
    const anna = person("anna", plain);
    const groups = [group("lezers", ["taken.view_taak"]), group("schrijvers")];
    const site = await makeSite([anna, ...groups]);
    const browser = await site.signedIn("root");
    const page = await browser.get("/users/anna/groups");
    expect(page.text).toContain("A file manages this user");
    const version = versionOf(page);
    const added = await browser.post("/users/anna/groups", {
      do: "add",
      group: "lezers",
      until: "2026-03-31",
      version,
    });
    expect(added.location).toBe("/users/anna/groups?done=yes");
    await site.apply(anna, ...groups);
    const row = () => site.database.kysely.selectFrom("user_groups").select(["origin", "until"]).executeTakeFirst();
    // Up to the last second of that day in Amsterdam.
    expect(await row()).toEqual({ origin: "manual", until: "2026-03-31T22:00:00.000Z" });
    const seen = (await browser.get("/users/anna")).text.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
    expect(seen).toContain("taken.view_taak group lezers (by hand)");
    const now = await browser.get("/users/anna/groups");
    expect(now.text).toContain('Remove<span class="spoken"> lezers</span>');
    await browser.post("/users/anna/groups", { do: "remove", group: "lezers", version: versionOf(now) });
    expect(await row()).toBeUndefined();
  });

  it("are refused where they are a file's, in the past, unknown, or changed by somebody else meanwhile", async () => {
    const site = await makeSite([
      group("lezers"),
      group("schrijvers"),
      person("anna", { ...plain, groups: ["lezers"] }),
    ]);
    const browser = await site.signedIn("root");
    const page = await browser.get("/users/anna/groups");
    const version = versionOf(page);
    expect(page.text).not.toContain('Remove<span class="spoken"> lezers</span>');
    const post = (fields: Readonly<Record<string, string>>) =>
      browser.post("/users/anna/groups", { version, ...fields });
    const ofFile = await post({ do: "remove", group: "lezers" });
    expect(ofFile.status).toBe(422);
    expect(ofFile.text).toContain("it would come back");
    for (const until of ["2026-02-28", "2026-02-31", "morgen"]) {
      const refused = await post({ do: "add", group: "schrijvers", until });
      expect([until, refused.status]).toEqual([until, 422]);
      expect(refused.text).toContain('href="#until"');
    }
    expect((await post({ do: "add", group: "weg" })).status).toBe(422);
    const other = await site.signedIn("root");
    site.clock.nowMs += 1000;
    await other.post("/users/anna/groups", { do: "add", group: "schrijvers", version });
    const late = await post({ do: "add", group: "lezers", until: "2026-04-01" });
    expect(late.status).toBe(409);
    expect(late.text).toContain("Someone else has changed this user");
    // What was typed is kept, beside what is stored by now.
    expect(late.text).toContain('value="2026-04-01"');
    expect(late.text).toContain('Remove<span class="spoken"> schrijvers</span>');
    const again = await post({ do: "add", group: "lezers", until: "2026-04-01", version: versionOf(late) });
    expect(again.status).toBe(303);
  });

  it("give nobody more than the person who gives them has", async () => {
    const site = await makeSite([
      group("lezers", ["taken.view_taak"]),
      group("schrijvers", ["taken.change_taak"]),
      person("anna", plain),
      staff("carla", ["vtb_setup.change_users", "taken.view_taak"]),
    ]);
    const carla = await site.signedIn("carla");
    const version = versionOf(await carla.get("/users/anna/groups"));
    expect(await carla.post("/users/anna/groups", { do: "add", group: "schrijvers", version })).toMatchObject({
      status: 403,
    });
    expect(await carla.post("/users/anna/groups", { do: "add", group: "lezers", version })).toMatchObject({
      status: 303,
    });
  });
});

describe("deleting a user", () => {
  it("works for one made by hand, is refused for one of a file, and where tokens would be left", async () => {
    const site = await makeSite([
      person("anna", plain),
      person("bert", plain),
      token("app", value, { user: "bert", permissions: null }),
    ]);
    const browser = await site.signedIn("root");
    expect(await browser.post("/users/anna/delete")).toMatchObject({ status: 403 });
    expect((await userRow(site, "anna"))?.username).toBe("anna");
    for (const name of ["anna", "bert"]) await release(site, "users", name);
    expect((await browser.get("/users/anna/delete")).text).toContain("You can&#39;t undo this");
    expect(await browser.post("/users/anna/delete")).toMatchObject({ location: "/users?done=deleted" });
    expect(await userRow(site, "anna")).toBeUndefined();
    expect((await browser.get("/users?done=deleted")).text).toContain("The user was deleted");
    const used = await browser.post("/users/bert/delete");
    expect(used.status).toBe(422);
    expect(used.text).toContain("There are API tokens of this user");
    expect((await userRow(site, "bert"))?.username).toBe("bert");
  });
});
