import { setupError } from "../errors.js";
import { anyTables, type Connection, type Database, isFailure } from "./database.js";
import { coreMigrations, type Migration } from "./migrations.js";

/** The migrations applied to a database; undefined where it has no tables yet. */
export async function appliedMigrations(db: Connection): Promise<ReadonlySet<string> | undefined> {
  try {
    const rows = await db.selectFrom("setup_migrations").select("name").execute();
    return new Set(rows.map((row) => row.name));
  } catch (error) {
    if (isFailure(error, "table_missing")) return undefined;
    throw error;
  }
}

/**
 * The migrations that a database still needs.
 *
 * @throws SetupError `DATABASE_NEWER` (refused) when it has a migration of the program's own that this version lacks
 */
export function pendingMigrations(
  known: readonly Migration[],
  applied: ReadonlySet<string> | undefined,
): readonly Migration[] {
  const names = new Set(known.map((migration) => migration.name));
  const newer = [...(applied ?? [])].some((name) => /^\d/.test(name) && !names.has(name));
  if (newer) {
    throw setupError(
      "refused",
      "DATABASE_NEWER",
      "the database was migrated by a newer version of vtb-setup",
      "use that version or a newer one everywhere",
    );
  }
  return known.filter((migration) => !applied?.has(migration.name));
}

/** Runs migrations inside a transaction that holds the lock. */
export async function runMigrations(tx: Connection, migrations: readonly Migration[], now: string): Promise<void> {
  for (const { name, up } of migrations) {
    await up(anyTables(tx));
    await tx.insertInto("setup_migrations").values({ name, applied_at: now }).execute();
  }
}

/**
 * Requires this version's migrations: in a database that another version has migrated, the same rows may have another meaning.
 *
 * @param applied undefined where it has no tables yet
 * @throws SetupError `DATABASE_NEWER` (refused), `DATABASE_OLDER` (unavailable)
 */
export function requireMigrated(applied: ReadonlySet<string> | undefined): void {
  if (pendingMigrations(coreMigrations, applied).length === 0) return;
  throw setupError(
    "unavailable",
    "DATABASE_OLDER",
    "this version of vtb-setup has not migrated the database yet",
    "run `vtb-setup apply` of this version first",
  );
}

/** {@link requireMigrated} for a database that was opened, or is not there yet: then nothing has been applied. */
export async function requireTables(database: Database | undefined): Promise<Database> {
  requireMigrated(database && (await appliedMigrations(database.kysely)));
  // Without a database, it has no migrations either.
  return database as Database;
}
