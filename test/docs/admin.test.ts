import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type AdminRight, adminRights, permissionOf } from "../../src/users/admin-rights.js";
import { readDocument, tableUnder } from "./markdown.js";

const page = readDocument("docs/admin.md");
const names = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

describe("docs/admin.md", () => {
  it("has every right with what it allows and includes", () => {
    const expected = Object.entries(adminRights).map(([name, { description, includes }]) => {
      const included = includes.map((right) => `\`${permissionOf(right)}\``).join(", ");
      return [`\`${permissionOf(name as AdminRight)}\``, `${description}${included && ` Includes ${included}.`}`];
    });
    expect(tableUnder(page, "## Who may do what")).toEqual(expected);
  });

  it("has every option of createAdmin", () => {
    const [, declared = ""] =
      /interface AdminOptions \{\n([\s\S]*?)\n\}/.exec(readFileSync("src/admin/options.ts", "utf8")) ?? [];
    const options = [...declared.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name);
    const [, table = ""] = page.split("| option of `createAdmin` |");
    const documented = (table.split("\n\n")[0] ?? "")
      .split("\n")
      .slice(2)
      .flatMap((row) => names(row.split(" | ")[0]));
    expect(documented.toSorted()).toEqual(options.toSorted());
  });

  it("has every custom property of the style sheet", () => {
    const style = readFileSync("src/admin/assets/style.css", "utf8");
    const properties = new Set([...style.matchAll(/--vtb-[\w-]+/g)].map(([name]) => name));
    const documented = tableUnder(page, "## Its look").flatMap(([cell]) => names(cell));
    expect(documented.toSorted()).toEqual([...properties].sort());
  });

  it("shows the screenshots that there are, each small", () => {
    const shown = [...page.matchAll(/!\[[^\]]+\]\(images\/([\w-]+\.png)\)/g)].map(([, name = ""]) => name);
    const taken = existsSync("docs/images") ? readdirSync("docs/images") : [];
    expect(taken.toSorted()).toEqual(shown.toSorted());
    for (const name of taken) expect(statSync(join("docs/images", name)).size).toBeLessThanOrEqual(60_000);
  });
});
