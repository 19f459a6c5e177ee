/** Waits; a signal ends it early, without an error. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
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

/** The pause after so many failures before, in milliseconds: it doubles up to the maximum. */
export function backoff(firstMs: number, maxMs: number): (failures: number) => number {
  return (failures) => Math.min(firstMs * 2 ** failures, maxMs);
}

/** How long the work has been repeated, and for how long it may be. */
export interface Wait {
  readonly waitedMs: number;
  readonly leftMs: number;
}

/** How often a wait is reported while an attempt or a pause lasts. */
export const reportEveryMs = 10_000;

export interface RetryOptions<T> {
  /** How long to repeat. 0: the work is done once. */
  readonly timeoutMs: number;
  /** By how often the work was repeated before; the last pause is cut short, so that the work is done once more at the end. */
  readonly pauseMs: (retries: number) => number;
  /** In milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Called before each pause, and every ten seconds while a pause or the next attempt lasts. */
  readonly onRetry?: (last: T, wait: Wait) => void;
}

/** Repeats work while its result is temporary and there is time. Returns the last result. */
export async function retryWhile<T>(
  isTemporary: (result: T) => boolean,
  work: (leftMs: number) => Promise<T>,
  { timeoutMs, pauseMs, now, sleep, onRetry }: RetryOptions<T>,
): Promise<T> {
  const startedMs = now();
  const leftMs = (): number => Math.max(0, startedMs + timeoutMs - now());
  let reports: NodeJS.Timeout | undefined;
  try {
    for (let retries = 0; ; retries += 1) {
      const result = await work(leftMs());
      clearInterval(reports);
      if (!isTemporary(result) || leftMs() === 0) return result;
      const report = (): void => onRetry?.(result, { waitedMs: now() - startedMs, leftMs: leftMs() });
      report();
      reports = setInterval(report, reportEveryMs);
      await sleep(Math.min(pauseMs(retries), leftMs()));
    }
  } finally {
    clearInterval(reports);
  }
}

/** Repeats work that fails with a temporary error, while there is time. Rejects with the last error. */
export async function withRetry<T>(
  isTemporary: (error: unknown) => boolean,
  work: (leftMs: number) => Promise<T>,
  { onRetry, ...options }: RetryOptions<unknown>,
): Promise<T> {
  type Result = { readonly kind: "done"; readonly value: T } | { readonly kind: "failed"; readonly error: unknown };
  const attempt = async (leftMs: number): Promise<Result> => {
    try {
      return { kind: "done", value: await work(leftMs) };
    } catch (error) {
      return { kind: "failed", error };
    }
  };
  const result = await retryWhile<Result>((last) => last.kind === "failed" && isTemporary(last.error), attempt, {
    ...options,
    onRetry: (last, wait) => last.kind === "failed" && onRetry?.(last.error, wait),
  });
  if (result.kind === "failed") throw result.error;
  return result.value;
}

/** A failed call to a server. */
export interface CallFailure {
  /** For an operator. */
  readonly message: string;
  readonly atMs: number;
}

/** Prevents one call per request to a server that does not answer. Times are in milliseconds. */
export interface CircuitBreaker {
  readonly isClosed: (nowMs: number) => boolean;
  /** When the next call to the server is allowed; in the past where nothing failed. */
  readonly retryAtMs: () => number;
  readonly succeeded: () => void;
  /** Returns the pause that begins, or the rest of the current one for a request that began before it. */
  readonly failed: (nowMs: number, message: string) => number;
  /** Notes a failure that says nothing about other calls, so that none has to wait. */
  readonly noted: (nowMs: number, message: string) => void;
  /** The latest failure, also after later successes. */
  readonly lastFailure: () => CallFailure | undefined;
}

const pauseOfServer = backoff(1000, 30_000);

export function createCircuitBreaker(): CircuitBreaker {
  let failures = 0;
  let retryAtMs = 0;
  let last: CallFailure | undefined;
  const noted = (atMs: number, message: string): void => {
    last = { message, atMs };
  };
  return {
    isClosed: (nowMs) => nowMs >= retryAtMs,
    retryAtMs: () => retryAtMs,
    succeeded: () => {
      failures = 0;
      retryAtMs = 0;
    },
    noted,
    lastFailure: () => last,
    failed: (nowMs, message) => {
      noted(nowMs, message);
      if (nowMs < retryAtMs) return retryAtMs - nowMs;
      const pauseMs = pauseOfServer(failures);
      failures += 1;
      retryAtMs = nowMs + pauseMs;
      return pauseMs;
    },
  };
}
