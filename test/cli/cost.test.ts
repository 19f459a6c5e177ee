import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type CliResult, runCliProcess, writeFiles } from "../support/cli.js";
import { temporaryFolder } from "../support/run.js";

const ownSteps = 16;
const bytes = 40 * 1024;

/** A module of 16 steps, each a list of things with a text. */
const stepModule = `
  import { createResourceTable, defineKind, defineStep, text } from ${JSON.stringify(resolve("dist/index.js"))};
  import * as z from ${JSON.stringify(resolve("node_modules/zod/index.js"))};

  const numbers = Array.from({ length: ${ownSteps} }, (_, index) => index);
  export const kinds = numbers.map((number) => defineKind({
    name: "thing" + number, table: "things" + number, keyColumn: "name", columns: { note: text("note") },
    migrations: [{
      name: "thing" + number + ":0001",
      up: (db) => createResourceTable(db, { name: "things" + number, keyColumn: "name", texts: ["note"] }),
    }],
  }));
  export const steps = numbers.map((number) => defineStep({
    flag: "things" + number + "_enable", namespace: "things" + number, title: "Things " + number, kinds: [kinds[number]],
    schema: z.strictObject({ items: z.array(z.strictObject({ name: z.string(), note: z.string() })) }),
    declare: function declareThings({ items }) {
      return items.map(({ name, note }, index) => kinds[number].resource(name, { note }, ["items", index]));
    },
  }));
`;

/** The quickstart's four steps, and 16 more that fill 40 KB. */
function configuration(): string {
  const quickstart = readFileSync("examples/quickstart.yaml", "utf8");
  const share = Math.floor((bytes - quickstart.length) / ownSteps);
  const own = Array.from({ length: ownSteps }, (_, number) => {
    const flags = `things${number}_enable: true\nthings${number}:\n  items:\n`;
    const line = (index: number) => `    - { name: name-${100 + index}, note: something to say about it }\n`;
    const count = Math.ceil((share - flags.length) / line(0).length);
    return flags + Array.from({ length: count }, (_, index) => line(index)).join("");
  });
  return quickstart + own.join("");
}

const coverage = z.object({
  result: z.array(
    z.object({
      url: z.string(),
      functions: z.array(
        z.object({ functionName: z.string(), ranges: z.array(z.object({ count: z.number() })).min(1) }),
      ),
    }),
  ),
});

/** How often each function of the command (and of its steps' module) was called, as V8 counted. */
function callsIn(folder: string): ReadonlyMap<string, number> {
  const [report, ...others] = readdirSync(folder);
  if (report === undefined || others.length > 0) throw new Error("expected one process to have been counted");
  const { result } = coverage.parse(JSON.parse(readFileSync(join(folder, report), "utf8")));
  const calls = new Map<string, number>();
  for (const { url, functions } of result) {
    if (!url.startsWith("file:") || url.includes("/node_modules/")) continue;
    for (const { functionName, ranges } of functions) {
      calls.set(functionName, (calls.get(functionName) ?? 0) + (ranges[0]?.count ?? 0));
    }
  }
  return calls;
}

/** A folder with the files, and a way to validate there and count. */
function workplace() {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": configuration(), "steps.mjs": stepModule });
  const validate = async (args: readonly string[], input?: string) => {
    const options = {
      cwd: folder,
      env: { NODE_V8_COVERAGE: join(folder, "calls") },
      ...(input !== undefined && { input }),
    };
    const result = await runCliProcess(["validate", "--steps", "steps.mjs", "--output", "json", ...args], options);
    return { result, calls: callsIn(join(folder, "calls")) };
  };
  return { folder, validate };
}

const valid: Partial<CliResult> = { status: 0, stdout: expect.stringContaining('"outcome": "valid"') };

describe("a configuration of 20 steps and 40 KB", () => {
  it("is what is tested", async () => {
    const { folder } = workplace();
    expect(Math.abs(configuration().length - bytes)).toBeLessThan(1024);
    const listed = await runCliProcess(["steps", "--steps", "steps.mjs", "--output", "json"], { cwd: folder });
    const { steps } = JSON.parse(listed.stdout);
    expect(steps).toHaveLength(20);
    for (const { flag } of steps) expect(configuration()).toContain(`\n${flag}: true\n`);
  });

  it("is read from standard input once, parsed once, and declared once by each step", async () => {
    const { validate } = workplace();
    const { result, calls } = await validate(["-"], configuration());
    expect(result).toMatchObject(valid);
    expect(calls.get("readAll")).toBe(1);
    expect(calls.get("readSimple")).toBe(1);
    expect(calls.get("validateSection")).toBe(20);
    expect(calls.get("declareThings")).toBe(ownSteps);
  });

  it("is read from a FIFO, which can be read only once", async () => {
    const { folder, validate } = workplace();
    const fifo = join(folder, "fifo");
    execFileSync("sh", ["-c", 'mkfifo "$0"', fifo]);
    // A second reader would wait for a second writer until the test times out.
    const writer = spawn("sh", ["-c", 'cat config.yaml > "$0"', fifo], { cwd: folder });
    const { result, calls } = await validate(["fifo"]);
    expect(result).toMatchObject(valid);
    expect(calls.get("readBytes")).toBe(1);
    expect(calls.get("readSimple")).toBe(1);
    expect(writer.exitCode).toBe(0);
  });

  it("is parsed once more for each other file: the counting counts", async () => {
    const { folder, validate } = workplace();
    writeFiles(folder, { "more.yaml": "things0:\n  items:\n    - { name: more, note: more }\n" });
    const { result, calls } = await validate(["config.yaml", "more.yaml"]);
    expect(result).toMatchObject(valid);
    expect(calls.get("readBytes")).toBe(2);
    expect(calls.get("readSimple")).toBe(2);
    expect(calls.get("declareThings")).toBe(ownSteps + 1);
  });
});
