import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readDocument, tableUnder } from "./markdown.js";

const document = readDocument("CONTRIBUTING.md");

describe("CONTRIBUTING.md", () => {
  it("names files that are there", () => {
    const links = [...document.matchAll(/\]\((?!https?:)([^)#]+)/g)];
    const quoted = [...document.matchAll(/`((?:bin|docs|examples|schemas|scripts|src|test|\.ci)\/[\w./-]+)`/g)];
    // A file to be created has a word in capitals for its name.
    const paths = [...links, ...quoted].flatMap(([, path = ""]) =>
      /\b[A-Z]{4,}\b\/|\/NAME\./.test(path) ? [] : [path],
    );
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  it("has a row for each folder of the sources", () => {
    const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const rows = tableUnder(document, "## The folders").flatMap(
      ([cell = ""]) => cell.match(/src\/[\w/]+(?!\.ts)\b/g) ?? [],
    );
    expect(folders.map(({ name }) => `src/${name}`).filter((folder) => !rows.includes(folder))).toEqual([]);
  });

  it("names scripts that the package has", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    const named = [...document.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
