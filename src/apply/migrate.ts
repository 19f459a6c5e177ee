import { withLock } from "../database/lock.js";
import { appliedMigrations, pendingMigrations } from "../database/migrate.js";
import type { Migration } from "../database/migrations.js";
import type { Problem } from "../errors.js";
import type { Kind } from "../plan/kind.js";
import { coreKinds } from "../resources/registry.js";
import { applyDefaults } from "./defaults.js";
import { stopIfInterrupted } from "./interrupt.js";
import { lockOptions } from "./lock-options.js";
import type { LockingOptions } from "./options.js";
import { knownMigrations, runPending } from "./pending.js";
import { beginRun, type RunTimes } from "./run.js";
import { withDatabase } from "./with-database.js";

export interface MigrateOptions extends LockingOptions {
  /** Kinds from elsewhere, which may bring tables. */
  readonly kinds: readonly Kind[];
}

/** What `migrate` did. */
export interface MigrateResult {
  readonly command: "migrate";
  readonly outcome: "applied" | "unchanged";
  /** The names of the migrations that were run, in their order. */
  readonly migrations: readonly string[];
  readonly diagnostics: readonly Problem[];
  readonly run: RunTimes;
}

/**
 * Makes the tables of this version, under the database's lock and in one transaction, or changes nothing. Writes nothing where
 * there is nothing to do.
 *
 * @throws SetupError with every reason why it was not done
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
