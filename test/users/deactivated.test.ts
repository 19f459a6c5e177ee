import { describe, expect, it } from "vitest";
import { issuer, makeRealm, user } from "./realm.js";

const at = { deactivated_at: "2026-01-01T00:00:00.000Z", deactivated_by: "jan" };

describe("a user that a command deactivated", () => {
  it("is not reactivated, linked or changed by claims, whatever they say, until a command activates it", async () => {
    const { enter, users, memberships, database } = await makeRealm(user("jan"));
    const { kysely } = database;
    const active = { user: { claim_mappings: { username: ["name"], email: ["email"], is_active: ["active"] } } };
    await kysely.updateTable("users").set(at).execute();
    const [before] = await users();
    const claims = { sub: "s1", name: "jan", email: "new@example.nl", active: true, groups: ["any"] };
    expect(await enter(claims, active)).toMatchObject({ kind: "user", isWritten: false });
    expect(await users()).toEqual([before]);
    expect(await memberships()).toEqual([]);
    await kysely.updateTable("users").set({ deactivated_at: null, deactivated_by: null }).execute();
    expect(await enter(claims, active)).toMatchObject({ kind: "user", isWritten: true });
    expect(await users()).toMatchObject([{ email: "new@example.nl", issuer, subject: "s1", deactivated_at: null }]);
  });

  it("keeps its name where the provider changed it, as an inactive one does", async () => {
    const { enter, users, database } = await makeRealm();
    await enter({ sub: "s1", name: "jan" });
    await database.kysely.updateTable("users").set(at).execute();
    await enter({ sub: "s1", name: "piet" });
    expect(await users()).toMatchObject([{ username: "jan" }]);
  });
});
