import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";

const home = process.cwd();
let folderNow = home;
let running = 0;

/** Goes to a folder, which this process can only be in one of; waits until no command runs in another one. */
async function enter(folder) {
  while (running > 0 && folder !== folderNow) await setTimeout(5);
  running += 1;
  folderNow = folder;
  process.chdir(folder);
}

function leave() {
  running -= 1;
  // The folder may be deleted.
  if (running === 0) process.chdir(home);
}

/** Runs the bundled command in this process, which saves starting one. It has its own arguments, variables, folder and streams. */
export async function runInProcess(args, { cwd = home, env = {}, input = "" } = {}) {
  const { main } = await import(new URL("../../dist/cli.js", import.meta.url).href);
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-streams-"));
  const stdout = openSync(join(folder, "stdout"), "w");
  const stderr = openSync(join(folder, "stderr"), "w");
  // All that the command uses of its process.
  const own = {
    argv: [process.execPath, "vtb-setup", ...args],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    cwd: () => cwd,
    stdin: Readable.from([Buffer.from(input)]),
    stdout: { fd: stdout },
    stderr: { fd: stderr },
    once: () => {},
    exitCode: undefined,
  };
  await enter(cwd);
  try {
    await main(own);
    const read = (name) => readFileSync(join(folder, name), "utf8");
    return { status: own.exitCode ?? 0, signal: null, stdout: read("stdout"), stderr: read("stderr") };
  } finally {
    leave();
    for (const descriptor of [stdout, stderr]) closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
}
