import type { DatabaseOptions } from "./options.js";

/** When a run began, and how long it took. */
export interface RunTimes {
  readonly id: string;
  readonly startedAt: string;
  readonly durationMs: number;
}

/** Starts a run's clock; what it gives ends it with the result. */
export function beginRun<const C extends string>(
  command: C,
  { now, newId }: Pick<DatabaseOptions, "now" | "newId">,
): <R extends object>(result: R) => R & { readonly command: C; readonly run: RunTimes } {
  const id = newId();
  const started = now();
  return (result) => ({
    command,
    ...result,
    run: { id, startedAt: started.toISOString(), durationMs: now().getTime() - started.getTime() },
  });
}
