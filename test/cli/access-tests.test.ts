import { describe, expect, it } from "vitest";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { contentsOf, databaseOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";

const config = `vtb_setup: {permissions: [taken.view, taken.change, taken.delete, zaken.view, "objecttype.*.read_only"]}
groups_config_enable: true
groups_config:
  items:
    - {name: lezers, permissions: [taken.view]}
    - {name: behandelaars, permissions: [taken.view, taken.change]}
    - {name: beheerders, permissions: [taken.view, taken.change, taken.delete]}
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - {username: jan, is_active: true, is_staff: false, is_superuser: false, groups: [lezers], permissions: [zaken.view]}
    - {username: fatima, groups: [{name: behandelaars, until: "2040-01-01T00:00:00Z"}]}
    - {username: oud, is_active: false, groups: [beheerders]}
tokenauth_config_enable: true
tokenauth:
  items:
    - identifier: open-forms
      token: {sha256: 1111111111111111111111111111111111111111111111111111111111111111}
      contact_person: A
      email: a@example.nl
      permissions: [taken.view]
    - identifier: export
      token: {sha256: 2222222222222222222222222222222222222222222222222222222222222222}
      contact_person: A
      email: a@example.nl
      user: fatima
      permissions: [taken.view]
      valid_from: "2030-01-01T00:00:00Z"
      expires_at: "2035-01-01T00:00:00Z"
    - identifier: uit
      token: {sha256: 3333333333333333333333333333333333333333333333333333333333333333}
      contact_person: A
      email: a@example.nl
      enabled: false
      permissions: [taken.delete]
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: kc
      oidc_op_issuer: https://kc.example/realms/a
      endpoint_config: {oidc_op_authorization_endpoint: "https://kc.example/a", oidc_op_token_endpoint: "https://kc.example/t", oidc_op_user_endpoint: "https://kc.example/u", oidc_op_jwks_endpoint: "https://kc.example/j"}
  items:
    - identifier: api-oidc
      enabled: true
      oidc_provider_identifier: kc
      oidc_rp_client_id: api
      oidc_rp_client_secret: a-secret-of-this-test
      options:
        user_settings: {claim_mappings: {username: [sub]}}
        groups_settings: {claim_mapping: [groups], sync: true, sync_pattern: "be*", default_groups: [], make_users_staff: false, superuser_group_names: [root]}
`;

const access = `tests:
  - {token: open-forms, may: [taken.view], only: true, is_accepted: true, is_superuser: false}
  - {name: Not yet, token: export, at: 2029-12-31, is_accepted: false}
  - {name: While it works, token: export, at: 2030-01-02, may: [taken.view], only: true}
  - {name: No more, token: export, at: 2035-01-01, is_accepted: false, may: [], only: true}
  - {token: uit, may_not: ["taken.*"], is_accepted: false}
  - {user: jan, may: [taken.view, zaken.view], may_not: [taken.change, taken.delete], is_staff: false, is_superuser: false}
  - {user: fatima, may: [taken.change], may_not: [taken.delete]}
  - {name: Afterwards, user: fatima, at: 2040-01-01T00:00:00Z, may: [], only: true}
  - {user: oud, is_accepted: false, may_not: [taken.delete]}
  - {name: A member, client: api-oidc, claims: {sub: x, groups: [beheerders]}, may: [taken.delete], is_superuser: false, is_staff: false}
  - {name: Nobody, client: api-oidc, claims: {sub: x}, may: [], only: true, is_accepted: true}
  - {name: By a group of another pattern, client: api-oidc, claims: {sub: x, groups: [lezers]}, may: [], only: true}
  - {name: A superuser, client: api-oidc, claims: {sub: x, groups: [root]}, is_superuser: true}
  - {name: Without a name, client: api-oidc, claims: {groups: [root]}, is_accepted: false}
`;

type Edit = readonly [from: string, to: string];

/** A mistake in the configuration, what must fail because of it, and an edit that is nearly the same and harmless. */
const mistakes: readonly (readonly [what: string, mistake: Edit, failing: string, twin: Edit])[] = [
  [
    "a permission more for a group",
    ["{name: lezers, permissions: [taken.view]}", "{name: lezers, permissions: [taken.view, taken.change]}"],
    "user jan",
    ["{name: lezers, permissions: [taken.view]}", "{name: lezers, permissions: [taken.view, zaken.view]}"],
  ],
  [
    "a permission less for a group",
    ["permissions: [taken.view, taken.change]}", "permissions: [taken.view]}"],
    "user fatima",
    ["permissions: [taken.view, taken.change, taken.delete]}", "permissions: [taken.view, taken.delete]}"],
  ],
  [
    "a superuser",
    ["is_superuser: false, groups", "is_superuser: true, groups"],
    "user jan",
    ["is_superuser: false, groups", "groups"],
  ],
  [
    "a user of staff",
    ["is_staff: false, is_super", "is_staff: true, is_super"],
    "user jan",
    ["is_staff: false, is_super", "is_super"],
  ],
  [
    "an inactive user",
    ["is_active: true, is_staff", "is_active: false, is_staff"],
    "user jan",
    ["is_active: true, is_staff", "is_staff"],
  ],
  [
    "a user who is active again",
    ["{username: oud, is_active: false", "{username: oud, is_active: true"],
    "user oud",
    ["is_active: false, groups: [beheerders]", "is_active: false, groups: [lezers]"],
  ],
  [
    "another group for a user",
    ["groups: [lezers]", "groups: [beheerders]"],
    "user jan",
    ["groups: [lezers]", "groups: [lezers, lezers]"],
  ],
  [
    "a permission less for a user",
    ["groups: [lezers], permissions: [zaken.view]", "groups: [lezers]"],
    "user jan",
    ["permissions: [zaken.view]}", "permissions: [zaken.view, taken.view]}"],
  ],
  [
    "a membership that ends later",
    ['until: "2040-01-01T00:00:00Z"', 'until: "2040-01-01T00:00:01Z"'],
    "Afterwards",
    ['until: "2040-01-01T00:00:00Z"', 'until: "2040-01-01T01:00:00+01:00"'],
  ],
  [
    "a membership without an end",
    ['{name: behandelaars, until: "2040-01-01T00:00:00Z"}', "behandelaars"],
    "Afterwards",
    ['until: "2040-01-01T00:00:00Z"', 'until: "2039-12-31T23:59:59Z"'],
  ],
  [
    "a permission more for a service user",
    [
      "email: a@example.nl\n      permissions: [taken.view]",
      "email: a@example.nl\n      permissions: [taken.view, zaken.view]",
    ],
    "token open-forms",
    [
      "permissions: [taken.view]\n    - identifier: export",
      "permissions: [taken.view, taken.view]\n    - identifier: export",
    ],
  ],
  [
    "a token of a superuser",
    ["email: a@example.nl\n      permissions: [taken.view]", "email: a@example.nl\n      is_superuser: true"],
    "token open-forms",
    [
      "email: a@example.nl\n      permissions: [taken.view]",
      "email: a@example.nl\n      is_superuser: false\n      permissions: [taken.view]",
    ],
  ],
  [
    "a token without its limit",
    ["user: fatima\n      permissions: [taken.view]", "user: fatima"],
    "While it works",
    ["user: fatima\n      permissions: [taken.view]", "user: fatima\n      permissions: [taken.view, taken.delete]"],
  ],
  [
    "a token of another user",
    ["user: fatima\n      permissions: [taken.view]", "user: oud\n      permissions: [taken.view]"],
    "While it works",
    ["user: fatima\n      permissions: [taken.view]", "user: jan\n      permissions: [taken.view]"],
  ],
  [
    "a token that lives longer",
    ['expires_at: "2035-01-01T00:00:00Z"', 'expires_at: "2035-01-01T00:00:01Z"'],
    "No more",
    ['expires_at: "2035-01-01T00:00:00Z"', 'expires_at: "2034-12-31T00:00:00Z"'],
  ],
  [
    "a token that starts earlier",
    ['valid_from: "2030-01-01T00:00:00Z"', 'valid_from: "2029-12-31T00:00:00Z"'],
    "Not yet",
    ['valid_from: "2030-01-01T00:00:00Z"', 'valid_from: "2029-12-31T00:00:01Z"'],
  ],
  [
    "a token that works again",
    ["enabled: false", "enabled: true"],
    "token uit",
    ["enabled: false\n      permissions: [taken.delete]", "enabled: false\n      permissions: [taken.view]"],
  ],
  [
    "superusers by another group",
    ["superuser_group_names: [root]", "superuser_group_names: [root, beheerders]"],
    "A member",
    ["superuser_group_names: [root]", "superuser_group_names: [root, admins]"],
  ],
  [
    "a default group",
    ["default_groups: []", "default_groups: [lezers]"],
    "Nobody",
    ['sync: true, sync_pattern: "be*"', 'sync: true, sync_pattern: "beh*"'],
  ],
  [
    "staff by signing in",
    ["make_users_staff: false", "make_users_staff: true"],
    "A member",
    ["make_users_staff: false, superuser", "superuser"],
  ],
  [
    "a wider pattern of groups",
    ['sync_pattern: "be*"', 'sync_pattern: "*"'],
    "By a group of another pattern",
    ['sync_pattern: "be*"', 'sync_pattern: "[ab]e*"'],
  ],
  [
    "another claim for groups",
    ["claim_mapping: [groups]", "claim_mapping: [roles]"],
    "A member",
    ["claim_mapping: [groups]", 'claim_mapping: ["groups"]'],
  ],
  [
    "another claim for the username",
    ["username: [sub]", "username: [upn]"],
    "Nobody",
    ["username: [sub]}", "username: [sub], email: [email]}"],
  ],
  ["a client that is off", ["enabled: true", "enabled: false"], "A member", ["enabled: true", "enabled: yes"]],
];

function edited([from, to]: Edit): string {
  expect(config).toContain(from);
  return config.replace(from, to);
}

/** A folder with the configuration and the tests, whose database says nothing yet. */
function place(files: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": config, "access.yaml": access, ...files });
  const run = (...args: readonly string[]) => runCli(args, { cwd: folder });
  return {
    folder,
    run,
    json: async (...args: readonly string[]) => {
      const { status, stdout } = await run("test", ...args, "--tests", "access.yaml", "--output", "json");
      const { outcome, items, summary, diagnostics } = JSON.parse(stdout);
      const failed = (items ?? []).flatMap((item: { name: string; outcome: string }) =>
        item.outcome === "failed" ? item.name : [],
      );
      return { status, outcome, failed, items, summary, diagnostics };
    },
  };
}

describe("access tests", () => {
  it("pass for what they describe, in a process of its own, and read no database without --database", async () => {
    const { folder } = place();
    const { status, stdout, stderr } = await runCliProcess(["test", "config.yaml", "--tests", "access.yaml"], {
      cwd: folder,
      env: { VTB_SETUP_DATABASE: "postgres://nobody@127.0.0.1:1/nowhere" },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^access.yaml\n(?: {2}pass {2}.+\n){14}\n14 tests: 14 passed, 0 failed\.\n$/);
  });

  it("knows at least 20 mistakes", () => {
    expect(mistakes.length).toBeGreaterThanOrEqual(20);
  });

  it.each(mistakes)(
    "fail for %s and pass for its near twin, with and without a database",
    async (_, mistake, failing, twin) => {
      const { folder, run, json } = place();
      expect(await run("apply", "config.yaml")).toMatchObject({ status: 0 });
      const before = await contentsOf(databaseOf(folder));
      for (const database of [[], ["--database", databaseOf(folder)]]) {
        writeFiles(folder, { "config.yaml": edited(mistake) });
        const failed = await json("config.yaml", ...database);
        expect(failed).toMatchObject({ status: 3, outcome: "failed" });
        expect(failed.failed).toContain(failing);
        writeFiles(folder, { "config.yaml": edited(twin) });
        expect(await json("config.yaml", ...database)).toMatchObject({ status: 0, outcome: "ok", failed: [] });
      }
      expect(await contentsOf(databaseOf(folder))).toBe(before);
    },
  );

  it("show the line, a caret and what decides, in the order of the file", async () => {
    const { folder, run } = place({
      "access.yaml": `tests:
  - name: Jan only reads
    user: jan
    is_superuser: true
    may_not: ["zaken.*"]
    may: [taken.change]
`,
    });
    const { status, stdout } = await run("test", "config.yaml", "--tests", "access.yaml");
    expect({ status, stdout }).toEqual({
      status: 3,
      stdout: `access.yaml
  FAIL  Jan only reads

access.yaml:4:19: error: Jan only reads: user jan is no superuser, but must be [ACCESS_TEST_FAILED]
  4 |     is_superuser: true
    |                   ^^^^

access.yaml:5:15: error: Jan only reads: user jan may zaken.view, but must not [ACCESS_TEST_FAILED]
  5 |     may_not: ["zaken.*"]
    |               ^^^^^^^^^
  because user jan has zaken.view itself, by a file (config.yaml:11:110)

access.yaml:6:11: error: Jan only reads: user jan may not taken.change, but must [ACCESS_TEST_FAILED]
  6 |     may: [taken.change]
    |           ^^^^^^^^^^^^
  because nothing gives user jan taken.change (config.yaml:11:7)

1 test: 0 passed, 1 failed.
`,
    });
    expect(folder).not.toBe("");
  });
});

describe("what access tests are run on", () => {
  it("is with --database what apply would leave there, with what is there already", async () => {
    const { folder, run, json } = place();
    expect(await run("apply", "config.yaml")).toMatchObject({ status: 0 });
    const { kysely } = await openForTest(databaseOf(folder));
    await kysely
      .updateTable("users")
      .set({ deactivated_at: "2026-01-01T00:00:00.000Z" })
      .where("username", "=", "jan")
      .execute();
    expect((await json("config.yaml")).failed).toEqual([]);
    expect((await json("config.yaml", "--database", databaseOf(folder))).failed).toEqual(["user jan"]);
  });

  it("is without files the database as it is", async () => {
    const { folder, run, json } = place();
    expect(await json()).toMatchObject({ status: 5 });
    expect(await run("apply", "config.yaml")).toMatchObject({ status: 0 });
    expect((await json()).failed).toEqual([]);
    writeFiles(folder, { "config.yaml": edited(["groups: [lezers]", "groups: [beheerders]"]) });
    expect(await run("apply", "config.yaml")).toMatchObject({ status: 0 });
    const { failed, items } = await json();
    expect(failed).toEqual(["user jan"]);
    expect(items[5].failures[0]).toMatchObject({
      expectation: "may_not",
      permission: "taken.change",
      source: { file: "access.yaml", line: 7 },
      because: [{ kind: "group", effect: "gives", sources: [] }],
    });
    const { status, stderr } = await run("test", "--owner", "shop", "--tests", "access.yaml");
    expect({ status, stderr }).toMatchObject({
      status: 64,
      stderr: expect.stringContaining("--owner is about configuration files"),
    });
  });
});

describe("files of access tests", () => {
  const refused = async (tests: string, ...args: readonly string[]) => {
    const { run } = place({ "access.yaml": tests });
    const { status, stderr, stdout } = await run("test", "config.yaml", ...args, "--tests", "access.yaml");
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    return stderr;
  };

  it.each([
    [
      "user: jna, may: [taken.view]",
      "access.yaml:2:12: error: there is no user jna [REFERENCE_NOT_FOUND]",
      "did you mean jan?",
    ],
    ["token: open-form, may: [taken.view]", "there is no token open-form [", "did you mean open-forms?"],
    ["client: api-oicd, claims: {}, may: []", "there is no client api-oicd [", "did you mean api-oidc?"],
    ["user: nobody-at-all, may: []", "there is no user nobody-at-all [", "what only a database has needs --database"],
    ["token: jan, may: []", "there is no token jan [", "correct the name"],
    [
      "user: jan, may: [taken.veiw]",
      "access.yaml:2:23: error: unknown permission taken.veiw [UNKNOWN_PERMISSION]",
      "did you mean taken.view?",
    ],
    [
      "user: jan, may_not: [taken.delet]",
      "unknown permission taken.delet [UNKNOWN_PERMISSION]",
      "did you mean taken.delete?",
    ],
    ["user: jan, may_nto: [taken.view]", "unknown field `may_nto` [UNKNOWN_FIELD]", "did you mean `may_not`?"],
    ["may: [taken.view]", "a test needs one principal", ""],
    ["user: jan, token: open-forms, may: []", "a test is about one principal", ""],
    ["client: api-oidc, may: []", "`client` needs `claims`", ""],
    ["user: jan, claims: {sub: x}, may: []", "`claims` needs a `client`", ""],
    ["user: jan", "a test must expect something", ""],
    ["user: jan, only: true, is_staff: false", "`only` needs `may`", ""],
    ["user: jan, may: ['taken.*']", "expected a permission such as", ""],
    ["user: jan, may: [taken.view], may_not: ['*.view']", "expected a permission such as", ""],
    [
      "user: jan, may: [taken.view], may_not: ['taken.*']",
      "this test expects taken.view in `may` and forbids it here",
      "",
    ],
    ["user: jan, may: [], at: tomorrow", "expected a day, such as `2030-01-31`", ""],
    ["user: jan, may: [], at: 2030-02-31", "expected a day, such as `2030-01-31`", ""],
  ])("refuse {%s}", async (fields, sentence, hint) => {
    const stderr = await refused(`tests:\n  - {${fields}}\n`);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain(hint);
  });

  it("refuse a file without tests, and a configuration in place of one", async () => {
    expect(await refused("")).toContain("the file access.yaml has no tests");
    expect(await refused("tests: []\n")).toContain("the file access.yaml has no tests");
    expect(await refused(config)).toContain("name configuration files before --tests");
  });

  it("warn without a catalogue of a permission that nobody has, and that is nearly one that somebody has", async () => {
    const { run, folder } = place({
      "config.yaml": config.replace(/^vtb_setup.*\n/, ""),
      "access.yaml": "tests: [{user: jan, may_not: [taken.delet, zaken.archive]}]\n",
    });
    const first = await run("test", "config.yaml", "--tests", "access.yaml");
    expect(first).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(
        "access.yaml:1:31: warning: nobody has taken.delet, which is nearly taken.delete",
      ),
    });
    expect(first.stderr).not.toContain("nobody has zaken.archive");
    expect(await run("test", "--strict", "config.yaml", "--tests", "access.yaml")).toMatchObject({ status: 3 });
    writeFiles(folder, { "access.yaml": "tests: [{user: jan, may_not: [taken.delete, zaken.archive]}]\n" });
    expect(await run("test", "--strict", "config.yaml", "--tests", "access.yaml")).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  it("are several, folders, patterns that no shell has replaced, or standard input", async () => {
    const one = "tests: [{user: jan, may: [taken.view]}]\n";
    const { folder, run } = place({
      "more/a.yaml": one,
      "more/b.yaml": one,
      "more/deep/c.access.yaml": one,
      "more/no.txt": "x",
    });
    const filesOf = async (...tests: readonly string[]) => {
      const { status, stdout } = await run("test", "config.yaml", "--output", "json", "--tests", ...tests);
      const { items = [] } = JSON.parse(stdout);
      return { status, files: items.map(({ source }: { source: { file: string } }) => source.file) };
    };
    expect(await filesOf("more/a.yaml", "more/b.yaml")).toEqual({ status: 0, files: ["more/a.yaml", "more/b.yaml"] });
    expect(await filesOf("more")).toEqual({ status: 0, files: ["more/a.yaml", "more/b.yaml"] });
    expect(await filesOf("more/*.yaml", "--tests", "more/b.yaml")).toEqual({
      status: 0,
      files: ["more/a.yaml", "more/b.yaml"],
    });
    expect(await filesOf("more/*.yaml", "more/b.yaml")).toEqual({ status: 0, files: ["more/a.yaml", "more/b.yaml"] });
    expect(await filesOf("more/**/*.access.yaml")).toEqual({ status: 0, files: ["more/deep/c.access.yaml"] });
    expect(await filesOf("nothing/*.yaml")).toEqual({ status: 3, files: [] });
    const piped = { cwd: folder, input: one };
    expect(await runCli(["test", "config.yaml", "--tests", "-"], piped)).toMatchObject({ status: 0 });
    expect(await runCli(["test", "-", "--tests", "-"], piped)).toMatchObject({ status: 64 });
    expect(await run("test", "config.yaml")).toMatchObject({ status: 64 });
  });

  it("show no claims, nor what looks like a secret", async () => {
    const secret = "795cb35c930d27b98297df761f0fa52182348875";
    const { run } = place({
      "access.yaml": `tests:\n  - {name: ${secret}, client: api-oidc, claims: {sub: x, bsn: "${secret}", email: jan@prive.example}, may: [taken.view]}\n`,
    });
    for (const output of ["text", "json", "junit", "tap"]) {
      const { status, stdout, stderr } = await run("test", "config.yaml", "--tests", "access.yaml", "--output", output);
      expect(status).toBe(3);
      expect(stdout + stderr).not.toContain(secret);
      expect(stdout + stderr).not.toContain("prive.example");
    }
  });
});
