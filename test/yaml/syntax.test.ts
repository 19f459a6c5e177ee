import { describe, expect, it } from "vitest";
import { cpuMsOf } from "../support/cpu-time.js";
import { parse, parsed, plain, summary } from "./support.js";

describe("mistakes in the syntax", () => {
  const cases: readonly (readonly [what: string, text: string, range: string, message: string, twin: string])[] = [
    ["a second colon", "a: b: c\n", "1:4", "this line has a second key", "a: b:c\n"],
    ["an open double quote", 'a: 1\nb: "x\nc: 2\n', "2:4", "this quote is never closed", 'b: "x"\n'],
    ["an open single quote", "x:\n  a: 'b\nc: 2\n", "2:6", "this quote is never closed", "a: 'b'\n"],
    ["an open brace", "a: {b: c\nd: e\n", "1:4", "this { is never closed", "a: {b: c}\n"],
    ["an open bracket", "a: [b\nd: e\n", "1:4", "this [ is never closed", "a: [b]\n"],
    ["a tab as indentation", "a:\n\tb: c\n", "2:1", "does not allow a tab as indentation", "a:\tb\n"],
    ["a lone asterisk", "a: *\n", "1:4", "the name of an anchor", "a: '*'\n"],
    ["a reserved first character", "a: @x\n", "1:4", "an unquoted value can't begin", "a: x@y\n"],
    ["text behind a block header", "a: |x\n", "1:5", "after | or >, the line must end", "a: |\n  x\n"],
    [
      "uneven indentation",
      "a:\n   b: 1\n  c: 2\n",
      "3:1",
      "this line's indentation matches none",
      "a:\n  b: 1\n  c: 2\n",
    ],
    [
      "a line that is too deep",
      "a:\n  b: 1\n   c: 2\n",
      "2:6",
      "this text continues on the next line",
      "a:\n  b: 1\n   c\n",
    ],
    ["a key without colon", "a: 1\nfoo\nb: 2\n", "2:1", "this text continues on the next line", "foo:\nb: 2\n"],
    ["a comment without space", "a: 'x'#c\n", "1:7", "a comment needs a space before its #", "a: 'x' #c\n"],
    ["an unknown escape", 'a: "\\q"\n', "1:5", "this escape sequence does not exist", "a: '\\q'\n"],
    ["a list on the line of its key", "a: - b\n", "1:4", "a list can't start or continue here", "a: -b\n"],
    ["an unmarked directive", "%YAML 1.1\na: 1\n", "2:1", "a line with --- is missing", "%YAML 1.1\n---\na: 1\n"],
    ["two anchors", "a: &x &y 1\n", "1:7", "a value has two anchors", "a: &x 1\n"],
    ["no comma in brackets", "a: {'b' 'c'}\n", "1:9", "a comma is missing between", "a: {'b', 'c'}\n"],
  ];

  it.each(cases)("explains %s", (_, text, range, message, twin) => {
    const { document, diagnostics } = parse(text);
    expect(document).toBeUndefined();
    expect(summary(diagnostics)).toEqual([`YAML_SYNTAX ${range}`]);
    expect(diagnostics[0]?.message).toContain(message);
    expect(diagnostics[0]?.hint).toMatch(/\w/);
    expect(parse(twin).diagnostics).toEqual([]);
  });

  it("reports several at once", () => {
    expect(summary(parse("a: b: c\nd: 1\ne: @f\ng: 'x'#y\n").diagnostics)).toEqual([
      "YAML_SYNTAX 1:4",
      "YAML_SYNTAX 3:4",
      "YAML_SYNTAX 4:7",
    ]);
  });

  it("never quotes the file", () => {
    const texts = [
      "a: hunter2: x\n",
      "a: 'hunter2\n",
      "a: @hunter2\n",
      'a: "\\hunter2"\n',
      "hunter2\nb: 1\n",
      "a: 1\n}hunter2\n",
    ];
    for (const text of texts) {
      const { diagnostics } = parse(text);
      expect(diagnostics.length).toBeGreaterThan(0);
      expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
    }
  });

  it("stays fast when nearly everything is wrong", () => {
    const work = () => {
      expect(parse('"'.repeat(100_000)).diagnostics.length).toBeGreaterThan(0);
      expect(parse(`a: ${"T {value_from: {env: X}} ".repeat(5000)}`).diagnostics.length).toBeGreaterThan(0);
    };
    expect(cpuMsOf(work)).toBeLessThan(15_000);
  });
});

describe("value_from inside of a text", () => {
  it("is one diagnostic for each, at the value, and the rest is read", () => {
    const text =
      "a:\n  - header_value: Token {value_from: {env: X}}\n    b: 1\n  - c: Token {value_from: {env: Y}} # why\nd: {value_from: {env: Z}}\n";
    const { document, diagnostics } = parse(text);
    expect(summary(diagnostics)).toEqual(["VALUE_FROM_IN_TEXT 2:19", "VALUE_FROM_IN_TEXT 4:8"]);
    expect(diagnostics[0]?.hint).toContain("write header_value: {value_from: {env: NAME}}");
    expect(diagnostics[0]?.hint).toContain("quotes");
    expect(plain(document?.root)).toEqual({
      a: [{ header_value: "<unresolved>", b: "1" }, { c: "<unresolved>" }],
      d: { value_from: { env: "Z" } },
    });
  });

  it.each([
    ["in a list", "a:\n  - Token {value_from: {env: X}}\nb: 1\n", "2:5"],
    ["in braces", "a: {h: Token {value_from: {env: X}}, b: 1}\n", "1:8"],
    ["without a space", "a: Token{value_from: {env: X}}\nb: 1\n", "1:4"],
    ["in a URL", "a: https://{value_from: {env: X}}/x\nb: 1\n", "1:4"],
    ["without braces", "a: Token value_from: {env: X}\nb: 1\n", "1:4"],
    ["before a text", "a: {value_from: {env: X}} suffix\nb: 1\n", "1:4"],
    ["behind a quoted text", "a: 'Token' {value_from: {env: X}}\nb: 1\n", "1:4"],
    ["on the next line", "a: Token\n  {value_from: {env: X}}\nb: 1\n", "1:4"],
  ])("is found %s", (_, text, range) => {
    expect(summary(parse(text).diagnostics)).toEqual([`VALUE_FROM_IN_TEXT ${range}`]);
  });

  it("is left alone in quotes and in a block of text", () => {
    expect(plain(parsed("a: 'Token {value_from: {env: X}}'\n").root)).toEqual({ a: "Token {value_from: {env: X}}" });
    const { document, diagnostics } = parse("a: T {value_from: {env: X}}\nb: |\n  c: T {value_from: {env: X}}\n");
    expect(summary(diagnostics)).toEqual(["VALUE_FROM_IN_TEXT 1:4"]);
    expect(plain(document?.root)).toEqual({ a: "<unresolved>", b: "c: T {value_from: {env: X}}\n" });
  });
});

describe("templates that are no YAML", () => {
  it("are placeholders, one for each line", () => {
    const { document, diagnostics } = parse("a: {{ lookup('env', 'X') }}\nb: {{ a }}-b\nc: 1\n");
    expect(summary(diagnostics)).toEqual(["PLACEHOLDER 1:4", "PLACEHOLDER 2:4"]);
    expect(plain(document?.root)).toEqual({ a: "<unresolved>", b: "<unresolved>", c: "1" });
    expect(summary(parse("{{- if x }}\na: 1\n{{- end }}\n").diagnostics)).toEqual([
      "PLACEHOLDER 1:1",
      "PLACEHOLDER 3:1",
    ]);
    expect(summary(parse("{% if x %}\na: 1\n{% endif %}\n").diagnostics)).toEqual([
      "PLACEHOLDER 1:1",
      "PLACEHOLDER 3:1",
    ]);
  });
});
