import type { Transaction } from "kysely";
import type { Database } from "../database/database.js";
import type { Writer } from "../database/live-database.js";
import type { Tables } from "../database/tables.js";
import { setupError } from "../errors.js";

export type Write = <T>(work: (tx: Transaction<Tables>) => Promise<T>) => Promise<T>;

const patienceMs = 2000;
const retryMs = 25;

/**
 * Creates the function that writes a login's own rows: in a transaction, but without the lock, which would make every verifier
 * drop its caches. It waits two seconds for other writers.
 *
 * @throws SetupError `DATABASE_LOCKED` (unavailable)
 */
export function createWrite(writer: Writer): Write {
  return (work) => writer.use((database) => writePatiently(database, work));
}

async function writePatiently<T>(database: Database, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + patienceMs; ; ) {
    try {
      return await database.kysely.transaction().execute(work);
    } catch (cause) {
      if (!database.isBusy(cause)) throw cause;
      if (performance.now() >= deadline) {
        const hint = "try again";
        throw setupError("unavailable", "DATABASE_LOCKED", "somebody else writes to the database", hint, { cause });
      }
    }
    await new Promise<void>((done) => setTimeout(done, retryMs));
  }
}
