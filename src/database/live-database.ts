import type { CompiledQuery } from "kysely";
import type { Database, DatabaseEnv, SqlValue } from "./database.js";

/**
 * The first row of a query that was compiled and prepared once, for use many times: its values in the order of the selection,
 * which takes a fifth less time than an object with names. The parameters are those of the compiled query, in their order.
 * Without a promise where the database can answer at once.
 *
 * @throws SetupError (unavailable) when the database does not answer
 */
type PreparedQuery<Row extends readonly SqlValue[]> = (
  ...parameters: readonly SqlValue[]
) => Row | undefined | Promise<Row | undefined>;

/** What a database held at one moment. */
export interface DatabaseState {
  /** Counts up with every meaningful change. */
  readonly revision: number;
}

/** Tells those who keep what they read whether it still holds. */
export interface ChangeSignal {
  /**
   * The same object as long as nobody has changed what a reader may have kept; a token's last use changes nothing. In a file,
   * what was committed before this turn of the event loop has been seen; on a server, what was committed a second before the
   * call. There at once, without a promise, unless a server has to be asked.
   *
   * @param atLeast a revision that the caller knows of: an older state is not good enough
   * @throws SetupError, at once or as a rejection, when the database is gone (unavailable), not prepared yet (unavailable) or
   * newer than the program (refused)
   */
  readonly current: (atLeast?: number) => DatabaseState | Promise<DatabaseState>;
}

/** How many connections to a server a program may have at once. A file has no use for it. */
export interface PoolOptions {
  /** For reading, 1 to 1000; 5 unless this or the URL's `pool_max` says otherwise. Up to two more are for writing. */
  readonly max?: number | undefined;
}

export interface LiveOptions {
  /** Where an address's missing parts are looked up. */
  readonly env?: DatabaseEnv;
  readonly pool?: PoolOptions | undefined;
}

/** A database as programs use it that run for long: it follows changes by others, also when its file is replaced. */
export interface LiveDatabase extends Database {
  readonly changes: ChangeSignal;
  /** `Row` says what the query selects. */
  readonly prepare: <Row extends readonly SqlValue[]>(query: CompiledQuery) => PreparedQuery<Row>;
  /** The aggregate function that makes one JSON list of a column's values. */
  readonly jsonList: string;
  /**
   * Counts the databases that have been in this place: what belongs to an earlier one must not be written to a later one, and a
   * writer of an earlier one is refused.
   */
  readonly generation: () => number;
  /** Opens the same database for the few rows that are written at run time; to be closed after each use, which costs little. */
  readonly openWriter: () => Promise<Database>;
}

/** A database for writing that is only open while somebody writes. */
export interface Writer {
  readonly use: <T>(work: (database: Database) => Promise<T>) => Promise<T>;
  /** Waits for those who write. */
  readonly close: () => Promise<void>;
}

export function createWriter(open: () => Promise<Database>): Writer {
  let opened: Promise<Database> | undefined;
  const working = new Set<Promise<unknown>>();

  const use = async <T>(work: (database: Database) => Promise<T>): Promise<T> => {
    opened ??= open();
    const job = opened.then(work);
    working.add(job);
    try {
      return await job;
    } finally {
      working.delete(job);
      if (working.size === 0) {
        const idle = opened;
        opened = undefined;
        // Whoever wrote has heard that it could not be opened.
        const database = await idle?.catch(() => undefined);
        await database?.close();
      }
    }
  };
  return {
    use,
    close: async () => {
      await Promise.allSettled(working);
    },
  };
}
