import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { Resource } from "../../src/plan/resource.js";
import { Secret } from "../../src/secrets/secret.js";
import { configurationOf, resource, runOptions } from "../support/run.js";
import { clientOf } from "../verifier/bearer/world.js";
import { makeRealm, user } from "./realm.js";

type Realm = Awaited<ReturnType<typeof makeRealm>>;
const namesOf = async (realm: Realm) => (await realm.users()).map(({ username }) => username);
const renamed = (name: string) => ({ kind: "user", isWritten: true, renaming: { kind: "renamed", name } });
const kept = (reason: string) => ({ kind: "user", renaming: { kind: "kept", reason } });

/** A realm in which jan, of no file, has signed in. */
async function makeWithJan(...resources: readonly Resource[]) {
  const realm = await makeRealm(...resources);
  await realm.enter({ sub: "s1", name: "jan" });
  return realm;
}

describe("a person who is renamed at the provider", () => {
  it("A11.91 F61 is renamed here, once, and stays who it is", async () => {
    const realm = await makeWithJan();
    const [before] = await realm.users();
    expect(await realm.enter({ sub: "s1", name: "johannes" })).toMatchObject(renamed("johannes"));
    expect(await realm.users()).toMatchObject([{ id: before?.id, username: "johannes", subject: "s1" }]);
    const again = await realm.enter({ sub: "s1", name: "johannes" });
    expect(again).toMatchObject({ isWritten: false });
    expect(again).not.toHaveProperty("renaming");
    // The old name is free for another person, who does not get the earlier account.
    expect(await realm.enter({ sub: "s2", name: "jan" })).toMatchObject({ isWritten: true, linkedBy: undefined });
    expect(await namesOf(realm)).toEqual(["jan", "johannes"]);
    const rows = await realm.database.kysely.selectFrom("run_changes").select(["key", "fields"]).execute();
    expect(rows).toContainEqual({
      key: "johannes",
      fields: JSON.stringify([{ name: "key", before: "jan", after: "johannes" }]),
    });
  });

  it.each([
    { name: "piet", reason: "username_taken", what: "a user of a file" },
    { name: "els", reason: "username_taken", what: "the user of a person who signed in" },
    { name: "раul", reason: "username_confusable", what: "a name that looks like another's" },
    { name: "BOSS", reason: "username_confusable", what: "a name that looks like a superuser's" },
    { name: "ｊｏｏｐ", reason: "username_confusable", what: "a name that is written with other letters" },
  ])(
    "F61 keeps the old name, which is reported at each sign-in, where the new one is $what",
    async ({ name, reason }) => {
      const realm = await makeWithJan(user("piet"), user("paul"), user("boss", { is_superuser: true }));
      await realm.enter({ sub: "s2", name: "els" });
      const before = await namesOf(realm);
      for (let times = 0; times < 2; times += 1) {
        expect(await realm.enter({ sub: "s1", name, email: "j@x.nl" })).toMatchObject(kept(reason));
      }
      expect(await namesOf(realm)).toEqual(before);
      expect((await realm.users()).find(({ subject }) => subject === "s1")).toMatchObject({
        username: "jan",
        email: "j@x.nl",
      });
    },
  );

  it("F61 gets the new name as soon as nobody else has it", async () => {
    const realm = await makeWithJan();
    await realm.enter({ sub: "s2", name: "els" });
    expect(await realm.enter({ sub: "s1", name: "els" })).toMatchObject(kept("username_taken"));
    expect(await realm.enter({ sub: "s2", name: "ella" })).toMatchObject(renamed("ella"));
    expect(await realm.enter({ sub: "s1", name: "els" })).toMatchObject(renamed("els"));
    expect(await namesOf(realm)).toEqual(["ella", "els"]);
  });

  it("F61 keeps a name that a file manages, or finds the user of an API token by", async () => {
    const token = resource("api_token", "t", {
      token: new Secret("a-token-of-thirty-two-characters"),
      user: "jan",
      contact_person: "a",
      email: "a@x.nl",
      organization: "",
      application: "",
      administration: "",
      permissions: null,
      expires_at: null,
      grace_period: 0,
    });
    const realm = await makeWithJan(user("piet", { sign_in_provider: "idp" }));
    await realm.enter({ sub: "s2", name: "piet" });
    await apply(configurationOf(token), runOptions(realm.url));
    for (const [sub, name] of [
      ["s1", "johannes"],
      ["s2", "petrus"],
    ]) {
      const result = await realm.enter({ sub, name });
      expect(result).toMatchObject({ isWritten: false });
      expect(result).not.toHaveProperty("renaming");
    }
    expect(await namesOf(realm)).toEqual(["jan", "piet"]);
    expect(await apply(configurationOf(token), runOptions(realm.url))).toMatchObject({ outcome: "unchanged" });
  });

  it("F61 is not renamed because another client uses another name", async () => {
    const realm = await makeWithJan(clientOf({}, "admin-oidc"));
    const { kysely } = realm.database;
    const clients = await kysely.selectFrom("oidc_clients").select(["id", "identifier"]).execute();
    const idOf = (identifier: string) => clients.find((client) => client.identifier === identifier)?.id ?? "";
    const first = await kysely.selectFrom("applied_claims").select("client_id").executeTakeFirstOrThrow();
    // Jan came through one of them; through the other, the subject is the username.
    const other = first.client_id === idOf("api-oidc") ? "admin-oidc" : "api-oidc";
    for (let times = 0; times < 2; times += 1) {
      const result = await realm.enter({ sub: "s1", name: "s1" }, { client: idOf(other) });
      expect(result).toMatchObject({ isWritten: false });
      expect(await realm.enter({ sub: "s1", name: "jan" }, { client: first.client_id })).toMatchObject({
        isWritten: false,
      });
    }
    expect(await realm.enter({ sub: "s1", name: "johannes" }, { client: first.client_id })).toMatchObject(
      renamed("johannes"),
    );
    expect(await realm.enter({ sub: "s1", name: "s1" }, { client: idOf(other) })).toMatchObject({ isWritten: false });
    expect(await namesOf(realm)).toEqual(["johannes"]);
  });

  it("F61 is not renamed back by an older token, and not at all while out of use", async () => {
    const realm = await makeWithJan();
    await realm.enter({ sub: "s1", name: "johannes", iat: 2_000_000_000 });
    expect(await realm.enter({ sub: "s1", name: "jan", iat: 1_999_999_999 })).toMatchObject({ isStale: true });
    await realm.database.kysely.updateTable("users").set({ is_active: 0 }).execute();
    expect(await realm.enter({ sub: "s1", name: "hans", iat: 2_000_000_001 })).toMatchObject({ isWritten: false });
    expect(await namesOf(realm)).toEqual(["johannes"]);
  });

  it("F61 is not renamed by the case of letters alone where that does not count", async () => {
    const folding = { user: { username_case_sensitive: false } };
    const realm = await makeWithJan();
    expect(await realm.enter({ sub: "s1", name: "JAN" }, folding)).toMatchObject({ isWritten: false });
    expect(await realm.enter({ sub: "s1", name: "Johannes" }, folding)).toMatchObject(renamed("Johannes"));
    expect(await realm.enter({ sub: "s1", name: "johannes" })).toMatchObject(renamed("johannes"));
  });

  it("F61 may be called almost as before, a superuser too", async () => {
    const realm = await makeRealm();
    const root = { groups: { superuser_group_names: ["root"] } };
    await realm.enter({ sub: "s1", name: "jan", groups: ["root"] }, root);
    expect(await realm.enter({ sub: "s1", name: "Jan", groups: ["root"] }, root)).toMatchObject(renamed("Jan"));
  });

  it("F61 is not renamed where an operator gave the user its name", async () => {
    const realm = await makeWithJan();
    await realm.database.kysely.updateTable("users").set({ username: "balie" }).execute();
    expect(await realm.enter({ sub: "s1", name: "johannes" })).toMatchObject({ isWritten: false });
    expect(await namesOf(realm)).toEqual(["balie"]);
  });
});
