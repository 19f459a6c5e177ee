import type { Transaction } from "kysely";
import type { Database } from "../database/database.js";
import { type LockedResult, withLock } from "../database/lock.js";
import { appliedMigrations, pendingMigrations, runMigrations } from "../database/migrate.js";
import type { Tables } from "../database/tables.js";
import { willGenerate } from "../plan/generates.js";
import type { GeneratedSecret } from "../plan/kind.js";
import type { Resource } from "../plan/resource.js";
import type { LazyVault } from "../secrets/open-vault.js";
import { writeAudit } from "./audit.js";
import { completeResources } from "./complete.js";
import type { Configuration } from "./configuration.js";
import { readCurrent } from "./current.js";
import { applyDefaults } from "./defaults.js";
import { checkpoint } from "./interrupt.js";
import { lockOptions } from "./lock-options.js";
import { knownMigrations, lookFirst, planAgainst, vaultFor } from "./look.js";
import type { ApplyOptions } from "./options.js";
import { refuse } from "./refuse.js";
import { refuseBehind } from "./refuse-behind.js";
import type { RunResult } from "./result.js";
import { beginRun } from "./run.js";
import { refuseUnstorable } from "./storable.js";
import { collectDiagnostics } from "./warnings.js";
import { withDatabase } from "./with-database.js";
import { writeChanges } from "./write.js";

/**
 * Makes the database say what the configuration says, in one transaction under the database's lock, or changes nothing.
 *
 * @throws SetupError with every reason why it was not done
 */
export async function apply(configuration: Configuration, given: Partial<ApplyOptions> = {}): Promise<RunResult> {
  const options = { ...applyDefaults(), ...given };
  const finish = beginRun("apply", options);
  const wanted = await completeResources(configuration, options);
  refuseUnstorable(configuration, wanted);
  const look = await lookFirst(configuration, wanted, options);
  const { changes, unchanged, diagnostics } = look;
  if (!options.migrate) refuseBehind(look.pending);
  if (changes.length === 0 && look.pending.length === 0) {
    return finish({ outcome: "unchanged", changes, unchanged, generated: [], diagnostics });
  }
  if (willGenerate(configuration.kinds, changes)) options.beforeGenerating();
  return withDatabase(options, "write", async (database) => {
    const { vault, ...result } = await applyUnderLock(
      { database, configuration, wanted, options, finish },
      look.hasTables,
    );
    return { ...result, diagnostics: collectDiagnostics(configuration, database, vault) };
  });
}

interface LockedRun {
  readonly database: Database;
  readonly configuration: Configuration;
  readonly wanted: readonly Resource[];
  readonly options: ApplyOptions;
  readonly finish: (result: Omit<RunResult, "command" | "run">) => RunResult;
}

type Applied = RunResult & { readonly vault: LazyVault };

function applyUnderLock(run: LockedRun, hasTables: boolean): Promise<Applied> {
  return withLock(run.database, lockOptions(run.options, hasTables), (tx) => applyInside(tx, run));
}

/** Everything again, now that nobody else can write: what another run did meanwhile is seen. */
async function applyInside(
  tx: Transaction<Tables>,
  { database, configuration, wanted, options, finish }: LockedRun,
): Promise<LockedResult<Applied>> {
  const now = options.now().toISOString();
  const migrations = knownMigrations(configuration);
  const pending = pendingMigrations(migrations, await appliedMigrations({ ...database, kysely: tx }));
  if (!options.migrate) refuseBehind(pending.map(({ name }) => name));
  await runMigrations(tx, pending, now);
  const vault = await vaultFor(tx, database, options, true);
  const applied = new Set(migrations.map((migration) => migration.name));
  const current = await readCurrent(tx, configuration.kinds, applied, vault);
  const { changes, unchanged, refusals } = planAgainst(configuration, wanted, options, current);
  refuse(configuration, refusals);
  if (changes.length === 0) {
    const result = finish({ outcome: "unchanged", changes, unchanged, generated: [], diagnostics: [] });
    return { commit: pending.length > 0, value: { ...result, vault } };
  }

  const generated: GeneratedSecret[] = [];
  const { owner, newId } = options;
  const context = { db: tx, vault, owner, now, newId, generated: (secret: GeneratedSecret) => generated.push(secret) };
  await writeChanges(context, configuration.kinds, changes, options);
  const result = finish({ outcome: "applied", changes, unchanged, generated, diagnostics: [] });
  await writeAudit(tx, configuration, options, result);
  await rememberKey(tx, vault);
  await options.beforeCommit(generated);
  await checkpoint(options.signal);
  return { commit: true, value: { ...result, vault } };
}

async function rememberKey(tx: Transaction<Tables>, vault: LazyVault): Promise<void> {
  const keyId = vault.usedKeyId();
  if (keyId !== undefined) await tx.updateTable("setup_state").set({ key_id: keyId }).where("id", "=", 1).execute();
}
