import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** The names of this process's open files, where the system lists them; those that are deleted have ` (deleted)` behind them. */
export function openFiles(): readonly string[] {
  const folder = existsSync("/proc/self/fd") ? "/proc/self/fd" : "/dev/fd";
  return readdirSync(folder).flatMap((number) => {
    try {
      return [readlinkSync(join(folder, number))];
    } catch {
      return [];
    }
  });
}
