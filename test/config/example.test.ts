import { describe, expect, it } from "vitest";
import * as z from "zod";
import { renderExample } from "../../src/config/example.js";
import { fieldReferences, fieldTree } from "../../src/config/field-reference.js";
import { secret } from "../../src/config/fields.js";
import { configurationSchema } from "../../src/config/schema-file.js";
import { defineStep, type Step } from "../../src/config/step.js";
import { contextOf, validate } from "./from-yaml.js";

function stepOf(fields: z.ZodRawShape): Step {
  return defineStep({
    flag: "own_enable",
    namespace: "own",
    title: "Own",
    kinds: [],
    schema: z.strictObject(fields),
    declare: () => [],
  });
}

function exampleOf(step: Step): string {
  const fields = fieldTree(configurationSchema([step])).filter(({ name }) => name === "own");
  return renderExample(
    ["An example."],
    fields.map((field) => ({ flag: step.flag, title: step.title, field })),
  );
}

/** The codes of what is wrong with the example of a step, each with the line that it is at. */
function mistakesIn(step: Step, text = exampleOf(step)): readonly string[] {
  const { diagnostics } = validate(text, [step], contextOf({ OWN_KEY: "x", API_KEY: "y" }));
  const lines = text.split("\n");
  return diagnostics.map(({ code, range }) => `${code} ${lines[(range?.position.line ?? 0) - 1]?.trim()}`);
}

describe("an example of a step", () => {
  it("has a gap for each value of any type that must be given, and secrets from variables", () => {
    const step = stepOf({
      text: z.string(),
      on: z.boolean(),
      size: z.int().max(9),
      share: z.number(),
      mode: z.enum(["read", "write"]),
      only: z.literal("fixed"),
      names: z.array(z.string()),
      modes: z.array(z.enum(["read", "write"])),
      free: z.unknown(),
      key: secret(),
      api_key: secret(),
      inside: z.strictObject({ name: z.string(), note: z.string().optional() }),
      loose: z.strictObject({ first: z.string().optional(), second: z.string().optional() }),
      items: z.array(z.strictObject({ note: z.string().optional(), name: z.string() })),
    });
    const text = exampleOf(step);
    expect(mistakesIn(step)).toEqual([
      "PLACEHOLDER text: <text>",
      "PLACEHOLDER on: <true or false>",
      "PLACEHOLDER size: <size>",
      "PLACEHOLDER share: <share>",
      "PLACEHOLDER mode: <read or write>",
      "PLACEHOLDER - <names>",
      "PLACEHOLDER - <read or write>",
      "PLACEHOLDER free: <free>",
      "PLACEHOLDER name: <name>",
      "PLACEHOLDER first: <first>",
      "PLACEHOLDER - name: <name>",
    ]);
    expect(text).toContain("\n  only: fixed\n");
    expect(text).toContain("\n  key: {value_from: {env: OWN_KEY}}\n");
    expect(text).toContain("# Set these variables first: OWN_KEY, API_KEY.\n");
    const filled = text
      .replace("size: <size>", "size: 7")
      .replace("share: <share>", "share: 0.5")
      .replaceAll("<true or false>", "true")
      .replaceAll("<read or write>", "read")
      .replaceAll(/^([^#\n]*)<\w+>/gm, "$1x");
    expect(mistakesIn(step, filled)).toEqual([]);
  });

  it("is valid as it is where nothing must be given", () => {
    const step = stepOf({
      note: z.string().optional(),
      size: z.int().default(5),
      items: z.array(z.strictObject({ a: z.boolean().default(true), b: z.string().default("it's") })).default([]),
    });
    expect(mistakesIn(step)).toEqual([]);
    expect(exampleOf(step)).toContain("\n  items:\n    - a: true\n");
    expect(exampleOf(step)).toContain('      #b: "it\'s"\n');
  });

  it("has an entry in each list of entries, though an empty list is its default", () => {
    const entries = (name: string) => z.array(z.strictObject({ [name]: z.string() })).default([]);
    const step = stepOf({ groups: entries("group"), users: entries("user") });
    expect(mistakesIn(step)).toEqual(["PLACEHOLDER - group: <group>", "PLACEHOLDER - user: <user>"]);
  });

  it("ends for a schema that holds itself, as the reference of its fields does", () => {
    const tree: z.ZodType = z.strictObject({ name: z.string(), children: z.array(z.lazy(() => tree)).optional() });
    const step = stepOf({ items: z.array(tree), root: tree });
    expect(mistakesIn(step)).toEqual(["PLACEHOLDER - name: <name>", "PLACEHOLDER name: <name>"]);
    expect(fieldReferences(configurationSchema([step])).map(({ path }) => path)).toEqual(
      expect.arrayContaining(["own.items[].name", "own.items[].children", "own.root.children"]),
    );
  });
});
