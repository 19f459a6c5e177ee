import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { databaseOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";
import { run } from "./run-command.js";

const timeout = 600_000;

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
