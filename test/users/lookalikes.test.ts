import { describe, expect, it } from "vitest";
import { createLookalikes } from "../../src/users/names.js";
import { group, makeRealm, user } from "./realm.js";

const confusable = { kind: "rejected", reason: "username_confusable" };

async function looksLike(one: string, other: string): Promise<boolean> {
  const lookalikes = await createLookalikes([one, other]);
  lookalikes.add(one);
  return lookalikes.find(other) !== undefined;
}

describe("names", () => {
  it.each([
    ["jan", "j\u0251n"],
    ["jan", "\u0237an"],
    ["jan", "JAN"],
    ["jan", "j\u0430n"],
    ["jan", "\u0458\u0430n"],
    ["JAN", "J\u0410N"],
    ["j.ll", "j.1\u04c0"],
    ["\u0410\u043d\u043d\u0430", "A\u043d\u043da"],
  ])("F13 S40: %s and %s can be taken for each other, whichever comes first", async (one, other) => {
    expect([await looksLike(one, other), await looksLike(other, one)]).toEqual([true, true]);
  });

  it.each([
    ["jl1", "jll"],
    ["modem", "modern"],
    ["O0", "00"],
    ["muller", "m\u00fcller"],
    ["jan", "jan2"],
    ["\u0410\u043d\u043d\u0430", "\u0410\u043b\u043b\u0430"],
  ])("F13: %s and %s can't", async (one, other) => {
    expect([await looksLike(one, other), await looksLike(other, one)]).toEqual([false, false]);
  });
});

describe("a first sign-in", () => {
  it.each(["j\u0251n", "\u0237an", "JAN", "j\u0430n", "Jan"])(
    "F13 S40: of %s is refused beside a privileged jan, and accepted beside an ordinary one",
    async (name) => {
      for (const flags of [{ is_staff: true }, { is_superuser: true }]) {
        const realm = await makeRealm(user("jan", { ...flags, sign_in_provider: "idp" }));
        expect(await realm.enter({ sub: "s2", name })).toEqual(confusable);
        // Once it has a link as well.
        await realm.enter({ sub: "s1", name: "jan" });
        expect(await realm.enter({ sub: "s2", name })).toEqual(confusable);
        expect(await realm.users()).toHaveLength(1);
      }
      const realm = await makeRealm(user("jan"), user("boss", { is_staff: true }));
      const expected = name === "j\u0430n" ? confusable : { kind: "user", isWritten: true };
      expect(await realm.enter({ sub: "s2", name })).toMatchObject(expected);
    },
  );

  it("F13: is no matter for whom signed in before, nor for one whom sign_in names", async () => {
    const realm = await makeRealm(user("els", { sign_in_provider: "idp", sign_in_subject: "s2" }));
    await realm.enter({ sub: "s1", name: "JAN" });
    await realm.database.kysely.updateTable("users").set({ is_staff: 1 }).where("username", "=", "els").execute();
    await realm.database.kysely.updateTable("users").set({ username: "jan" }).where("username", "=", "els").execute();
    expect(await realm.enter({ sub: "s1", name: "JAN" })).toMatchObject({ kind: "user" });
    expect(await realm.enter({ sub: "s2", name: "J\u0430n" })).toMatchObject({ linkedBy: "sign_in" });
  });
});

describe("a claim's groups", () => {
  it("F13: are the file's however their letters are composed, and none with blanks around or invisible characters", async () => {
    const composed = "r\u00e9d";
    const realm = await makeRealm(group(composed));
    const names = [
      "re\u0301d",
      " r\u00e9d",
      "r\u00e9d ",
      "r\u00e9\u200bd",
      "r\u00e9\u2800d",
      "r\u00e9d\ufe0f",
      "other",
    ];
    await realm.enter({ sub: "s1", name: "jan", groups: names });
    expect(await realm.memberships()).toEqual([`jan other claim`, `jan ${composed} claim`]);
    const settings = { groups: { superuser_group_names: ["re\u0301d"] } };
    await realm.enter({ sub: "s1", name: "jan", groups: [composed] }, settings);
    expect(await realm.users()).toMatchObject([{ is_superuser: 1 }]);
  });
});
