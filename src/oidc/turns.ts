/**
 * Shares out what may run at once among sources, so that none has to wait for what another one asks: whoever has least running is
 * next, and each source waits in a line of its own.
 */
export interface Turns {
  /**
   * Runs the work when it is its source's turn.
   *
   * @param turnAway gives the result where too much waits, or waited too long: for its own source's sake or not
   */
  readonly run: <T>(source: string, work: () => Promise<T>, turnAway: (isOwnFault: boolean) => T) => Promise<T>;
}

export interface TurnsOptions {
  readonly maxAtOnce: number;
  readonly maxAtOnceOfSource: number;
  readonly maxWaiting: number;
  readonly maxWaitingOfSource: number;
  readonly maxWaitMs: number;
  readonly now: () => number;
}

interface Waiting {
  readonly sinceMs: number;
  readonly begin: () => void;
  readonly giveUp: (isOwnFault: boolean) => void;
}

interface Source {
  running: number;
  readonly waiting: Waiting[];
}

export function createTurns(options: TurnsOptions): Turns {
  const { maxAtOnce, maxAtOnceOfSource, maxWaiting, maxWaitingOfSource, maxWaitMs, now } = options;
  // Those with something running or waiting, and of these the one whose turn was longest ago first.
  const sources = new Map<string, Source>();
  let running = 0;
  let waiting = 0;

  const sourceOf = (name: string): Source => {
    const known = sources.get(name);
    if (known) return known;
    const source = { running: 0, waiting: [] };
    sources.set(name, source);
    return source;
  };

  const start = (name: string, source: Source, work: () => Promise<unknown>): void => {
    running += 1;
    source.running += 1;
    void work().finally(() => {
      running -= 1;
      source.running -= 1;
      if (source.running === 0 && source.waiting.length === 0) sources.delete(name);
      startWaiting();
    });
  };

  const startWaiting = (): void => {
    if (waiting === 0) return;
    for (const source of sources.values()) dropStale(source);
    while (running < maxAtOnce) {
      const next = nextSource();
      if (!next) return;
      const [name, source] = next;
      // Behind those that have as little running.
      sources.delete(name);
      sources.set(name, source);
      waiting -= 1;
      source.waiting.shift()?.begin();
    }
  };

  const dropStale = ({ waiting: line }: Source): void => {
    const staleAtMs = now() - maxWaitMs;
    while ((line[0]?.sinceMs ?? Number.POSITIVE_INFINITY) <= staleAtMs) {
      waiting -= 1;
      line.shift()?.giveUp(false);
    }
  };

  const nextSource = (): readonly [string, Source] | undefined => {
    let best: readonly [string, Source] | undefined;
    for (const candidate of sources) {
      const [, source] = candidate;
      if (source.waiting.length === 0 || source.running >= maxAtOnceOfSource) continue;
      if (!best || source.running < best[1].running) best = candidate;
    }
    return best;
  };

  /** Where everything is taken, the longest line gives way to shorter ones. */
  const makeRoomFor = (source: Source): boolean => {
    if (waiting < maxWaiting) return true;
    let longest = source;
    for (const other of sources.values()) if (other.waiting.length > longest.waiting.length) longest = other;
    if (longest === source) return false;
    waiting -= 1;
    longest.waiting.pop()?.giveUp(true);
    return true;
  };

  return {
    run: (name, work, turnAway) =>
      new Promise((resolve, reject) => {
        const source = sourceOf(name);
        const begin = () => start(name, source, () => work().then(resolve, reject));
        const giveUp = (isOwnFault: boolean) => resolve(turnAway(isOwnFault));
        if (running < maxAtOnce && source.running < maxAtOnceOfSource && source.waiting.length === 0) begin();
        else if (source.waiting.length >= maxWaitingOfSource) giveUp(true);
        else if (!makeRoomFor(source)) giveUp(source.waiting.length > 0);
        else {
          source.waiting.push({ sinceMs: now(), begin, giveUp });
          waiting += 1;
        }
      }),
  };
}
