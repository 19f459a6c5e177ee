import type { Transaction } from "kysely";
import { applyDefaults, lockOptions, runDefaults, withDatabase } from "../apply/run.js";
import { checkpoint } from "../apply/wait.js";
import type { Database } from "../database/database.js";
import { type LockedResult, withLock } from "../database/lock.js";
import { appliedMigrations, requireMigrated } from "../database/migrate.js";
import type { Tables } from "../database/tables.js";
import type { CliContext } from "./context.js";
import type { databaseOptions, SettingsOf } from "./options.js";

/**
 * Reads a database that this version has migrated.
 *
 * @throws SetupError `DATABASE_OLDER` (unavailable), also where there is no database yet; `DATABASE_NEWER` (refused)
 */
export function readDatabase<T>(
  { env, signal, terminal }: CliContext,
  { database: url, wait }: SettingsOf<typeof databaseOptions>,
  read: (database: Database) => Promise<T>,
): Promise<T> {
  const options = { ...runDefaults(), database: url, env, signal, waitMs: wait, onWaiting: terminal.waiting };
  return withDatabase(options, "read", async (database) => {
    const applied = database && (await appliedMigrations(database.kysely));
    requireMigrated(applied);
    // Without a database, nothing has been applied.
    return read(database as Database);
  });
}

/**
 * Runs an operation under the lock of a database that this version has migrated.
 *
 * @throws SetupError as {@link readDatabase} and `withLock` do
 */
export async function changeDatabase<T>(
  context: CliContext,
  settings: SettingsOf<typeof databaseOptions>,
  operation: (tx: Transaction<Tables>) => Promise<LockedResult<T>>,
): Promise<T> {
  // A database that is not there must not be created.
  await readDatabase(context, settings, () => Promise.resolve());
  const { env, signal, terminal } = context;
  const defaults = applyDefaults();
  const options = {
    ...defaults,
    database: settings.database,
    env,
    signal,
    waitMs: settings.wait,
    lockTimeoutMs: Math.max(defaults.lockTimeoutMs, settings.wait),
    onWaiting: terminal.waiting,
  };
  return withDatabase(options, "write", (database) =>
    withLock(database, lockOptions(options, true), async (tx) => {
      const result = await operation(tx);
      await checkpoint(signal);
      return result;
    }),
  );
}
