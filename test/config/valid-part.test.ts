import { describe, expect, it } from "vitest";
import * as z from "zod";
import { secret } from "../../src/config/fields.js";
import { compileSchema } from "../../src/config/valid-part.js";
import { coreSteps } from "../../src/resources/registry.js";
import { Secret } from "../../src/secrets/secret.js";
import { keys, lines, validate } from "./from-yaml.js";

const tokenauth = (items: string) => `tokenauth_config_enable: true\ntokenauth:\n  items:\n${items}`;
const entry = (identifier: string, more = "") =>
  `  - {identifier: ${identifier}, token: ba9d233e95e04c4a8a661a27daffe7c9bd01${identifier}, contact_person: Jan, email: jan@example.nl${more}}\n`;
const many = Array.from({ length: 1200 }, (_, index) => entry(`t${index}`)).join("");

describe("compileSchema", () => {
  const when = { when: ({ value }: { value: unknown }) => typeof value === "object" && value !== null };
  const item = z.strictObject({
    name: z.string().min(1),
    token: secret({ test: (plain) => plain !== "", expected: "expected more" }).optional(),
    size: z.int().default(3),
    other: z.string().optional(),
  });
  const schema = z.strictObject({
    items: z.array(
      z.discriminatedUnion("state", [
        item.extend({ state: z.literal("present").optional() }).superRefine(({ size, other }, context) => {
          if (size === 4 && other) context.addIssue({ code: "custom", path: ["other"], message: "not both" });
        }, when),
        z.strictObject({ name: z.string(), state: z.literal("absent") }),
      ]),
    ),
  });
  const token = new Secret("s3cret");

  it.each<[string, object]>([
    ["what is written, and what is not", { name: "a" }],
    ["every field", { name: "a", token, size: 5, other: "x", state: "present" }],
    ["another option", { name: "a", state: "absent" }],
    ["a text that is too short", { name: "" }],
    ["a secret that its check refuses", { name: "a", token: new Secret("") }],
    ["a value of another type", { name: 1 }],
    ["an unknown field", { name: "a", nam: "b" }],
    ["a missing field", { size: 3 }],
    ["what a check with a condition refuses", { name: "a", size: 4, other: "x" }],
    ["what such a check accepts", { name: "a", size: 4 }],
  ])("decides as the schema itself does, and returns the same: %s", (_, value) => {
    const [compiled, own] = [compileSchema(schema), schema].map((one) => one.safeParse({ items: [value] }));
    expect(compiled?.success).toBe(own?.success);
    expect(compiled?.data).toEqual(own?.data);
  });

  it("asks a check for its condition", () => {
    const never = z
      .strictObject({ a: z.string() })
      .superRefine((_, context) => context.addIssue({ code: "custom", message: "never" }), { when: () => false });
    expect(compileSchema(never).safeParse({ a: "x" })).toEqual({ success: true, data: { a: "x" } });
  });

  it("leaves a mapping that contains itself as it is", () => {
    const tree = z.object({
      name: z.string(),
      get inner() {
        return z.array(tree).optional();
      },
    });
    const value = { name: "a", inner: [{ name: "b", inner: [] }] };
    expect(compileSchema(tree).safeParse(value)).toEqual({ success: true, data: value });
    expect(compileSchema(tree).safeParse({ name: "a", inner: [{ name: 1 }] }).success).toBe(false);
  });
});

describe("a file of very many entries", () => {
  it("gets the diagnostics that the same mistakes get beside few entries", () => {
    const wrong =
      entry("a", ", user: jan, is_superuser: true, emial: x") +
      entry("b", ", user: ''") +
      entry("c", ", valid_from: tomorrow, is_superuser: false, user: x") +
      entry("d", ", permissions: [x]");
    const few = lines(validate(tokenauth(wrong + entry("t")), coreSteps).diagnostics);
    expect(few.length).toBeGreaterThan(4);
    expect(lines(validate(tokenauth(wrong + many), coreSteps).diagnostics)).toEqual(few);
  });

  it("declares each of them with its defaults", () => {
    const { declarations, diagnostics } = validate(tokenauth(many), coreSteps);
    const [one] = validate(tokenauth(entry("t7")), coreSteps).declarations;
    expect(diagnostics).toEqual([]);
    expect(declarations).toHaveLength(1200);
    expect(declarations[7]?.attributes).toEqual(one?.attributes);
  });

  it("is validated for a step of one's own as well", () => {
    const items = Array.from({ length: 1200 }, (_, index) => `  - {identifier: k${index}, contact_person: Jan}\n`);
    const file = `keys_config_enable: true\nkeys_config:\n  items:\n${items.join("")}`;
    expect(validate(file, [keys]).diagnostics.map(({ code }) => code)).toEqual([]);
    expect(validate(`${file}  - {identifier: k, contact_person: Jan, size: 7}\n`, [keys]).diagnostics).toHaveLength(1);
  });
});
