import { spawn } from "node:child_process";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import type { CliResult } from "./cli.js";

interface Command {
  readonly args: readonly string[];
  readonly cwd: string;
  /** Beside PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
}

export interface CommandRunner {
  /** Runs these commands one after the other. One call at a time. */
  readonly run: (commands: readonly Command[]) => Promise<readonly CliResult[]>;
  /** What the process has written to its own standard error, such as what libraries log. */
  readonly said: () => string;
  readonly end: () => void;
}

const program = fileURLToPath(new URL("many-commands.mjs", import.meta.url));

/** Starts one process that runs many commands, which saves starting one for each. Its own variables are PATH, HOME and these. */
export function startCommandRunner(env: Readonly<Record<string, string>>): CommandRunner {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [program], { env: { PATH, HOME, ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stdin.on("error", () => {});
  return {
    run: async (commands) => {
      child.stdin.write(`${JSON.stringify(commands)}\n`);
      const line = await lines.next();
      if (line.done) throw new Error(`the process of the commands has ended: ${said.slice(-2000)}`);
      return JSON.parse(line.value);
    },
    said: () => said,
    end: () => void child.kill("SIGKILL"),
  };
}
