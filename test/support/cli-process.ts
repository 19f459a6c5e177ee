import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { CliResult } from "./cli.js";
import { databaseEnv } from "./databases.js";

const bin = fileURLToPath(new URL("../../bin/vtb-setup.js", import.meta.url));

export interface CliProcess {
  /** Resolves once what the command said on standard error matches, and fails where it ends before. */
  readonly said: (pattern: RegExp) => Promise<void>;
  /** The same for standard output; resolves to the match. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Resolves once the command has read (nearly all of) the text from its standard input, which stays open. */
  readonly write: (text: string) => Promise<void>;
  readonly kill: (signal: "SIGINT" | "SIGTERM" | "SIGKILL" | "SIGHUP") => void;
  readonly ended: Promise<CliResult>;
}

export interface CliProcessOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** As which user it runs, where this process may choose. */
  readonly uid?: number;
  /** In which group, where not in its own. */
  readonly gid?: number;
}

/** Starts the real command, for tests that do something while it runs. It ends with the test. */
export function startCli(args: readonly string[], { cwd, env = {}, uid, gid = uid }: CliProcessOptions): CliProcess {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...databaseEnv(cwd, env) },
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdin.on("error", () => {});
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  const find = (stream: Readable, textNow: () => string, pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(textNow());
        if (found) resolve(found);
      };
      look();
      // After the listener that collects the text.
      stream.on("data", look);
      void ended.then(() => reject(new Error(`it never said ${pattern}: ${stdout}${stderr}`)), reject);
    });
  return {
    said: async (pattern) => void (await find(child.stderr, () => stderr, pattern)),
    printed: (pattern) => find(child.stdout, () => stdout, pattern),
    write: (text) => new Promise((resolve) => child.stdin.write(text, () => resolve())),
    kill: (signal) => void child.kill(signal),
    ended,
  };
}
