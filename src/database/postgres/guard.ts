/** Asks, unless it is known that there is no use in it. */
export type Guard = <T>(ask: () => Promise<T>) => Promise<T>;

/** After a failure nothing is asked for so long, so that requests do not wait for the same failure one after the other. */
const pauseMs = 500;

export interface GuardOptions {
  /** An error as it is told. */
  readonly explain: (error: unknown) => unknown;
  /** The failure would meet everybody who asks now. */
  readonly isShared: (problem: unknown) => boolean;
}

/** Makes the function that a server is asked through: while it is away, those who come are told the first one's error at once. */
export function createGuard({ explain, isShared }: GuardOptions): Guard {
  let failure: unknown;
  let pausedUntilMs = 0;

  const fail = (error: unknown): never => {
    failure = explain(error);
    if (isShared(failure)) pausedUntilMs = performance.now() + pauseMs;
    throw failure;
  };

  return (ask) => {
    if (pausedUntilMs > 0 && performance.now() < pausedUntilMs) return Promise.reject(failure);
    return ask().catch(fail);
  };
}
