import { FetchFailure } from "./fetch-failure.js";

export interface TimeLimit {
  /** Aborts with a {@link FetchFailure} when the time is over, or with the reason of the first signal that aborts. */
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

/** Built by hand since on Node 20 `AbortSignal.any` can lose a timeout to the garbage collector. */
export function startTimeLimit(timeoutMs: number, signals: readonly (AbortSignal | null | undefined)[]): TimeLimit {
  const limit = new AbortController();
  const stopped = new AbortController();
  const timer = setTimeout(() => limit.abort(timeoutFailure(timeoutMs)), timeoutMs);
  for (const signal of signals) {
    if (signal?.aborted) limit.abort(signal.reason);
    signal?.addEventListener("abort", () => limit.abort(signal.reason), { once: true, signal: stopped.signal });
  }
  return {
    signal: limit.signal,
    stop: () => {
      clearTimeout(timer);
      stopped.abort();
    },
  };
}

function timeoutFailure(timeoutMs: number): FetchFailure {
  return new FetchFailure(
    true,
    `the server did not answer in full within ${timeoutMs / 1000} s`,
    "check host and port in the URL, and the network's policies",
  );
}
