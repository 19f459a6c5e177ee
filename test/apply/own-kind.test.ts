import { createHash } from "node:crypto";
import { sql } from "kysely";
import { describe, expect, inject, it } from "vitest";
import * as z from "zod";
import { apply } from "../../src/apply/apply.js";
import { loadConfig } from "../../src/apply/load.js";
import { migrate } from "../../src/apply/migrate.js";
import { plan } from "../../src/apply/plan.js";
import type { Configuration } from "../../src/apply/run.js";
import { defineStep } from "../../src/config/step.js";
import { createResourceTable, createSetTable } from "../../src/database/create-table.js";
import type { Kind } from "../../src/plan/kind.js";
import type { Resource } from "../../src/plan/resource.js";
import { digest, hashed, integer, reference, setOf, text, time } from "../../src/resources/columns.js";
import { group, user } from "../../src/resources/kinds.js";
import { coreKinds } from "../../src/resources/registry.js";
import { defineKind } from "../../src/resources/table-kind.js";
import { verifyPassword } from "../../src/secrets/password.js";
import { Secret } from "../../src/secrets/secret.js";
import { contentsOf } from "../support/databases.js";
import { absent, configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";

const isSqlite = inject("dialect") === "sqlite";

function withKind(kind: Kind, ...resources: readonly Resource[]): Configuration {
  return { ...configurationOf(...resources), kinds: [...coreKinds, { ...kind, step: "Doors" }] };
}

/** The message and hint of each problem that a run ends with. */
async function diagnosticsOf(run: Promise<unknown>): Promise<unknown> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof Error && "diagnostics" in error ? error.diagnostics : error;
}

type Up = NonNullable<Kind["migrations"]>[number]["up"];

const door = { name: "door", table: "doors", keyColumn: "name" } as const;
const makeDoors: Up = (db) => createResourceTable(db, { name: "doors", keyColumn: "name", texts: ["colour"] });

function doorWith(up: Up, column = "colour") {
  return defineKind({
    ...door,
    columns: { colour: text(column), floor: integer("floor", 0) },
    migrations: [{ name: "door:0001", up }],
  });
}

describe("a kind whose columns its migration does not have", () => {
  const expected = [
    {
      severity: "error",
      code: "STEP_INVALID",
      message: "the step Doors, kind door: its table doors has no column `color`, which the attribute `colour` needs",
      hint: "did you mean `colour`? Otherwise add it in a new migration",
    },
    {
      severity: "error",
      code: "STEP_INVALID",
      message: "the step Doors, kind door: its table doors has no column `floor`, which the attribute `floor` needs",
      hint: "add it in a new migration",
    },
  ];

  it("is refused by plan, apply and migrate, each column by name, and nothing is changed", async () => {
    const url = temporaryDatabase();
    const kind = doorWith(makeDoors, "color");
    const wanted = withKind(kind, resource("door", "a", { colour: "red" }));
    expect(await diagnosticsOf(plan(wanted, runOptions(url)))).toEqual(expected);
    expect(await diagnosticsOf(apply(wanted, runOptions(url)))).toEqual(expected);
    expect(await diagnosticsOf(migrate({ ...runOptions(url), kinds: [kind] }))).toEqual(
      expected.map((problem) => ({ ...problem, message: problem.message.replace("the step Doors, kind", "the kind") })),
    );
    const { migrations } = await migrate({ ...runOptions(url) });
    expect(migrations).not.toContain("door:0001");
  });

  it("is refused where the column was added to the definition after the migration had run", async () => {
    const url = temporaryDatabase();
    const first = defineKind({ ...door, columns: {}, migrations: [{ name: "door:0001", up: makeDoors }] });
    await migrate({ ...runOptions(url), kinds: [first] });
    const later = doorWith(makeDoors);
    const wanted = withKind(later, resource("door", "a", { colour: "red" }));
    expect(await diagnosticsOf(plan(wanted, runOptions(url)))).toEqual(expected.slice(1));
  });

  it("has a near twin: a later migration that adds it", async () => {
    const url = temporaryDatabase();
    const floors: Up = (db) => db.schema.alterTable("doors").addColumn("floor", "integer").execute();
    const kind = {
      ...doorWith(makeDoors),
      migrations: [
        { name: "door:0001", up: makeDoors },
        { name: "door:0002", up: floors },
      ],
    };
    const wanted = withKind(kind, resource("door", "a", { colour: "red", floor: 2 }));
    expect(await apply(wanted, runOptions(url))).toMatchObject({ outcome: "applied" });
    expect(await apply(wanted, runOptions(url))).toMatchObject({ outcome: "unchanged" });
  });

  it("is told of a set's table too", async () => {
    const readers = setOf("door_readers", { rowColumn: "door", memberColumn: "user_id", target: user });
    const up: Up = async (db) => {
      await createResourceTable(db, { name: "doors", keyColumn: "name" });
      await createSetTable(db, {
        name: "door_readers",
        rowColumn: "door_id",
        rowTable: "doors",
        memberColumn: "user_id",
      });
    };
    const kind = defineKind({ ...door, columns: { readers }, migrations: [{ name: "door:0001", up }] });
    expect(await diagnosticsOf(plan(withKind(kind), runOptions(temporaryDatabase())))).toMatchObject([
      {
        message:
          "the step Doors, kind door: its table door_readers has no column `door`, which the attribute `readers` needs",
      },
    ]);
  });
});

describe("steps and kinds that are given to the library", () => {
  const kind = doorWith(makeDoors);
  const step = defineStep({
    ...{ title: "Doors", flag: "doors_enable", namespace: "doors", kinds: [kind], schema: z.strictObject({}) },
    declare: () => [],
  });

  it("are checked as those of a module: a step whose kind is not given, and a name that is taken", async () => {
    expect(await diagnosticsOf(loadConfig(["doors.yaml"], { steps: [step] }))).toMatchObject([
      { code: "STEP_INVALID", message: "the step Doors declares the kind door, which does not exist" },
    ]);
    expect(await diagnosticsOf(loadConfig(["doors.yaml"], { steps: [step], kinds: [kind, kind] }))).toMatchObject([
      { code: "STEP_INVALID", message: "two steps or kinds are named door" },
    ]);
    // The near twin gets as far as the file, which is not there.
    expect(await diagnosticsOf(loadConfig(["doors.yaml"], { steps: [step], kinds: [kind] }))).toMatchObject([
      { code: "FILE_UNREADABLE" },
    ]);
  });
});

describe("an error in a step's own tables", () => {
  it.each([
    ["a statement", (db) => sql`create tabel doors (name text)`.execute(db).then(() => {}), /near "tabel"/],
    [
      "a table",
      (db) => sql`insert into dors (name) values (${"kanarie"})`.execute(db).then(() => {}),
      isSqlite ? /no such table: dors/ : /relation "dors" does not exist/,
    ],
    [
      "a column",
      async (db) => {
        await makeDoors(db);
        await sql`update doors set nam = ${"kanarie"}`.execute(db);
      },
      isSqlite ? /no such column: nam/ : /column "nam" of relation "doors" does not exist/,
    ],
  ] satisfies readonly (readonly [string, Up, RegExp])[])(
    "names the step, the kind and the migration that misspells %s, with the database's message",
    async (_, up, message) => {
      const url = temporaryDatabase();
      const wanted = withKind(doorWith(up), resource("door", "a", { colour: "red" }));
      for (const run of [plan, apply]) {
        const diagnostics = await diagnosticsOf(run(wanted, runOptions(url)));
        expect(diagnostics).toMatchObject([{ code: "DATABASE_FAILED", message: expect.stringMatching(message) }]);
        expect(diagnostics).toMatchObject([
          {
            message: expect.stringMatching(
              /^the step Doors, kind door: the migration door:0001: the database answered/,
            ),
            hint: "correct the kind's columns or migrations, or add a migration",
          },
        ]);
        expect(JSON.stringify(diagnostics)).not.toContain("kanarie");
      }
    },
  );

  it("names the migration whose code throws", async () => {
    const up: Up = (db) => (db as unknown as { schemas: Up }).schemas(db);
    expect(await diagnosticsOf(plan(withKind(doorWith(up)), runOptions(temporaryDatabase())))).toMatchObject([
      {
        code: "STEP_INVALID",
        message: expect.stringMatching(
          /^the step Doors, kind door: the migration door:0001 threw TypeError: .*schemas is not a function$/,
        ),
      },
    ]);
  });

  it("names the kind whose rows break a rule of its table, without a value", async () => {
    const up: Up = (db) =>
      createResourceTable(db, { name: "doors", keyColumn: "name", texts: ["colour"], unique: [["colour"]] });
    const kind = defineKind({ ...door, columns: { colour: text("colour") }, migrations: [{ name: "door:0001", up }] });
    const doors = ["a", "b"].map((key) => resource("door", key, { colour: "kanarie" }));
    const diagnostics = await diagnosticsOf(apply(withKind(kind, ...doors), runOptions(temporaryDatabase())));
    expect(diagnostics).toMatchObject([
      {
        message: expect.stringMatching(/^the step Doors, kind door: the database does not allow .*doors.colour/),
        hint: expect.stringMatching(/^look for two/),
      },
    ]);
    expect(JSON.stringify(diagnostics)).not.toContain("kanarie");
  });
});

describe("columns for secrets that are never read, for times and for sets", () => {
  const gate = defineKind({
    name: "gate",
    table: "gates",
    keyColumn: "name",
    columns: {
      token: digest("token_digest"),
      password: hashed("password_hash"),
      opens_at: time("opens_at", null),
      keepers: setOf("gate_keepers", { rowColumn: "gate_id", memberColumn: "user_id", target: user }),
      tags: setOf("gate_tags", { rowColumn: "gate_id", memberColumn: "tag" }, []),
    },
    migrations: [
      {
        name: "gate:0001",
        up: async (db) => {
          await createResourceTable(db, {
            name: "gates",
            keyColumn: "name",
            optionalTexts: ["token_digest", "password_hash", "opens_at"],
          });
          const row = { rowColumn: "gate_id", rowTable: "gates" };
          await createSetTable(db, { name: "gate_keepers", ...row, memberColumn: "user_id", memberTable: "users" });
          await createSetTable(db, { name: "gate_tags", ...row, memberColumn: "tag" });
        },
      },
    ],
  });
  const plain = "a token of 32 random characters.";
  const attributes = {
    token: new Secret(plain),
    password: new Secret("correct horse"),
    opens_at: "2030-01-31T12:00:00+01:00",
    keepers: ["piet", "jan"],
    tags: ["north", "north"],
  };
  const users = ["jan", "piet"].map((key) => resource("user", key, { email: "", groups: [], permissions: [] }));
  const of = (more: object) => withKind(gate, ...users, resource("gate", "a", { ...attributes, ...more }));
  const fieldsOf = async (run: Promise<unknown>) => {
    const { changes } = (await run) as { changes: readonly { fields: readonly { name: string }[] }[] };
    return changes.flatMap(({ fields }) => fields);
  };

  it("keep a digest and a hash, a time in UTC, and a row for each member; and are as they should be afterwards", async () => {
    const url = temporaryDatabase();
    await apply(of({}), runOptions(url));
    const { kysely } = await openForTest(url);
    const tables = kysely.withTables<Record<"gates" | "gate_keepers" | "gate_tags", Record<string, string>>>();
    const [row] = await tables.selectFrom("gates").selectAll().execute();
    expect(row).toMatchObject({
      token_digest: createHash("sha256").update(plain).digest("hex"),
      opens_at: "2030-01-31T11:00:00.000Z",
    });
    expect(await verifyPassword(new Secret("correct horse"), row?.password_hash ?? null)).toBe("right");
    expect(await tables.selectFrom("gate_keepers").selectAll().execute()).toHaveLength(2);
    expect(await tables.selectFrom("gate_tags").select(["tag", "origin"]).execute()).toEqual([
      { tag: "north", origin: "config" },
    ]);
    const same = { opens_at: "2030-01-31T11:00:00Z", keepers: ["jan", "piet", "jan"], tags: undefined };
    expect(await apply(of(same), runOptions(url))).toMatchObject({ outcome: "unchanged" });
  });

  it("change where the file does: another token and another member, but never a password that is set", async () => {
    const url = temporaryDatabase();
    await apply(of({}), runOptions(url));
    const token = new Secret("another token of 32 characters..");
    expect(await fieldsOf(apply(of({ token }), runOptions(url)))).toEqual([{ name: "token", sensitive: true }]);
    expect(await apply(of({ token, password: new Secret("another") }), runOptions(url))).toMatchObject({
      outcome: "unchanged",
    });
    expect(await fieldsOf(apply(of({ token, keepers: ["jan"], tags: [] }), runOptions(url)))).toEqual([
      { name: "keepers", before: ["jan", "piet"], after: ["jan"] },
      { name: "tags", before: ["north"], after: [] },
    ]);
  });

  it("refuse a member that does not exist, and keep one from being deleted", async () => {
    const url = temporaryDatabase();
    expect(await diagnosticsOf(apply(of({ keepers: ["jna"] }), runOptions(url)))).toMatchObject([
      { code: "REFERENCE_NOT_FOUND", message: expect.stringContaining("gate a needs user jna") },
    ]);
    await apply(of({}), runOptions(url));
    const withoutJan = withKind(gate, absent("user", "jan"));
    expect(await diagnosticsOf(apply(withoutJan, runOptions(url)))).toMatchObject([{ code: "RESOURCE_IN_USE" }]);
    // Without the module, nothing knows of the set but the database.
    await expect(apply(configurationOf(absent("user", "jan")), runOptions(url))).rejects.toThrow();
    await apply(withKind(gate, absent("gate", "a")), runOptions(url));
    expect(await apply(withoutJan, runOptions(url))).toMatchObject({ outcome: "applied" });
  });
});

describe("a run without the module of a kind whose table refers to what it deletes", () => {
  it("is refused as in use, and changes nothing", async () => {
    const url = temporaryDatabase();
    const makeRooms: Up = (db) =>
      createResourceTable(db, {
        name: "rooms",
        keyColumn: "name",
        texts: ["group_id"],
        references: { group_id: "groups" },
      });
    const room = defineKind({
      name: "room",
      table: "rooms",
      keyColumn: "name",
      columns: { group: reference("group_id", group) },
      dependsOn: ["group"],
      migrations: [{ name: "room:0001", up: makeRooms }],
    });
    const both = [resource("group", "lezers", { permissions: [] }), resource("room", "a", { group: "lezers" })];
    await apply(withKind(room, ...both), runOptions(url));
    const before = await contentsOf(url);
    expect(await diagnosticsOf(apply(configurationOf(absent("group", "lezers")), runOptions(url)))).toMatchObject([
      { code: "RESOURCE_IN_USE", hint: expect.stringContaining("--steps") },
    ]);
    expect(await contentsOf(url)).toBe(before);
    expect(await diagnosticsOf(apply(withKind(room, absent("group", "lezers")), runOptions(url)))).toMatchObject([
      { code: "RESOURCE_IN_USE", message: expect.stringContaining("room a") },
    ]);
  });
});
