import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { configurationOf, runOptions } from "../support/run.js";
import { clientOf, providerOf } from "../verifier/bearer/world.js";
import { issuer, makeRealm, user } from "./realm.js";

const moved = "https://login.example/realms/test";
const idp = (more: Attributes = {}) => providerOf({ issuer: moved }, "idp", more);
const former = idp({ former_issuers: [issuer] });
const taken = { kind: "rejected", reason: "username_taken" };
const relinked = { kind: "user", isWritten: true, linkedBy: "former_issuer" };

type Realm = Awaited<ReturnType<typeof makeRealm>>;
const linksOf = async (realm: Realm) =>
  (await realm.users()).map(({ username, issuer: by, subject }) => [username, by, subject]);
const change = (realm: Realm, ...resources: readonly Resource[]) =>
  apply(configurationOf(...resources), runOptions(realm.url));

/** Jan signed in before the provider moved. */
async function makeMoved(...resources: readonly Resource[]) {
  const realm = await makeRealm(...resources);
  await realm.enter({ sub: "s1", name: "jan", groups: ["a"] });
  return realm;
}

describe("a provider that moved", () => {
  it("F61 matches no user any more, unless the file names its former issuer: then each is linked again, once", async () => {
    const realm = await makeMoved();
    await change(realm, idp());
    expect(await realm.enter({ sub: "s1", name: "jan", iss: moved })).toEqual(taken);
    const { changes } = await change(realm, former);
    expect(changes.flatMap(({ fields }) => fields)).toEqual([{ name: "former_issuers", before: [], after: [issuer] }]);
    expect(await change(realm, former)).toMatchObject({ outcome: "unchanged" });
    const claims = { sub: "s1", name: "jan", groups: ["a"], iss: moved };
    expect(await realm.enter(claims)).toMatchObject(relinked);
    expect(await linksOf(realm)).toEqual([["jan", moved, "s1"]]);
    expect(await realm.memberships()).toEqual(["jan a claim"]);
    const again = await realm.enter(claims);
    expect(again).toMatchObject({ isWritten: false });
    expect(again).not.toHaveProperty("linkedBy");
    expect(await change(realm, former)).toMatchObject({ outcome: "unchanged" });
  });

  it("F61 F57 leaves a person's groups of before the move, where the provider has more than it sends", async () => {
    const realm = await makeMoved();
    await change(realm, former);
    const keep = { groups: { on_overage: "keep" } };
    expect(await realm.enter({ sub: "s1", name: "jan", iss: moved, hasgroups: true }, keep)).toMatchObject(relinked);
    expect(await realm.memberships()).toEqual(["jan a claim"]);
  });

  it("F61 gives nobody another subject's user, and no new user to whom it gave one before", async () => {
    const realm = await makeMoved(user("els", { sign_in_provider: "idp" }));
    await change(realm, former);
    expect(await realm.enter({ sub: "s2", name: "jan", iss: moved })).toEqual(taken);
    // Linked again before another person of the same name comes, who has no earlier account.
    expect(await realm.enter({ sub: "s3", name: "els", iss: moved })).toMatchObject({ linkedBy: "sign_in" });
    expect(await realm.enter({ sub: "s1", name: "johannes", iss: moved })).toMatchObject(relinked);
    expect((await linksOf(realm)).map(([, ...link]) => link)).toEqual([
      [moved, "s3"],
      [moved, "s1"],
    ]);
  });

  it("F61 leaves a person the user that was created after the move", async () => {
    const realm = await makeMoved();
    await change(realm, idp());
    await realm.enter({ sub: "s1", name: "jan2", iss: moved });
    await change(realm, former);
    expect(await realm.enter({ sub: "s1", name: "jan2", iss: moved })).toMatchObject({ isWritten: false });
    expect(await linksOf(realm)).toEqual([
      ["jan", issuer, "s1"],
      ["jan2", moved, "s1"],
    ]);
  });

  it("F61 links neither of two users that one subject had at two former issuers", async () => {
    const older = "https://older.example";
    const realm = await makeMoved();
    await realm.enter({ sub: "s1", name: "piet", iss: older });
    await change(realm, idp({ former_issuers: [issuer, older] }));
    const ambiguous = { kind: "rejected", reason: "username_ambiguous" };
    expect(await realm.enter({ sub: "s1", name: "jan", iss: moved })).toEqual(ambiguous);
  });

  it("F61 applies a provider's former issuer to that provider's users only", async () => {
    const other = "https://other.example";
    const realm = await makeMoved();
    await change(realm, former, providerOf({ issuer: other }, "other"), clientOf({ provider: "other" }, "admin-oidc"));
    expect(await realm.enter({ sub: "s1", name: "x", iss: other }, { provider: "other" })).toMatchObject({
      kind: "user",
      linkedBy: undefined,
    });
    expect((await linksOf(realm))[0]).toEqual(["jan", issuer, "s1"]);
  });

  it("F61 S30 is refused with a former issuer that another provider has, and gives nobody that one's users", async () => {
    const realm = await makeMoved();
    const twins = [clientOf({ provider: "new" }, "admin-oidc")];
    const wrong = providerOf({ issuer: moved }, "new", { former_issuers: [issuer] });
    await expect(change(realm, wrong, ...twins)).rejects.toMatchObject({
      reason: "invalid",
      diagnostics: [
        { code: "INVALID_VALUE", message: expect.stringMatching(/oidc_provider new: .* of oidc_provider idp/) },
      ],
    });
    const right = providerOf({ issuer: moved }, "new", { former_issuers: ["https://x.example"] });
    await change(realm, right, ...twins);
    const third = providerOf({ issuer: "https://third.example" }, "third", { former_issuers: ["https://x.example"] });
    await expect(change(realm, third)).rejects.toMatchObject({ diagnostics: [{ code: "INVALID_VALUE" }] });
    // As where the issuer was discovered only later.
    const { kysely } = realm.database;
    await kysely
      .updateTable("oidc_providers")
      .set({ former_issuers: JSON.stringify([issuer]) })
      .where("identifier", "=", "new")
      .execute();
    expect(await realm.enter({ sub: "s1", name: "jan", iss: moved }, { provider: "new" })).toMatchObject({
      kind: "rejected",
    });
    expect(await linksOf(realm)).toEqual([["jan", issuer, "s1"]]);
  });
});

describe("sign_in after a provider moved", () => {
  const signIn = (subject: string | null): Attributes => ({
    sign_in_provider: "idp",
    sign_in_subject: subject,
    sign_in: { provider: "idp", subject },
  });
  const bySignIn = { kind: "user", isWritten: true, linkedBy: "sign_in" };

  it("F61 names a person's new subject: apply releases the link, and the next sign-in creates the new one", async () => {
    const realm = await makeMoved(user("jan", signIn(null)));
    await change(realm, idp(), user("jan", signIn("n1")));
    expect(await linksOf(realm)).toEqual([["jan", null, null]]);
    expect(await realm.enter({ sub: "s1", name: "jan", iss: moved })).toMatchObject({ kind: "rejected" });
    expect(await realm.enter({ sub: "n1", name: "jan", iss: moved })).toMatchObject(bySignIn);
    expect(await linksOf(realm)).toEqual([["jan", moved, "n1"]]);
    expect(await change(realm, idp(), user("jan", signIn("n1")))).toMatchObject({ outcome: "unchanged" });
  });

  it("F61 names the new subject of a person who was deleted and created again at the same issuer", async () => {
    const realm = await makeMoved(user("jan", signIn("s1")));
    expect(await realm.enter({ sub: "n1", name: "jan" })).toEqual(taken);
    await change(realm, user("jan", signIn("n1")));
    expect(await realm.enter({ sub: "n1", name: "jan" })).toMatchObject(bySignIn);
    expect(await linksOf(realm)).toEqual([["jan", issuer, "n1"]]);
  });

  it("F61 names the same subject: it is linked anew, without a release, and only where no provider has the old issuer", async () => {
    const realm = await makeMoved(user("jan", signIn("s1")));
    const other = providerOf({ issuer }, "other");
    await change(realm, idp(), user("jan", signIn("s1")), other, clientOf({ provider: "other" }, "admin-oidc"));
    expect(await realm.enter({ sub: "s1", name: "jan", iss: moved })).toEqual(taken);
    await change(realm, providerOf({ issuer: "https://third.example" }, "other"));
    expect(await change(realm, idp(), user("jan", signIn("s1")))).toMatchObject({ outcome: "unchanged" });
    expect(await linksOf(realm)).toEqual([["jan", issuer, "s1"]]);
    expect(await realm.enter({ sub: "s2", name: "jan", iss: moved })).toMatchObject({ kind: "rejected" });
    expect(await realm.enter({ sub: "s1", name: "jan", iss: moved })).toMatchObject(bySignIn);
    expect(await linksOf(realm)).toEqual([["jan", moved, "s1"]]);
    // A username is no proof.
    const named = await makeMoved(user("jan", signIn(null)));
    await change(named, idp(), user("jan", signIn(null)));
    expect(await named.enter({ sub: "s1", name: "jan", iss: moved })).toEqual(taken);
  });
});
