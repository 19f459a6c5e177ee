import { type Diagnostic, SetupError, setupError } from "../errors.js";
import { type RetryOptions, sleep, type Wait, withRetry } from "../retry.js";
import type { DatabaseOptions } from "./options.js";

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
  const once = (waitMs: number) => {
    stopIfInterrupted(options.signal);
    return work({ ...options, waitMs });
  };
  const report = (error: unknown, wait: Wait) => {
    if (!isMissingReference(error)) return;
    for (const { message } of error.diagnostics)
      options.onWaiting(`another run to create what is missing: ${message}`, wait);
  };
  try {
    return await withRetry(isMissingReference, once, waiting(options, report));
  } catch (error) {
    if (options.waitMs === 0 || !isMissingReference(error)) throw error;
    throw new SetupError("unavailable", error.diagnostics.map(tellWaited), { cause: error });
  }
}

function isMissingReference(error: unknown): error is SetupError {
  return error instanceof SetupError && error.diagnostics.every(({ code }) => code === "REFERENCE_NOT_FOUND");
}

function tellWaited(diagnostic: Diagnostic): Diagnostic {
  const hint = "apply the files that declare it, wait longer with --wait, or correct the name";
  return { ...diagnostic, hint };
}

/** Retries what is unavailable, for as long as `--wait` allows. */
export function awaitDatabase<T>(options: DatabaseOptions, work: () => Promise<T>): Promise<T> {
  const isUnavailable = (error: unknown) => error instanceof SetupError && error.reason === "unavailable";
  const once = () => {
    stopIfInterrupted(options.signal);
    return work();
  };
  return withRetry(
    isUnavailable,
    once,
    waiting(options, (_, wait) => options.onWaiting("the database", wait)),
  );
}

function waiting(options: DatabaseOptions, onRetry: (error: unknown, wait: Wait) => void): RetryOptions<unknown> {
  return {
    timeoutMs: options.waitMs,
    pauseMs: () => 500,
    now: () => options.now().getTime(),
    sleep: (ms) => sleep(ms, options.signal),
    onRetry,
  };
}

/** @throws SetupError `INTERRUPTED` once the signal has come */
export function stopIfInterrupted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw setupError("interrupted", "INTERRUPTED", "interrupted by a signal; nothing was changed", "run it again");
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
