import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

/** What each folder of src may import beside itself; `index.ts` and `cli` may import everything but each other. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  "characters.ts": [],
  "nearest.ts": [],
  "version.ts": [],
  "eventual.ts": [],
  secrets: ["errors.ts", "characters.ts"],
  yaml: ["errors.ts", "characters.ts", "secrets"],
  database: ["errors.ts", "characters.ts", "secrets"],
  "oidc/jwt": [],
  users: ["errors.ts", "characters.ts", "eventual.ts", "version.ts", "database", "oidc/jwt"],
  oidc: ["characters.ts", "eventual.ts", "secrets", "users", "oidc/jwt"],
  plan: ["errors.ts", "characters.ts", "nearest.ts", "secrets", "yaml", "database", "users"],
  config: ["errors.ts", "characters.ts", "nearest.ts", "secrets", "yaml", "plan", "users"],
  resources: [
    "errors.ts",
    "characters.ts",
    "nearest.ts",
    "secrets",
    "yaml",
    "database",
    "users",
    "oidc",
    "oidc/jwt",
    "plan",
    "config",
  ],
  apply: [
    "errors.ts",
    "characters.ts",
    "nearest.ts",
    "version.ts",
    "secrets",
    "yaml",
    "database",
    "plan",
    "config",
    "resources",
  ],
  operations: ["errors.ts", "characters.ts", "version.ts", "secrets", "database", "users"],
  verifier: ["errors.ts", "characters.ts", "eventual.ts", "secrets", "database", "users", "oidc", "oidc/jwt"],
  login: [
    "errors.ts",
    "characters.ts",
    "eventual.ts",
    "version.ts",
    "secrets",
    "database",
    "users",
    "oidc",
    "oidc/jwt",
    "operations",
  ],
  report: ["errors.ts", "characters.ts", "secrets", "plan", "apply"],
};
interface Import {
  readonly from: string;
  readonly to: string;
}

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join("src", file), "utf8");
  const targets = [...text.matchAll(/(?:from\s+|import\s*\(\s*|import\s+)"(\.{1,2}\/[^"]+)"/g)].map(
    ([, target]) => target ?? "",
  );
  return targets.map((target) => ({ from: file, to: normalize(join(dirname(file), target)).replace(/\.js$/, ".ts") }));
}

const imports = files.flatMap(importsOf);
/** Folders that are about to move, and what they become. */
const becomes: Readonly<Record<string, string>> = {
  formats: "characters.ts",
  document: "yaml",
  identity: "users",
  jwt: "oidc/jwt",
  provider: "oidc",
  kinds: "resources",
  steps: "resources",
  engine: "apply",
  tokens: "operations",
};
const folderOf = (file: string): string => {
  const folder = file.startsWith("oidc/jwt/") ? "oidc/jwt" : (file.split("/")[0] ?? file);
  return becomes[folder] ?? folder;
};
const show = ({ from, to }: Import): string => `${from} → ${to}`;

describe("the architecture", () => {
  it("has imports that point at files that are there", () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.filter(({ to }) => !files.includes(to)).map(show)).toEqual([]);
  });

  it.each(Object.entries(allowed))("lets %s import only what is below it", (folder, below) => {
    const forbidden = imports.filter(
      ({ from, to }) => folderOf(from) === folder && folderOf(to) !== folder && !below.includes(folderOf(to)),
    );
    expect(forbidden.map(show)).toEqual([]);
  });

  it("knows every folder, so that a new one gets a rule", () => {
    const folders = new Set(files.map(folderOf));
    const known = new Set([...Object.keys(allowed), "cli", "index.ts"]);
    expect([...folders].filter((folder) => !known.has(folder))).toEqual([]);
  });

  it("lets nobody import the command line", () => {
    expect(imports.filter(({ from, to }) => folderOf(to) === "cli" && folderOf(from) !== "cli").map(show)).toEqual([]);
  });

  it("has no circles of imports between files", () => {
    const next = new Map(files.map((file) => [file, importsOf(file).map(({ to }) => to)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      if (path.includes(file) || done.has(file)) return;
      for (const target of next.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it("names a database dialect nowhere but in src/database", () => {
    const dialect = /sqlite|postgres/i;
    const naming = files.filter((file) => !file.startsWith("database/") && dialect.test(codeOf(file)));
    expect(naming).toEqual([]);
  });

  it("imports a database's driver or dialect nowhere but in src/database", () => {
    const dialect = /(?:from|import\()\s*"(?:pg|better-sqlite3[^"]*|[^"]*database\/(?:sqlite|postgres)\/[^"]*)"/;
    const text = (file: string) => readFileSync(join("src", file), "utf8");
    expect(files.filter((file) => !file.startsWith("database/") && dialect.test(text(file)))).toEqual([]);
    expect(files.filter((file) => dialect.test(text(file))).length).toBeGreaterThan(1);
  });

  it("prints or exits only in the command line", () => {
    const printing = files.filter((file) => !file.startsWith("cli/") && /console\.|process\.exit/.test(codeOf(file)));
    expect(printing).toEqual([]);
  });
});

/** A file without its comments and texts. */
function codeOf(file: string): string {
  return readFileSync(join("src", file), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}
