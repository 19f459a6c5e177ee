import type { Connection, Database } from "../database/database.js";
import { appliedMigrations, pendingMigrations } from "../database/migrate.js";
import { coreMigrations, type Migration } from "../database/migrations.js";
import type { CurrentResource } from "../plan/kind.js";
import { makePlan, type Plan } from "../plan/plan.js";
import type { Resource } from "../plan/resource.js";
import type { Configuration } from "./configuration.js";
import { readCurrent, readKeyId } from "./current.js";
import type { RunOptions } from "./options.js";
import { type LazyVault, lazyVault } from "./vault.js";

/** What a look at the database shows: what to do, and what has to be run before. */
export interface Look {
  readonly plan: Plan;
  readonly pending: readonly Migration[];
  /** False where the database has no tables yet. */
  readonly hasTables: boolean;
  readonly vault: LazyVault;
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

/** Reads everything in one transaction and compares it with what is wanted. Writes nothing. */
export async function lookAt(
  database: Database,
  configuration: Configuration,
  wanted: readonly Resource[],
  options: RunOptions,
): Promise<Look> {
  const applied = await appliedMigrations(database);
  const pending = pendingMigrations(knownMigrations(configuration), applied);
  return database.kysely.transaction().execute(async (tx) => {
    const vault = await vaultFor(tx, database, options, applied !== undefined);
    const current = applied && (await readCurrent(tx, configuration.kinds, applied, vault));
    const plan = planAgainst(configuration, wanted, options, current);
    return { plan, pending, hasTables: applied !== undefined, vault };
  });
}

/** The program's own migrations and those of the kinds in use. */
export function knownMigrations({ kinds }: Configuration): readonly Migration[] {
  return [...coreMigrations, ...kinds.flatMap((kind) => kind.migrations ?? [])];
}

export async function vaultFor(
  db: Connection,
  database: Database,
  options: RunOptions,
  hasTables: boolean,
): Promise<LazyVault> {
  const storedKeyId = hasTables ? await readKeyId(db) : null;
  return lazyVault({ env: options.env, keyFile: database.keyFile, storedKeyId });
}
