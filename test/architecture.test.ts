import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

/** What each folder of src may import beside itself; `index.ts` and `cli` may import everything but each other. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  "characters.ts": [],
  "nearest.ts": [],
  "version.ts": [],
  "duration.ts": [],
  "maybe-promise.ts": [],
  "retry.ts": [],
  "lru-cache.ts": [],
  "rate-limit.ts": ["lru-cache.ts"],
  secrets: ["errors.ts", "characters.ts"],
  yaml: ["errors.ts", "characters.ts", "nearest.ts", "secrets"],
  database: ["errors.ts", "characters.ts", "retry.ts", "secrets"],
  "oidc/jwt": [],
  users: ["errors.ts", "characters.ts", "lru-cache.ts", "maybe-promise.ts", "version.ts", "database", "oidc/jwt"],
  oidc: ["characters.ts", "lru-cache.ts", "maybe-promise.ts", "retry.ts", "secrets", "users", "oidc/jwt"],
  plan: ["errors.ts", "characters.ts", "nearest.ts", "retry.ts", "secrets", "yaml", "database", "users"],
  config: ["errors.ts", "characters.ts", "duration.ts", "nearest.ts", "version.ts", "secrets", "yaml", "plan", "users"],
  resources: [
    "errors.ts",
    "duration.ts",
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
  access: ["errors.ts", "nearest.ts", "secrets", "yaml", "database", "users", "oidc/jwt", "plan", "resources"],
  apply: [
    "errors.ts",
    "characters.ts",
    "nearest.ts",
    "retry.ts",
    "version.ts",
    "secrets",
    "yaml",
    "database",
    "users",
    "plan",
    "config",
    "resources",
    "access",
  ],
  operations: [
    "errors.ts",
    "characters.ts",
    "nearest.ts",
    "retry.ts",
    "version.ts",
    "secrets",
    "database",
    "users",
    "plan",
    "resources",
    "access",
    "apply",
  ],
  doctor: [
    "errors.ts",
    "characters.ts",
    "secrets",
    "database",
    "users",
    "oidc",
    "oidc/jwt",
    "plan",
    "resources",
    "access",
    "apply",
    "operations",
  ],
  import: [
    "errors.ts",
    "characters.ts",
    "version.ts",
    "secrets",
    "yaml",
    "database",
    "users",
    "plan",
    "config",
    "resources",
    "apply",
  ],
  verifier: [
    "errors.ts",
    "characters.ts",
    "lru-cache.ts",
    "maybe-promise.ts",
    "rate-limit.ts",
    "retry.ts",
    "secrets",
    "database",
    "users",
    "oidc",
    "oidc/jwt",
  ],
  login: [
    "errors.ts",
    "characters.ts",
    "maybe-promise.ts",
    "rate-limit.ts",
    "retry.ts",
    "version.ts",
    "secrets",
    "database",
    "users",
    "oidc",
    "oidc/jwt",
    "operations",
  ],
  admin: [
    "errors.ts",
    "characters.ts",
    "duration.ts",
    "lru-cache.ts",
    "rate-limit.ts",
    "retry.ts",
    "version.ts",
    "secrets",
    "database",
    "users",
    "oidc",
    "oidc/jwt",
    "plan",
    "access",
    "apply",
    "operations",
    "report",
    "login",
  ],
  telemetry: ["errors.ts", "oidc", "verifier", "login"],
  testing: ["errors.ts", "database", "plan", "config", "apply"],
  report: [
    "errors.ts",
    "characters.ts",
    "secrets",
    "plan",
    "access",
    "apply",
    "operations",
    "doctor",
    "config",
    "verifier",
  ],
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
const folderOf = (file: string): string => (file.startsWith("oidc/jwt/") ? "oidc/jwt" : (file.split("/")[0] ?? file));
const show = ({ from, to }: Import): string => `${from} → ${to}`;

describe("the architecture", () => {
  it("has imports that point at files that are there", () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.filter(({ to }) => !files.includes(to)).map(show)).toEqual([]);
  });

  it.each(Object.entries(allowed))("allows %s to import only what is below it", (folder, below) => {
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

  it("allows no other folder to import the command line", () => {
    expect(imports.filter(({ from, to }) => folderOf(to) === "cli" && folderOf(from) !== "cli").map(show)).toEqual([]);
  });

  it("allows no subject's step or kind to import another subject's, and only the registry to import one by name", () => {
    const subject = (file: string) => /^resources\/([^/]+)\//.exec(file)?.[1];
    const between = imports.filter(({ from, to }) => subject(from) && subject(to) && subject(from) !== subject(to));
    const byName = imports.filter(({ from, to }) => !subject(from) && subject(to) && from !== "resources/registry.ts");
    expect([...between, ...byName].map(show)).toEqual([]);
  });

  it("keeps the database out of the steps, and the YAML out of the kinds", () => {
    const isStep = (file: string) => /^resources\/(?:[^/]+\/)?step[^/]*$/.test(file);
    const isKind = (file: string) => file.startsWith("resources/") && !isStep(file) && file !== "resources/registry.ts";
    const reads = (folder: string) => (file: string) =>
      new RegExp(`^import (?!type)[^;]*"[./]*/${folder}/[^"]+"`, "m").test(readFileSync(join("src", file), "utf8"));
    const wrong = [
      ...files.filter(isStep).filter(reads("database")),
      ...files.filter(isKind).filter((file) => reads("yaml")(file) || reads("config")(file)),
    ];
    expect(files.filter(isStep).length).toBeGreaterThan(4);
    expect(files.filter(isKind).length).toBeGreaterThan(4);
    expect(wrong).toEqual([]);
  });

  it("loads no database with a step, through whatever it imports", () => {
    const values = /^(?:import|export) (?!type\b)(?:[^"';=]*? from )?"(\.[^"]+)";$/gm;
    const loaded = new Map<string, string>();
    const visit = (file: string, from: string): void => {
      if (loaded.has(file)) return;
      loaded.set(file, from);
      for (const [statement, target = ""] of readFileSync(join("src", file), "utf8").matchAll(values)) {
        if (/\{(?:\s*type [^,}]+,?)+\s*\}/.test(statement)) continue;
        visit(normalize(join(dirname(file), target)).replace(/\.js$/, ".ts"), file);
      }
    };
    for (const file of files) if (/^resources\/[^/]+\/step[^/]*$/.test(file)) visit(file, "");
    expect(loaded.has("resources/kinds.ts")).toBe(true);
    expect(
      [...loaded].filter(([file]) => file.startsWith("database/")).map(([file, from]) => `${from} → ${file}`),
    ).toEqual([]);
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

  it("starts the command line without the libraries, YAML and reports that only some commands need", () => {
    const eager = /^(?:import|export) (?!type\b)(?:[^"';=]*? from )?"([^"]+)";$/gm;
    const loaded = new Set<string>();
    const libraries = new Set<string>();
    const visit = (file: string): void => {
      if (loaded.has(file)) return;
      loaded.add(file);
      for (const [statement, target = ""] of readFileSync(join("src", file), "utf8").matchAll(eager)) {
        if (!target.startsWith(".")) libraries.add(target);
        else if (!/\{(?:\s*type [^,}]+,?)+\s*\}/.test(statement)) {
          visit(normalize(join(dirname(file), target)).replace(/\.js$/, ".ts"));
        }
      }
    };
    for (const file of ["cli/main.ts", "cli/program.ts"]) visit(file);
    expect([...libraries].filter((name) => !name.startsWith("node:"))).toEqual(["commander"]);
    expect([...loaded].filter((file) => file.startsWith("cli/commands/")).length).toBeGreaterThan(4);
    expect([...loaded].filter((file) => /^(?:yaml|config|plan|resources|report)\//.test(file))).toEqual([
      "report/layout.ts",
    ]);
  });

  it("takes from zod's core nothing but types: a value from there brings the texts of fifty languages into the bundle", () => {
    const value = /\bz\.(?:core|locales|regexes|util)\.(?!\$)/;
    expect(files.filter((file) => value.test(readFileSync(join("src", file), "utf8")))).toEqual([]);
    expect(files.filter((file) => /\bz\.core\.\$/.test(readFileSync(join("src", file), "utf8")))).not.toEqual([]);
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

  it("reads the codes of a driver's errors nowhere but in src/database", () => {
    const code = /\b(?:SQLITE_|PG_|SQLSTATE)|instanceof (?:SqliteError|pg\.)/;
    const reading = files.filter((file) => code.test(readFileSync(join("src", file), "utf8")));
    expect(reading.length).toBeGreaterThan(1);
    expect(reading.filter((file) => !file.startsWith("database/"))).toEqual([]);
  });

  it("has files of a size that hold their story", () => {
    const lines = files.map((file) => readFileSync(join("src", file), "utf8").split("\n").length - 1);
    const sorted = [...lines].sort((one, other) => one - other);
    expect(files.length).toBeGreaterThanOrEqual(160);
    expect(files.length).toBeLessThanOrEqual(580);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeGreaterThanOrEqual(60);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(130);
    expect(files.filter((_, index) => (lines[index] ?? 0) > 350)).toEqual([]);
    expect(lines.filter((count) => count < 25).length / files.length).toBeLessThanOrEqual(0.08);
    const inFolder = (folder: string) => files.filter((file) => dirname(file) === folder).length;
    expect([...new Set(files.map((file) => dirname(file)))].filter((folder) => inFolder(folder) > 40)).toEqual([]);
  });

  it("prints or exits only in the command line", () => {
    const printing = files.filter((file) => !file.startsWith("cli/") && /console\.|process\.exit/.test(codeOf(file)));
    expect(printing).toEqual([]);
  });
});

/** A file without its comments and texts. */
function codeOf(file: string): string {
  const textOrComment = /("(?:[^"\\\n]|\\.)*")|\/\*[\s\S]*?\*\/|\/\/.*$/gm;
  return readFileSync(join("src", file), "utf8").replace(textOrComment, (_, text?: string) => (text ? '""' : ""));
}
