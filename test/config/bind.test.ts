// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are what is looked for
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { bind } from "../../src/config/bind.js";
import { secret } from "../../src/config/fields.js";
import { createShapeReader } from "../../src/config/schema-shape.js";
import { Visibility } from "../../src/config/visibility.js";
import { isSecret, type Secret } from "../../src/secrets/secret.js";
import { UnresolvedNode } from "../../src/yaml/node.js";
import { resolveValues } from "../../src/yaml/resolve.js";
import { contextOf, lines, nodeOf, scalarsIn } from "./from-yaml.js";

const bound = (schema: z.ZodType, yaml: string) =>
  bind(schema, nodeOf(yaml), { namespace: "keys", shapeOf: createShapeReader() });
const bindTo = (schema: z.ZodType, yaml: string) => bound(schema, yaml).value;
const revealed = (value: unknown) => (isSecret(value) ? (value as Secret).reveal() : value);

describe("bind", () => {
  it.each(["1234e5678", "1".repeat(40), "0123", "0x1F", "12:30:45", "2024-01-01", "1_000", "yes", "1.10", ".inf"])(
    "gives a text field %s as it is written",
    (text) => {
      expect(bindTo(z.string(), `value: ${text}`)).toBe(text);
      expect(bindTo(z.string().optional(), `value: "${text}"`)).toBe(text);
      expect(revealed(bindTo(secret(), `value: ${text}`))).toBe(text);
    },
  );

  it("gives null for an empty value, and text where it is quoted", () => {
    for (const empty of ["", "~", "null"]) {
      expect(bindTo(z.string(), `value: ${empty}`)).toBeNull();
      expect(bindTo(secret(), `value: ${empty}`)).toBeNull();
      expect(bindTo(z.string(), `value: '${empty}'`)).toBe(empty);
    }
  });

  it("gives secrets as Secret, under whatever wraps them", () => {
    const schemas = [
      secret(),
      secret().optional(),
      secret().nullable(),
      secret().describe("A token."),
      secret().optional().describe("A token.").readonly(),
      z.lazy(() => secret()),
      z.preprocess((value) => value, secret()),
    ];
    for (const schema of schemas) {
      expect(revealed(bindTo(schema, "value: s3cret"))).toBe("s3cret");
      expect(isSecret(bindTo(schema, "value: s3cret"))).toBe(true);
    }
    expect(isSecret(bindTo(z.string(), "value: s3cret"))).toBe(false);
  });

  it("converts booleans and numbers, and hands on as text what it can't convert", () => {
    const schema = z.object({ a: z.boolean().default(true), b: z.int(), c: z.number().optional(), d: z.literal(true) });
    expect(bindTo(schema, "value: {a: off, b: '48.0', c: 1e3, d: yes}")).toEqual({
      a: false,
      b: 48,
      c: 1000,
      d: true,
    });
    expect(bindTo(schema, "value: {a: ja, b: 1.5, c: x, d: no}")).toEqual({ a: "ja", b: "1.5", c: "x", d: "no" });
  });

  it("gives a choice the value that was meant", () => {
    expect(bindTo(z.enum(["on", "off"]), "value: on")).toBe("on");
    expect(bindTo(z.literal([1, 2]), "value: 2")).toBe(2);
    expect(bindTo(z.enum(["on"]), "value: On")).toBe("On");
  });

  it("chooses an option of a union by the kind of the value", () => {
    const schema = z.union([secret(), z.strictObject({ generate: z.literal(true) }), z.array(z.string())]);
    expect(revealed(bindTo(schema, "value: 123"))).toBe("123");
    expect(bindTo(schema, "value: {generate: yes}")).toEqual({ generate: true });
    expect(bindTo(schema, "value: [1]")).toEqual(["1"]);
    const numbers = z.union([z.number(), z.boolean(), z.string(), z.null()]);
    expect(bindTo(numbers, "value: 12")).toBe(12);
    expect(bindTo(numbers, "value: '12'")).toBe("12");
    expect(bindTo(numbers, "value: yes")).toBe(true);
    expect(bindTo(numbers, "value:")).toBeNull();
  });

  it("reads a text as a secret where it may be either", () => {
    expect(isSecret(bindTo(z.union([z.string(), secret()]), "value: x"))).toBe(true);
  });

  it("chooses an option of a discriminated union by its discriminator", () => {
    const schema = z.discriminatedUnion("state", [
      z.strictObject({ state: z.literal("present").optional(), size: z.int() }),
      z.strictObject({ state: z.literal("absent"), size: z.string() }),
    ]);
    expect(bindTo(schema, "value: {size: 7}")).toEqual({ size: 7 });
    expect(bindTo(schema, "value: {size: 7, state: absent}")).toEqual({ size: "7", state: "absent" });
  });

  it("reads free values as YAML 1.1 does", () => {
    const free = "value: {a: 0x10, b: [yes, ~, x], c: {d: '1'}}";
    const value = { a: 16, b: [true, null, "x"], c: { d: "1" } };
    expect(bindTo(z.unknown(), free)).toEqual(value);
    expect(bindTo(z.json(), free)).toEqual(value);
    expect(bindTo(z.looseObject({}), free)).toEqual(value);
  });

  it("binds records, tuples and intersections", () => {
    expect(bindTo(z.record(z.string(), z.array(z.string())), "value: {a: [1], b: []}")).toEqual({ a: ["1"], b: [] });
    expect(bindTo(z.tuple([z.string(), z.int()], z.boolean()), "value: [1, 2, yes]")).toEqual(["1", 2, true]);
    const both = z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() }));
    expect(bindTo(both, "value: {a: 1, b: 2}")).toEqual({ a: "1", b: 2 });
  });

  it("leaves unknown fields out and reports each at its key, also where zod would drop them silently", () => {
    for (const schema of [z.object({ email: z.string() }), z.strictObject({ email: z.string() })]) {
      const { value, diagnostics } = bound(schema, "value:\n  email: a\n  emial: b\n  zzz: c");
      expect(value).toEqual({ email: "a" });
      expect(lines(diagnostics)).toEqual([
        "error UNKNOWN_FIELD config.yaml:3:3 keys.emial: unknown field `emial` (did you mean `email`?)",
        "error UNKNOWN_FIELD config.yaml:4:3 keys.zzz: unknown field `zzz` (known fields: email)",
      ]);
    }
  });

  it("never looks at inherited properties: a field may be called toString", () => {
    const { value, diagnostics } = bound(z.strictObject({ a: z.string().optional() }), "value: {toString: x}");
    expect(Object.keys(value as object)).toEqual([]);
    expect(lines(diagnostics)[0]).toContain("unknown field `toString`");
    expect(bindTo(z.record(z.string(), z.string()), "value: {toString: x}")).toEqual({ toString: "x" });
  });

  it("reports a placeholder in any value, at its position, and nothing else about that value", () => {
    const schema = z.object({ a: z.string(), b: secret(), c: z.unknown(), d: z.int(), e: z.string() });
    const { diagnostics, muted } = bound(
      schema,
      "value:\n  a: x${HOST}y\n  b: CHANGEME\n  c: [{d: '{{ var }}'}]\n  d: REP_SIZE_REP\n  e: changeme",
    );
    expect(diagnostics.map(({ code, path, range }) => `${code} ${path} ${range?.position.line}`)).toEqual([
      "PLACEHOLDER keys.a 2",
      "PLACEHOLDER keys.b 3",
      "PLACEHOLDER keys.c.0.d 4",
      "PLACEHOLDER keys.d 5",
    ]);
    expect(muted.has(["d"])).toBe(true);
    expect(muted.has(["e"])).toBe(false);
  });

  it("F34: accepts a variable's value as it is, and rejects the same text where it stands in the file", () => {
    const texts = ["x${HOST}y", "CHANGEME", "$TOKEN", "<token>", "ENC[x]", "TODO", "{{ var }}", "REP_SIZE_REP"];
    const schema = z.object({ a: z.string(), b: secret() });
    for (const text of texts) {
      const given = resolveValues(
        nodeOf("value: {a: {value_from: {env: V}}, b: {value_from: {env: V}}}"),
        "keys",
        contextOf({ V: text }),
      );
      if (given.node === undefined) throw new Error("nothing was resolved");
      expect(bind(schema, given.node, { namespace: "keys", shapeOf: createShapeReader() }).diagnostics).toEqual([]);
      const written = bound(schema, `value: {a: a, b: '${text}'}`);
      expect(written.diagnostics.map(({ code }) => code)).toEqual(["PLACEHOLDER"]);
      const fallback = nodeOf(`value: {a: a, b: {value_from: {env: V, default: '${text}'}}}`);
      const { node } = resolveValues(fallback, "keys", contextOf());
      if (node === undefined) throw new Error("nothing was resolved");
      const { diagnostics } = bind(schema, node, { namespace: "keys", shapeOf: createShapeReader() });
      expect(diagnostics.map(({ code }) => code)).toEqual(["PLACEHOLDER"]);
    }
  });

  it("reports value_from inside of a text", () => {
    const { diagnostics } = bound(z.object({ a: z.string() }), "value:\n  a: 'Token {value_from: {env: X}}'");
    expect(diagnostics.map(({ code, range }) => `${code} ${range?.position.line}:${range?.position.column}`)).toEqual([
      "VALUE_FROM_IN_TEXT 2:6",
    ]);
  });

  it("F43 shows the values of known fields alone, whatever they take, and none that is a secret elsewhere", () => {
    const schema = z.object({
      name: z.string(),
      size: z.int(),
      token: secret(),
      free: z.unknown(),
      list: z.array(z.string()),
      hush: z.array(z.string()).meta({ sensitive: true }),
      copy: z.string(),
    });
    const node = nodeOf("value: {name: n, size: 1, token: &t s, free: f, list: misfit, hush: [h], copy: *t, more: m}");
    const shapeOf = createShapeReader();
    const visibility = new Visibility(shapeOf);
    bind(schema, node, { namespace: "keys", shapeOf, visibility });
    const shown = scalarsIn(node).filter((scalar) => visibility.has(scalar));
    expect(shown.map((scalar) => scalar.text())).toEqual(["n", "1", "misfit"]);
  });

  it("stands in for a secret that is not known, each time differently, and remembers where", () => {
    const { source, start, end } = nodeOf("value: x");
    const node = new UnresolvedNode(source, start, end);
    const options = { namespace: "keys", shapeOf: createShapeReader() };
    const first = bind(secret(), node, options);
    const second = bind(z.union([z.strictObject({ a: z.string() }), secret()]), node, options);
    expect(isSecret(first.value) && isSecret(second.value)).toBe(true);
    expect(revealed(first.value)).not.toBe(revealed(second.value));
    expect(first.unresolved).toBe(true);
    expect(first.muted.has([])).toBe(true);
    expect(bound(secret(), "value: x").unresolved).toBe(false);
  });

  it("S87 bounds what aliases expand to, with one error", () => {
    const bomb = "value: {a: &a [x, x, x], b: &b [*a, *a, *a], c: [*b, *b, *b]}";
    const options = { namespace: "keys", shapeOf: createShapeReader() };
    const { diagnostics } = bind(z.unknown(), nodeOf(bomb), { ...options, maxValues: 30 });
    expect(diagnostics.map(({ code }) => code)).toEqual(["ALIAS_BOMB"]);
    expect(bind(z.unknown(), nodeOf(bomb), { ...options, maxValues: 60 }).diagnostics).toEqual([]);
  });
});
