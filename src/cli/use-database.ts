import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import { lockOptions, withDatabase } from "../apply/run.js";
import { checkpoint } from "../apply/wait.js";
import type { Database } from "../database/database.js";
import { type LockedResult, withLock } from "../database/lock.js";
import { requireTables } from "../database/migrate.js";
import type { Tables } from "../database/tables.js";
import type { RecordOptions } from "../operations/record.js";
import { createSignRun } from "../secrets/journal-key.js";
import type { CliContext } from "./context.js";
import { type databaseOptions, lockingOptions, type SettingsOf } from "./options.js";

/**
 * Reads a database that this version has migrated.
 *
 * @throws SetupError `DATABASE_OLDER` (unavailable), also where there is no database yet; `DATABASE_NEWER` (refused)
 */
export async function readDatabase<T>(
  context: CliContext,
  settings: SettingsOf<typeof databaseOptions>,
  read: (database: Database) => Promise<T>,
): Promise<T> {
  const options = await lockingOptions(context, settings);
  return withDatabase(options, "read", async (database) => read(await requireTables(database)));
}

/**
 * Runs an operation under the lock of a database that this version has migrated.
 *
 * @throws SetupError as {@link readDatabase} and `withLock` do
 */
export async function changeDatabase<T>(
  context: CliContext,
  settings: SettingsOf<typeof databaseOptions>,
  operation: (tx: Transaction<Tables>, record: Omit<RecordOptions, "through">) => Promise<LockedResult<T>>,
): Promise<T> {
  // A database that is not there must not be created.
  await readDatabase(context, settings, () => Promise.resolve());
  const options = await lockingOptions(context, settings);
  return withDatabase(options, "write", (database) => {
    const sign = createSignRun({ env: options.env, keyFile: database.keyFile });
    return withLock(database, lockOptions(options, true), async (tx) => {
      const result = await operation(tx, { now: Date.now, newId: randomUUID, sign });
      await checkpoint(options.signal);
      return result;
    });
  });
}
