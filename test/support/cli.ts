import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import { runInProcess } from "./command-in-process.mjs";
import { databaseEnv } from "./databases.js";

export interface CliOptions {
  readonly cwd?: string;
  /** Added to PATH and HOME, which are all that is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads from standard input; without it, there is none. */
  readonly input?: string | Buffer;
  readonly timeoutMs?: number;
}

export interface CliResult {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

const program = fileURLToPath(new URL("../../bin/vtb-setup.js", import.meta.url));

/**
 * Runs the command to its end, by default with its folder's own database: in this process, which takes a sixth of the time of
 * starting one. For tests of what the command reads, says and writes; `npm run test:processes` starts a process for each.
 */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  if (inject("commands") === "processes") return runCliProcess(args, options);
  const { cwd, env } = options;
  return runInProcess(args, { ...options, ...(cwd !== undefined && { env: databaseEnv(cwd, env) }) });
}

/** The same in a process of its own, whose standard streams are pipes: for tests of how the command starts, runs and ends. */
export function runCliProcess(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { PATH = "", HOME = "" } = process.env;
  const { cwd, env = {} } = options;
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH, HOME, ...(cwd === undefined ? env : databaseEnv(cwd, env)) },
    timeout: options.timeoutMs ?? 25_000,
    killSignal: "SIGKILL",
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (piece: Buffer) => stdout.push(piece));
  child.stderr.on("data", (piece: Buffer) => stderr.push(piece));
  // A command that reads no input may be gone before it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) =>
      resolve({ status, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

/** Writes text files into a folder, with the folders that their names have. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
