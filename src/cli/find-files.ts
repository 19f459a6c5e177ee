import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { setupError } from "../errors.js";

/**
 * The files that patterns such as `access/*.yaml` stand for, sorted, where a shell has not replaced them; every other path as it is.
 *
 * @throws SetupError `FILE_UNREADABLE` (invalid) for a pattern that no file fits
 */
export async function findFiles(paths: readonly string[], cwd: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const path of paths) for (const file of await filesOf(path, cwd)) found.add(file);
  return [...found];
}

async function filesOf(path: string, cwd: string): Promise<readonly string[]> {
  if (!/[*?[\]{}]/.test(path) || existsSync(path)) return [path];
  const { glob } = await import("tinyglobby");
  const files = await glob(path, { cwd, absolute: isAbsolute(path), expandDirectories: false });
  if (files.length > 0) return files.sort();
  const hint = "check the pattern; it is relative to the working directory";
  throw setupError("invalid", "FILE_UNREADABLE", `no file fits ${path}`, hint);
}
