import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readDocument, tableUnder } from "./markdown.js";

const file = "docs/requirements.md";
const document = readDocument(file);

/** What has the form of a number and is none: PKCE's method, and the digest that `x5t#S256` names. */
const otherWords = ["S256"];

/** A percent-encoded byte is no number either. */
const number = /(?<![\w%])[AFIS]\d+[a-z]?(?:\.\d+)?(?![\w.-])/g;

function numbersIn(text: string): readonly string[] {
  return [...text.matchAll(number)].map(([found]) => found).filter((found) => !otherWords.includes(found));
}

/** The texts of the tests, where titles and the rows of `it.each` stand; comments are left out. */
function usedNumbers(): ReadonlySet<string> {
  const files = readdirSync("test", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const texts = files.flatMap((name) => {
    const code = readFileSync(join("test", name), "utf8").replace(/^\s*(?:\/\/|\/?\*).*$/gm, "");
    return code.match(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [];
  });
  return new Set(texts.flatMap(numbersIn));
}

/** In the order of letters, numbers, and what follows these. */
function inOrder(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

const headings = [...document.matchAll(/^#{2,3} .+$/gm)].map(([heading]) => heading);
const groups = headings.flatMap((heading) => /^### (A\d+) /.exec(heading)?.[1] ?? []);
const listed = headings.flatMap((heading) => tableUnder(document, heading).map(([name = ""]) => name));

describe("docs/requirements.md", () => {
  const used = usedNumbers();

  it("has each number of a test's title", () => {
    expect(used.size).toBeGreaterThan(250);
    expect([...used].filter((name) => !listed.includes(name) && !groups.includes(name)).sort(inOrder)).toEqual([]);
  });

  it("has no number that no test's title has", () => {
    expect(listed.filter((name) => !used.has(name))).toEqual([]);
    expect(groups.filter((group) => !listed.some((name) => name.startsWith(`${group}.`)))).toEqual([]);
  });

  it("has each number once, in order, under its letter and group", () => {
    expect(listed).toEqual([...new Set(listed)].sort(inOrder));
    for (const heading of headings) {
      const prefix = /^## ([AFIS]): /.exec(heading)?.[1] ?? `${/^### (A\d+) /.exec(heading)?.[1]}.`;
      expect(tableUnder(document, heading).filter(([name]) => !name?.startsWith(prefix))).toEqual([]);
    }
  });

  it("says of each number in one sentence what it demands", () => {
    const rows = headings.flatMap((heading) => tableUnder(document, heading));
    expect(rows.filter(([, demand = ""]) => !/^[A-Z0-9`].+\.$/.test(demand))).toEqual([]);
  });
});
