import { setupError } from "../errors.js";

/** @throws SetupError `INTERRUPTED` once the signal has come */
export function stopIfInterrupted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw setupError("interrupted", "INTERRUPTED", "stopped by a signal; nothing was changed", "run it again");
}

/**
 * Lets a signal be heard between pieces of work that never leave the event loop's turn by themselves.
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
