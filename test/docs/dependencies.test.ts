import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readDocument, tableUnder } from "./markdown.js";

describe("docs/dependencies.md", () => {
  const rows = tableUnder(readDocument("docs/dependencies.md"), "## Libraries");
  const named = (where: RegExp) =>
    rows.flatMap((row) =>
      where.test(row[2] ?? "") ? [...(row[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name) : [],
    );
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));

  it("has a row for each package that is installed with ours", () => {
    const installed = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
    expect(named(/installed/).sort()).toEqual(installed.sort());
  });

  it("has a row for each development dependency that is bundled", () => {
    const licences = readFileSync("dist/LICENCES.txt", "utf8");
    const bundled = Object.keys(devDependencies).filter(
      (name) => licences.includes(`\n${name} `) || licences.startsWith(`${name} `),
    );
    expect(bundled.length).toBeGreaterThan(4);
    expect(named(/^bundled$/).sort()).toEqual(bundled.sort());
  });
});
