import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { databaseOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";

/** A folder where these packages are installed: as links to this project's, or as copies of their own. */
function installation(packages: Readonly<Record<string, "link" | "copy">>): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules"));
  for (const [name, how] of Object.entries(packages)) {
    const source = name === "vtb-setup" ? "." : join("node_modules", name);
    const target = join(folder, "node_modules", name);
    if (how === "link") symlinkSync(resolve(source), target);
    else if (name !== "vtb-setup")
      cpSync(source, target, { recursive: true, filter: (file) => !/\.ts$|\.map$/.test(file) });
    else for (const part of ["package.json", "dist"]) cpSync(part, join(target, part), { recursive: true });
  }
  return folder;
}

const kind = `export const kinds = [defineKind({
  name: "door", table: "doors", keyColumn: "name",
  columns: { colour: text("colour"), code: sealed("code"), pin: digest("pin") },
  migrations: [{ name: "door:0001", up: async (db) => {
    await createResourceTable(db, { name: "doors", keyColumn: "name", texts: ["colour", "code", "pin"] });
    await sql\`create index doors_colour on doors (colour)\`.execute(db);
  } }],
})];
`;
const step = `export const steps = [defineStep({
  title: "Doors", flag: "doors_enable", namespace: "doors", kinds,
  schema: z.strictObject({ items: z.array(z.strictObject({
    name: z.string().describe("What the door is called."), colour: z.enum(["red", "green"]), code: secret(), pin: secret(),
  })) }),
  declare: ({ items }) => items.map(({ name, ...rest }, index) => kinds[0].resource(name, rest, ["items", index])),
})];
`;
const imports = `import { createResourceTable, defineKind, defineStep, digest, sealed, secret, text } from "vtb-setup";
import { sql } from "kysely";
import * as z from "zod";
`;
const doors =
  "doors_enable: true\ndoors: {items: [{name: front, colour: red, code: kanarie-in-a-code, pin: kanarie-in-a-pin}]}\n";

describe("a module of steps with its own installation", () => {
  it.each([
    ["zod and kysely", { zod: "copy", kysely: "copy", "vtb-setup": "link" }],
    ["zod, kysely and this package", { zod: "copy", kysely: "copy", "vtb-setup": "copy" }],
  ] as const)("works with copies of %s", async (_, packages) => {
    const folder = installation(packages);
    writeFiles(folder, {
      "own.mjs": imports + kind + step,
      "doors.yaml": doors,
      "wrong.yaml": doors.replace("red", "rde"),
    });
    const run = (...args: readonly string[]) => runCli([...args, "--steps", "own.mjs"], { cwd: folder });
    const applied = await run("apply", "doors.yaml");
    expect(applied).toMatchObject({ status: 0, stdout: expect.stringContaining("+ front") });
    expect(await run("plan", "--detailed-exitcode", "doors.yaml")).toMatchObject({ status: 0 });
    const wrong = await run("validate", "wrong.yaml");
    expect(wrong).toMatchObject({ status: 3, stderr: expect.stringContaining("wrong.yaml:2:39: error: ") });
    const schema = await run("schema");
    expect(schema.stdout).toContain("What the door is called.");
    const { kysely } = await openForTest(databaseOf(folder));
    const rows = kysely.withTables<{ doors: Record<string, string> }>().selectFrom("doors").selectAll();
    expect(await rows.execute()).toMatchObject([{ name: "front", code: expect.stringMatching(/^v1\./) }]);
    const outputs = [applied, wrong, schema].map(({ stdout, stderr }) => stdout + stderr).join("");
    expect(outputs + JSON.stringify(await rows.execute())).not.toContain("kanarie");
  });
});

describe("a schema of zod 3", () => {
  const needs = "the step Doors needs zod 4, but";
  it.each([
    [
      "as a whole",
      'import { z } from "zod/v3";',
      "z.object({})",
      `${needs} its \`schema\` was made with another version`,
    ],
    [
      "in a field",
      'import * as z from "zod"; import { z as old } from "zod/v3";',
      "z.strictObject({ items: z.array(z.strictObject({ name: old.string() }).optional()) })",
      `${needs} the field items.name of its \`schema\` was made with another version`,
    ],
  ])("is refused %s, with the version that is needed", async (_, imported, schema, message) => {
    const folder = installation({ zod: "link", "vtb-setup": "link" });
    const module = `import { defineStep, group } from "vtb-setup"; ${imported}
export const steps = [defineStep({ title: "Doors", flag: "doors_enable", namespace: "doors", kinds: [group],
  schema: ${schema}, declare: () => [] })];\n`;
    writeFiles(folder, { "own.mjs": module, "doors.yaml": "doors_enable: true\ndoors: {items: []}\n" });
    const { status, stderr } = await runCli(["validate", "doors.yaml", "--steps", "own.mjs"], { cwd: folder });
    expect({ status, stderr }).toEqual({ status: 64, stderr: expect.stringContaining(message) });
    expect(stderr).toContain('fix: install it with `npm install zod@4`, and import it from "zod"');
    const right = module.replace('{ z } from "zod/v3"', '* as z from "zod"').replace("old.string()", "z.string()");
    writeFiles(folder, { "right.mjs": right.replace("z.object({})", "z.object({ items: z.array(z.string()) })") });
    expect(await runCli(["validate", "doors.yaml", "--steps", "right.mjs"], { cwd: folder })).toMatchObject({
      status: 0,
    });
  });
});

describe("a schema whose own check throws", () => {
  it("is told with its step", async () => {
    const folder = installation({ zod: "link", kysely: "link", "vtb-setup": "link" });
    const throwing = step.replace("z.string()", "z.string().refine((name) => name.lenght.valueOf() > 0)");
    writeFiles(folder, { "own.mjs": imports + kind + throwing, "doors.yaml": doors });
    const { status, stderr } = await runCli(["validate", "doors.yaml", "--steps", "own.mjs"], { cwd: folder });
    expect(status).toBe(1);
    expect(stderr).toContain(
      "the step Doors: `schema` threw TypeError: Cannot read properties of undefined (reading 'valueOf')",
    );
    expect(stderr).not.toContain("kanarie");
  });
});

describe("a module of steps in TypeScript", () => {
  it("is loaded where this Node takes its types off, and refused with the version that does otherwise", async () => {
    const folder = installation({ zod: "link", kysely: "link", "vtb-setup": "link" });
    const typed = `${imports}import type { Step } from "vtb-setup";\n${kind}${step.replace("steps =", "steps: readonly Step[] =")}`;
    writeFiles(folder, { "own.ts": typed, "doors.yaml": doors });
    const { status, stderr } = await runCli(["validate", "doors.yaml", "--steps", "own.ts"], { cwd: folder });
    if ("typescript" in process.features && process.features.typescript !== false) {
      expect(status).toBe(0);
      return;
    }
    expect(status).toBe(64);
    expect(stderr).toContain(`the module own.ts is TypeScript, which this Node (${process.version}) can't load`);
    expect(stderr).toContain("fix: use Node 22.18, 23.6 or a later one, or compile it to JavaScript and give that");
  });
});
