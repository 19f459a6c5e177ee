import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Outside of the checkout, so that only the first run on a machine pays for the downloads. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "vtb-setup-peers");
const maxAttempts = 3;
const pauseMs = 5000;

/** Fills a folder that is moved into the cache when it is complete. Paths in it must not name the folder. */
export type Make = (folder: string) => Promise<void>;

/**
 * The folder of this name in the cache, created where it does not exist. What fails is tried three times, and an incomplete folder
 * never counts; another process may create the same meanwhile.
 */
export async function kept(name: string, make: Make): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const half = mkdtempSync(`${folder}.half-`);
    try {
      await make(half);
      renameSync(half, folder);
      return folder;
    } catch (error) {
      rmSync(half, { recursive: true, force: true });
      if (existsSync(folder)) return folder;
      if (attempt === maxAttempts) throw new Error(`${name} can't be installed: ${error}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** Runs a program to its end; what it printed on both streams is in the error where it fails. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { env, ...others } = options;
  const { stdout } = await promisify(execFile)(program, args, {
    ...others,
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

interface RunOptions {
  readonly cwd?: string;
  /** Beside what this process has. */
  readonly env?: Readonly<Record<string, string>>;
}
