import type { CliOptions, CliResult } from "./cli.js";

export function runInProcess(args: readonly string[], options?: CliOptions): Promise<CliResult>;
