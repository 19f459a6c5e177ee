import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { fieldReferences } from "../../src/config/field-reference.js";
import { configurationSchema } from "../../src/config/schema-file.js";
import { defineStep } from "../../src/config/step.js";
import { coreSteps } from "../../src/resources/registry.js";
import { keys } from "./from-yaml.js";

const accepts = new Ajv({ formats: { "date-time": true }, allowUnionTypes: true }).compile(configurationSchema([keys]));
const item = (fields: object) => ({ keys_config: { items: [{ identifier: "a", contact_person: "Jan", ...fields }] } });

describe("configurationSchema", () => {
  it("is a draft-07 schema, the same each time, for the steps of the program", () => {
    const schema = configurationSchema(coreSteps);
    expect(schema.$schema).toBe("http://json-schema.org/draft-07/schema#");
    expect(JSON.stringify(configurationSchema(coreSteps))).toBe(JSON.stringify(schema));
    new Ajv({ formats: { "date-time": true }, allowUnionTypes: true }).compile(schema);
    for (const { flag, namespace } of coreSteps) {
      expect(schema.properties).toHaveProperty(flag);
      expect(schema.properties).toHaveProperty(namespace);
    }
  });

  it("allows other programs' keys at the root, and none inside a step", () => {
    expect(accepts({ zgw_consumers: { services: [] } })).toBe(true);
    expect(accepts(item({}))).toBe(true);
    expect(accepts(item({ other: 1 }))).toBe(false);
    expect(accepts({ keys_config: { clients: [], items: [] } })).toBe(false);
  });

  it("accepts value_from instead of any value, in its own strict shape", () => {
    const from = { value_from: { env: "X", default: "y" } };
    expect(accepts({ keys_config_enable: from, keys_config: from })).toBe(true);
    expect(accepts(item({ token: from, size: from, enabled: from, tags: [from], nested: from, mode: from }))).toBe(
      true,
    );
    expect(accepts(item({ token: { value_from: { file: "/run/secrets/x", required: false } } }))).toBe(true);
    expect(accepts(item({ token: { value_from: { env: "X", defualt: "y" } } }))).toBe(false);
    expect(accepts(item({ token: { value_from: { env: "X", default: "y", required: true } } }))).toBe(false);
    expect(accepts(item({ token: { value_from: { env: "X", file: "y" } } }))).toBe(false);
    expect(accepts(item({ token: { value_from: { env: "X" }, other: 1 } }))).toBe(false);
  });

  it("accepts the spellings that the program accepts", () => {
    expect(accepts(item({ token: 123, note: true, contact_person: 7 }))).toBe(true);
    expect(accepts(item({ enabled: "yes", size: "48" }))).toBe(true);
    expect(accepts({ keys_config_enable: "On" })).toBe(true);
    expect(accepts({ keys_config_enable: 1 })).toBe(true);
    expect(accepts({ keys_config_enable: 42 })).toBe(false);
    expect(accepts(item({ enabled: "ja" }))).toBe(false);
    expect(accepts(item({ size: "many" }))).toBe(false);
    expect(accepts(item({ size: 65 }))).toBe(false);
    expect(accepts(item({ token: [] }))).toBe(false);
    expect(accepts(item({ mode: "read" }))).toBe(false);
    expect(accepts(item({ contact_person: "" }))).toBe(false);
  });

  it("accepts every spelling of a value that may also be null", () => {
    const step = defineStep({
      flag: "a_enable",
      namespace: "a",
      title: "A",
      kinds: [],
      schema: z.strictObject({ on: z.boolean().nullish(), size: z.int().max(9).nullish(), text: z.string().nullish() }),
      declare: () => [],
    });
    const takes = new Ajv({ allowUnionTypes: true }).compile(configurationSchema([step]));
    expect(takes({ a: { on: "yes", size: "7", text: 5 } })).toBe(true);
    expect(takes({ a: { on: null, size: null, text: null } })).toBe(true);
    expect(takes({ a: { on: "ja" } })).toBe(false);
    expect(takes({ a: { size: 10 } })).toBe(false);
    expect(fieldReferences(configurationSchema([step])).map(({ path, type }) => `${path}: ${type}`)).toEqual(
      expect.arrayContaining(["a.on: true or false", "a.text: text"]),
    );
  });

  it("accepts any value where the program does", () => {
    expect(accepts(item({ free: { a: [1, null] } }))).toBe(true);
  });

  it("keeps descriptions, defaults and deprecations, and nothing of ours that editors do not know", () => {
    const step = defineStep({
      flag: "a_enable",
      namespace: "a",
      title: "A",
      kinds: [],
      schema: z.strictObject({ old: z.string().default("x").describe("The old way.").meta({ deprecated: true }) }),
      declare: () => [],
    });
    const text = JSON.stringify(configurationSchema([step, keys]));
    expect(text).toContain('"description":"The old way."');
    expect(text).toContain('"deprecated":true');
    expect(text).toContain('"default":"x"');
    expect(text).not.toContain("sensitive");
  });

  it("keeps the references of a schema that holds itself", () => {
    const tree: z.ZodType = z.strictObject({ name: z.string(), children: z.array(z.lazy(() => tree)).optional() });
    const step = defineStep({
      flag: "t_enable",
      namespace: "t",
      title: "T",
      kinds: [],
      schema: tree,
      declare: () => [],
    });
    const takes = new Ajv({ allowUnionTypes: true }).compile(configurationSchema([step]));
    expect(takes({ t: { name: "a", children: [{ name: "b" }] } })).toBe(true);
    expect(takes({ t: { name: "a", children: [{ nam: "b" }] } })).toBe(false);
  });
});
