import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import module from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { quickBundle } from "../../scripts/quick-bundle.mjs";
import { allCommands } from "../../src/cli/command.js";
import { createCliContext } from "../../src/cli/context.js";
import { createProgram } from "../../src/cli/program.js";
import { runCliProcess } from "../support/cli.js";
import { runInProcess } from "../support/command-in-process.mjs";
import { temporaryFolder } from "../support/run.js";

const quickstart = resolve("examples/quickstart.yaml");
const commands = allCommands(createProgram(createCliContext(process), () => {}))
  .filter(({ command }) => command.commands.length === 0)
  .map(({ name }) => name);

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

/** The sources that each part of the quick bundle has. */
let sourcesOfParts: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  const { names, metafile } = await quickBundle();
  sourcesOfParts = new Map(
    Object.entries(metafile.outputs).map(([path, { inputs }]) => [
      names.get(`./${path.slice(path.lastIndexOf("/") + 1)}`) ?? "",
      Object.keys(inputs),
    ]),
  );
});

async function coverageOf(args: readonly string[], cwd?: string): Promise<Coverage["result"]> {
  const folder = temporaryFolder();
  await runCliProcess(args, { env: { NODE_V8_COVERAGE: folder }, ...(cwd !== undefined && { cwd }) });
  const [report = ""] = readdirSync(folder);
  const { result }: Coverage = JSON.parse(readFileSync(join(folder, report), "utf8"));
  return result;
}

/** The sources of the modules that a command ran, as V8 counted them; of libraries, their path from `node_modules`. */
async function loadedBy(args: readonly string[], cwd?: string): Promise<readonly string[]> {
  const result = await coverageOf(args, cwd);
  return result.flatMap(({ url, functions }) => {
    if (!url.includes("/dist/")) return [];
    if (url.endsWith("/quick.cjs")) {
      const run = functions.filter(({ ranges }) => ranges.some(({ count }) => count > 0));
      return run.flatMap(({ functionName }) => sourcesOfParts.get(functionName) ?? []);
    }
    const map: { readonly sources: readonly string[] } = JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, "utf8"));
    return map.sources.map((source) => source.replace(/^.*?(?=\b(?:src|node_modules)\/)/, ""));
  });
}

describe("what a command loads", () => {
  const heavy = /^src\/(?:yaml|config|plan|resources|report)\/(?!layout\.ts)|^node_modules\/(?!commander\/)/;

  it("is nothing for the version", async () => {
    expect(await loadedBy(["--version"])).toEqual([]);
    expect(await loadedBy(["-V"])).toEqual([]);
    // Said with another option, it is the command line's own.
    expect(await loadedBy(["--log-format", "json", "--version"])).toContain("src/cli/program.ts");
  });

  it.each(["--help", "help apply", ...commands.map((name) => `${name} --help`)])(
    "is no library, YAML or report for %s",
    async (line) => {
      const sources = await loadedBy(line.split(" "));
      expect(sources).toContain("src/cli/command.ts");
      expect(sources.filter((source) => heavy.test(source))).toEqual([]);
    },
  );

  it.each([["nonsense"], ["apply"], ["validate", "x.yaml", "--databse", "sqlite:x"]])(
    "is the report of what is wrong, and no YAML or database, for a wrong command line: %s",
    async (...args) => {
      const sources = await loadedBy(args);
      expect(sources).toContain("src/report/diagnostics.ts");
      expect(
        sources.filter((source) => /^src\/(?:yaml|config|resources)\/|\/(?:zod|yaml|kysely)\//.test(source)),
      ).toEqual([]);
    },
  );

  it("is no database, admin interface or other command for validate", async () => {
    const sources = await loadedBy(["validate", quickstart]);
    expect(sources).toContain("src/cli/commands/validate.ts");
    expect(sources).toContain("src/config/bind.ts");
    const unneeded = /^src\/(?:admin|operations|verifier|login|database\/(?:sqlite|postgres))\/|\/(?:kysely|hono)\//;
    expect(sources.filter((source) => unneeded.test(source))).toEqual([]);
    const others = sources.filter((source) => source.startsWith("src/cli/commands/"));
    expect(others).toEqual(["src/cli/commands/validate.ts"]);
  });

  it("is the database, and no admin interface, for apply", async () => {
    const sources = await loadedBy(["apply", quickstart], temporaryFolder());
    expect(sources).toContain("src/apply/apply.ts");
    expect(sources.some((source) => source.includes("/kysely/"))).toBe(true);
    expect(
      sources.filter((source) => /^src\/(?:admin|verifier|login)\/|\/(?:hono|openid-client)\//.test(source)),
    ).toEqual([]);
  });
});

/** The command as it is installed in a folder of its own, where nothing is cached yet. */
function installed(): { readonly bin: string; readonly cache: string; readonly folder: string } {
  const folder = temporaryFolder();
  for (const name of ["bin", "dist", "package.json"]) cpSync(name, join(folder, name), { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  for (const name of readdirSync("node_modules")) {
    if (/^(?:better-sqlite3|pg|undici|zod|kysely)/.test(name)) {
      symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
    }
  }
  return { bin: join(folder, "bin/vtb-setup.js"), cache: join(folder, "node_modules/.cache/quick"), folder };
}

/** The exit status and the output of an installed command; `uid` where this process may choose. */
function run(
  { bin, folder }: { readonly bin: string; readonly folder: string },
  args: readonly string[],
  uid?: number,
) {
  const { PATH = "" } = process.env;
  const options = {
    cwd: folder,
    env: { PATH, HOME: folder },
    encoding: "utf8",
    ...(uid !== undefined && { uid }),
  } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], options);
  return { status, stdout, stderr };
}

const validate = ["validate", quickstart] as const;
const valid = { status: 0, stdout: `Valid: ${quickstart}\n`, stderr: "" };

describe("the cached code of a command", () => {
  it("is written by its first run, used by the next, and one for each command", () => {
    const place = installed();
    // These use little of the code.
    expect(run(place, ["validate", "--help"]).status).toBe(0);
    expect(run(place, ["validate", "none.yaml"]).status).toBe(3);
    expect(existsSync(place.cache) ? readdirSync(place.cache) : []).toEqual([]);
    expect(run(place, validate)).toEqual(valid);
    const [file = "", ...others] = readdirSync(place.cache);
    expect(file).toMatch(new RegExp(`-${process.version}-${process.arch}-validate$`));
    expect(others).toEqual([]);
    const { ino, size } = statSync(join(place.cache, file));
    expect(size).toBeGreaterThan(100_000);
    expect(run(place, validate)).toEqual(valid);
    expect(statSync(join(place.cache, file)).ino).toBe(ino);
    expect(run(place, ["apply", quickstart])).toMatchObject({ status: 0 });
    expect(readdirSync(place.cache).map((name) => name.split("-").at(-1))).toEqual(["apply", "validate"]);
  });

  it("is written again where it can't be used", () => {
    const place = installed();
    run(place, validate);
    const [file = ""] = readdirSync(place.cache);
    const path = join(place.cache, file);
    const { size } = statSync(path);
    truncateSync(path, size / 2);
    expect(run(place, validate)).toEqual(valid);
    expect(statSync(path).size).toBeGreaterThan(size / 2);
    for (const from of [0.2, 0.5, 0.9]) {
      writeFileSync(path, readFileSync(path).fill(0, Math.floor(from * size)));
      expect(run(place, validate)).toEqual(valid);
    }
    writeFileSync(path, "something else");
    expect(run(place, validate)).toEqual(valid);
    expect(statSync(path).size).toBeGreaterThan(size / 2);
  });

  it("is never that of another version, whose program has the same length", () => {
    const place = installed();
    run(place, validate);
    const script = join(place.folder, "dist/quick.cjs");
    const code = readFileSync(script, "latin1");
    const [hash = ""] = /\w{16}/.exec(code) ?? [];
    writeFileSync(script, code.replace(hash, "0123456789abcdef").replace("`Valid: ", "`Sound: "), "latin1");
    expect(run(place, validate).stdout).toBe(`Sound: ${quickstart}\n`);
    expect(readdirSync(place.cache)).toEqual([expect.stringMatching(/^0123456789abcdef-/)]);
  });

  it("is nothing that others can write, whatever the umask", () => {
    const place = installed();
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    expect(run(place, validate)).toEqual(valid);
    expect(run(place, ["completion", "bash"]).status).toBe(0);
    const folder = join(place.folder, "node_modules/.cache");
    const modeOf = (path: string) => (statSync(join(folder, path)).mode & 0o777).toString(8);
    const [file = ""] = readdirSync(place.cache);
    expect(["", "quick", `quick/${file}`, "compile"].map(modeOf)).toEqual(["755", "755", "644", "700"]);
  });

  it("is neither used nor made in a folder that others can write, unless they can change the program too", () => {
    const place = installed();
    const [folder, dist] = [join(place.folder, "node_modules/.cache"), join(place.folder, "dist")];
    const writes = (codeMode: number, cacheMode: number) => {
      rmSync(folder, { recursive: true, force: true });
      chmodSync(dist, codeMode);
      mkdirSync(join(folder, "compile"), { recursive: true });
      mkdirSync(place.cache);
      chmodSync(folder, cacheMode);
      expect(run(place, validate)).toEqual(valid);
      expect(run(place, ["completion", "bash"]).status).toBe(0);
      return [place.cache, join(folder, "compile")].map((each) => readdirSync(each).length > 0);
    };
    const hasCompileCache = "enableCompileCache" in module;
    expect(writes(0o755, 0o777)).toEqual([false, false]);
    expect(writes(0o777, 0o777)).toEqual([true, hasCompileCache]);
    expect(writes(0o755, 0o755)).toEqual([true, hasCompileCache]);
  });

  it("is not needed: in a folder that can't be written, the command runs without", () => {
    const place = installed();
    chmodSync(place.folder, 0o755);
    chmodSync(join(place.folder, "node_modules"), 0o555);
    const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
    expect(run(place, ["validate", "-"], nobody).status).toBe(3);
    expect(readdirSync(join(place.folder, "node_modules"))).not.toContain(".cache");
    chmodSync(join(place.folder, "node_modules"), 0o755);
    writeFileSync(join(place.folder, "node_modules/.cache"), "");
    expect(run(place, validate)).toEqual(valid);
  });
});

/** A file that needs the full parser, and the comparison of names that look alike. */
const withAnchors = `groups_config_enable: true
groups_config:
  items:
    - { name: caf\u00e9, permissions: &read [taken.view_externetaak] }
    - { name: c\u0430fe, permissions: *read }
`;

describe("a command that starts from one file", () => {
  it.each(["validate", "plan", "apply"])("is %s, which says what the split bundle says", async (command) => {
    const place = installed();
    const database = ["--database", `sqlite:${join(place.folder, "x.db")}`];
    writeFileSync(join(place.folder, "anchors.yaml"), withAnchors);
    const lines = [
      ["anchors.yaml"],
      [quickstart],
      [quickstart, "--output", "json"],
      [quickstart, "--nonsense"],
      ["none.yaml"],
      [],
    ];
    for (const line of lines) {
      const args = [command, ...line, ...(command === "validate" || line.length === 0 ? [] : database)];
      forget(place.folder);
      const quick = run(place, args);
      forget(place.folder);
      const split = await runInProcess(args, { cwd: place.folder });
      expect({ ...quick, stdout: withoutRandom(quick.stdout) }).toEqual({
        status: split.status,
        stdout: withoutRandom(split.stdout),
        stderr: split.stderr,
      });
    }
  });

  it("uses the split bundle for a step's own module, which imports the same", async () => {
    const args = ["validate", "examples/custom-step/config.yaml", "--steps", "examples/custom-step/step.mjs"];
    const scripts = (await coverageOf(args)).map(({ url }) => url);
    expect(scripts).toContain(pathToFileURL("dist/index.js").href);
    expect(scripts).not.toContain(pathToFileURL("dist/quick.cjs").href);
  });

  it("ends with 13 where its work never ends", () => {
    const place = installed();
    const script = join(place.folder, "dist/quick.cjs");
    writeFileSync(script, "/*x*/(() => ({ main: () => new Promise(() => {}) }))");
    expect(run(place, validate).status).toBe(13);
  });
});

function forget(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith("x.db")) rmSync(join(folder, name));
}

/** The moments and ids of a run are its own. */
function withoutRandom(text: string): string {
  return text.replaceAll(/"[0-9a-f-]{36}"|\d{4}-\d\d-\d\dT[\d:.]+Z|(?<="durationMs": )\d+/g, "…");
}
