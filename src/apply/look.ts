import type { Connection, Database } from "../database/database.js";
import { withLock } from "../database/lock.js";
import { appliedMigrations, pendingMigrations } from "../database/migrate.js";
import type { Problem } from "../errors.js";
import { makePlan, type Plan } from "../plan/plan.js";
import type { Change, Resource, ResourceName } from "../plan/resource.js";
import { type LazyVault, openVault } from "../secrets/vault.js";
import type { Configuration } from "./configuration.js";
import { readCurrent, readKeyId } from "./current.js";
import { lockOptions } from "./lock-options.js";
import type { RunOptions } from "./options.js";
import { knownMigrations, migrationForbidden, runPending } from "./pending.js";
import { refuse } from "./refuse.js";
import { collectDiagnostics, refuseWarnings } from "./severity.js";
import { patiently } from "./wait.js";
import { withDatabase } from "./with-database.js";

/** What a look at a database shows. */
export interface Look {
  readonly changes: readonly Change[];
  readonly unchanged: readonly ResourceName[];
  readonly undeclared: readonly ResourceName[];
  readonly diagnostics: readonly Problem[];
}

/** A database whose tables have to be made or changed before anything can be read. */
export interface Behind {
  readonly kind: "behind";
  /** `none` where there is no file, `empty` where there are no tables yet. */
  readonly state: "none" | "empty" | "older";
  /** The names of the migrations that it lacks. */
  readonly pending: readonly string[];
}

/** What a run works on. */
export interface LookInput {
  readonly configuration: Configuration;
  readonly wanted: readonly Resource[];
  readonly options: RunOptions;
}

/**
 * Looks what there is to do without taking the lock or making a file: most runs end here.
 *
 * @throws SetupError with every reason why it can't be done
 */
export function lookFirst(input: LookInput): Promise<Behind | ({ readonly kind: "current" } & Look)> {
  return withDatabase(input.options, "read", async (database) => {
    const applied = database && (await appliedMigrations(database));
    const pending = pendingMigrations(knownMigrations(input.configuration), applied).map(({ name }) => name);
    if (database === undefined) return { kind: "behind", state: "none", pending };
    if (pending.length > 0) return { kind: "behind", state: applied ? "older" : "empty", pending };
    const transaction = database.kysely.transaction().setIsolationLevel("repeatable read").setAccessMode("read only");
    const seen = await transaction.execute(async (tx) => {
      await database.beginWork(tx);
      return await readPlan(tx, database, input);
    });
    return { kind: "current", ...judge(seen, database, input) };
  });
}

/**
 * Looks what there will be to do once the migrations have been run: runs them, reads, and takes all of it back. Where the
 * database is a file, that happens to a copy.
 *
 * @throws SetupError with every reason why it can't be done
 */
export function rehearse(input: LookInput, { state, pending }: Behind): Promise<Look> {
  const { configuration, options } = input;
  const once = { ...options, waitMs: 0, lockTimeoutMs: 0 };
  const work = async (database: Database): Promise<Look> => {
    const seen = await withLock(database, lockOptions(once, state === "older"), async (tx) => {
      const now = options.now().toISOString();
      await runPending(tx, database, knownMigrations(configuration), { now, migrate: true });
      return { commit: false, value: await readPlan(tx, database, input) };
    }).catch((error: unknown) => {
      throw database.isForbidden(error) ? migrationForbidden(pending, error) : error;
    });
    return judge(seen, database, input);
  };
  // Between two tries, those get in who waited behind this one.
  return patiently(options, () => withDatabase(once, "rehearse", work));
}

interface Seen {
  readonly plan: Plan;
  readonly vault: LazyVault;
}

/** Reads everything as it is at one moment and compares it with what is wanted. */
export async function readPlan(
  db: Connection,
  database: Database,
  { configuration, wanted, options }: LookInput,
): Promise<Seen> {
  const storedKeyId = await readKeyId(db);
  const vault = openVault({ env: options.env, keyFile: database.keyFile, storedKeyId });
  const plan = makePlan({
    kinds: configuration.kinds,
    wanted,
    current: await readCurrent(db, configuration.kinds, vault),
    isDatabaseKnown: true,
    owner: options.owner,
    prunable: options.prune ? configuration.declaredKinds : new Set(),
    newId: options.newId,
  });
  return { plan, vault };
}

function judge({ plan, vault }: Seen, database: Database, { configuration, options }: LookInput): Look {
  const { changes, unchanged, undeclared, refusals, remarks } = plan;
  refuse(configuration, refusals);
  const diagnostics = collectDiagnostics(configuration, database, vault, remarks);
  refuseWarnings(options, diagnostics);
  return { changes, unchanged, undeclared, diagnostics };
}
