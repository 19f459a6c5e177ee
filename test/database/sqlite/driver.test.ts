import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadNodeSqlite } from "../../../src/database/sqlite/node-sqlite.js";
import { writeFiles } from "../../support/cli.js";
import { temporaryFolder } from "../../support/run.js";
import { tokensYaml } from "../../support/tokens.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const drivers = ["better-sqlite3", "better-sqlite3-12", "pg"];

/** This package as it is installed, with its dependencies linked, and with those that `broken` creates instead of the drivers. */
function installedWith(broken: (modules: string) => void): string {
  const folder = temporaryFolder();
  const own = join(folder, "node_modules/vtb-setup");
  mkdirSync(own, { recursive: true });
  for (const name of ["bin", "dist", "package.json"]) cpSync(join(root, name), join(own, name), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name.startsWith(".") || drivers.includes(name)) continue;
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
  broken(join(folder, "node_modules"));
  writeFiles(folder, { "config.yaml": tokensYaml(1, "one") });
  return folder;
}

function run(folder: string, database: string, args: readonly string[] = []) {
  const program = join(folder, "node_modules/vtb-setup/bin/vtb-setup.js");
  const { PATH = "" } = process.env;
  const command = [program, "apply", "config.yaml", "--wait", "1m", "--database", database, ...args];
  return spawnSync(process.execPath, command, { cwd: folder, env: { PATH }, encoding: "utf8" });
}

/** A copy of each SQLite driver. */
function copySqlite(modules: string): readonly string[] {
  // npm leaves out the one that is for other Nodes.
  const names = ["better-sqlite3", "better-sqlite3-12"].filter((name) => existsSync(join(root, "node_modules", name)));
  const copies = names.map((name) => join(modules, name));
  for (const copy of copies) {
    cpSync(join(root, "node_modules", copy.slice(modules.length + 1)), copy, {
      recursive: true,
      filter: (path) => !/\/(?:deps|src)$/.test(path),
    });
  }
  return copies;
}

/** Its compiled part is what another processor, or a half-finished build, leaves. */
function breakSqlite(modules: string): void {
  for (const copy of copySqlite(modules)) {
    for (const path of readdirSync(copy, { recursive: true, encoding: "utf8" })) {
      if (path.endsWith(".node")) writeFileSync(join(copy, path), "no library at all");
    }
  }
}

function breakPg(modules: string): void {
  cpSync(join(root, "node_modules/pg"), join(modules, "pg"), { recursive: true });
  rmSync(join(modules, "pg/lib/client.js"));
}

const hasOwn = loadNodeSqlite() !== undefined;
const unusable = [
  ["whose compiled part does not load", breakSqlite],
  ["that is not installed", () => {}],
] as const;

describe("F27: a database driver", () => {
  it.each([
    ...(hasOwn ? [] : unusable).map(([title, broken]) => [title, broken, "better-sqlite3", "sqlite:auth.db"] as const),
    ["that lacks a part", breakPg, "pg", "postgres://u:p@127.0.0.1:1/x"],
    ["for servers that is not installed", () => {}, "pg", "postgres://u:p@127.0.0.1:1/x"],
  ] as const)(
    "%s is reported with Node's version and how to fix it, with exit status 4, at once",
    (_, broken, name, database) => {
      const folder = installedWith(broken);
      const { status, stdout, stderr } = run(folder, database);
      expect({ status, stdout }, stderr).toEqual({ status: 4, stdout: "" });
      expect(stderr).toContain(`the database driver ${name} can't be loaded by Node ${process.versions.node}`);
      expect(stderr).toContain(`\`npm rebuild ${name}\``);
      expect(stderr).toContain("`npm ci`");
      expect(stderr).toMatch(/`npm install (?:pg|better-sqlite3@1[23])`/);
      expect(stderr).toContain("[DATABASE_DRIVER]");
      expect(stderr).not.toContain("waiting");
      expect(readdirSync(folder).sort()).toEqual(["config.yaml", "node_modules"]);
    },
  );

  // `npm run test:nodes` runs it on Node 24.
  it.runIf(hasOwn).each(unusable)("%s is replaced by the SQLite of Node, without a word", (_, broken) => {
    const folder = installedWith(broken);
    expect(run(folder, "sqlite:auth.db")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("1 created"),
      stderr: "",
    });
    expect(run(folder, "sqlite:auth.db")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("No changes"),
      stderr: "",
    });
  });

  const crashing = { 20: "13.0.0", 24: "12.0.0" }[Number(process.versions.node.split(".")[0])];

  it.runIf(crashing)("of a release that crashes this Node is not loaded, and another one is", () => {
    const folder = installedWith((modules) => {
      for (const copy of copySqlite(modules)) if (copy.endsWith("better-sqlite3")) rmSync(copy, { recursive: true });
      mkdirSync(join(modules, "better-sqlite3"));
      writeFiles(join(modules, "better-sqlite3"), {
        "package.json": JSON.stringify({ version: crashing, main: "index.js" }),
        "index.js": "process.abort();",
      });
    });
    expect(run(folder, "sqlite:auth.db")).toMatchObject({ status: 0, stdout: expect.stringContaining("1 created") });
  });

  it("that loads is used: the near twin of those above", () => {
    const folder = installedWith(copySqlite);
    expect(run(folder, "sqlite:auth.db")).toMatchObject({ status: 0, stdout: expect.stringContaining("1 created") });
  });
});
