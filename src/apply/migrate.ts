import type { Connection, Database } from "../database/database.js";
import { withLock } from "../database/lock.js";
import { appliedMigrations, pendingMigrations, runMigrations } from "../database/migrate.js";
import { coreMigrations, type Migration } from "../database/migrations.js";
import { type Diagnostic, type SetupError, setupError } from "../errors.js";
import type { Kind } from "../plan/kind.js";
import { coreKinds } from "../resources/registry.js";
import type { LockingOptions } from "./options.js";
import { applyDefaults, beginRun, lockOptions, type RunTimes, withDatabase } from "./run.js";
import { stopIfInterrupted } from "./wait.js";

export interface MigrateOptions extends LockingOptions {
  /** Kinds from other modules, which may bring tables. */
  readonly kinds: readonly Kind[];
}

/** The result of `migrate`. */
export interface MigrateResult {
  readonly command: "migrate";
  readonly outcome: "applied" | "unchanged";
  /** The names of the migrations that were run, in order. */
  readonly migrations: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly run: RunTimes;
}

/**
 * Creates the tables of this version, under the database's lock and in one transaction, or changes nothing. Writes nothing where
 * none is missing.
 *
 * @throws SetupError with every reason for the failure
 */
export async function migrate(given: Partial<MigrateOptions> = {}): Promise<MigrateResult> {
  const options: MigrateOptions = { ...applyDefaults(), kinds: [], ...given };
  const finish = beginRun("migrate", options);
  const known = knownMigrations({ kinds: [...coreKinds, ...options.kinds] });
  const look = await withDatabase(options, "read", async (database) => {
    const applied = database && (await appliedMigrations(database));
    const isBehind = pendingMigrations(known, applied).length > 0;
    return { hasTables: applied !== undefined, isBehind, diagnostics: database?.warnings ?? [] };
  });
  const { diagnostics } = look;
  if (!look.isBehind) return finish({ outcome: "unchanged", migrations: [], diagnostics });
  const migrations = await migrateUnderLock(known, options, look.hasTables);
  return finish({ outcome: migrations.length > 0 ? "applied" : "unchanged", migrations, diagnostics });
}

function migrateUnderLock(
  known: readonly Migration[],
  options: MigrateOptions,
  hasTables: boolean,
): Promise<readonly string[]> {
  return withDatabase(options, "write", (database) =>
    withLock(database, lockOptions(options, hasTables), async (tx) => {
      const names = await runPending(tx, database, known, { now: options.now().toISOString(), migrate: true });
      stopIfInterrupted(options.signal);
      return { commit: names.length > 0, value: names };
    }),
  );
}

/** The program's own migrations and those of the kinds in use. */
export function knownMigrations({ kinds }: { readonly kinds: readonly Kind[] }): readonly Migration[] {
  return [...coreMigrations, ...kinds.flatMap((kind) => kind.migrations ?? [])];
}

/**
 * Runs the migrations that a database still needs, inside a transaction that holds the lock, and returns their names.
 *
 * @throws SetupError `MIGRATION_NEEDED` (refused) where one is needed and `migrate` is false, `DATABASE_REFUSED` (refused)
 * where the role lacks permission
 */
export async function runPending(
  tx: Connection,
  database: Database,
  known: readonly Migration[],
  { now, migrate }: { readonly now: string; readonly migrate: boolean },
): Promise<readonly string[]> {
  const pending = pendingMigrations(known, await appliedMigrations({ ...database, kysely: tx }));
  const names = pending.map(({ name }) => name);
  if (!migrate) assertMigrated(names);
  await runMigrations(tx, pending, now).catch((error: unknown) => {
    throw database.isForbidden(error) ? migrationForbidden(names, error) : error;
  });
  return names;
}

/** @throws SetupError `MIGRATION_NEEDED` (refused) where a database that must stay as it is lacks these migrations */
export function assertMigrated(pending: readonly string[]): void {
  if (pending.length === 0) return;
  throw setupError("refused", "MIGRATION_NEEDED", `the database has pending migrations: ${pending.join(", ")}`, hint);
}

export function migrationForbidden(pending: readonly string[], cause: unknown): SetupError {
  const message = `permission denied: this role can't run the pending migrations: ${pending.join(", ")}`;
  return setupError("refused", "DATABASE_REFUSED", message, hint, { cause });
}

const hint = "run `vtb-setup migrate` as a role that may change tables, then retry";
