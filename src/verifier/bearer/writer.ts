import type { Database } from "../../database/database.js";

/** A connection for writing that is only open while somebody writes. */
export interface Writer {
  readonly use: <T>(work: (database: Database) => Promise<T>) => Promise<T>;
  /** Waits for those who write. */
  readonly close: () => Promise<void>;
}

export function createWriter(open: () => Database): Writer {
  let database: Database | undefined;
  const working = new Set<Promise<unknown>>();

  const use = async <T>(work: (database: Database) => Promise<T>): Promise<T> => {
    database ??= open();
    const job = work(database);
    working.add(job);
    try {
      return await job;
    } finally {
      working.delete(job);
      if (working.size === 0) {
        const idle = database;
        database = undefined;
        await idle?.close();
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
