import { describe, expect, it } from "vitest";
import { parse, parsed, plain, summary } from "./support.js";

/** What PyYAML 6.0.3 reads. */
const blocks: readonly (readonly [text: string, value: string])[] = [
  ["k: |\n  a", "a"],
  ["k: |\n  a\n", "a\n"],
  ["k: |\n  a\n\n", "a\n"],
  ["k: |-\n  a", "a"],
  ["k: |-\n  a\n", "a"],
  ["k: |+\n  a", "a"],
  ["k: |+\n  a\n", "a\n"],
  ["k: |+\n  a\n\n", "a\n\n"],
  ["k: >\n  a\n  b", "a b"],
  ["k: >\n  a\n  b\n", "a b\n"],
  ["k: >-\n  a\n  b", "a b"],
  ["k: >+\n  a\n  b", "a b"],
  ["k: >+\n  a\n\n", "a\n\n"],
  ["k: |\n  a\n ", "a\n"],
  ["k: |\n  a\n  ", "a\n"],
  ["k: |\n  a\n   ", "a\n "],
  ["k: |+\n  a\n  ", "a\n"],
  ["k: |+\n  ", ""],
  ["k: |\r\n  a\r\n  b", "a\nb"],
  ["k: |2\n   a", " a"],
  ["k: |\n  a\n  # no comment", "a\n# no comment"],
  ["k: |\n  a\n# a comment", "a\n"],
];

const unindented: readonly (readonly [text: string, value: unknown])[] = [
  ["m:\n  k: [\n    a,\n]\nd: b", { m: { k: ["a"] }, d: "b" }],
  ["m:\n  k: {\n    a: b,\n  }\n", { m: { k: { a: "b" } } }],
  ["k: [a,\nb]", { k: ["a", "b"] }],
  ["l:\n- k: {\n    a: b\n}\n  c: d", { l: [{ k: { a: "b" }, c: "d" }] }],
  ["m:\n  k: [ # a ], in a comment\n\"b, ]\", 'c''d',\n\n{e: it's}\n]", { m: { k: ["b, ]", "c'd", { e: "it's" }] } }],
  ["m:\n  k: [[\n],[\na]]\n  d: b", { m: { k: [[], ["a"]], d: "b" } }],
  ['k: "a\nb"\nd: c', { k: "a b", d: "c" }],
  ['m:\n  k: "a\n\n  b"\n  d: c', { m: { k: "a\nb", d: "c" } }],
  ["m:\n  k: 'it''s\nb' # c\n", { m: { k: "it's b" } }],
  ['m:\n  k: "a \\\nb\\n\\\n  c"\n', { m: { k: "a b\nc" } }],
  ['k: "\na\n"\n', { k: " a " }],
  ["k: [\"a\nb\",\n'c\nd'\n]\n", { k: ["a b", "c d"] }],
  ['m:\n  - k: "a\nb: c"\n', { m: [{ k: "a b: c" }] }],
  // What only looks like it.
  ['t: |\n  ["a\nk: [\n]\n', { t: '["a\n', k: [] }],
  ['t: a ["b\nk: [\n]\n', { t: 'a ["b', k: [] }],
];

describe("F71: what PyYAML reads", () => {
  it.each(blocks)("a block has the line break at its end that the file has: %j", (text, value) => {
    expect(plain(parsed(text).root)).toEqual({ k: value });
  });

  it.each(unindented)("brackets and quotes may go on further to the left: %j", (text, value) => {
    expect(plain(parsed(text).root)).toEqual(value);
  });

  it("values and keys behind them keep their positions", () => {
    const { root } = parsed('m:\n  k: {\n    a: "b\nc",\n}\nd: e\n');
    expect(root.entries.get("d")?.keyRange.position).toEqual({ file: "config.yaml", line: 6, column: 1 });
    const inner = root.entries.get("m")?.value;
    const mapping = inner?.kind === "mapping" ? inner.entries.get("k")?.value : undefined;
    const value = mapping?.kind === "mapping" ? mapping.entries.get("a")?.value : undefined;
    expect(value?.range).toMatchObject({ position: { line: 3, column: 8 }, start: 17, end: 22 });
  });

  it.each([
    ["a quote that is never closed", 'a: "b\nc: d\n', "YAML_SYNTAX 1:4"],
    ["a bracket that is never closed", "m:\n  a: [b,\n  c: d\n", "YAML_SYNTAX 2:6"],
    ["a quote that another one closes", 'a: "b\nc: "d"\n', "YAML_SYNTAX 1:4"],
    ["a quote that another one closes, behind one that is closed", 'e: "f\ng"\na: "b\nc: "d"\n', "YAML_SYNTAX 3:4"],
    ["a document that ends inside of brackets", "a: [\n---\n]\n", "YAML_SYNTAX 1:4"],
    ["a document that ends inside of quotes", 'a: "b\n---\nc"\n', "YAML_SYNTAX 1:4"],
  ])("%s is still reported where it opens", (_, text, diagnostic) => {
    expect(summary(parse(text).diagnostics)).toContain(diagnostic);
  });

  it("thousands of them are read in one go", () => {
    const text = Array.from({ length: 3000 }, (_, index) => `  k${index}: [\n    a,\n]\n`).join("");
    const { root } = parsed(`m:\n${text}`);
    const mapping = root.entries.get("m")?.value;
    expect(mapping?.kind === "mapping" && mapping.entries.size).toBe(3000);
  });
});
