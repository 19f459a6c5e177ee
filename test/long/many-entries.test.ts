import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { databaseOf } from "../support/databases.js";
import {
  configurationOf,
  openForTest,
  resource,
  runOptions,
  temporaryDatabase,
  temporaryFolder,
} from "../support/run.js";
import { tokensYaml } from "../support/tokens.js";

const many = 130_000;
const timeout = 600_000;

async function run(folder: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = await startCli(args, { cwd: folder }).ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining("error") });
  return stdout;
}

describe(`F24: ${many} entries of one kind`, () => {
  it("in a file are planned, applied, found unchanged and pruned, as text and as JSON", { timeout }, async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "many.yaml": tokensYaml(many, "a"), "few.yaml": tokensYaml(10, "a") });
    const applied = JSON.parse(await run(folder, "apply", "many.yaml", "--output", "json"));
    expect(applied).toMatchObject({ outcome: "applied", summary: { create: many, unchanged: 0 } });
    expect(applied.changes).toHaveLength(many);
    expect(await run(folder, "plan", "many.yaml")).toContain(`(${many} unchanged)`);
    const pruned = await run(folder, "apply", "few.yaml", "--prune", "--allow", "MANY_DELETIONS");
    expect(pruned).toContain(`0 updated, ${many - 10} deleted, 10 unchanged.`);
  });

  it.each([
    ["group", (index: number) => ({ permissions: [`taken.p${index}`] })],
    ["user", () => ({ groups: ["g"], email: "a@gemeente.example" })],
  ] as const)("of the kind %s are created, updated and pruned", { timeout }, async (kind, attributesOf) => {
    const database = temporaryDatabase();
    const options = runOptions(database, { prune: true, allow: ["MANY_DELETIONS"] });
    const group = kind === "group" ? [] : [resource("group", "g", { permissions: [] })];
    const entries = (count: number, more: object = {}) =>
      Array.from({ length: count }, (_, index) => resource(kind, `e${index}`, { ...attributesOf(index), ...more }));
    const applied = async (count: number, more?: object) => {
      const configuration = configurationOf();
      return await apply({ ...configuration, resources: [...group, ...entries(count, more)] }, options);
    };
    expect((await applied(many)).changes).toHaveLength(many + group.length);
    const changed = kind === "group" ? { permissions: ["taken.other"] } : { first_name: "Jan" };
    expect((await applied(many, changed)).changes).toHaveLength(many);
    expect((await applied(10, changed)).changes).toHaveLength(many - 10);
  });
});

describe("F24: 1,000,000 rows in the database", () => {
  it("are read by plan and apply, which leave them alone", { timeout }, async () => {
    const place = temporaryFolder();
    writeFiles(place, {
      "config.yaml": `groups_config_enable: true
groups_config: {items: [{name: lezers}]}
default_user_configuration_enable: true
default_user_configuration_config: {users: [{username: jan, groups: [lezers]}]}
`,
    });
    await run(place, "apply", "config.yaml");
    const { kysely } = await openForTest(databaseOf(place));
    // As sign-ins make them.
    await sql`insert into users (id, created_at, updated_at, username, email, first_name, last_name, is_active, is_staff, is_superuser, is_service)
      with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < 1000000)
      select 'id-' || i, created_at, updated_at, 'u' || i, 'u' || i || '@gemeente.example', '', '', 1, 0, 0, 0
      from numbers, users where username = 'jan'`.execute(kysely);
    await sql`insert into user_groups (user_id, group_id, origin)
      select users.id, groups.id, 'claim' from users, groups`.execute(kysely);
    expect(await run(place, "plan", "config.yaml", "--prune")).toContain("(2 unchanged)");
    writeFiles(place, { "more.yaml": "groups_config_enable: true\ngroups_config: {items: [{name: schrijvers}]}\n" });
    expect(await run(place, "apply", "more.yaml")).toContain("Applied: 1 created");
    const { count } = await kysely
      .selectFrom("users")
      .select((eb) => eb.fn.countAll().as("count"))
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(1_000_001);
  });
});
