import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { plan } from "../../src/apply/plan.js";
import { SetupError } from "../../src/errors.js";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { contentsOf, isMade } from "../support/databases.js";
import { absent, configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";

const value = (letter: string) => new Secret(letter.repeat(40));

function token(key: string, secret: Secret, more: object = {}) {
  const attributes = {
    token: secret,
    generated: false,
    user: null,
    is_superuser: false,
    permissions: [],
    contact_person: "Beheer",
    email: "beheer@example.nl",
    organization: "",
    application: "",
    administration: "",
    expires_at: null,
    grace_seconds: 0,
  };
  return resource("api_token", key, { ...attributes, ...more });
}

async function diagnosticsOf(run: Promise<unknown>) {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SetupError)) throw new Error("expected the run to be refused", { cause: error });
  return { reason: error.reason, codes: error.diagnostics.map(({ code }) => code), message: error.message };
}

describe("apply", () => {
  it("creates the database, reports what it created, and changes nothing the second time", async () => {
    const database = temporaryDatabase();
    const desired = configurationOf(
      resource("group", "lezers", { permissions: ["taken.view_externetaak"] }),
      resource("user", "jan", {
        email: "jan@example.nl",
        is_staff: true,
        is_superuser: false,
        groups: ["lezers"],
        permissions: [],
      }),
      token("open-forms", value("a"), { permissions: ["taken.add_externetaak"] }),
    );
    const first = await apply(desired, runOptions(database));
    expect(first.outcome).toBe("applied");
    expect(first.changes.map(({ action, kind, key }) => `${action} ${kind} ${key}`)).toEqual([
      "create group lezers",
      "create user jan",
      "create api_token open-forms",
    ]);
    const before = await contentsOf(database);
    const second = await apply(desired, runOptions(database));
    expect(second.outcome).toBe("unchanged");
    expect(second.unchanged).toHaveLength(3);
    expect(await contentsOf(database)).toBe(before);
  });

  it("stores a token's digest and a service user with the token's permissions", async () => {
    const database = temporaryDatabase();
    await apply(
      configurationOf(token("open-forms", value("a"), { is_superuser: true, permissions: ["a.b", "c.d"] })),
      runOptions(database),
    );
    const { kysely } = await openForTest(database);
    const row = await kysely.selectFrom("api_tokens").selectAll().executeTakeFirstOrThrow();
    expect(row.digest).toBe(digestToken(value("a")));
    const user = await kysely.selectFrom("users").selectAll().executeTakeFirstOrThrow();
    expect(user).toMatchObject({ id: row.user_id, username: "open-forms", is_service: 1, is_superuser: 1 });
    const permissions = await kysely.selectFrom("user_permissions").select(["permission", "origin"]).execute();
    expect(permissions).toEqual([
      { permission: "a.b", origin: "config" },
      { permission: "c.d", origin: "config" },
    ]);
  });

  it("renames a token whose value comes under a new identifier, with its service user", async () => {
    const database = temporaryDatabase();
    await apply(configurationOf(token("old-name", value("a"))), runOptions(database));
    const result = await apply(configurationOf(token("new-name", value("a"))), runOptions(database));
    expect(result.changes).toMatchObject([
      { action: "update", key: "new-name", fields: [{ name: "key", before: "old-name", after: "new-name" }] },
    ]);
    const { kysely } = await openForTest(database);
    expect(await kysely.selectFrom("users").select("username").execute()).toEqual([{ username: "new-name" }]);
    expect(await kysely.selectFrom("api_tokens").select("identifier").execute()).toEqual([{ identifier: "new-name" }]);
  });

  it("swaps the values of two tokens", async () => {
    const database = temporaryDatabase();
    await apply(configurationOf(token("a", value("a")), token("b", value("b"))), runOptions(database));
    const swapped = configurationOf(
      token("a", value("b"), { grace_seconds: 60 }),
      token("b", value("a"), { grace_seconds: 60 }),
    );
    await apply(swapped, runOptions(database));
    const { kysely } = await openForTest(database);
    const rows = await kysely.selectFrom("api_tokens").select(["identifier", "digest"]).orderBy("identifier").execute();
    expect(rows).toEqual([
      { identifier: "a", digest: digestToken(value("b")) },
      { identifier: "b", digest: digestToken(value("a")) },
    ]);
    expect(await kysely.selectFrom("api_token_retired").selectAll().execute()).toEqual([]);
    expect((await apply(swapped, runOptions(database))).outcome).toBe("unchanged");
  });

  it("gives a deleted token's value to a new one in the same run", async () => {
    const database = temporaryDatabase();
    await apply(configurationOf(token("a", value("a"))), runOptions(database));
    const result = await apply(configurationOf(absent("api_token", "a"), token("b", value("a"))), runOptions(database));
    expect(result.changes.map(({ action, key }) => `${action} ${key}`)).toEqual(["delete a", "create b"]);
    const { kysely } = await openForTest(database);
    expect(await kysely.selectFrom("users").select("username").execute()).toEqual([{ username: "b" }]);
  });

  it("keeps a replaced value for its grace period, and drops it without one", async () => {
    const database = temporaryDatabase();
    const now = () => new Date("2026-01-01T00:00:00.000Z");
    await apply(configurationOf(token("a", value("a"))), runOptions(database));
    await apply(configurationOf(token("a", value("b"), { grace_seconds: 3600 })), runOptions(database, { now }));
    const { kysely } = await openForTest(database);
    expect(await kysely.selectFrom("api_token_retired").select(["digest", "valid_until"]).execute()).toEqual([
      { digest: digestToken(value("a")), valid_until: "2026-01-01T01:00:00.000Z" },
    ]);
    await apply(configurationOf(token("a", value("c"))), runOptions(database, { now }));
    expect(await kysely.selectFrom("api_token_retired").selectAll().execute()).toEqual([]);
  });

  it("keeps no value as a replaced one that a token has again", async () => {
    const database = temporaryDatabase();
    const now = () => new Date("2026-01-01T00:00:00.000Z");
    const grace = { grace_seconds: 3600 };
    for (const text of ["a", "b", "a"]) {
      await apply(configurationOf(token("a", value(text), grace)), runOptions(database, { now }));
    }
    const { kysely } = await openForTest(database);
    const retired = kysely.selectFrom("api_token_retired").select("digest");
    expect(await retired.execute()).toEqual([{ digest: digestToken(value("b")) }]);
    const other = configurationOf(token("a", value("a"), grace), token("b", value("b")));
    await apply(other, runOptions(database, { now }));
    expect(await retired.execute()).toEqual([]);
  });

  it("generates a token once and hands it out once", async () => {
    const database = temporaryDatabase();
    const desired = configurationOf(token("ci", value("a"), { token: undefined, generated: true }));
    const options = runOptions(database);
    const result = await apply(desired, options);
    expect(result.generated).toEqual(options.handedOut);
    expect(options.handedOut[0]?.value.reveal()).toMatch(/^vtb_[0-9A-Za-z]{46}$/);
    const again = runOptions(database);
    expect((await apply(desired, again)).outcome).toBe("unchanged");
    expect(again.handedOut).toEqual([]);
  });

  it("moves a token from a named user to a service user and back", async () => {
    const database = temporaryDatabase();
    const jan = resource("user", "jan", {
      email: "",
      is_staff: false,
      is_superuser: false,
      groups: [],
      permissions: [],
    });
    const named = configurationOf(jan, token("a", value("a"), { user: "jan", permissions: ["x.y"] }));
    const own = configurationOf(jan, token("a", value("a"), { permissions: ["x.y"] }));
    const { kysely } = await openForTest(database);
    const usernames = async () =>
      (await kysely.selectFrom("users").select("username").orderBy("username").execute()).map(
        ({ username }) => username,
      );
    await apply(named, runOptions(database));
    expect(await usernames()).toEqual(["jan"]);
    await apply(own, runOptions(database));
    expect(await usernames()).toEqual(["a", "jan"]);
    await apply(named, runOptions(database));
    expect(await usernames()).toEqual(["jan"]);
    expect((await apply(named, runOptions(database))).outcome).toBe("unchanged");
  });

  it("refuses a service user with the name of an existing user", async () => {
    const database = temporaryDatabase();
    const desired = configurationOf(resource("user", "jan", { email: "" }), token("jan", value("a")));
    expect(await diagnosticsOf(apply(desired, runOptions(database)))).toMatchObject({
      reason: "refused",
      codes: ["NAME_TAKEN"],
    });
    expect(await isMade(database)).toBe(false);
    const tied = configurationOf(resource("user", "jan", { email: "" }), token("jan", value("a"), { user: "jan" }));
    expect((await apply(tied, runOptions(database))).outcome).toBe("applied");
  });

  it("prunes what its owner managed and no file declares, and nothing of other owners", async () => {
    const database = temporaryDatabase();
    await apply(configurationOf(token("mine", value("a")), token("gone", value("b"))), runOptions(database));
    await apply(configurationOf(token("theirs", value("c"))), runOptions(database, { owner: "other" }));
    const result = await apply(configurationOf(token("mine", value("a"))), runOptions(database, { prune: true }));
    expect(result.changes.map(({ action, key }) => `${action} ${key}`)).toEqual(["delete gone"]);
    const kept = await apply(configurationOf(token("mine", value("a"))), runOptions(database));
    expect(kept.outcome).toBe("unchanged");
  });

  it("refuses to prune everything of a kind, to change another owner's entry and to refer to what does not exist", async () => {
    const database = temporaryDatabase();
    await apply(configurationOf(token("a", value("a"))), runOptions(database));
    const empty = apply(configurationOf(), runOptions(database, { prune: true }));
    expect(await diagnosticsOf(empty)).toMatchObject({ reason: "refused", codes: ["PRUNE_REFUSED"] });
    const other = apply(configurationOf(token("a", value("b"))), runOptions(database, { owner: "other" }));
    expect(await diagnosticsOf(other)).toMatchObject({ reason: "refused", codes: ["OWNED_BY_OTHER"] });
    const dangling = apply(configurationOf(token("b", value("b"), { user: "nobody" })), runOptions(database));
    expect(await diagnosticsOf(dangling)).toMatchObject({ reason: "invalid", codes: ["REFERENCE_NOT_FOUND"] });
  });

  it("refuses to delete a user whom a token that no file declares needs", async () => {
    const database = temporaryDatabase();
    const jan = resource("user", "jan", { email: "" });
    await apply(configurationOf(jan, token("a", value("a"), { user: "jan", permissions: null })), runOptions(database));
    const removal = apply(configurationOf(absent("user", "jan")), runOptions(database));
    expect(await diagnosticsOf(removal)).toMatchObject({ reason: "refused", codes: ["RESOURCE_IN_USE"] });
    const both = await apply(configurationOf(absent("user", "jan"), absent("api_token", "a")), runOptions(database));
    expect(both.changes).toHaveLength(2);
  });

  it("writes one audit row for the run and one for each change, without secrets", async () => {
    const database = temporaryDatabase();
    await apply(configurationOf(token("a", value("a"))), runOptions(database));
    await apply(configurationOf(token("a", value("b"), { email: "x@example.nl" })), runOptions(database));
    const { kysely } = await openForTest(database);
    const runs = await kysely.selectFrom("runs").selectAll().orderBy("started_at").execute();
    expect(runs).toHaveLength(2);
    expect(runs[1]).toMatchObject({ actor: "tester@host", owner: "default", version: "0.0.0" });
    const change = await kysely
      .selectFrom("run_changes")
      .selectAll()
      .where("run_id", "=", String(runs[1]?.id))
      .executeTakeFirstOrThrow();
    expect(JSON.parse(change.fields)).toEqual([
      { name: "token", sensitive: true },
      { name: "email", before: "beheer@example.nl", after: "x@example.nl" },
    ]);
  });

  it("rolls everything back when the last step before the commit fails", async () => {
    const database = temporaryDatabase();
    await apply(configurationOf(token("a", value("a"))), runOptions(database));
    const failing = runOptions(database, { beforeCommit: () => Promise.reject(new Error("disk full")) });
    await expect(apply(configurationOf(token("b", value("b"))), failing)).rejects.toThrow("disk full");
    const { kysely } = await openForTest(database);
    expect(await kysely.selectFrom("api_tokens").select("identifier").execute()).toEqual([{ identifier: "a" }]);
    expect(await kysely.selectFrom("runs").select("id").execute()).toHaveLength(1);
  });
});

describe("plan", () => {
  it("creates no file where none exists, and reports the same as the apply that follows", async () => {
    const database = temporaryDatabase();
    const desired = configurationOf(token("a", value("a")));
    const planned = await plan(desired, runOptions(database));
    expect(await isMade(database)).toBe(false);
    const applied = await apply(desired, runOptions(database));
    const shown = (changes: typeof planned.changes) =>
      changes.map(({ action, key, fields }) => ({ action, key, fields }));
    expect(shown(planned.changes)).toEqual(shown(applied.changes));
    expect((await plan(desired, runOptions(database))).outcome).toBe("unchanged");
  });
});
