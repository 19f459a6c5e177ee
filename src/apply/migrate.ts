import { ownCodeFailed } from "../config/step-code.js";
import { type Connection, isFailure } from "../database/database.js";
import { withLock } from "../database/lock.js";
import { appliedMigrations, pendingMigrations, runMigrations } from "../database/migrate.js";
import { coreMigrations, type Migration } from "../database/migrations.js";
import { type Diagnostic, SetupError, setupError } from "../errors.js";
import type { Kind } from "../plan/kind.js";
import { coreKinds } from "../resources/registry.js";
import type { LockingOptions } from "./options.js";
import {
  applyDefaults,
  beginRun,
  type Configuration,
  lockOptions,
  ownKindName,
  type RunTimes,
  requireTables,
  withDatabase,
  withOwnTables,
} from "./run.js";
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
  const { finish } = beginRun("migrate", options);
  const configuration = { kinds: [...coreKinds, ...options.kinds] };
  const known = knownMigrations(configuration);
  const look = await withDatabase(options, "read", async (database) => {
    const applied = database && (await appliedMigrations(database.kysely));
    const isBehind = pendingMigrations(known, applied).length > 0;
    return { hasTables: applied !== undefined, isBehind, diagnostics: database?.warnings ?? [] };
  });
  const { diagnostics } = look;
  if (!look.isBehind) return finish({ outcome: "unchanged", migrations: [], diagnostics });
  const migrations = await migrateUnderLock(configuration, options, look.hasTables);
  return finish({ outcome: migrations.length > 0 ? "applied" : "unchanged", migrations, diagnostics });
}

function migrateUnderLock(
  configuration: Pick<Configuration, "kinds">,
  options: MigrateOptions,
  hasTables: boolean,
): Promise<readonly string[]> {
  return withDatabase(options, "write", (database) =>
    withLock(database, lockOptions(options, hasTables), async (tx) => {
      const now = options.now().toISOString();
      const names = await runPending(tx, configuration, { now, migrate: true });
      for (const kind of options.kinds) await requireTables(kind, tx);
      stopIfInterrupted(options.signal);
      return { commit: names.length > 0, value: names };
    }),
  );
}

/** The program's own migrations and those of the kinds in use. */
export function knownMigrations({ kinds }: Pick<Configuration, "kinds">): readonly Migration[] {
  return [...coreMigrations, ...kinds.flatMap((kind) => kind.migrations ?? [])];
}

/**
 * Runs the migrations that a database still needs, inside a transaction that holds the lock, and returns their names.
 *
 * @throws SetupError `MIGRATION_NEEDED` (refused) where one is needed and `migrate` is false, `DATABASE_REFUSED` (refused)
 * where the role lacks permission, `STEP_INVALID` (internal) where the code of a migration from a module throws
 */
export async function runPending(
  tx: Connection,
  configuration: Pick<Configuration, "kinds">,
  { now, migrate }: { readonly now: string; readonly migrate: boolean },
): Promise<readonly string[]> {
  const known = knownMigrations(configuration);
  const pending = pendingMigrations(known, await appliedMigrations(tx));
  const names = pending.map(({ name }) => name);
  if (!migrate) assertMigrated(names);
  for (const migration of pending) {
    const kind = configuration.kinds.find(({ migrations }) => migrations?.includes(migration));
    const own = kind && `${ownKindName(kind)}: the migration ${migration.name}`;
    const work = withOwnTables(own, () => runMigrations(tx, [migration], now));
    await work.catch((error: unknown) => {
      if (isFailure(error, "forbidden")) throw migrationForbidden(names, error);
      throw own === undefined || error instanceof SetupError ? error : ownCodeFailed(own, error, undefined);
    });
  }
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
