import type { CompiledQuery, Transaction } from "kysely";
import { SetupError, setupError } from "../errors.js";
import { sleep, withRetry } from "../retry.js";
import { type Database, type DatabaseEnv, isFailure, type SqlValue } from "./database.js";
import type { Tables } from "./tables.js";

/**
 * Runs a query that was compiled and prepared once, and returns the first row: its values in the order of the selection, which
 * takes a fifth less time than an object with names. The parameters are those of the compiled query, in their order. No promise
 * where the database can answer at once.
 *
 * @throws SetupError (unavailable) when the database does not answer
 */
type PreparedQuery<Row extends readonly SqlValue[]> = (
  ...parameters: readonly SqlValue[]
) => Row | undefined | Promise<Row | undefined>;

interface PrepareOptions {
  /** Goes before all callers who wait for a connection to a server. Defaults to false. */
  readonly isUrgent?: boolean;
}

/** What a database held at one moment. */
export interface DatabaseState {
  /** Counts up with every meaningful change. */
  readonly revision: number;
}

/** Shows whether what a reader has cached is still valid. */
export interface ChangeSignal {
  /**
   * The same object until something changes that a reader may have cached; a token's last use does not count. In a file, it
   * reflects what was committed before this turn of the event loop; on a server, what was committed a second before the call.
   * No promise, unless a server must be queried.
   *
   * @param atLeast a revision that the caller knows of: an older state is not accepted
   * @throws SetupError, at once or as a rejection, when the database is gone (unavailable), not prepared yet (unavailable) or
   * newer than the program (refused)
   */
  readonly current: (atLeast?: number) => DatabaseState | Promise<DatabaseState>;
}

/** How many connections to a server a program may have at once. Ignored for a file. */
export interface PoolOptions {
  /** For reading, 1 to 1000. Defaults to the URL's `pool_max`, then to 5. Up to two more are for writing. */
  readonly max?: number | undefined;
}

export interface LiveOptions {
  /** The variables that supply an address's missing parts. */
  readonly env?: DatabaseEnv;
  readonly pool?: PoolOptions | undefined;
  /** Called when the database could not be asked, or its answer could not be used. */
  readonly onFailure?: OnDatabaseFailure | undefined;
}

export type OnDatabaseFailure = (error: SetupError) => void;

/** A pool of connections to a server. */
export interface PoolUsage {
  readonly name: "read" | "write";
  readonly max: number;
  /** How many are open. */
  readonly total: number;
  /** How many of them nothing uses. */
  readonly idle: number;
  /** How many callers wait for one. */
  readonly waiting: number;
}

/** When the database failed last. */
interface DatabaseOutage {
  readonly error: SetupError;
  readonly atMs: number;
}

/** A database for a long-running program: it follows changes by other processes, also when its file is replaced. */
export interface LiveDatabase extends Database {
  readonly changes: ChangeSignal;
  /** `Row` is what the query selects. */
  readonly prepare: <Row extends readonly SqlValue[]>(query: CompiledQuery, how?: PrepareOptions) => PreparedQuery<Row>;
  /** The function that makes a JSON list of its arguments. */
  readonly jsonArray: string;
  /** The aggregate function that makes one JSON list of a column's values. */
  readonly jsonList: string;
  /**
   * Counts the databases that this path has held: what belongs to an earlier one must not be written to a later one, and a
   * writer of an earlier one is refused.
   */
  readonly generation: () => number;
  /** Opens the same database for the few rows that are written at run time. Close it after each use, which costs little. */
  readonly openWriter: () => Promise<Database>;
  /** The last failure of {@link changes} and of prepared queries, also where the database answers again. */
  readonly lastOutage: () => DatabaseOutage | undefined;
  /** None where there are no connections to a server. */
  readonly pools: () => readonly PoolUsage[];
}

/** Remembers the last failure of a database, and passes each on. */
export function createOutageLog(onFailure: OnDatabaseFailure | undefined) {
  let last: DatabaseOutage | undefined;
  return {
    lastOutage: () => last,
    note: (error: unknown): void => {
      if (!(error instanceof SetupError)) return;
      last = { error, atMs: Date.now() };
      onFailure?.(error);
    },
  };
}

/** A database for writing that is only open while it is in use. */
export interface Writer {
  readonly use: <T>(work: (database: Database) => Promise<T>) => Promise<T>;
  /** Waits for writes under way. */
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
        // The caller of `use` has already received the error.
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

/** What `attempt` ends with. */
export type Attempt<T> =
  | { readonly kind: "done"; readonly value: T }
  /** Another process holds the lock. */
  | { readonly kind: "busy"; readonly error: unknown };

/** Writes unless another process holds the lock: for what may be written later, or not at all. */
export async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { kind: "done", value: await work() };
  } catch (error) {
    if (!isBusy(error)) throw error;
    return { kind: "busy", error };
  }
}

function isBusy(error: unknown): boolean {
  return isFailure(error, "busy");
}

export type Write = <T>(work: (tx: Transaction<Tables>) => Promise<T>) => Promise<T>;

/**
 * Creates the function that writes a login's own rows: in a transaction, but without the lock, which would make every verifier
 * drop its caches. It waits two seconds for other writers.
 *
 * @throws SetupError `DATABASE_LOCKED` (unavailable)
 */
export function createWrite(writer: Writer): Write {
  const times = { timeoutMs: 2000, pauseMs: () => 25, now: () => performance.now(), sleep };
  return (work) =>
    writer.use(async (database) => {
      try {
        return await withRetry(isBusy, () => database.kysely.transaction().execute(work), times);
      } catch (cause) {
        if (!isBusy(cause)) throw cause;
        const message = "another program writes to the database";
        throw setupError("unavailable", "DATABASE_LOCKED", message, "try again", { cause });
      }
    });
}
