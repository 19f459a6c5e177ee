import { type Finding, failed, type Subject, unreachable } from "./finding.js";

/** Runs a check until its time is over; then that is what it found. */
export type Bounded = (
  subject: Subject,
  check: string,
  work: () => Promise<readonly Finding[]>,
) => Promise<readonly Finding[]>;

/**
 * Bounds checks that run side by side: each by its own time, and all of them by a signal that is also theirs.
 *
 * @param signal aborted when the time of all is over
 */
export function createBounds(signal: AbortSignal, checkTimeoutMs: number): Bounded {
  return async (subject, check, work) => {
    let stop = () => {};
    const stopped = new Promise<readonly Finding[]>((resolve) => {
      const giveUp = (why: string) => resolve([unfinished(subject, check, why)]);
      const timer = setTimeout(giveUp, checkTimeoutMs, `within ${checkTimeoutMs / 1000} s`);
      const abort = () => giveUp("before the time of all checks was over");
      signal.addEventListener("abort", abort, { once: true });
      stop = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      };
      if (signal.aborted) abort();
    });
    try {
      // Work that goes on has nobody to tell of its end.
      return await Promise.race([stopped, work().catch((error: unknown) => failed(subject, check, error))]);
    } finally {
      stop();
    }
  };
}

function unfinished(subject: Subject, check: string, why: string): Finding {
  return unreachable(subject, check, {
    code: "CHECK_UNFINISHED",
    message: `the check ${check} did not end ${why}`,
    hint: "try again, with more time: --timeout 2m",
  });
}
