import { type Diagnostic, SetupError, setupError } from "../errors.js";
import type { DatabaseOptions } from "./options.js";

const retryMs = 500;

/**
 * Retries while references are missing, for as long as `--wait` allows: another owner's run may create what they name.
 * `work` gets the remaining time.
 *
 * @throws SetupError what `work` throws; as unavailable where waiting did not help
 */
export async function awaitReferences<O extends DatabaseOptions, T>(
  options: O,
  work: (options: O) => Promise<T>,
): Promise<T> {
  const deadline = options.now().getTime() + options.waitMs;
  for (;;) {
    const left = Math.max(0, deadline - options.now().getTime());
    try {
      return await work({ ...options, waitMs: left });
    } catch (error) {
      if (options.waitMs === 0 || !isMissingReference(error)) throw error;
      if (left === 0) throw new SetupError("unavailable", error.problems.map(tellWaited), { cause: error });
      for (const { message } of error.problems) options.onWaiting(`waiting, as ${message}`);
      await sleep(Math.min(retryMs, left), options.signal);
      stopIfInterrupted(options.signal);
    }
  }
}

function isMissingReference(error: unknown): error is SetupError {
  return error instanceof SetupError && error.problems.every(({ code }) => code === "REFERENCE_NOT_FOUND");
}

function tellWaited(problem: Diagnostic): Diagnostic {
  const hint = "apply the files that declare it, give that more time with --wait, or correct the name";
  return { ...problem, hint };
}

/** Retries what is unavailable, for as long as `--wait` allows. */
export async function withRetry<T>(options: DatabaseOptions, work: () => Promise<T>): Promise<T> {
  const deadline = options.now().getTime() + options.waitMs;
  for (;;) {
    stopIfInterrupted(options.signal);
    try {
      return await work();
    } catch (error) {
      const left = deadline - options.now().getTime();
      if (!(error instanceof SetupError) || error.reason !== "unavailable" || left <= 0) throw error;
      options.onWaiting("waiting for the database");
      await sleep(Math.min(retryMs, left), options.signal);
    }
  }
}

/** @throws SetupError `INTERRUPTED` once the signal has come */
export function stopIfInterrupted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw setupError("interrupted", "INTERRUPTED", "stopped by a signal; nothing was changed", "run it again");
}

/**
 * Gives a signal a chance between pieces of work that never yield to the event loop by themselves.
 *
 * @throws SetupError `INTERRUPTED` once the signal has come
 */
export async function checkpoint(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  stopIfInterrupted(signal);
}

/** Waits, but no longer than until the signal comes. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
  });
}
