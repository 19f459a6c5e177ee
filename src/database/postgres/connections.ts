import type pg from "pg";

/** A pool that is used in turns: those who find all connections in use wait, however long, in the order in which they came. */
export interface Connections {
  /** A connection of one's own, whose turn ends with its release. */
  readonly connect: () => Promise<pg.PoolClient>;
  /** Asks on any connection; before all who wait, where others would have to wait for this answer. */
  readonly query: (config: pg.QueryArrayConfig, isUrgent?: boolean) => Promise<pg.QueryArrayResult>;
}

interface Waiting {
  readonly begin: () => void;
  readonly fail: (error: unknown) => void;
}

/** Where one connection more could not be made, the others do for so long. */
const fewerForMs = 5000;

/**
 * Takes turns at a pool. Where the server refuses one more connection while it has others, these are used for all; a failure that
 * would meet everybody is told to all who wait.
 *
 * @param isOutage whether an error of the driver means that the server is away
 */
export function takeTurns(pool: pg.Pool, max: number, isOutage: (error: unknown) => boolean): Connections {
  const waiting: Waiting[] = [];
  let taken = 0;
  let limit = max;
  let fewerUntilMs = 0;

  const goOn = (): void => {
    if (limit < max && performance.now() >= fewerUntilMs) limit = max;
    while (taken < limit) {
      const next = waiting.shift();
      if (!next) return;
      next.begin();
    }
  };
  /** Whether there are connections to go on with; the one that failed is not counted any more. */
  const hasOthers = (): boolean => {
    if (pool.totalCount === 0) return false;
    limit = Math.min(limit, pool.totalCount);
    fewerUntilMs = performance.now() + fewerForMs;
    return true;
  };
  const noteFailure = (error: unknown): void => {
    if (isOutage(error)) for (const { fail } of waiting.splice(0)) fail(error);
  };

  const inTurn = <T>(work: (client: pg.PoolClient) => Promise<T>, isUrgent: boolean): Promise<T> => {
    const attempt = async (): Promise<T> => {
      taken += 1;
      try {
        const client = await pool.connect().catch((error: unknown) => {
          if (isOutage(error) && hasOthers()) return undefined;
          throw error;
        });
        // Not awaited, so that this turn ends first.
        return client === undefined ? wait(attempt, true) : await work(client);
      } catch (error) {
        noteFailure(error);
        throw error;
      } finally {
        taken -= 1;
        goOn();
      }
    };
    return taken < limit ? attempt() : wait(attempt, isUrgent);
  };
  const wait = <T>(attempt: () => Promise<T>, isUrgent: boolean): Promise<T> =>
    new Promise((resolve, reject) => {
      const entry = { begin: () => void attempt().then(resolve, reject), fail: reject };
      if (isUrgent) waiting.unshift(entry);
      else waiting.push(entry);
    });

  return {
    connect: () =>
      new Promise((resolve, reject) => {
        inTurn((client) => untilRelease(client, resolve), false).catch(reject);
      }),
    query: (config, isUrgent = false) => inTurn((client) => queryOnce(client, config), isUrgent),
  };
}

async function queryOnce(client: pg.PoolClient, config: pg.QueryArrayConfig): Promise<pg.QueryArrayResult> {
  try {
    const result = await client.query(config);
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** Hands a connection out, and waits for its release. */
function untilRelease(client: pg.PoolClient, handOut: (client: pg.PoolClient) => void): Promise<void> {
  const { release } = client;
  return new Promise((released) => {
    client.release = (broken) => {
      release.call(client, broken);
      released();
    };
    handOut(client);
  });
}
