import { describe, expect, it } from "vitest";
import { quoteSource } from "../../src/yaml/excerpt.js";
import { type RawDiagnostic, type ScalarNode, SourceText } from "../../src/yaml/node.js";
import { parse } from "./support.js";

function findingAt(file: string, text: string, start: number, end: number, message = "wrong"): RawDiagnostic {
  return { severity: "error", code: "INVALID_VALUE", message, range: new SourceText(file, text).range(start, end) };
}

/** The excerpt for what `marked` marks in the text. */
function excerpt(
  text: string,
  marked: string,
  shown: (nodes: readonly ScalarNode[]) => readonly ScalarNode[] = () => [],
) {
  const { source } = parse(text);
  const start = text.indexOf(marked);
  const nodes = new Set(shown(source.scalars ?? []));
  const [problem] = quoteSource([findingAt("config.yaml", text, start, start + marked.length)], [source], nodes);
  const { text: line = "", caretColumn = 0, caretWidth = 0 } = problem?.excerpt ?? {};
  return { line, caret: line.slice(caretColumn - 1, caretColumn - 1 + caretWidth) };
}

describe("masking", () => {
  it("hides every value and keeps keys and structure", () => {
    expect(excerpt("a: {b: hunter2, c: ['x y', 3]}\n", "c")).toEqual({
      line: "a: {b: •••, c: [•••, •••]}",
      caret: "c",
    });
    expect(excerpt("a:\n  - token: hunter2\n", "hunter2")).toEqual({ line: "  - token: •••", caret: "•••" });
  });

  it("shows the values that are known to be harmless", () => {
    const shown = (nodes: readonly ScalarNode[]) => nodes.filter((node) => node.text() === "me");
    expect(excerpt("{user: me, token: hunter2}\n", "me", shown)).toEqual({
      line: "{user: me, token: •••}",
      caret: "me",
    });
  });

  it("moves the caret with what is hidden before it", () => {
    expect(excerpt("{a: a-very-long-word, b: x, z: 1}\n", "z")).toEqual({
      line: "{a: •••, b: •••, z: •••}",
      caret: "z",
    });
    expect(excerpt("{a: x, emial: 1}\n", "emial")).toEqual({ line: "{a: •••, emial: •••}", caret: "emial" });
  });

  it("cuts comments off, but not a # inside of a value", () => {
    expect(excerpt("a: x # hunter2\n", "a")).toEqual({ line: "a: •••", caret: "a" });
    const shown = (nodes: readonly ScalarNode[]) => nodes;
    expect(excerpt("a: 'x # y' # z\n", "a", shown)).toEqual({ line: "a: 'x # y'", caret: "a" });
  });

  it("hides its part of a text over several lines", () => {
    expect(excerpt("a: |\n  hunter2\n  key: hunter3\nb: 1\n", "key").line).toBe("•••");
    expect(excerpt("a: 'x\n  hunter2'\n", "hunter2").line).not.toContain("hunter2");
  });

  it("hides what looks like a tag, an anchor or an alias, and a value in braces", () => {
    expect(excerpt("token: &hunter2\n", "token").line).toBe("token: &•••");
    expect(excerpt("token: !hunter2\n", "token").line).toBe("token: !•••");
    expect(excerpt("token: *hunter2\n", "token").line).toBe("token: *•••");
    expect(excerpt("token: {hunter2}\n", "token").line).toBe("token: {•••}");
  });

  it("hides the second value of a key, and a composed key", () => {
    expect(excerpt("a: hunter1\na: hunter2\n", "hunter2").line).toBe("a: •••");
    expect(excerpt("? [hunter2]\n: x\n", "[hunter2]").line).toBe("? [•••]");
  });

  it("shows the names of variables and files, but not a default or what is no name", () => {
    expect(excerpt("a: {value_from: {env: APP_TOKEN, default: hunter2}}\n", "APP_TOKEN")).toEqual({
      line: "a: {value_from: {env: APP_TOKEN, default: •••}}",
      caret: "APP_TOKEN",
    });
    expect(excerpt("a: {value_from: {file: /run/secrets/x}}\n", "a").line).toBe(
      "a: {value_from: {file: /run/secrets/x}}",
    );
    expect(excerpt("a: {value_from: {env: p@ss hunter2}}\n", "a").line).toBe("a: {value_from: {env: •••}}");
  });

  it("hides each word behind the first key of a file that can't be parsed", () => {
    const text = "a: 1\ntoken: hunter1: {value_from: {env: hunter2}}\n- hunter3 x\n";
    expect(excerpt(text, "hunter1").line).toBe("token: •••: {value_from: {env: •••}}");
    expect(excerpt(text, "hunter3").line).toBe("- ••• •••");
    expect(excerpt("a: b: c\nhunter2\n", "hunter2").line).toBe("•••");
  });
});

describe("lines", () => {
  it("S90 writes control, bidirectional and invisible characters out", () => {
    const text = "{a: 1,\t'\u202ekey\u200b': 2}\n";
    expect(excerpt(text, "2").line).toBe("{a: •••,\\t'\\u{202e}key\\u{200b}': •••}");
    expect(excerpt(text, "key").caret).toBe("key");
  });

  it("cuts a line of more than 120 columns around its caret", () => {
    const keys = Array.from({ length: 100 }, (_, index) => `key${index}: 1`).join(", ");
    for (const key of ["key0", "key50", "key99"]) {
      const { line, caret } = excerpt(`{${keys}}\n`, key);
      expect(line.length).toBeLessThanOrEqual(122);
      expect(caret).toBe(key);
      expect(line.startsWith("…")).toBe(key !== "key0");
      expect(line.endsWith("…")).toBe(key !== "key99");
    }
  });

  it("hides all of a huge line", () => {
    const { line } = excerpt(`a: ${"hunter2 ".repeat(100_000)}\n`, "a");
    expect(line).toBe("a: •••…");
  });

  it("leaves out an excerpt where the line is empty", () => {
    const [problem] = quoteSource([findingAt("config.yaml", "a: 1\n\n", 5, 5)], [parse("a: 1\n\n").source], new Set());
    expect(problem).toMatchObject({ position: { line: 2, column: 1 } });
    expect(problem).not.toHaveProperty("excerpt");
  });

  it("treats a carriage return as the end of a line", () => {
    expect(excerpt("a: x\r\nb: y\r\n", "b").line).toBe("b: •••");
  });
});

describe("quoteSource", () => {
  it("sorts by file, then position, what has no position last, and reports each once", () => {
    const text = "a: 1\nb: 2\n";
    const sources = ["two.yaml", "one.yaml"].map((file) => ({ file, text, scalars: [] }));
    const diagnostics: RawDiagnostic[] = [
      { severity: "error", code: "NO_STEPS_ENABLED", message: "none" },
      findingAt("one.yaml", text, 0, 1),
      findingAt("two.yaml", text, 5, 6),
      findingAt("two.yaml", text, 0, 1),
      findingAt("two.yaml", text, 5, 6),
      findingAt("two.yaml", text, 5, 6, "also"),
    ];
    const shown = quoteSource(diagnostics, sources, new Set());
    const reported = shown.map(({ position, message }) => `${position?.file}:${position?.line} ${message}`);
    expect(reported).toEqual([
      "two.yaml:1 wrong",
      "two.yaml:2 wrong",
      "two.yaml:2 also",
      "one.yaml:1 wrong",
      "undefined:undefined none",
    ]);
  });
});
