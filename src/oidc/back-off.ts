const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** Keeps a server that does not answer from being asked once a request. Times are in milliseconds. */
export interface BackOff {
  readonly isOver: (nowMs: number) => boolean;
  /** When the server may be asked again; in the past where nothing failed. */
  readonly retryAtMs: () => number;
  readonly succeeded: () => void;
  /** Gives the pause that begins; or what is left of one, for a request that began before it. */
  readonly failed: (nowMs: number) => number;
}

export function createBackOff(): BackOff {
  let failures = 0;
  let retryAtMs = 0;
  return {
    isOver: (nowMs) => nowMs >= retryAtMs,
    retryAtMs: () => retryAtMs,
    succeeded: () => {
      failures = 0;
      retryAtMs = 0;
    },
    failed: (nowMs) => {
      if (nowMs < retryAtMs) return retryAtMs - nowMs;
      const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(failures, 10), longestPauseMs);
      failures += 1;
      retryAtMs = nowMs + pauseMs;
      return pauseMs;
    },
  };
}

/** For a Retry-After header: whole seconds, at least one. */
export function secondsUntil(timeMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((timeMs - nowMs) / 1000));
}
