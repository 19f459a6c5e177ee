import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { databaseEnv } from "../support/databases.js";

const program = fileURLToPath(new URL("../../bin/vtb-setup.js", import.meta.url));

/** Runs the real command under a umask such as `0277`. */
export function runWithUmask(umask: string, args: readonly string[], cwd: string) {
  const { PATH = "", HOME = "" } = process.env;
  const shell = ["-c", 'umask "$1"; shift; exec "$@"', "sh", umask, process.execPath, program];
  const { status, stdout, stderr } = spawnSync("sh", [...shell, ...args], {
    cwd,
    env: { PATH, HOME, ...databaseEnv(cwd) },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}
