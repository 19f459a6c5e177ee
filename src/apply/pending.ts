import type { Connection, Database } from "../database/database.js";
import { appliedMigrations, pendingMigrations, runMigrations } from "../database/migrate.js";
import { coreMigrations, type Migration } from "../database/migrations.js";
import { type SetupError, setupError } from "../errors.js";
import type { Kind } from "../plan/kind.js";

/** The program's own migrations and those of the kinds in use. */
export function knownMigrations({ kinds }: { readonly kinds: readonly Kind[] }): readonly Migration[] {
  return [...coreMigrations, ...kinds.flatMap((kind) => kind.migrations ?? [])];
}

/**
 * Runs what a database still needs, inside of a transaction that holds the lock, and gives the names of what it ran.
 *
 * @throws SetupError `MIGRATION_NEEDED` (refused) where there is something and `migrate` is false, `DATABASE_REFUSED` (refused)
 * where the role may not
 */
export async function runPending(
  tx: Connection,
  database: Database,
  known: readonly Migration[],
  { now, migrate }: { readonly now: string; readonly migrate: boolean },
): Promise<readonly string[]> {
  const pending = pendingMigrations(known, await appliedMigrations({ ...database, kysely: tx }));
  const names = pending.map(({ name }) => name);
  if (!migrate) refuseBehind(names);
  await runMigrations(tx, pending, now).catch((error: unknown) => {
    throw database.isForbidden(error) ? migrationForbidden(names, error) : error;
  });
  return names;
}

/** @throws SetupError `MIGRATION_NEEDED` (refused) where a database that is to stay as it is lacks these migrations */
export function refuseBehind(pending: readonly string[]): void {
  if (pending.length === 0) return;
  throw setupError("refused", "MIGRATION_NEEDED", `the database lacks the migrations ${pending.join(", ")}`, hint);
}

export function migrationForbidden(pending: readonly string[], cause: unknown): SetupError {
  const message = `permission denied: this role may not run the migrations that the database lacks: ${pending.join(", ")}`;
  return setupError("refused", "DATABASE_REFUSED", message, hint, { cause });
}

const hint = "run `vtb-setup migrate` as a role that may change tables, and then this again";
