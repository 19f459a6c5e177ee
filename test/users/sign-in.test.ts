import { describe, expect, it } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { resource } from "../support/run.js";
import { group, issuer, makeRealm, user } from "./realm.js";

describe("signing in", () => {
  it("F12 takes as many statements for hundreds of groups as for one, but for where one statement can't hold them", async () => {
    const { statementsOf, memberships } = await makeRealm(
      ...Array.from({ length: 450 }, (_, at) => group(`old-${at}`)),
    );
    const named = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
    const moves = [
      [named("old", 450), named("new", 450)].flat(),
      [named("old", 450), named("other", 450)].flat(),
      named("new", 900),
      [],
    ];
    await statementsOf({ sub: "s1", name: "jan", groups: [] });
    await statementsOf({ sub: "s2", name: "els", groups: [] });
    for (const [index, groups] of moves.entries()) {
      const ofOne = await statementsOf({ sub: "s2", name: "els", groups: [`single-${index}`, "any"] });
      const ofMany = await statementsOf({ sub: "s1", name: "jan", groups });
      expect({ index, more: ofMany - ofOne }).toEqual({ index, more: expect.closeTo(0, -1) });
      const joined = (await memberships("claim")).filter((row) => row.startsWith("jan "));
      expect(joined).toEqual(groups.map((name) => `jan ${name} claim`).sort());
    }
  });

  it("A10.79 accepts only existing users where user creation is off", async () => {
    const { enter, users, revision } = await makeRealm(user("jan"));
    const before = await revision();
    const closed = { createsUsers: false };
    expect(await enter({ sub: "s2", name: "piet" }, closed)).toEqual({ kind: "rejected", reason: "unknown_user" });
    expect(await revision()).toBe(before);
    expect(await enter({ sub: "s1", name: "jan", email: "j@x.nl" }, closed)).toMatchObject({ kind: "user" });
    expect(await users()).toMatchObject([{ username: "jan", email: "j@x.nl" }]);
    expect(await enter({ sub: "s2", name: "piet" })).toMatchObject({ kind: "user" });
  });

  it("F57 keeps the groups that claims gave for a person with more groups than the provider sends, where the options say so", async () => {
    const { enter, memberships, users } = await makeRealm(user("els"), group("file"));
    const settings = {
      groups: { on_overage: "keep", default_groups: ["any"], superuser_group_names: ["root"] },
    };
    await enter({ sub: "s1", name: "jan", groups: ["a", "root"] }, settings);
    const before = ["jan a claim", "jan any claim", "jan root claim"];
    expect(await memberships()).toEqual(before);
    for (const overage of [{ hasgroups: true }, { _claim_names: { groups: "src1" } }]) {
      expect(await enter({ sub: "s1", name: "jan", ...overage }, settings)).toMatchObject({ isWritten: false });
      expect(await memberships()).toEqual(before);
      expect(await users()).toMatchObject([{ username: "els" }, { is_superuser: 1, claim_superuser: 1 }]);
    }
    // The rest is copied, and a new user gets the default groups.
    await enter({ sub: "s1", name: "jan", email: "j@x.nl", hasgroups: true }, settings);
    await enter({ sub: "s2", name: "els", hasgroups: true }, settings);
    await enter({ sub: "s3", name: "piet", hasgroups: true }, settings);
    expect((await memberships()).sort()).toEqual([...before, "els any claim", "piet any claim"].sort());
    expect(await users()).toMatchObject([{ is_superuser: 0 }, { email: "j@x.nl" }, { is_superuser: 0 }]);
    // An empty claim is an answer.
    await enter({ sub: "s1", name: "jan", groups: [] }, settings);
    expect((await memberships()).filter((row) => row.startsWith("jan"))).toEqual(["jan any claim"]);
    expect(await users()).toMatchObject([{}, { username: "jan", is_superuser: 0, claim_superuser: 0 }, {}]);
  });

  it("F57 keeps nothing that claims gave to the subject that had the user before", async () => {
    const settings = { groups: { on_overage: "keep", superuser_group_names: ["root"] } };
    const { enter, memberships, users, database } = await makeRealm(user("jan", { sign_in_provider: "idp" }));
    await enter({ sub: "s1", name: "jan", groups: ["a", "root"] }, settings);
    await database.kysely.updateTable("users").set({ issuer: null, subject: null }).execute();
    expect(await enter({ sub: "s2", name: "jan", hasgroups: true }, settings)).toMatchObject({ linkedBy: "sign_in" });
    expect(await memberships()).toEqual([]);
    expect(await users()).toMatchObject([{ subject: "s2", is_superuser: 0, claim_superuser: 0 }]);
  });

  it("F57 records the groups that the user has afterwards, including those that stayed", async () => {
    const settings = { groups: { on_overage: "keep" } };
    const { enter, database } = await makeRealm();
    await enter({ sub: "s1", name: "jan", groups: ["a"] }, settings);
    const more = { groups: { ...settings.groups, default_groups: ["any"] } };
    await enter({ sub: "s1", name: "jan", hasgroups: true }, more);
    const rows = await database.kysely.selectFrom("run_changes").select("fields").where("kind", "=", "user").execute();
    expect(rows.map(({ fields }) => JSON.parse(fields))).toContainEqual([
      { name: "claim_groups", before: ["a"], after: ["a", "any"] },
    ]);
  });

  it.each(["superuser", "SuperUser", "ｓuperuser"])(
    "S38 joins and creates no reserved group, and gives no superuser flag by one: %j",
    async (name) => {
      const { enter, memberships, users, database } = await makeRealm(group("superuser"));
      const settings = { groups: { superuser_group_names: [name] }, reserved: ["superuser", "breakglass"] };
      await enter({ sub: "s1", name: "jan", groups: [name, "other"] }, settings);
      expect(await memberships()).toEqual(["jan other claim"]);
      expect(await users()).toMatchObject([{ is_superuser: 0 }]);
      const names = await database.kysely.selectFrom("groups").select("name").orderBy("name").execute();
      expect(names.map((row) => row.name)).toEqual(["any", "other", "superuser"]);
      await enter({ sub: "s1", name: "jan", groups: [name, "other"] }, { ...settings, reserved: ["others"] });
      expect(await memberships()).toContain(`jan ${name} claim`);
      expect(await users()).toMatchObject([{ is_superuser: 1 }]);
    },
  );

  it("S38 S41 takes a reserved group away that a claim gave before, and leaves what the file gave", async () => {
    const { enter, memberships } = await makeRealm(group("breakglass"), user("els", { groups: ["breakglass"] }));
    await enter({ sub: "s1", name: "jan", groups: ["breakglass"] });
    await enter({ sub: "s2", name: "els", groups: [] });
    expect(await memberships()).toEqual(["els breakglass config", "jan breakglass claim"].sort());
    const settings = { reserved: ["breakglass"] };
    await enter({ sub: "s1", name: "jan", groups: ["breakglass"] }, settings);
    await enter({ sub: "s2", name: "els", groups: ["breakglass"] }, settings);
    expect(await memberships()).toEqual(["els breakglass config"]);
  });

  it("S96 records who was created or changed by claims, in the change's own transaction, and personal data only by name", async () => {
    const { enter, database, users } = await makeRealm();
    const { kysely } = database;
    const claims = { sub: "s-1", name: "jan", email: "canary@x.nl", groups: ["a", "root"] };
    const settings = { groups: { superuser_group_names: ["root"] } };
    await enter(claims, settings);
    await enter(claims, settings);
    await enter({ ...claims, groups: ["a"] }, settings);
    const [jan] = await users();
    const runs = await kysely.selectFrom("runs").selectAll().where("actor", "=", "sign-in:api-oidc").execute();
    expect(runs).toHaveLength(2);
    expect(runs).toMatchObject(
      Array(2).fill({
        owner: "",
        files: "[]",
        finished_at: "2026-03-01T12:00:00.000Z",
        through: "sign-in",
        version: expect.any(String),
      }),
    );
    const changesOf = async (id = "") =>
      (await kysely.selectFrom("run_changes").selectAll().where("run_id", "=", id).orderBy("sequence").execute()).map(
        ({ action, kind, key, resource_id, fields }) => ({
          action,
          kind,
          key,
          resource_id,
          fields: JSON.parse(fields),
        }),
      );
    const changes = await Promise.all(runs.map(({ id }) => changesOf(id)));
    const [made = [], changed = []] = changes.sort((one, other) => other.length - one.length);
    expect(made).toEqual([
      { action: "create", kind: "group", key: "a", resource_id: expect.any(String), fields: [] },
      { action: "create", kind: "group", key: "root", resource_id: expect.any(String), fields: [] },
      {
        action: "create",
        kind: "user",
        key: "jan",
        resource_id: jan?.id,
        fields: [
          { name: "issuer", sensitive: true },
          { name: "subject", sensitive: true },
          { name: "email", sensitive: true },
          { name: "is_superuser", before: null, after: true },
          { name: "claim_groups", before: [], after: ["a", "root"] },
        ],
      },
    ]);
    expect(changed).toEqual([
      {
        action: "update",
        kind: "user",
        key: "jan",
        resource_id: jan?.id,
        fields: [
          { name: "is_superuser", before: true, after: false },
          { name: "claim_groups", before: ["a", "root"], after: ["a"] },
        ],
      },
    ]);
    expect(JSON.stringify([runs, changes])).not.toMatch(/canary|s-1/);
  });

  it("A10.74 creates a user linked to issuer and subject, and finds it again without a write", async () => {
    const { enter, users, revision } = await makeRealm();
    const first = await enter({ sub: "s1", name: "jan", email: "j@x.nl" });
    const before = await revision();
    expect(first).toMatchObject({ kind: "user", isWritten: true, revision: before });
    expect(await users()).toMatchObject([
      { username: "jan", email: "j@x.nl", issuer, subject: "s1", owner: null, is_active: 1, is_service: 0 },
    ]);
    const second = await enter({ sub: "s1", name: "jan", email: "j@x.nl" });
    expect(second).toEqual({ ...first, isWritten: false });
    expect(await revision()).toBe(before);
    expect(await users()).toHaveLength(1);
  });

  it("counts the revision up once when something changed", async () => {
    const { enter, revision } = await makeRealm();
    await enter({ sub: "s1", name: "jan", email: "j@x.nl" });
    const before = await revision();
    expect(await enter({ sub: "s1", name: "jan", email: "new@x.nl" })).toMatchObject({ isWritten: true });
    expect(await revision()).toBe(before + 1);
  });

  it("creates one user for ten simultaneous requests", async () => {
    const { enter, users } = await makeRealm();
    const results = await Promise.all(
      Array.from({ length: 10 }, () => enter({ sub: "s1", name: "jan", groups: ["a", "b"] })),
    );
    expect(new Set(results.map((result) => result.kind === "user" && result.userId)).size).toBe(1);
    expect(results.filter((result) => result.kind === "user" && result.isWritten)).toHaveLength(1);
    expect(await users()).toHaveLength(1);
  });

  it("I16 S30 links a declared user to the first who signs in, and refuses the next", async () => {
    const { enter, users } = await makeRealm(user("jan", { email: "j@x.nl" }));
    expect(await enter({ sub: "s1", name: "jan" })).toMatchObject({ kind: "user", isWritten: true });
    expect(await users()).toMatchObject([{ username: "jan", subject: "s1", owner: "default" }]);
    expect(await enter({ sub: "s2", name: "jan" })).toEqual({ kind: "rejected", reason: "username_taken" });
    expect(await enter({ sub: "s1", name: "jan", iss: "https://other.example" })).toEqual({
      kind: "rejected",
      reason: "username_taken",
    });
    expect(await enter({ sub: "s1", name: "jan" })).toMatchObject({ kind: "user", isWritten: false });
  });

  it("S30 takes the same subject at two issuers for two people", async () => {
    const { enter, users } = await makeRealm();
    await enter({ sub: "s1", name: "jan" });
    await enter({ sub: "s1", name: "piet", iss: "https://other.example" });
    expect((await users()).map(({ username }) => username)).toEqual(["jan", "piet"]);
  });

  it("A11.83 finds a username in other case only where the options say so", async () => {
    const { enter, users } = await makeRealm(user("ADMIN"), user("Éva"), user("x%_y"));
    const folding = { user: { username_case_sensitive: false } };
    expect(await enter({ sub: "s1", name: "admin" }, folding)).toMatchObject({ kind: "user" });
    expect(await enter({ sub: "s2", name: "éva" }, folding)).toMatchObject({ kind: "user" });
    expect(await enter({ sub: "s3", name: "X%_Y" }, folding)).toMatchObject({ kind: "user" });
    expect(await users()).toHaveLength(3);
    await enter({ sub: "s4", name: "xxxy" }, folding);
    await enter({ sub: "s5", name: "Admin" });
    expect((await users()).map(({ username }) => username).sort()).toEqual(
      ["ADMIN", "Admin", "x%_y", "xxxy", "Éva"].sort(),
    );
    expect(await enter({ sub: "s6", name: "aDMIN" }, folding)).toEqual({
      kind: "rejected",
      reason: "username_ambiguous",
    });
  });

  it("S40 refuses a new name that looks like an existing one", async () => {
    const { enter } = await makeRealm(user("admin"));
    expect(await enter({ sub: "s1", name: "аdmin" })).toEqual({ kind: "rejected", reason: "username_confusable" });
    expect(await enter({ sub: "s1", name: "ａｄｍｉｎ" })).toEqual({ kind: "rejected", reason: "username_confusable" });
    expect(await enter({ sub: "s1", name: "аndrej" })).toMatchObject({ kind: "user" });
    expect(await enter({ sub: "s2", name: "admin" })).toMatchObject({ kind: "user" });
  });

  it("S34 keeps a client from becoming a person, and a person from becoming a client", async () => {
    const human = user("piet", { email: "piet@x.nl" });
    const withPassword = user("els", { password: new Secret("a-password-of-hers") });
    const { enter, users } = await makeRealm(human, withPassword, user("boss", { is_staff: true }), user("service"));
    for (const name of ["piet", "els", "boss"]) {
      expect(await enter({ sub: name, azp: name, name })).toEqual({ kind: "rejected", reason: "username_taken" });
    }
    expect(await enter({ sub: "service", azp: "service", name: "service" })).toMatchObject({ kind: "user" });
    expect(await enter({ sub: "service", name: "service" })).toEqual({ kind: "rejected", reason: "username_taken" });
    expect(await enter({ sub: "piet", name: "piet" })).toMatchObject({ kind: "user" });
    // Linked to the person's subject, of the same text as the client's.
    expect(await enter({ sub: "piet", azp: "piet", name: "piet" })).toEqual({
      kind: "rejected",
      reason: "username_taken",
    });
    const links = (await users()).filter(({ subject }) => subject).map((row) => `${row.username} ${row.subject}`);
    expect(links).toEqual(["piet piet", "service client:service"]);
  });

  it("refuses the name of an API token's own user", async () => {
    const token = resource("api_token", "forms", {
      token: new Secret("x".repeat(40)),
      generated: false,
      user: null,
      is_superuser: true,
      permissions: [],
      contact_person: "B",
      email: "b@x.nl",
      organization: "",
      application: "",
      administration: "",
      expires_at: null,
      grace_seconds: 0,
    });
    const { enter } = await makeRealm(token);
    expect(await enter({ sub: "s1", name: "forms" })).toEqual({ kind: "rejected", reason: "username_of_service" });
    expect(await enter({ sub: "s1", name: "forms2" })).toMatchObject({ kind: "user" });
  });

  it("A11.85 S41 overwrites fields and claim-given groups, and leaves what the file and people gave", async () => {
    const { enter, memberships, database, users } = await makeRealm(
      group("filed"),
      group("manual"),
      user("jan", { groups: ["filed"] }),
    );
    await enter({ sub: "s1", name: "jan", email: "a@x.nl", groups: ["a", "b"] });
    const [jan] = await users();
    const manual = await database.kysely
      .selectFrom("groups")
      .select("id")
      .where("name", "=", "manual")
      .executeTakeFirstOrThrow();
    const row = { user_id: String(jan?.id), group_id: manual.id, origin: "manual" } as const;
    await database.kysely.insertInto("user_groups").values(row).execute();
    await enter({ sub: "s1", name: "jan", email: "b@x.nl", groups: ["b", "c"] });
    expect(await memberships()).toEqual(["jan b claim", "jan c claim", "jan filed config", "jan manual manual"]);
    expect(await users()).toMatchObject([{ email: "b@x.nl" }]);
    await enter({ sub: "s1", name: "jan", email: "b@x.nl", groups: ["b", "c", "filed"] });
    await enter({ sub: "s1", name: "jan", email: "b@x.nl", groups: ["b"] });
    expect(await memberships()).toEqual(["jan b claim", "jan filed config", "jan manual manual"]);
  });

  it.each([[[]], [undefined], [null]])(
    "S37 I14 takes claim-given groups and superuser away with a groups claim of %j",
    async (claim) => {
      const { enter, memberships, users } = await makeRealm();
      const settings = { groups: { superuser_group_names: ["root"] } };
      await enter({ sub: "s1", name: "jan", groups: ["root", "a"] }, settings);
      expect(await users()).toMatchObject([{ is_superuser: 1 }]);
      expect(await memberships()).toEqual(["jan a claim", "jan root claim"]);
      await enter({ sub: "s1", name: "jan", groups: claim }, settings);
      expect(await users()).toMatchObject([{ is_superuser: 0 }]);
      expect(await memberships()).toEqual([]);
    },
  );

  it("A11.89 takes a superuser's flag away that claims gave, and not one that the file gave", async () => {
    const { enter, users } = await makeRealm(user("boss", { is_superuser: true }));
    const settings = { groups: { superuser_group_names: ["root"] } };
    const flags = async () => (await users()).map((row) => `${row.username} ${row.is_superuser}`);
    await enter({ sub: "s1", name: "boss", groups: ["root"] }, settings);
    await enter({ sub: "s2", name: "jan", groups: ["root"] }, settings);
    expect(await flags()).toEqual(["boss 1", "jan 1"]);
    await enter({ sub: "s1", name: "boss", groups: ["other"] }, settings);
    await enter({ sub: "s2", name: "jan", groups: ["other"] }, settings);
    expect(await flags()).toEqual(["boss 1", "jan 0"]);
  });

  it("A11.88 gives the staff flag, and never takes it away", async () => {
    const { enter, users } = await makeRealm();
    await enter({ sub: "s1", name: "jan" }, { groups: { make_users_staff: true } });
    await enter({ sub: "s1", name: "jan" });
    expect(await users()).toMatchObject([{ is_staff: 1 }]);
  });

  it("A11.87 I15 without sync joins existing groups and creates none", async () => {
    const { enter, memberships, database } = await makeRealm(group("known"));
    const settings = { groups: { sync: false, default_groups: ["missing"] } };
    await enter({ sub: "s1", name: "jan", groups: ["known", "unknown"] }, settings);
    expect(await memberships()).toEqual(["jan known claim"]);
    await enter({ sub: "s1", name: "jan", groups: ["known", "unknown"] }, { groups: { sync_pattern: "k*" } });
    expect(await memberships()).toEqual(["jan known claim"]);
    await enter({ sub: "s1", name: "jan", groups: ["known", "unknown"] });
    const names = await database.kysely.selectFrom("groups").select("name").orderBy("name").execute();
    expect(names.map(({ name }) => name)).toEqual(["any", "known", "unknown"]);
  });

  it("A11.87 always gives the default groups", async () => {
    const { enter, memberships } = await makeRealm();
    const settings = { groups: { default_groups: ["everybody"], sync_pattern: "x*" } };
    await enter({ sub: "s1", name: "jan", groups: ["no"] }, settings);
    expect(await memberships()).toEqual(["jan everybody claim"]);
  });

  it("changes nothing of an inactive user, and says who it is", async () => {
    const { enter, users } = await makeRealm(user("jan", { is_active: false, email: "a@x.nl" }));
    expect(await enter({ sub: "s1", name: "jan", email: "b@x.nl" })).toMatchObject({ kind: "user", isWritten: false });
    expect(await users()).toMatchObject([{ email: "a@x.nl", subject: null, is_active: 0 }]);
  });

  it("keeps claims with quotes in them as they are", async () => {
    const { enter, users, memberships } = await makeRealm();
    const odd = `'; drop table users; -- "`;
    await enter({ sub: odd, name: odd, email: odd, groups: [odd] });
    expect(await users()).toMatchObject([{ username: odd, email: odd, subject: odd }]);
    expect(await memberships()).toEqual([`${odd} ${odd} claim`]);
  });
});
