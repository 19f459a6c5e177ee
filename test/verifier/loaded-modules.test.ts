import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { adapters } from "../../scripts/entries.mjs";
import { runCli } from "../support/cli.js";
import { sealingEnv, temporaryDatabase } from "../support/databases.js";

const unwanted = ["commander", "yaml", "zod", "openid-client", "jose"];

/** Writes each module that is loaded to standard output, from the thread that loads them. */
const hooks = `
  import { writeSync } from "node:fs";
  export async function load(url, context, next) {
    writeSync(1, url + "\\n");
    return next(url, context);
  }`;
const preload = `
  import { register } from "node:module";
  register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;

/** The sources of every module that a program loads: of a bundle, what went into it. */
function sourcesLoadedBy(program: string): readonly string[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(preload)}`, "--input-type=module", "-e", program],
    { encoding: "utf8", cwd: fileURLToPath(new URL("../..", import.meta.url)) },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout
    .split("\n")
    .filter((url) => url.startsWith("file:"))
    .flatMap((url) => {
      const map = `${fileURLToPath(url)}.map`;
      // Written by the bundler: a list of paths.
      const bundled = existsSync(map)
        ? (JSON.parse(readFileSync(map, "utf8")) as { readonly sources: string[] }).sources
        : [];
      return [fileURLToPath(url), ...bundled];
    });
}

function packagesIn(sources: readonly string[]): readonly string[] {
  const names = sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []);
  return [...new Set(names)].sort();
}

describe("importing vtb-setup/verifier", () => {
  it("loads no command line, YAML, schemas or login, also when it is used", async () => {
    const database = temporaryDatabase();
    const quickstart = join(process.cwd(), "examples/quickstart.yaml");
    const args = ["apply", "--offline", "--output", "json", "--database", database, quickstart];
    const applied = await runCli(args, { env: sealingEnv() });
    expect(applied.status).toBe(0);
    const program = `
      import { createVerifier } from "vtb-setup/verifier";
      const verifier = await createVerifier({ database: ${JSON.stringify(database)}, env: ${JSON.stringify(sealingEnv())} });
      const outcome = await verifier.authenticate("Token ba9d233e95e04c4a8a661a27daffe7c9bd019067");
      await verifier.close();
      if (outcome.kind !== "authenticated") throw new Error(outcome.kind);`;
    const sources = sourcesLoadedBy(program);
    const packages = packagesIn(sources);
    expect(packages).toContain("kysely");
    expect(packages.filter((name) => unwanted.includes(name))).toEqual([]);
    expect(sources.filter((source) => source.includes("/src/verifier/")).length).toBeGreaterThan(5);
    const others = /\/src\/(?:admin|apply|cli|config|login|operations|plan|report|resources|telemetry|testing|yaml)\//;
    expect(sources.filter((source) => others.test(source))).toEqual([]);
  });

  it.each(adapters)("loads no framework with the adapter for %s", (name) => {
    expect(packagesIn(sourcesLoadedBy(`import "vtb-setup/verifier/${name}";`))).toEqual([]);
  });

  it("loads no OpenTelemetry with vtb-setup/telemetry, which takes the program's own", () => {
    const sources = sourcesLoadedBy('import "vtb-setup/telemetry";');
    expect(packagesIn(sources)).toEqual([]);
    expect(sources.filter((source) => source.includes("/src/telemetry/")).length).toBeGreaterThan(3);
  });

  it("would notice", () => {
    const cli = pathToFileURL(fileURLToPath(new URL("../../dist/index.js", import.meta.url))).href;
    expect(packagesIn(sourcesLoadedBy(`import ${JSON.stringify(cli)};`))).toContain("zod");
  });
});
