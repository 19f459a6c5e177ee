import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { configurationOf, openForTest, runOptions } from "../support/run.js";
import { clientOf } from "../verifier/bearer/world.js";
import { makeRealm, user } from "./realm.js";

const second = Date.parse("2026-03-01T11:00:00.000Z") / 1000;
const settings = { groups: { superuser_group_names: ["boss"] } };

type Realm = Awaited<ReturnType<typeof makeRealm>>;

/** A person's claims in a separate token. */
const claims = (name: string, iat: number, groups: readonly string[]) => ({
  sub: "s1",
  name: "jan",
  groups,
  iat: second + iat,
  jti: name,
});

/** Whether jan is a superuser, and how many sign-ins were recorded. */
async function state({ users, database }: Realm) {
  const runs = await database.kysely.selectFrom("runs").select("id").where("actor", "=", "sign-in:api-oidc").execute();
  return { isSuperuser: (await users())[0]?.is_superuser === 1, runs: runs.length };
}

const stale = { kind: "user", isWritten: false, isStale: true };
const fresh = { kind: "user", isStale: false };

describe("claims that are older than the last applied ones", () => {
  it("F4 S100: change nothing, however often they come, and newer ones do", async () => {
    const realm = await makeRealm();
    const [a, b] = [claims("a", 1, ["boss"]), claims("b", 2, [])];
    expect(await realm.enter(a, settings)).toMatchObject({ ...fresh, isWritten: true });
    expect(await realm.enter(b, settings)).toMatchObject({ ...fresh, isWritten: true });
    const after = await state(realm);
    const revision = await realm.revision();
    for (let round = 0; round < 3; round += 1) {
      expect(await realm.enter(a, settings)).toMatchObject(stale);
      expect(await realm.enter(b, settings)).toMatchObject({ ...fresh, isWritten: false });
    }
    expect(await state(realm)).toEqual({ ...after, isSuperuser: false });
    expect(await realm.revision()).toBe(revision);
    await realm.enter(claims("c", 3, ["boss"]), settings);
    expect(await state(realm)).toEqual({ isSuperuser: true, runs: after.runs + 1 });
  });

  it("F4: are those that newer ones came after, also where these changed nothing", async () => {
    const realm = await makeRealm();
    await realm.enter(claims("a", 1, ["boss"]), settings);
    await realm.enter(claims("b", 2, []), settings);
    const before = { ...(await state(realm)), revision: await realm.revision() };
    expect(await realm.enter(claims("d", 4, []), settings)).toMatchObject({ ...fresh, isWritten: false });
    expect(await realm.enter(claims("c", 3, ["boss"]), settings)).toMatchObject(stale);
    // No cache is dropped for it.
    expect({ ...(await state(realm)), revision: await realm.revision() }).toEqual(before);
  });

  it("F4: never bring a name or an address back either", async () => {
    const realm = await makeRealm();
    await realm.enter({ ...claims("a", 1, []), email: "old@x.nl" });
    await realm.enter({ ...claims("b", 2, []), email: "new@x.nl" });
    await realm.enter({ ...claims("a", 1, []), email: "old@x.nl" });
    expect(await realm.users()).toMatchObject([{ email: "new@x.nl" }]);
  });

  it("F4: are distinguished from newer ones of the same second by which came first, once", async () => {
    const realm = await makeRealm();
    const [a, b] = [claims("a", 1, ["boss"]), claims("b", 1, [])];
    await realm.enter(a, settings);
    await realm.enter(b, settings);
    const after = await state(realm);
    expect(after.isSuperuser).toBe(false);
    for (let round = 0; round < 3; round += 1) {
      expect(await realm.enter(a, settings)).toMatchObject(stale);
      expect(await realm.enter(b, settings)).toMatchObject({ ...fresh, isWritten: false });
    }
    // However many there are of one second, it comes to an end.
    for (let index = 0; index < 40; index += 1) {
      const groups = index % 2 === 0 ? ["boss"] : [];
      await realm.enter(claims(`t${index % 20}`, 1, groups), settings);
    }
    const settled = await state(realm);
    expect(settled.runs).toBeLessThan(after.runs + 10);
    for (let index = 0; index < 20; index += 1) {
      await realm.enter(claims(`t${index}`, 1, index % 2 === 0 ? ["boss"] : []), settings);
    }
    expect(await state(realm)).toEqual(settled);
  });

  it("F4: may be the newest of another client's, or of a user whose link was moved", async () => {
    const realm = await makeRealm(user("jan", { sign_in_provider: "idp" }));
    await realm.enter(claims("b", 2, []), settings);
    await apply(configurationOf(clientOf({ enabled: false }), clientOf({}, "admin-oidc")), runOptions(realm.url));
    await realm.database.kysely.deleteFrom("oidc_clients").where("identifier", "=", "api-oidc").execute();
    expect(await realm.enter(claims("a", 1, ["boss"]), settings)).toMatchObject({ ...fresh, isWritten: true });
    await apply(
      configurationOf(
        user("jan", { sign_in_provider: "idp", sign_in_subject: "s2", sign_in: { provider: "idp", subject: "s2" } }),
      ),
      runOptions(realm.url),
    );
    const other = { ...claims("z", 0, []), sub: "s2", email: "z@x.nl" };
    expect(await realm.enter(other, settings)).toMatchObject({ ...fresh, isWritten: true });
    expect(await realm.users()).toMatchObject([{ email: "z@x.nl", is_superuser: 0 }]);
  });

  it("F4: of the same token, follow a change of the rules at once", async () => {
    const realm = await makeRealm();
    const a = claims("a", 1, ["boss"]);
    await realm.enter(a, settings);
    expect(await realm.enter(a)).toMatchObject({ ...fresh, isWritten: true });
    expect(await state(realm)).toMatchObject({ isSuperuser: false });
  });

  it("F4: can't win by coming at the same time", async () => {
    const realm = await makeRealm();
    await realm.enter(claims("a", 1, []), settings);
    const racing = Array.from({ length: 10 }, (_, index) =>
      claims(`r${index}`, 20 - index, index === 0 ? [] : ["boss"]),
    );
    await Promise.all(racing.map((one) => realm.enter(one, settings)));
    for (const one of racing) await realm.enter(one, settings);
    expect(await state(realm)).toMatchObject({ isSuperuser: false });
  });
});

describe("newer claims that change nothing", () => {
  it("F4: are accepted while another process writes for long, and are the newest later", async () => {
    const realm = await makeRealm();
    await realm.enter(claims("a", 1, ["boss"]), settings);
    await realm.enter(claims("b", 2, []), settings);
    const other = await (await openForTest(realm.url)).kysely.startTransaction().execute();
    await other.updateTable("setup_state").set({ revision: 99 }).execute();
    const d = claims("d", 4, []);
    expect(await realm.enter(d, settings)).toMatchObject({ ...fresh, isNewest: false });
    await other.rollback().execute();
    expect(await realm.enter(d, settings)).toMatchObject({ ...fresh, isNewest: true });
    expect(await realm.enter(claims("c", 3, ["boss"]), settings)).toMatchObject(stale);
  });
});
