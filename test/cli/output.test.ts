import { spawn } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { applyCommand } from "../../src/cli/commands/apply.js";
import { createCliContext } from "../../src/cli/context.js";
import { openDatabase } from "../../src/database/open.js";
import { runCli, writeFiles } from "../support/cli.js";
import { tablesIn, tokenFile, tokenItem } from "../support/config-text.js";
import { databaseEnv, databaseOf, isMade } from "../support/databases.js";
import { settingsFor, temporaryFolder } from "../support/run.js";
import { tokensYaml } from "../support/tokens.js";

const bin = fileURLToPath(new URL("../../bin/vtb-setup.js", import.meta.url));
const generated = tokenFile(tokenItem("ci", "{generate: true}"), tokenItem("cd", "{generate: true}"));
const group = "groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n";

function folderWith(text: string): string {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": text });
  return folder;
}

function environment(folder: string) {
  return { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...databaseEnv(folder) };
}

/** Runs the command with redirections as a shell makes them. What it still writes to its streams is collected. */
async function redirected(folder: string, args: string, redirections: string) {
  const child = spawn("sh", ["-c", `exec "$0" ${JSON.stringify(bin)} ${args} ${redirections}`, process.execPath], {
    cwd: folder,
    env: environment(folder),
  });
  return await ended(child);
}

/** Runs the command with a standard output whose reader goes away at once, or with the first piece of text. */
async function abandoned(folder: string, args: readonly string[], leaves: "at once" | "after the first piece") {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env: environment(folder) });
  if (leaves === "at once") child.stdout.destroy();
  else child.stdout.once("data", () => child.stdout.destroy());
  return await ended(child);
}

function ended(child: ReturnType<typeof spawn>) {
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (piece: Buffer) => {
    stdout += piece;
  });
  child.stderr?.on("data", (piece: Buffer) => {
    stderr += piece;
  });
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** A pipe with a reader that reads on request. */
async function makePipe() {
  const file = join(temporaryFolder(), "pipe");
  await ended(spawn("sh", ["-c", `mkfifo "$0"`, file]));
  const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  // Opened separately: starting a process with it would wait.
  const writer = openSync(file, constants.O_WRONLY);
  onTestFinished(() => {
    closeSync(reader);
    closeSync(writer);
  });
  return { reader, writer, file };
}

/** Puts as much into a pipe as it takes, and gives how much that is. */
function fill(file: string): number {
  const writer = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  let length = 0;
  try {
    for (;;) length += writeSync(writer, "x");
  } catch {
    return length;
  } finally {
    closeSync(writer);
  }
}

/** Whether an apply has been committed. */
async function isApplied(url: string): Promise<boolean> {
  const database = await openDatabase(url, "read");
  try {
    return (await database?.kysely.selectFrom("runs").select("id").executeTakeFirst()) !== undefined;
  } catch {
    return false;
  } finally {
    await database?.close();
  }
}

/** What is in the pipe now. */
function readNow(pipe: number, size: number): string {
  const buffer = Buffer.alloc(size);
  try {
    return buffer.toString("utf8", 0, readSync(pipe, buffer));
  } catch {
    return "";
  }
}

/** How many writes a process has tried so far. */
function writesOf(pid = 0): string {
  return /syscw: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? "";
}

/** Starts the command with a standard output that nobody reads, and waits until it tries no more to write. */
async function stuck(folder: string, args: readonly string[]) {
  const pipe = await makePipe();
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: environment(folder),
    stdio: ["ignore", pipe.writer, "pipe"],
  });
  const end = ended(child);
  let read = "";
  while (read === "") {
    await setTimeout(20);
    read = readNow(pipe.reader, 1);
  }
  let before = "";
  while (writesOf(child.pid) !== before) {
    before = writesOf(child.pid);
    await setTimeout(300);
  }
  return { child, end, pipe, read };
}

const nothingChanged = "nothing was changed";

describe("F21: an apply whose report can't be written", () => {
  it.each(["text", "json"])(
    "says that the changes were made, ends with 1, and the next apply finds them (%s)",
    async (output) => {
      const folder = folderWith(group);
      const { status, stderr } = await redirected(folder, `apply config.yaml --output ${output}`, "> /dev/full");
      expect(status).toBe(1);
      expect(stderr).toContain(
        "error: the changes were made, but standard output can't be written (ENOSPC) [CHANGES_MADE]",
      );
      expect(stderr).not.toContain(nothingChanged);
      const again = await runCli(["apply", "config.yaml"], { cwd: folder });
      expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining("No changes.") });
      // Where nothing was changed, that is what is said.
      const idle = await redirected(folder, `apply config.yaml --output ${output}`, "> /dev/full");
      expect(idle).toMatchObject({ status: 1, stderr: expect.stringContaining(nothingChanged) });
    },
  );

  it("says so too where the reader has gone", async () => {
    const folder = folderWith(group);
    const { status, stderr } = await abandoned(folder, ["apply", "config.yaml"], "at once");
    expect(status).toBe(1);
    expect(stderr).toContain("the changes were made, but the reader of standard output is gone [CHANGES_MADE]");
    const idle = await abandoned(folder, ["apply", "config.yaml"], "at once");
    expect(idle).toMatchObject({ status: 0, stderr: "" });
  });

  it("ends with 1 where nothing at all can be said", async () => {
    const folder = folderWith(group);
    expect((await redirected(folder, "apply config.yaml", "> /dev/full 2> /dev/full")).status).toBe(1);
    expect((await redirected(folder, "apply config.yaml", ">&- 2>&-")).status).toBe(0);
  });

  it("says so of migrations", async () => {
    const folder = folderWith(group);
    const { status, stderr } = await redirected(folder, "migrate", "> /dev/full");
    expect(status).toBe(1);
    expect(stderr).toContain("[CHANGES_MADE]");
    expect(await runCli(["migrate"], { cwd: folder })).toMatchObject({
      stdout: expect.stringMatching(/^No changes\./),
    });
  });

  it("says so where rendering it fails, and what failed but not its text", async () => {
    const folder = folderWith(group);
    const session = createCliContext(process);
    const out = () => Promise.reject(new TypeError("quotes a secret"));
    const own = { ...session, cwd: folder, env: databaseEnv(folder), terminal: { ...session.terminal, out } };
    const failure: unknown = await applyCommand
      .run(own, settingsFor(folder), [join(folder, "config.yaml")])
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      reason: "internal",
      diagnostics: [{ code: "CHANGES_MADE" }, { code: "INTERNAL" }],
    });
    expect(String(failure)).not.toContain("quotes a secret");
    expect(await runCli(["plan", "config.yaml", "--detailed-exitcode"], { cwd: folder })).toMatchObject({ status: 0 });
  });
});

describe("F21: generated tokens", () => {
  it("are not generated where standard output is full or its reader gone, which is found out before the commit", async () => {
    const folder = folderWith(generated);
    const full = await redirected(folder, "apply config.yaml --output json", "> /dev/full");
    expect(full).toMatchObject({ status: 1, stderr: expect.stringContaining("[OUTPUT_FAILED]") });
    expect(full.stderr).toContain(nothingChanged);
    const gone = await abandoned(folder, ["apply", "config.yaml", "--output", "json"], "at once");
    expect(gone).toMatchObject({ status: 1, stderr: expect.stringContaining("[OUTPUT_FAILED]") });
    expect(gone.stderr).toContain(nothingChanged);
    expect((await runCli(["plan", "config.yaml", "--detailed-exitcode"], { cwd: folder })).status).toBe(2);
    // A twin: the same into a file.
    const kept = await redirected(folder, "apply config.yaml --output json", "> out.json");
    expect(kept).toMatchObject({ status: 0, stderr: expect.not.stringContaining("error") });
    const { generated: shown } = JSON.parse(readFileSync(join(folder, "out.json"), "utf8"));
    expect(shown).toHaveLength(2);
  });

  it.each(["> /dev/null", ">&-"])("are not generated where no one would see them: %s", async (redirection) => {
    const folder = folderWith(generated);
    const { status, stderr } = await redirected(folder, "apply config.yaml --output json", redirection);
    expect(status).toBe(4);
    expect(stderr).toContain("standard output is closed or the null device [TOKENS_UNSEEN]");
    expect(await isMade(databaseOf(folder))).toBe(false);
    // Twins: with a file for them, and without any.
    const args = "apply config.yaml --output json --tokens-out tokens.json";
    expect((await redirected(folder, args, redirection)).status).toBe(0);
    expect((await redirected(folder, args, redirection)).status).toBe(0);
  });

  it("are named where the reader goes away amid them", async () => {
    const names = Array.from({ length: 2000 }, (_, index) => `app-${index}`);
    const folder = folderWith(tokenFile(...names.map((name) => tokenItem(name, "{generate: true}"))));
    const args = ["apply", "config.yaml", "--output", "json"];
    const { status, stderr } = await abandoned(folder, args, "after the first piece");
    expect(status).toBe(1);
    expect(stderr).toContain("[CHANGES_MADE]");
    expect(stderr).not.toContain(nothingChanged);
    const hint = /generate each again: .*: (.*)/.exec(stderr)?.[1];
    expect(hint?.split(", ")).toEqual(names);
    const rows = await (await tablesIn(folder)).selectFrom("api_tokens").select("id").execute();
    expect(rows).toHaveLength(names.length);
  });
});

describe("F21: a command that changes nothing", () => {
  const commands = [
    ["plan config.yaml", 0],
    ["plan config.yaml --detailed-exitcode --output json", 2],
  ] as const;
  const withoutDatabase = [
    ["validate config.yaml", 0],
    ["validate config.yaml --output json", 0],
    ["schema", 0],
    ["steps", 0],
    ["plan --help", 0],
    ["--version", 0],
  ] as const;

  // Those that open no database run on one of the two.
  it.each(inject("dialect") === "sqlite" ? [...commands, ...withoutDatabase] : commands)(
    "ends with 1 where its output can't be written, and with its usual status where its reader has closed: %s",
    async (args, status) => {
      const folder = folderWith(group);
      const full = await redirected(folder, args, "> /dev/full");
      expect(full).toMatchObject({ status: 1, stderr: expect.stringContaining("(ENOSPC) [OUTPUT_FAILED]") });
      expect(full.stderr).toContain(nothingChanged);
      expect(await abandoned(folder, args.split(" "), "at once")).toEqual({ status, stdout: "", stderr: "" });
      expect((await redirected(folder, args, "2> /dev/full")).status).toBe(status);
      expect((await redirected(folder, args, "2>&-")).status).toBe(status);
    },
  );

  it("says on standard error why it failed, where standard output can't be written", async () => {
    const folder = folderWith(group.replace("name", "naam"));
    const { status, stderr } = await redirected(folder, "validate config.yaml --output json", "> /dev/full");
    expect({ status, isReported: stderr.includes("[UNKNOWN_FIELD]") }).toEqual({ status: 3, isReported: true });
    expect((await redirected(folder, "validate config.yaml", "2> /dev/full")).status).toBe(3);
  });
});

describe("F23: a reader that does not read", () => {
  const signals = [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const;

  it.each(signals)(
    "keeps a plan waiting without trying again and again, and %s ends it with %i",
    async (signal, status) => {
      const folder = folderWith(tokensYaml(1000, "old"));
      const { child, end } = await stuck(folder, ["plan", "config.yaml"]);
      child.kill(signal);
      expect(await end).toMatchObject({ status, stderr: expect.stringContaining("[INTERRUPTED]") });
    },
  );

  it("gets everything once it reads", async () => {
    const folder = folderWith(tokensYaml(1000, "old"));
    const { end, pipe, read } = await stuck(folder, ["plan", "config.yaml", "--output", "json"]);
    let [text, isOver] = [read, false];
    void end.then(() => {
      isOver = true;
    });
    for (let piece = "x"; !isOver || piece !== ""; text += piece) {
      piece = readNow(pipe.reader, 65_536);
      if (piece === "") await setTimeout(5);
    }
    expect(await end).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(text).changes).toHaveLength(1000);
  });

  it("keeps an apply from ending once it is committed, and a signal then ends it with 1, which names the tokens", async () => {
    const names = Array.from({ length: 500 }, (_, index) => `app-${index}`);
    const folder = folderWith(tokenFile(...names.map((name) => tokenItem(name, "{generate: true}"))));
    const { child, end } = await stuck(folder, ["apply", "config.yaml", "--output", "json"]);
    child.kill("SIGTERM");
    const { status, stderr } = await end;
    expect(status).toBe(1);
    expect(stderr).toContain("the changes were made, but a signal arrived while standard output was blocked");
    expect(stderr).toContain(`: ${names.join(", ")}\n`);
    expect(stderr).not.toContain(nothingChanged);
  });

  it("of standard error is waited for once the work is done, and a signal ends that too", async () => {
    const folder = folderWith(tokenFile(tokenItem("app", "short")));
    const pipe = await makePipe();
    const filled = fill(pipe.file);
    const child = spawn(process.execPath, [bin, "apply", "config.yaml"], {
      cwd: folder,
      env: environment(folder),
      stdio: ["ignore", "pipe", pipe.writer],
    });
    const end = ended(child);
    while (!(await isApplied(databaseOf(folder)))) await setTimeout(20);
    child.kill("SIGTERM");
    const { status, stdout } = await end;
    // The warning got no further, the report did.
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("Applied: 1 created") });
    expect(readNow(pipe.reader, filled + 1000)).toBe("x".repeat(filled));
  });
});
