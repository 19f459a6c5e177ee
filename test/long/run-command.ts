import { expect } from "vitest";
import { startCli } from "../support/cli-process.js";

/** What a command that succeeds prints. */
export async function run(folder: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = await startCli(args, { cwd: folder }).ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining("error") });
  return stdout;
}
