import { describe, expect, it } from "vitest";
import { type MappingNode, ScalarNode } from "../../src/yaml/node.js";
import { parseDocument } from "../../src/yaml/parse.js";
import { cpuMsOf } from "../support/cpu-time.js";
import { parse, parsed, plain, summary } from "./support.js";

function scalarAt(root: MappingNode, key: string): ScalarNode {
  const node = root.entries.get(key)?.value;
  if (!(node instanceof ScalarNode)) throw new Error(`${key} is no scalar`);
  return node;
}

describe("scalars", () => {
  const written = ["1234e5678", "1".repeat(40), "0123", "0x1F", "12:30:45", "2024-01-01", "1_000", "yes", "~", "null"];

  it.each(written)("keeps %s as it is written", (text) => {
    const node = scalarAt(parsed(`a: ${text}\n`).root, "a");
    expect(node.text()).toBe(text);
    expect(node.plain).toBe(true);
    const quoted = scalarAt(parsed(`a: "${text}"\n`).root, "a");
    expect(quoted.text()).toBe(text);
    expect(quoted.plain).toBe(false);
  });

  it("reads a missing value as null and a quoted empty one as text", () => {
    expect(plain(parsed("a:\nb: ''\nc: ~\nd: '~'\n").root)).toEqual({ a: null, b: "", c: null, d: "~" });
  });

  it("reads folded, literal and several-line texts", () => {
    const text = "a: |\n  one\n  two\nb: >-\n  one\n  two\nc: one\n  two\n";
    expect(plain(parsed(text).root)).toEqual({ a: "one\ntwo\n", b: "one two", c: "one two" });
  });

  it("keeps core tags and decodes !!binary to text", () => {
    const { root } = parsed("a: !!str 12\nb: !!int 12\nc: !!binary aMOp\nd: ! ~\ne: !!map {}\nf: !!seq []\n");
    const tags = ["a", "b", "c", "d"].map((key) => scalarAt(root, key).tag);
    expect(tags).toEqual(["!!str", "!!int", "!!binary", "!!str"]);
    expect(plain(root)).toEqual({ a: "12", b: "12", c: "hé", d: "~", e: {}, f: [] });
  });

  it("gives a template expression as the text it is", () => {
    const { root } = parsed("a: {{ var }}\nb: {{ .Values.x | quote }}\nc: {d: {e: 1}}\n");
    expect(plain(root)).toEqual({ a: "{{ var }}", b: "{{ .Values.x | quote }}", c: { d: { e: "1" } } });
    expect(scalarAt(root, "a").plain).toBe(false);
    expect(plain(parsed("{{ key }}: 1\nb: 2\n").root)).toEqual({ "{{ key }}": "1", b: "2" });
  });
});

describe("files", () => {
  it("accepts a byte order mark, CRLF, lone CR, a version directive and document marks", () => {
    expect(plain(parsed("\ufeffa: 1\r\nb:\r\n  - c\r\n").root)).toEqual({ a: "1", b: ["c"] });
    expect(plain(parsed("a: 1\rb: 2\r").root)).toEqual({ a: "1", b: "2" });
    expect(plain(parsed("%YAML 1.1\n---\na: 1\n...\n").root)).toEqual({ a: "1" });
  });

  it.each(["", "# only a comment\n", "---\n", "\n\n"])("reads %j as an empty file", (text) => {
    const { document, diagnostics } = parse(text);
    expect(diagnostics).toEqual([]);
    expect(document?.root).toBeUndefined();
    expect(document?.sha256).toHaveLength(64);
  });

  it("points at the first byte that is not UTF-8", () => {
    const bad = parseDocument("c", Buffer.from([0x61, 0x3a, 0x0a, 0x20, 0xc3, 0xa9, 0xc3, 0x28]));
    expect(bad.document).toBeUndefined();
    expect(summary(bad.diagnostics)).toEqual(["YAML_SYNTAX 2:3"]);
    expect(bad.diagnostics[0]?.message).toContain("not UTF-8");
    expect(summary(parseDocument("c", Buffer.from([0x61, 0x3a, 0x20, 0xe2, 0x82])).diagnostics)).toEqual([
      "YAML_SYNTAX 1:4",
    ]);
    expect(parse("a: é€😀\n").diagnostics).toEqual([]);
  });

  it("refuses UTF-16 by name, with and without its mark", () => {
    for (const bytes of [Buffer.from("\ufeffa: 1", "utf16le"), Buffer.from("a: 1", "utf16le")]) {
      expect(parseDocument("c", bytes).diagnostics[0]?.message).toBe("the file is UTF-16, not UTF-8");
    }
  });

  it("refuses control characters and half surrogates, but not their whole escapes", () => {
    expect(summary(parse("a: x\u0007y\n").diagnostics)).toEqual(["YAML_SYNTAX 1:5"]);
    expect(summary(parse('a: "\\ud83d"\n').diagnostics)).toEqual(["YAML_SYNTAX 1:4"]);
    expect(plain(parsed('a: "\\ud83d\\ude00\\x07"\n').root)).toEqual({ a: "😀\u0007" });
  });

  it("refuses a second document where it begins", () => {
    const { diagnostics } = parse("a: 1\n---\nb: 2\n---\nc: 3\n");
    expect(summary(diagnostics)).toEqual(["YAML_SYNTAX 2:1"]);
    expect(diagnostics[0]?.message).toContain("second document");
  });

  it.each(["- a\n", "hello\n", "a:1\nb:2\n"])("refuses %j, whose root is no mapping", (text) => {
    const { document, diagnostics } = parse(text);
    expect(document).toBeUndefined();
    expect(summary(diagnostics)).toEqual(["WRONG_TYPE 1:1"]);
    expect(diagnostics[0]?.message).toBe("expected a mapping at the root of the file");
  });
});

describe("keys", () => {
  it("reads keys as their text, whatever they mean elsewhere", () => {
    expect(plain(parsed("1: a\non: b\nyes: c\n2024-01-01: d\n'q': e\n").root)).toEqual({
      1: "a",
      on: "b",
      yes: "c",
      "2024-01-01": "d",
      q: "e",
    });
  });

  it("I5 refuses duplicate keys at every level, at the second, naming the line of the first", () => {
    const { diagnostics } = parse("username: alice\nusername: mallory\na:\n  - {b: 1, b: 2}\nyes: 1\n'yes': 2\n");
    expect(summary(diagnostics)).toEqual(["DUPLICATE_KEY 2:1", "DUPLICATE_KEY 4:12", "DUPLICATE_KEY 6:1"]);
    expect(diagnostics[0]?.message).toBe("duplicate key: this mapping already has it on line 1");
    expect(diagnostics[1]?.path).toBe("a.0.b");
    expect(parse("a: {b: 1}\nc: {b: 1}\nB: 1\nb: 2\n").diagnostics).toEqual([]);
  });

  it("refuses null and composed keys, and goes on", () => {
    const { diagnostics, document } = parse("? [a]\n: 1\n~: 3\nb: 4\n");
    expect(summary(diagnostics)).toEqual(["YAML_SYNTAX 1:3", "YAML_SYNTAX 3:1"]);
    expect(plain(document?.root)).toEqual({ b: "4" });
  });

  it("S87 refuses the key __proto__ but not constructor and prototype", () => {
    const { diagnostics } = parse("a:\n  __proto__: {admin: true}\n  constructor: 1\n  prototype: 2\n");
    expect(summary(diagnostics)).toEqual(["YAML_SYNTAX 2:3"]);
    expect(diagnostics[0]?.message).toContain("__proto__");
  });
});

describe("anchors, aliases and merge keys", () => {
  it("shares an alias's node instead of copying it", () => {
    const { root } = parsed("a: &x {b: 1}\nc: *x\n");
    expect(root.entries.get("c")?.value).toBe(root.entries.get("a")?.value);
  });

  it("merges a mapping, an alias and a list of both; explicit keys win, then the first of the list", () => {
    const text =
      "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nm:\n  a: 0\n  <<: [*x, *y, {d: 5}]\nn: {<<: *x}\no: {<<: {z: 1}}\n";
    expect(plain(parsed(text).root)).toMatchObject({
      m: { a: "0", b: "2", c: "4", d: "5" },
      n: { a: "1", b: "2" },
      o: { z: "1" },
    });
  });

  it("merges only a plain <<", () => {
    expect(plain(parsed("a: {'<<': {b: 1}}\n").root)).toEqual({ a: { "<<": { b: "1" } } });
    expect(summary(parse("a: {<<: text}\n").diagnostics)).toEqual(["YAML_SYNTAX 1:9"]);
    expect(summary(parse("a: {<<: {b: 1}, <<: {c: 1}}\n").diagnostics)).toEqual(["DUPLICATE_KEY 1:17"]);
  });

  it("refuses aliases without an anchor before them, or inside their own value", () => {
    const { diagnostics } = parse("a: *x\nb: &x [*x]\nc: *x\n");
    expect(summary(diagnostics)).toEqual(["ALIAS_UNRESOLVED 1:4", "ALIAS_UNRESOLVED 2:8"]);
    expect(diagnostics[0]?.message).not.toContain("*x");
  });

  it("S87 rejects a billion laughs at once, and accepts as many aliases of something small", () => {
    const names = "abcdefghijkl".split("");
    const lines = names.map(
      (name, index) => `${name}: &${name} [${Array(9).fill(index === 0 ? "lol" : `*${names[index - 1]}`)}]`,
    );
    const work = () => {
      const { document, diagnostics } = parse(`${lines.join("\n")}\n`);
      expect(document).toBeUndefined();
      expect(summary(diagnostics)).toEqual(["ALIAS_BOMB 12:8"]);
    };
    expect(cpuMsOf(work)).toBeLessThan(1000);
    expect(parse(`a: &a {b: 1}\nc: [${Array(30_000).fill("*a")}]\n`).diagnostics).toEqual([]);
  });

  it("S87 refuses merge keys that multiply, and accepts a few of them", () => {
    const base = `a: &a {${Array.from({ length: 2000 }, (_, index) => `k${index}: 1`)}}\n`;
    const merges = (count: number) =>
      base + Array.from({ length: count }, (_, index) => `m${index}: {<<: *a}\n`).join("");
    expect(parse(merges(1000)).diagnostics[0]?.code).toBe("ALIAS_BOMB");
    expect(parse(merges(10)).diagnostics).toEqual([]);
  });

  it("S87 refuses a file that only its aliases nest too deep", () => {
    const chain = (length: number) =>
      Array.from({ length }, (_, index) => `a${index}: &a${index} {x: ${index === 0 ? 1 : `*a${index - 1}`}}\n`).join(
        "",
      );
    expect(parse(chain(200)).diagnostics[0]?.message).toContain("more than 100 levels");
    expect(parse(chain(90)).diagnostics).toEqual([]);
  });
});

describe("what YAML allows and this program does not", () => {
  it("S87 refuses custom tags where they stand, and goes on", () => {
    const { diagnostics } = parse(
      "a: !foo x\nb: !!python/object/apply:os.system [x]\nc: !!set {a}\nd: !!map []\ne: !!binary '%'\n",
    );
    expect(summary(diagnostics)).toEqual([
      "YAML_SYNTAX 1:4",
      "YAML_SYNTAX 2:4",
      "YAML_SYNTAX 3:4",
      "YAML_SYNTAX 4:4",
      "YAML_SYNTAX 5:13",
    ]);
    expect(diagnostics[0]?.message).toContain("tag is not allowed");
    expect(diagnostics[0]?.message + String(diagnostics[0]?.hint)).not.toContain("foo");
  });

  it.each([
    ["flow sequences", "[", "]"],
    ["flow mappings", "{a: ", "}"],
  ])("S87 refuses %s of more than 100 levels without running out of stack", (_, open, close) => {
    const nested = (depth: number) => `a: ${open.repeat(depth - 1)}1${close.repeat(depth - 1)}\n`;
    expect(parse(nested(100)).diagnostics).toEqual([]);
    expect(parse(nested(101)).diagnostics[0]?.message).toBe("the values are nested more than 100 levels deep");
    expect(parse(open.repeat(300_000)).diagnostics).toHaveLength(1);
  });
});

describe("size", () => {
  it("parses 10,000 token items", () => {
    const item = (index: number) =>
      `  - identifier: app-${index}\n    token: ${"a".repeat(40)}\n    email: p${index}@example.com\n`;
    const { root } = parsed(
      `tokenauth:\n  items:\n${Array.from({ length: 10_000 }, (_, index) => item(index)).join("")}`,
    );
    const items = root.entries.get("tokenauth")?.value;
    expect(plain(items)).toHaveProperty("items.length", 10_000);
  });
});
