import type { Connection, Database } from "../database/database.js";
import { appliedMigrations, pendingMigrations } from "../database/migrate.js";
import { coreMigrations, type Migration } from "../database/migrations.js";
import type { Problem } from "../errors.js";
import type { Change, ResourceName } from "../plan/change.js";
import type { CurrentResource } from "../plan/kind.js";
import { makePlan, type Plan } from "../plan/plan.js";
import type { Resource } from "../plan/resource.js";
import { type LazyVault, openVault } from "../secrets/open-vault.js";
import type { Configuration } from "./configuration.js";
import { readCurrent, readKeyId } from "./current.js";
import type { RunOptions } from "./options.js";
import { refuse } from "./refuse.js";
import { collectDiagnostics, refuseWarnings } from "./warnings.js";
import { withDatabase } from "./with-database.js";

/** What a look at the database shows. */
export interface Look {
  readonly changes: readonly Change[];
  readonly unchanged: readonly ResourceName[];
  readonly diagnostics: readonly Problem[];
  /** False where the database has no tables yet. */
  readonly hasTables: boolean;
  /** The names of the migrations that have to be run before anything is written. */
  readonly pending: readonly string[];
}

/**
 * Looks what there is to do without taking the lock or making a file: most runs end here.
 *
 * @throws SetupError with every reason why it can't be done
 */
export function lookFirst(
  configuration: Configuration,
  wanted: readonly Resource[],
  options: RunOptions,
): Promise<Look> {
  return withDatabase(options, "read", async (database) => {
    const seen = database && (await readPlan(database, configuration, wanted, options));
    const { changes, unchanged, refusals } = seen?.plan ?? planAgainst(configuration, wanted, options);
    refuse(configuration, refusals);
    const diagnostics = collectDiagnostics(configuration, database, seen?.vault);
    refuseWarnings(options, diagnostics);
    const pending = seen?.pending ?? knownMigrations(configuration);
    const names = pending.map(({ name }) => name);
    return { changes, unchanged, diagnostics, hasTables: seen?.hasTables ?? false, pending: names };
  });
}

/** Compares what is wanted with what was read; without rows, with a database that does not exist yet. */
export function planAgainst(
  configuration: Configuration,
  wanted: readonly Resource[],
  options: RunOptions,
  current: ReadonlyMap<string, readonly CurrentResource[]> = new Map(),
): Plan {
  return makePlan({
    kinds: configuration.kinds,
    wanted,
    current,
    owner: options.owner,
    prunable: options.prune ? configuration.declaredKinds : new Set(),
    newId: options.newId,
  });
}

/** Reads everything as it is at one moment and compares it with what is wanted. */
async function readPlan(
  database: Database,
  configuration: Configuration,
  wanted: readonly Resource[],
  options: RunOptions,
) {
  const applied = await appliedMigrations(database);
  const pending = pendingMigrations(knownMigrations(configuration), applied);
  const transaction = database.kysely.transaction().setIsolationLevel("repeatable read").setAccessMode("read only");
  return transaction.execute(async (tx) => {
    await database.beginWork(tx);
    const hasTables = applied !== undefined;
    const vault = await vaultFor(tx, database, options, hasTables);
    const current = applied && (await readCurrent(tx, configuration.kinds, applied, vault));
    const plan = planAgainst(configuration, wanted, options, current);
    return { plan, vault, hasTables, pending };
  });
}

/** The program's own migrations and those of the kinds in use. */
export function knownMigrations({ kinds }: Pick<Configuration, "kinds">): readonly Migration[] {
  return [...coreMigrations, ...kinds.flatMap((kind) => kind.migrations ?? [])];
}

export async function vaultFor(
  db: Connection,
  database: Database,
  options: RunOptions,
  hasTables: boolean,
): Promise<LazyVault> {
  const storedKeyId = hasTables ? await readKeyId(db) : null;
  return openVault({ env: options.env, keyFile: database.keyFile, storedKeyId });
}
