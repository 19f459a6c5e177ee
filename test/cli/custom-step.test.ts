import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type CliResult, runCli, writeFiles } from "../support/cli.js";
import { databaseOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";

const example = resolve("examples/custom-step");
const module = join(example, "step.mjs");

interface RunJson {
  readonly outcome: string;
  readonly changes: readonly { readonly action: string; readonly kind: string; readonly key: string }[];
  readonly diagnostics: readonly { readonly code: string; readonly line?: number; readonly column?: number }[];
}

function jsonOf({ stdout }: CliResult): RunJson {
  return JSON.parse(stdout);
}

/** A folder with the example's file and a way to run commands in it, with the example's step. */
function workplace() {
  const folder = temporaryFolder();
  copyFileSync(join(example, "config.yaml"), join(folder, "config.yaml"));
  const run = (command: string, ...more: readonly string[]) =>
    runCli([command, "config.yaml", "--steps", module, "--output", "json", ...more], { cwd: folder });
  const rewrite = (change: (text: string) => string): void =>
    writeFiles(folder, { "config.yaml": change(readFileSync(join(folder, "config.yaml"), "utf8")) });
  const webhooks = async () => {
    const { kysely } = await openForTest(databaseOf(folder));
    const rows = kysely.withTables<{ webhooks: Record<"name" | "url" | "secret" | "events" | "owner", string> }>();
    return rows.selectFrom("webhooks").selectAll().orderBy("name").execute();
  };
  return { folder, run, rewrite, webhooks };
}

const withoutArchive = (text: string): string => text.slice(0, text.indexOf("    - name: archief"));

describe("a custom step", () => {
  it("is planned and applied into its own table, and a second plan has no changes", async () => {
    const { run, webhooks } = workplace();
    const planned = await run("plan", "--detailed-exitcode");
    expect(planned.status).toBe(2);
    const created = [
      { action: "create", kind: "webhook", key: "zaaksysteem" },
      { action: "create", kind: "webhook", key: "archief" },
    ];
    expect(jsonOf(planned)).toMatchObject({ outcome: "planned", changes: created });
    const applied = await run("apply");
    expect(jsonOf(applied)).toMatchObject({ outcome: "applied", changes: created });
    expect(await webhooks()).toMatchObject([
      { name: "archief", url: "https://archief.example/hooks", events: '["deleted"]', owner: "default" },
      { name: "zaaksysteem", events: '["changed","created"]' },
    ]);
    expect(await run("plan", "--detailed-exitcode")).toMatchObject({ status: 0 });
    expect(jsonOf(await run("apply"))).toMatchObject({ outcome: "unchanged", changes: [] });
  });

  it("seals its secrets, and never shows them", async () => {
    const { run, webhooks } = workplace();
    const outputs = [await run("plan"), await run("apply")];
    for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toContain("only-for-trying-this-out");
    for (const { secret } of await webhooks()) expect(secret).toMatch(/^v1\.[0-9a-f]{16}\./);
  });

  it("follows the file: changes a field and a secret, and nothing where only the order differs", async () => {
    const { run, rewrite } = workplace();
    await run("apply");
    rewrite((text) => text.replace("https://archief.example/hooks", "https://archief.example/v2"));
    expect(jsonOf(await run("apply")).changes).toMatchObject([
      {
        action: "update",
        key: "archief",
        fields: [{ name: "url", before: "https://archief.example/hooks", after: "https://archief.example/v2" }],
      },
    ]);
    rewrite((text) => text.replace("secret: only-for-trying-this-out", "secret: another-secret-of-24-chars"));
    expect(jsonOf(await run("apply")).changes).toMatchObject([
      { action: "update", key: "archief", fields: [{ name: "secret", sensitive: true }] },
    ]);
    rewrite((text) => text.replace("[created, changed]", "[changed, created]"));
    expect(jsonOf(await run("apply"))).toMatchObject({ outcome: "unchanged" });
  });

  it("is pruned, but not all of it, and left alone by runs without its module", async () => {
    const { folder, run, rewrite, webhooks } = workplace();
    await run("apply");
    rewrite(withoutArchive);
    expect(jsonOf(await run("apply"))).toMatchObject({ outcome: "unchanged" });
    writeFiles(folder, { "other.yaml": "groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n" });
    const other = await runCli(["apply", "other.yaml", "--prune"], { cwd: folder });
    expect(other).toMatchObject({ status: 0 });
    expect(await webhooks()).toHaveLength(2);
    expect(jsonOf(await run("apply", "--prune")).changes).toMatchObject([{ action: "delete", key: "archief" }]);
    rewrite((text) => `${text.slice(0, text.indexOf("  items:"))}  items: []\n`);
    const emptied = await run("apply", "--prune");
    expect(emptied.status).toBe(4);
    expect(jsonOf(emptied).diagnostics).toMatchObject([{ code: "PRUNE_REFUSED" }]);
    expect(await webhooks()).toHaveLength(1);
  });

  it("has its mistakes reported with their positions, like those of every step", async () => {
    const { run, rewrite } = workplace();
    rewrite((text) =>
      text.replace("url: https://archief", "url: ftp://archief").replace("name: zaaksysteem", "naem: zaaksysteem"),
    );
    const { status, stdout } = await run("validate");
    expect(status).toBe(3);
    expect(JSON.parse(stdout).diagnostics).toMatchObject([
      { code: "UNKNOWN_FIELD", line: 6, column: 7, path: "webhooks_config.items.0.naem" },
      {
        code: "INVALID_VALUE",
        message: expect.stringContaining("expected an http or https URL"),
        line: 14,
        column: 12,
      },
    ]);
    rewrite((text) => text.replace("url: ftp://", "url: http://").replace("naem:", "name:"));
    const warned = await run("validate");
    expect(warned.status).toBe(0);
    expect(jsonOf(warned).diagnostics).toMatchObject([{ code: "INSECURE_URL", line: 14, column: 12 }]);
  });

  it("is in the list of steps and in the schema", async () => {
    const listed = await runCli(["steps", "--steps", module]);
    expect(listed.stdout).toContain("webhooks_config_enable: true");
    expect((await runCli(["steps"])).stdout).not.toContain("webhooks_config_enable");
    const schema = JSON.parse((await runCli(["schema", "--steps", module])).stdout);
    expect(schema.properties).toHaveProperty(["webhooks_config"]);
  });
});

/** A folder where this package and zod are installed. */
function installation(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(resolve("."), join(folder, "node_modules/vtb-setup"));
  symlinkSync(resolve("node_modules/zod"), join(folder, "node_modules/zod"));
  return folder;
}

const head =
  'import { createResourceTable, defineKind, defineStep, group } from "vtb-setup";\nimport * as z from "zod";\n';

function stepNamed(flag: string, kind = "group"): string {
  return `${head}export const steps = [defineStep({ flag: "${flag}", namespace: "own_config", title: "Own", kinds: [${kind}],
    schema: z.strictObject({}), declare: () => [] })];\n`;
}

function kindWith(name: string, migration: string, dependsOn = ""): string {
  return `export const kinds = [defineKind({ name: "${name}", table: "own", keyColumn: "name", columns: {}, dependsOn: [${dependsOn}],
    migrations: [{ name: "${migration}", up: (db) => createResourceTable(db, { name: "own", keyColumn: "name" }) }] })];\n`;
}

describe("a kind that refers to another one", () => {
  const module = `import { createResourceTable, defineKind, defineStep, reference, user } from "vtb-setup";
import * as z from "zod";
export const kinds = [defineKind({ name: "desk", table: "desks", keyColumn: "name",
  columns: { user: reference("user_id", user) },
  migrations: [{ name: "desk:0001", up: (db) =>
    createResourceTable(db, { name: "desks", keyColumn: "name", texts: ["user_id"], references: { user_id: "users" } }) }] })];
export const steps = [defineStep({ flag: "desks_enable", namespace: "desks", title: "Desks", kinds,
  schema: z.strictObject({ items: z.array(z.strictObject({ name: z.string(), user: z.string() })) }),
  declare: ({ items }) => items.map(({ name, user }, index) =>
    kinds[0].resource(name, { user }, ["items", index])) })];
`;
  const desks = "desks_enable: true\ndesks: {items: [{name: balie, user: jan}]}\n";
  const user = (state: string) =>
    `default_user_configuration_enable: true\ndefault_user_configuration_config: {users: [{username: jan, email: jan@x.example${state}}]}\n`;

  it("requires it to exist, and prevents that it is deleted, also by runs without the module", async () => {
    const folder = installation();
    writeFiles(folder, {
      "own.mjs": module,
      "desks.yaml": desks,
      "user.yaml": user(""),
      "absent.yaml": user(", state: absent"),
    });
    const run = (...args: readonly string[]) => runCli(["apply", ...args], { cwd: folder });
    const dangling = await run("desks.yaml", "--steps", "own.mjs");
    expect(dangling).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("desks.yaml:2:37: error: desk balie"),
    });
    expect(dangling.stderr).toContain("[REFERENCE_NOT_FOUND]");
    expect(await run("desks.yaml", "user.yaml", "--steps", "own.mjs")).toMatchObject({ status: 0 });
    expect(await run("desks.yaml", "user.yaml", "--steps", "own.mjs")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("No changes."),
    });
    expect(await run("absent.yaml", "--steps", "own.mjs")).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("[RESOURCE_IN_USE]"),
    });
    const without = await run("absent.yaml");
    expect(without.status).not.toBe(0);
    expect(without.stderr).toContain("nothing was changed");
    expect(await run("desks.yaml", "--steps", "own.mjs")).toMatchObject({ status: 0 });
  });
});

describe("a module of steps that can't be used", () => {
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    ["does not exist", undefined, "the module own.mjs does not exist"],
    ["has no steps", "export const stepz = [];\n", "own.mjs must export `steps`, a list of what defineStep returns"],
    ["exports something else", "export const steps = [{}];\n", "own.mjs must export `steps`"],
    ["has wrong kinds", "export const steps = [];\nexport const kinds = [{}];\n", "`kinds` of own.mjs must be a list"],
    ["is no JavaScript", "export const = ;\n", "the module own.mjs can't be loaded"],
    ["takes a known flag", stepNamed("tokenauth_config_enable"), "are named tokenauth_config_enable"],
    ["takes a known kind", stepNamed("own_enable") + kindWith("user", "user:1"), "two steps or kinds are named user"],
    [
      "declares an unknown kind",
      stepNamed("own_enable", 'defineKind({ name: "nothing", table: "own", keyColumn: "name", columns: {} })'),
      "the step Own declares the kind nothing, which does not exist",
    ],
    [
      "depends on an unknown kind",
      stepNamed("own_enable") + kindWith("own", "own:1", '"nothing"'),
      "the kind own depends on nothing, which does not exist",
    ],
    [
      "depends on a misspelt kind",
      stepNamed("own_enable") + kindWith("own", "own:1", '"usr"'),
      "the kind own depends on usr, which does not exist [STEP_INVALID]\n  fix: did you mean `user`?",
    ],
    [
      "names a migration like the program's own",
      stepNamed("own_enable") + kindWith("own", "0001_tables"),
      "the migration 0001_tables must start with the name of its kind, such as own:0001",
    ],
  ];

  it.each(cases)("is refused when it %s", async (_, text, message) => {
    const folder = installation();
    writeFiles(folder, {
      "config.yaml": "groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n",
      ...(text !== undefined && { "own.mjs": text }),
    });
    const args = ["apply", "config.yaml", "--steps", "own.mjs"];
    const { status, stdout, stderr } = await runCli(args, { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 64, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\[STEP_INVALID\]\n {2}fix: (?:see docs\/custom-steps\.md|export it|did you mean)/);
    const json = await runCli([...args, "--output", "json"], { cwd: folder });
    expect(jsonOf(json)).toMatchObject({ outcome: "failed", diagnostics: [{ code: "STEP_INVALID" }] });
  });

  it("has a near twin that is used", async () => {
    const folder = installation();
    writeFiles(folder, {
      "config.yaml": "own_enable: true\nown_config: {}\n",
      "own.mjs": kindWith("own", "own:0001", '"user"') + stepNamed("own_enable", "...kinds"),
    });
    const { status, stdout } = await runCli(["apply", "config.yaml", "--steps", "own.mjs"], { cwd: folder });
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(stdout).not.toContain("error");
  });

  it("is also refused when it is given twice", async () => {
    const { run } = workplace();
    expect(await run("plan", "--steps", module)).toMatchObject({ status: 64 });
    expect(await run("plan")).toMatchObject({ status: 0 });
  });
});
