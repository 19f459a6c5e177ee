import { runDefaults, withDatabase } from "../apply/run.js";
import type { Database } from "../database/database.js";
import { appliedMigrations, requireMigrated } from "../database/migrate.js";
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
