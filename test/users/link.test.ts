import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { Attributes } from "../../src/plan/resource.js";
import { Secret } from "../../src/secrets/secret.js";
import { configurationOf, runOptions } from "../support/run.js";
import { clientOf, providerOf } from "../verifier/bearer/world.js";
import { issuer, makeRealm, user } from "./realm.js";

const missing = { kind: "rejected", reason: "sign_in_missing" };
const ofAnother = { kind: "rejected", reason: "sign_in_of_another" };
const byName = { kind: "user", isWritten: true, linkedBy: "name" };
const bySignIn = { kind: "user", isWritten: true, linkedBy: "sign_in" };

/** A second provider, with a client that logs people in. */
const other = "https://other.example";
const second = (more: Attributes = {}) => [
  providerOf({ issuer: other }, "other"),
  clientOf({ provider: "other", ...more }, "admin-oidc"),
];

const linksOf = async (realm: Awaited<ReturnType<typeof makeRealm>>) =>
  (await realm.users()).map(({ username, issuer: by, subject }) => [username, by, subject]);

describe("S97 a privileged account", () => {
  it.each([
    { what: "a superuser", flags: { is_superuser: true } },
    { what: "a staff account", flags: { is_staff: true } },
    { what: "a staff account with a password", flags: { is_staff: true, password: new Secret("a-password-of-hers") } },
    { what: "a superuser who is inactive", flags: { is_superuser: true, is_active: false } },
  ])("F1: $what is never linked by name, and an ordinary one is", async ({ flags }) => {
    const realm = await makeRealm(user("noodtoegang", flags), user("jan"));
    const before = await realm.users();
    expect(await realm.enter({ sub: "s1", name: "noodtoegang" })).toEqual(missing);
    expect(await realm.enter({ sub: "s1", name: "NOODTOEGANG" }, { user: { username_case_sensitive: false } })).toEqual(
      missing,
    );
    expect(await realm.users()).toEqual(before);
    expect(await realm.enter({ sub: "s2", name: "jan" })).toMatchObject(byName);
  });

  it("F1: is linked at the provider that its sign_in names, once", async () => {
    const boss = user("boss", { is_superuser: true, sign_in_provider: "idp" });
    const realm = await makeRealm(boss, ...second());
    expect(await realm.enter({ sub: "s1", name: "boss", iss: other }, { provider: "other" })).toEqual(ofAnother);
    expect(await realm.enter({ sub: "s1", name: "boss" })).toMatchObject(bySignIn);
    expect(await realm.enter({ sub: "s2", name: "boss" })).toEqual({ kind: "rejected", reason: "username_taken" });
    expect(await linksOf(realm)).toEqual([["boss", issuer, "s1"]]);
  });

  it("F1: is linked to the one subject that its sign_in names, whatever that is called there", async () => {
    const boss = user("boss", { is_superuser: true, sign_in_provider: "idp", sign_in_subject: "s1" });
    const realm = await makeRealm(boss, ...second());
    expect(await realm.enter({ sub: "s2", name: "boss" })).toEqual(ofAnother);
    // The same text at another provider is another person.
    expect(await realm.enter({ sub: "s1", name: "boss", iss: other }, { provider: "other" })).toEqual(ofAnother);
    expect(await realm.enter({ sub: "s1", name: "j.jansen" })).toMatchObject(bySignIn);
    expect(await linksOf(realm)).toEqual([["boss", issuer, "s1"]]);
  });

  it("F1: that claims made a superuser is never linked to another subject once its link is gone", async () => {
    const realm = await makeRealm();
    const settings = { groups: { superuser_group_names: ["root"] } };
    await realm.enter({ sub: "s1", name: "jan", groups: ["root"] }, settings);
    await realm.database.kysely.updateTable("users").set({ issuer: null, subject: null }).execute();
    expect(await realm.enter({ sub: "s2", name: "jan" }, settings)).toEqual(missing);
  });

  it("F1: keeps a link that it has, also without sign_in", async () => {
    const realm = await makeRealm(user("jan"));
    await realm.enter({ sub: "s1", name: "jan" });
    await apply(configurationOf(user("jan", { is_superuser: true })), runOptions(realm.url));
    expect(await realm.enter({ sub: "s1", name: "jan" })).toMatchObject({ kind: "user", isWritten: false });
    expect(await realm.users()).toMatchObject([{ subject: "s1", is_superuser: 1 }]);
  });

  it("F1 S84: with a password and no sign_in is for emergencies, as ever", async () => {
    const realm = await makeRealm(user("nood", { is_superuser: true, password: new Secret("a-password-of-hers") }));
    expect(await realm.enter({ sub: "s1", name: "nood" })).toEqual({
      kind: "rejected",
      reason: "username_of_emergency",
    });
  });

  it("F1 S34: is a client's only where its sign_in names that client, and a person's never by the client's subject", async () => {
    const robot = user("robot", { is_staff: true, sign_in_provider: "idp", sign_in_subject: "client:robot" });
    const realm = await makeRealm(robot, user("boss", { is_staff: true, sign_in_provider: "idp" }));
    expect(await realm.enter({ sub: "robot", name: "robot" })).toEqual(ofAnother);
    expect(await realm.enter({ sub: "boss", azp: "boss", name: "boss" })).toMatchObject({ reason: "username_taken" });
    expect(await realm.enter({ sub: "robot", azp: "robot", name: "robot" })).toMatchObject(bySignIn);
  });
});

describe("S97 an ordinary account", () => {
  it("F1: is not linked by name where clients of two providers are enabled", async () => {
    const realm = await makeRealm(user("jan"), user("piet", { sign_in_provider: "other" }), ...second());
    expect(await realm.enter({ sub: "s1", name: "jan" })).toEqual(missing);
    expect(await realm.enter({ sub: "s2", name: "piet" })).toEqual(ofAnother);
    expect(await realm.enter({ sub: "s2", name: "piet", iss: other }, { provider: "other" })).toMatchObject(bySignIn);
    // Who has no user yet gets one, as ever.
    expect(await realm.enter({ sub: "s3", name: "els" })).toMatchObject({ kind: "user", isWritten: true });
    await apply(configurationOf(...second({ enabled: false })), runOptions(realm.url));
    expect(await realm.enter({ sub: "s1", name: "jan" })).toMatchObject(byName);
  });

  it("F1: is linked by name where two rows are the same provider, as files of old have it", async () => {
    const twin = [providerOf({ issuer }, "twin"), clientOf({ provider: "twin" }, "admin-oidc")];
    const realm = await makeRealm(user("jan"), user("boss", { is_staff: true, sign_in_provider: "twin" }), ...twin);
    expect(await realm.enter({ sub: "s1", name: "jan" })).toMatchObject(byName);
    expect(await realm.enter({ sub: "s2", name: "boss" })).toMatchObject(bySignIn);
  });
});

describe("a link that a file contradicts", () => {
  const signIn = (provider: string, subject: string | null = null): Attributes => ({
    is_superuser: true,
    sign_in_provider: provider,
    sign_in_subject: subject,
    sign_in: { provider, subject },
  });

  it("F1: is released by apply, and the next sign-in of the subject in the file creates the new one", async () => {
    const realm = await makeRealm(user("boss", signIn("idp")));
    await realm.enter({ sub: "s1", name: "boss" });
    const moved = configurationOf(user("boss", signIn("idp", "s2")));
    const { changes } = await apply(moved, runOptions(realm.url));
    expect(changes.flatMap(({ fields }) => fields)).toEqual([
      { name: "sign_in_subject", before: null, after: "s2" },
      { name: "sign_in", sensitive: true },
    ]);
    expect(await linksOf(realm)).toEqual([["boss", null, null]]);
    expect(await apply(moved, runOptions(realm.url))).toMatchObject({ outcome: "unchanged" });
    expect(await realm.enter({ sub: "s1", name: "boss" })).toEqual(ofAnother);
    expect(await realm.enter({ sub: "s2", name: "boss" })).toMatchObject(bySignIn);
    expect(await apply(moved, runOptions(realm.url))).toMatchObject({ outcome: "unchanged" });
    expect(await linksOf(realm)).toEqual([["boss", issuer, "s2"]]);
  });

  it("F1: is released where the file names another provider, and stays where that cannot be determined", async () => {
    const realm = await makeRealm(user("boss", signIn("idp")), user("els", signIn("idp")), ...second());
    await realm.enter({ sub: "s1", name: "boss" });
    await realm.enter({ sub: "s2", name: "els" });
    const former = "https://former.example";
    await realm.database.kysely.updateTable("users").set({ issuer: former }).where("username", "=", "els").execute();
    const moved = configurationOf(user("boss", signIn("other")), user("els", signIn("other")));
    await apply(moved, runOptions(realm.url));
    expect(await linksOf(realm)).toEqual([
      ["boss", null, null],
      ["els", former, "s2"],
    ]);
  });

  it("F1: stays where sign_in names the one who has it, or is taken out of the file", async () => {
    const realm = await makeRealm(user("boss", signIn("idp")));
    await realm.enter({ sub: "s1", name: "boss" });
    for (const attributes of [signIn("idp", "s1"), { is_superuser: true, sign_in_provider: null }]) {
      await apply(configurationOf(user("boss", attributes)), runOptions(realm.url));
      expect(await linksOf(realm)).toEqual([["boss", issuer, "s1"]]);
    }
  });
});
