import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runCliProcess } from "./support/cli.js";
import { temporaryFolder } from "./support/run.js";

type JsonSchema = { readonly [keyword: string]: unknown };

const variables = {
  ADMIN_CLIENT_SECRET: "6f1d0c7e2b9a4835",
  API_CLIENT_SECRET: "9b27e4d15c8f3a60",
  OPEN_FORMS_TOKEN: "795cb35c930d27b98297df761f0fa52182348875",
};

const examples: Readonly<Record<string, { readonly env: Readonly<Record<string, string>>; readonly args?: string[] }>> =
  {
    "quickstart.yaml": { env: {} },
    "full.yaml": { env: variables },
    // Without it, the emergency user cannot sign in, which is a warning.
    "admin-server/config.yaml": { env: { EMERGENCY_PASSWORD: "a-password-for-emergencies" } },
    "api-server/config.yaml": { env: {} },
    "custom-step/config.yaml": { env: {}, args: ["--steps", resolve("examples/custom-step/step.mjs")] },
  };

const allYamlFiles = readdirSync("examples", { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".yaml"),
);
const accessTests = allYamlFiles.filter((name) => name.endsWith(".access.yaml"));
const yamlFiles = allYamlFiles.filter((name) => !accessTests.includes(name));

describe("the examples", () => {
  it("are all run here", () => {
    expect(yamlFiles.sort()).toEqual(Object.keys(examples).sort());
  });

  it.each(Object.entries(examples))(
    "%s applies without a warning, twice, and needs no network",
    async (name, example) => {
      const { env, args = [] } = example;
      const cwd = temporaryFolder();
      const command = ["apply", "--strict", "--output", "json", ...args, resolve("examples", name)];
      const first = await runCliProcess(command, { cwd, env });
      expect({ status: first.status, outcome: JSON.parse(first.stdout).outcome }).toEqual({
        status: 0,
        outcome: "applied",
      });
      const second = await runCliProcess(command, { cwd, env });
      expect(JSON.parse(second.stdout)).toMatchObject({ outcome: "unchanged", changes: [] });
    },
  );

  it.each(accessTests)("%s passes without a warning, and needs no database and no variables", async (name) => {
    const files = [resolve("examples", name.replace(".access", "")), "--tests", resolve("examples", name)];
    const { status, stdout, stderr } = await runCliProcess(["test", "--strict", "--no-env", ...files], {
      cwd: temporaryFolder(),
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^[1-9]\d* tests: [1-9]\d* passed, 0 failed\.$/m);
  });

  it("have access tests for both of what newcomers read, one of them with every field of a test", () => {
    expect(accessTests.sort()).toEqual(["full.access.yaml", "quickstart.access.yaml"]);
    const schema = JSON.parse(readFileSync("schemas/vtb-setup-access-tests.schema.json", "utf8"));
    const { tests } = parse(readFileSync("examples/full.access.yaml", "utf8"));
    const shown = new Set(tests.flatMap((test: object) => Object.keys(test)));
    expect([...shown].sort()).toEqual(Object.keys(schema.properties.tests.items.properties).sort());
  });

  it.each(["quickstart.yaml", "full.yaml", ...accessTests])("%s names the schema for editors", (name) => {
    const [first = ""] = readFileSync(join("examples", name), "utf8").split("\n");
    const path = /^# yaml-language-server: \$schema=(\S+)$/.exec(first)?.[1] ?? "";
    expect(existsSync(join("examples", path))).toBe(true);
    expect(path).toMatch(/\.schema\.json$/);
  });

  it("full.yaml says which variables it needs", () => {
    const text = readFileSync("examples/full.yaml", "utf8");
    const reported = [...text.matchAll(/^# {3}([A-Z_]+) {2,}/gm)].map(([, name]) => name);
    expect(reported).toEqual(Object.keys(variables));
  });

  it("full.yaml shows every field that is not deprecated, and none that is", () => {
    const schema = JSON.parse(readFileSync("schemas/vtb-setup.schema.json", "utf8"));
    const shown = new Set<string>();
    collectShown(parse(readFileSync("examples/full.yaml", "utf8")), "", shown);
    const fields = fieldsOf(schema, schema.definitions, "");
    expect(fields.length).toBeGreaterThan(70);
    expect(fields.filter((field) => !shown.has(field))).toEqual([]);
    const free = /\.claim_mappings\.\w+$/;
    expect([...shown].filter((field) => !fields.includes(field) && !free.test(field))).toEqual([]);
  });

  it("full.yaml shows every part of value_from", () => {
    const text = readFileSync("examples/full.yaml", "utf8");
    for (const part of ["env", "file", "default", "required"]) expect(text).toMatch(new RegExp(`^ +${part}: `, "m"));
  });
});

/** The paths of all fields, lists as `[]`, without deprecated ones and what is in them. */
function fieldsOf(schema: JsonSchema, definitions: Readonly<Record<string, JsonSchema>>, path: string): string[] {
  const { $ref, anyOf, properties, items } = schema;
  if (typeof $ref === "string") {
    const name = $ref.replace("#/definitions/", "");
    return name === "value_from" ? [] : fieldsOf(definitions[name] ?? {}, definitions, path);
  }
  const options = Array.isArray(anyOf) ? anyOf.flatMap((option) => fieldsOf(option, definitions, path)) : [];
  const entries = typeof items === "object" && items !== null ? fieldsOf({ ...items }, definitions, `${path}[]`) : [];
  const inner = Object.entries(properties ?? {}).flatMap(([name, field]: [string, JsonSchema]) => {
    const below = path === "" ? name : `${path}.${name}`;
    return field.deprecated ? [] : [below, ...fieldsOf(field, definitions, below)];
  });
  return [...new Set([...options, ...entries, ...inner])];
}

function collectShown(value: unknown, path: string, shown: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectShown(item, `${path}[]`, shown);
  } else if (typeof value === "object" && value !== null && !("value_from" in value)) {
    for (const [name, inner] of Object.entries(value)) {
      const below = path === "" ? name : `${path}.${name}`;
      shown.add(below);
      collectShown(inner, below, shown);
    }
  }
}
