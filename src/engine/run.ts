import type { RunOptions } from "./options.js";
import type { RunResult } from "./result.js";

/** Starts a run's clock; what it gives ends it with the result. */
export function beginRun(
  command: RunResult["command"],
  { now, newId }: Pick<RunOptions, "now" | "newId">,
): (result: Omit<RunResult, "command" | "run">) => RunResult {
  const id = newId();
  const started = now();
  return (result) => ({
    command,
    ...result,
    run: { id, startedAt: started.toISOString(), durationMs: now().getTime() - started.getTime() },
  });
}
