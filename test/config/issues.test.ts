import { describe, expect, it } from "vitest";
import * as z from "zod";
import { secret } from "../../src/config/fields.js";
import { defineStep } from "../../src/config/step.js";
import { keys, lines, validate } from "./from-yaml.js";

const header = "keys_config_enable: true\nkeys_config:\n  items:\n  - identifier: a\n    contact_person: Jan\n";
/** The diagnostics of an entry whose sixth line is this. */
const reported = (more: string) => lines(validate(`${header}    ${more}`, [keys]).diagnostics);
const reportedOf = (schema: z.ZodType, yaml: string) => {
  const step = defineStep({ flag: "on", namespace: "my", title: "My", kinds: [], schema, declare: () => [] });
  return lines(validate(`on: true\nmy: ${yaml}`, [step]).diagnostics);
};

describe("the diagnostics of a wrong value", () => {
  it.each([
    ["note: []", "6:11 keys_config.items.0.note: expected text"],
    ["enabled: ja", "6:14 keys_config.items.0.enabled: expected true or false (yes, no, on, off, 1 and 0 work too)"],
    ["size: many", "6:11 keys_config.items.0.size: expected a whole number"],
    ["size: 48.5", "6:11 keys_config.items.0.size: expected a whole number"],
    ["size: 12:30:45", "6:11 keys_config.items.0.size: expected a whole number"],
    ["tags: a", "6:11 keys_config.items.0.tags: expected a list (write each entry on its own line, after `- `)"],
    ["token: {a: b}", "6:12 keys_config.items.0.token: expected text"],
  ])("says what type was expected: %s", (more, expected) => {
    expect(reported(more)).toEqual([`error WRONG_TYPE config.yaml:${expected}`]);
  });

  it.each([
    ["size: 65", "6:11 keys_config.items.0.size: expected a number of at most 64"],
    ["size: 7", "6:11 keys_config.items.0.size: expected a number of at least 8"],
    ["size: 99999999999999999999", "6:11 keys_config.items.0.size: expected a number of at most 64"],
    ["tags: [abc, abcdef]", "6:17 keys_config.items.0.tags.1: expected at most 5 characters"],
    ["token: with space", "6:12 keys_config.items.0.token: expected no spaces"],
    [
      "mode: read_onyl",
      "6:11 keys_config.items.0.mode: expected one of read_only, read_and_write (did you mean read_only?)",
    ],
    [
      "mode: Read_And_Write",
      "6:11 keys_config.items.0.mode: expected one of read_only, read_and_write (did you mean read_and_write?)",
    ],
    ["mode: everything", "6:11 keys_config.items.0.mode: expected one of read_only, read_and_write"],
  ])("says which limit was broken: %s", (more, expected) => {
    expect(reported(more).filter((line) => !line.startsWith("warning"))).toEqual([
      `error INVALID_VALUE config.yaml:${expected}`,
    ]);
  });

  it.each(["note: x", "enabled: yes", "size: '48'", "tags: [a]", "token: abc", "mode: read_only", "free: {a: [1]}"])(
    "accepts %s",
    (more) => {
      expect(reported(more)).toEqual([]);
    },
  );

  it("say how to write an empty text, list or other value", () => {
    expect(reported("note:")).toEqual([
      "error WRONG_TYPE config.yaml:6:10 keys_config.items.0.note: expected text (the value is missing: write '' for empty text, or put the text in quotes)",
    ]);
    expect(reported("token: ~")[0]).toContain(
      "WRONG_TYPE config.yaml:6:12 keys_config.items.0.token: expected text (the value is missing",
    );
    expect(reported("tags: null")[0]).toContain("expected a list (the value is missing: write [] for an empty list)");
    expect(reported("size: ~")[0]).toContain(
      "expected a whole number (the value is missing: write a value, or remove the field)",
    );
    expect(reported("mode: ~")[0]).toContain(
      "WRONG_TYPE config.yaml:6:11 keys_config.items.0.mode: expected one of read_only",
    );
    expect(reported("note: ''")).toEqual([]);
  });

  it("reports a missing field at the mapping that lacks it, with what it is for", () => {
    expect(
      lines(
        validate("keys_config_enable: true\nkeys_config:\n  items:\n  - identifier: a\n    nested: {inner: {}}", [keys])
          .diagnostics,
      ),
    ).toEqual([
      "error MISSING_FIELD config.yaml:4:5 keys_config.items.0.contact_person: the required field `contact_person` is missing (add `contact_person`: Who to ask.)",
      "error MISSING_FIELD config.yaml:5:21 keys_config.items.0.nested.inner.depth: the required field `depth` is missing (add `depth`)",
    ]);
  });

  it("A3.19 reports an unknown field at its key, at any depth, each once", () => {
    expect(reported("emial: x\n    nested: {innr: {}, inner: {depth: 1, extra: 2}}")).toEqual([
      "error UNKNOWN_FIELD config.yaml:6:5 keys_config.items.0.emial: unknown field `emial` (known fields: identifier, token, contact_person, note, size, enabled, mode, tags, nested, free, protect, renamed_from, ignore_changes)",
      "error UNKNOWN_FIELD config.yaml:7:14 keys_config.items.0.nested.innr: unknown field `innr` (did you mean `inner`?)",
      "error UNKNOWN_FIELD config.yaml:7:42 keys_config.items.0.nested.inner.extra: unknown field `extra` (known fields: depth)",
    ]);
  });

  it("names the fields that do exist where a list stands under another name", () => {
    expect(lines(validate("keys_config_enable: true\nkeys_config:\n  clients: []", [keys]).diagnostics)).toEqual([
      "error UNKNOWN_FIELD config.yaml:3:3 keys_config.clients: unknown field `clients` (known fields: items, notes)",
      "error MISSING_FIELD config.yaml:3:3 keys_config.items: the required field `items` is missing (add `items`)",
    ]);
  });

  it("does not also miss the field that a misspelt one was meant to be", () => {
    const diagnostics = lines(validate(`${header.replace("contact_person", "contact_preson")}`, [keys]).diagnostics);
    expect(diagnostics).toEqual([
      "error UNKNOWN_FIELD config.yaml:5:5 keys_config.items.0.contact_preson: unknown field `contact_preson` (did you mean `contact_person`?)",
    ]);
  });

  it("name the option of a union that was meant, and no other", () => {
    const schema = z.union([
      z.strictObject({ object_type: z.uuid(), mode: z.enum(["read", "write"]) }),
      z.string().max(3),
      z.strictObject({ generate: z.literal(true) }),
    ]);
    expect(reportedOf(schema, "{object_type: x, mode: reed}")).toEqual([
      "error INVALID_VALUE config.yaml:2:19 my.object_type: expected a UUID",
      "error INVALID_VALUE config.yaml:2:28 my.mode: expected one of read, write (did you mean read?)",
    ]);
    expect(reportedOf(schema, "abcd")).toEqual([
      "error INVALID_VALUE config.yaml:2:5 my: expected at most 3 characters",
    ]);
    expect(reportedOf(schema, "{generate: no}")).toEqual([
      "error INVALID_VALUE config.yaml:2:16 my.generate: expected true",
    ]);
    expect(reportedOf(schema, "[a]")).toEqual(["error WRONG_TYPE config.yaml:2:5 my: expected a mapping or text"]);
    expect(reportedOf(schema, "{generate: yes}")).toEqual([]);
  });

  it("name the discriminators that exist", () => {
    const schema = z.discriminatedUnion("state", [
      z.strictObject({ state: z.literal("present").optional(), name: z.string() }),
      z.strictObject({ state: z.literal("absent"), name: z.string() }),
    ]);
    expect(reportedOf(schema, "{name: a, state: abset}")).toEqual([
      "error INVALID_VALUE config.yaml:2:22 my.state: expected one of present, absent (did you mean absent?)",
    ]);
    expect(reportedOf(schema, "{name: a, state: absent}")).toEqual([]);
  });

  it("use a schema's own words, and its own code and hint", () => {
    const schema = z
      .object({ a: z.string().regex(/^x/, { error: "expected an x" }).optional(), b: z.string().optional() })
      .superRefine((value, context) => {
        if (value.b === undefined) context.addIssue({ code: "custom", path: ["b"], message: "without a, b is needed" });
        const params = { code: "INSECURE_URL", hint: "use https" };
        if (value.b === "http") context.addIssue({ code: "custom", path: ["b"], message: "not http", params });
      });
    expect(reportedOf(schema, "{a: y, b: z}")).toEqual(["error INVALID_VALUE config.yaml:2:9 my.a: expected an x"]);
    expect(reportedOf(schema, "{a: x}")).toEqual(["error MISSING_FIELD config.yaml:2:5 my.b: without a, b is needed"]);
    expect(reportedOf(schema, "{b: http}")).toEqual(["error INSECURE_URL config.yaml:2:9 my.b: not http (use https)"]);
    expect(reportedOf(schema, "{b: z}")).toEqual([]);
  });

  it("refuses a key of a record at the key", () => {
    const schema = z.record(z.string().regex(/^[a-z]+$/), z.string());
    expect(reportedOf(schema, "{ok: x, N0: y}")).toEqual([
      "error INVALID_VALUE config.yaml:2:13 my.N0: this key is not valid here",
    ]);
  });

  it("I3 never repeats a value", () => {
    const canary = "canary7value";
    const schema = z.strictObject({
      a: z.int(),
      b: z.email(),
      c: secret({ test: () => false, expected: "expected another" }),
      d: z.enum(["canary7valu"]).optional(),
      e: z.array(z.string()),
      f: z.strictObject({ x: z.string() }),
      g: z.boolean(),
      h: z.union([z.int(), z.array(z.string())]),
      i: z.iso.datetime(),
      j: z.string().startsWith("y"),
      k: z.url(),
    });
    const fields = [..."abcefghijk"].map((name) => `${name}: ${canary}`).join(", ");
    const all = reportedOf(schema, `{${fields}}`);
    expect(all).toHaveLength(10);
    expect(all.join("\n")).not.toContain(canary);
  });
});
