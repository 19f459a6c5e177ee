import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openLiveDatabase } from "../../src/database/open-live.js";
import { apply } from "../../src/engine/apply.js";
import { loadConfig } from "../../src/engine/load.js";
import type { LoadOptions } from "../../src/engine/load-options.js";
import { type ProblemCode, problemCodes, SetupError } from "../../src/errors.js";
import { outcomeToJson } from "../../src/report/json.js";
import { createCanaries } from "../support/canaries.js";
import { runCli, writeFiles } from "../support/cli.js";
import { always, startServer, type TestServer } from "../support/http-server.js";
import { openForTest, runOptions, temporaryFolder } from "../support/run.js";
import { createBase } from "./canary-base.js";
import { type Command, origins, type Row } from "./canary-row.js";
import { firstCanaryRows } from "./canary-rows-a-i.js";
import { lastCanaryRows } from "./canary-rows-k-y.js";

const canaries = createCanaries();
const base = createBase(canaries);
let server: TestServer | undefined;
let closedOrigin = "";
const rows = [...firstCanaryRows(canaries), ...lastCanaryRows(canaries)];

const everyRun: readonly { readonly command: Command; readonly output: "text" | "json" }[] = [
  { command: "validate", output: "text" },
  { command: "plan", output: "json" },
  { command: "apply", output: "text" },
  { command: "validate", output: "json" },
  { command: "plan", output: "text" },
  { command: "apply", output: "json" },
];

// What libraries and Node print when they are asked to tell more.
const talkative = { LOG_TOKENS: "1", LOG_STREAM: "1", NODE_DEBUG: "*", DEBUG: "*" };

beforeAll(async () => {
  const closed = await startServer(always(200, {}));
  closedOrigin = closed.origin;
  await closed.close();
  server = await startServer(always(200, { issuer: "https://elsewhere.example" }));
});

afterAll(() => server?.close());

/** What needs more than files and a command line. */
const inProcess: Readonly<Partial<Record<ProblemCode, (folder: string) => Promise<unknown>>>> = {
  DATABASE_LOCKED: async (folder) => {
    const database = `sqlite:${join(folder, "auth.db")}`;
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const holder = await openForTest(database).kysely.startTransaction().execute();
    await holder.schema.createTable("held").addColumn("id", "integer").execute();
    try {
      return await apply(configuration, runOptions(database, { env: base.env, lockTimeoutMs: 100 }));
    } finally {
      await holder.rollback().execute();
    }
  },
  INTERRUPTED: async (folder) => {
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const stopped = { env: base.env, signal: AbortSignal.abort() };
    return apply(configuration, runOptions(`sqlite:${join(folder, "auth.db")}`, stopped));
  },
  DATABASE_OLDER: async (folder) => {
    const database = `sqlite:${join(folder, "auth.db")}`;
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    await apply(configuration, runOptions(database, { env: base.env }));
    await openForTest(database).kysely.deleteFrom("setup_migrations").where("name", "<>", "0001_tables").execute();
    const live = openLiveDatabase(database, "read");
    onTestFinished(() => live.close());
    return live.changes.current();
  },
};

describe("S89 I3 no secret is told by any command, as text or JSON, with every code of the program", () => {
  it.each(rows.map((row) => [row.code, row.how, row] as const))("%s: %s", async (code, _how, row) => {
    // All six for each code once; its other rows differ in what is read, not in how it is told.
    const isFirst = rows.find((other) => other.code === code) === row;
    const told = await Promise.all(
      (isFirst ? everyRun : everyRun.slice(0, 3)).map(async ({ command, output }) => ({
        command,
        output,
        ...(await provoke(row, command, output)),
      })),
    );
    for (const { command, output, codes, leaks } of told) {
      expect(leaks, `${command} --output ${output}`).toEqual([]);
      if (row.told?.includes(command) ?? true) expect(codes, `${command} --output ${output}`).toContain(code);
    }
  });

  it.each(Object.entries(inProcess))("%s, in this process", async (code, provokeHere) => {
    const folder = temporaryFolder();
    base.write(folder);
    const error = await provokeHere(folder).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof SetupError)) throw new Error("expected a refusal", { cause: error });
    expect(error.problems.map((problem) => problem.code)).toEqual([code]);
    const shown = [String(error.stack), JSON.stringify(outcomeToJson("apply", "failed", error.problems)), deep(error)];
    expect(canaries.foundIn(shown.join("\n"))).toEqual([]);
  });

  it("has a way to provoke each code", () => {
    const provoked = new Set<string>([...rows.map(({ code }) => code), ...Object.keys(inProcess)]);
    expect([...provoked].sort()).toEqual(Object.keys(problemCodes).sort());
  });

  it("finds a secret that is told, however it is encoded", () => {
    const secret = canaries.add("told", 'zo "geheim" als\nwat');
    const encoded = Buffer.from(`xx${secret}yy`).toString("base64");
    for (const text of [secret, JSON.stringify({ secret }), encoded, Buffer.from(secret).toString("hex")]) {
      expect(canaries.foundIn(`before ${text} after`)).toContain("told");
    }
    expect(canaries.foundIn("nothing of the kind")).toEqual([]);
  });

  it("S89 a configuration in memory shows no secret when it is printed", async () => {
    const folder = temporaryFolder();
    base.write(folder);
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    expect(configuration.resources.length).toBeGreaterThan(9);
    expect(canaries.foundIn(deep(configuration) + JSON.stringify(configuration))).toEqual([]);
  });
});

function loadOptions(folder: string): LoadOptions {
  const cwd = folder;
  return {
    steps: [],
    kinds: [],
    env: base.env,
    cwd,
    strict: false,
    stdin: async () => Buffer.alloc(0),
    now: new Date(),
  };
}

function deep(value: unknown): string {
  return inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null, breakLength: 120 });
}

async function provoke(row: Row, command: Command, output: "text" | "json") {
  const folder = temporaryFolder();
  base.write(folder);
  const yaml = row.yaml?.replaceAll(origins.other, server?.origin ?? "").replaceAll(origins.closed, closedOrigin);
  writeFiles(folder, { ...row.files, ...(yaml !== undefined && { "rij.yaml": yaml }) });
  const inputs = new Set(readdirSync(folder));
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runCli(args, { cwd: folder, env: { ...base.env, ...talkative, ...env } });
  if (row.applied) expect((await run(["apply", "base.yaml", "--database", "sqlite:auth.db"])).status).toBe(0);
  await row.prepare?.(folder);
  const database = command === "validate" || row.database === "" ? [] : [row.database ?? "sqlite:auth.db"];
  const { status, stdout, stderr } = await run(
    [
      command,
      ...(row.withBase === false ? [] : ["base.yaml"]),
      ...(yaml === undefined ? [] : ["rij.yaml"]),
      ...database.flatMap((url) => ["--database", url]),
      ...(row.args ?? []),
      ...["--output", output],
    ],
    row.env,
  );
  expect(status, stderr).not.toBeNull();
  const made = readdirSync(folder).filter((name) => !inputs.has(name));
  const left = made.map((name) => [name, readFileSync(join(folder, name))] as const);
  const leaks = [["stdout", stdout] as const, ["stderr", stderr] as const, ...left].flatMap(([where, written]) =>
    canaries.foundIn(written).map((name) => `${name} in ${where}`),
  );
  return { codes: output === "json" ? codesInJson(stdout) : codesInText(stderr), leaks };
}

function codesInText(stderr: string): readonly string[] {
  return [...stderr.matchAll(/\[([A-Z_]+)\]/g)].map(([, code]) => String(code));
}

function codesInJson(stdout: string): readonly string[] {
  const outcome: { readonly diagnostics: readonly { readonly code: string }[] } = JSON.parse(stdout);
  return outcome.diagnostics.map(({ code }) => code);
}
