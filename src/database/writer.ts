import type { Database } from "./database.js";

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
