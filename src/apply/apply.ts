import type { Transaction } from "kysely";
import { type Database, isFailure } from "../database/database.js";
import { type LockedResult, type OnRollback, withLock } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { isCommitted, writeRun } from "../database/write-rows.js";
import { type SetupError, setupError } from "../errors.js";
import { willGenerate } from "../plan/plan.js";
import { createSignRun } from "../secrets/journal-key.js";
import { assertMigrated, knownMigrations, runPending } from "./migrate.js";
import type { ApplyOptions } from "./options.js";
import { type OwnedConfiguration, ownersForJournal, settleOwners } from "./owners.js";
import {
  assertStorable,
  describeLook,
  isProgramsOwn,
  type Look,
  lookFirst,
  rehearse,
  resolveResources,
} from "./plan.js";
import { type LookInput, planForNew, readPlan, readState, type Seen } from "./read-plan.js";
import {
  applyDefaults,
  beginRun,
  type Configuration,
  lockOptions,
  type RunResult,
  type StartedRun,
  withDatabase,
} from "./run.js";
import { collectDiagnostics, judge, judgeRefusals, requireCodes, severityRules } from "./severity.js";
import { awaitReferences, checkpoint } from "./wait.js";
import { writePlan } from "./write.js";

/**
 * Makes the database match the configuration, in one transaction under the database's lock, or changes nothing.
 *
 * @throws SetupError with every reason for the failure
 */
export async function apply(declared: Configuration, given: Partial<ApplyOptions> = {}): Promise<RunResult> {
  const options = { ...applyDefaults(), ...given };
  requireCodes(options);
  if (declared.withoutEnv) {
    const hint = "load it without `noEnv`, with its variables set and its secret files in place";
    throw setupError("usage", "COMMAND_LINE", "a configuration that was loaded with `noEnv` can't be applied", hint);
  }
  const run = beginRun("apply", options);
  const configuration = await resolveResources(settleOwners(declared, options.owner), options, run.step);
  const { resources: desired } = configuration;
  assertStorable(configuration, desired);
  return awaitReferences(options, (left) => applyOnce({ configuration, desired, options: left }, left, run));
}

async function applyOnce(input: LookInput, options: ApplyOptions, run: StartedRun<"apply">): Promise<RunResult> {
  const { configuration } = input;
  const first = await lookFirst(input);
  if (first.kind === "behind" && !options.migrate) assertMigrated(first.pending);
  // A file is created only once nothing is in the way; an existing database is read under its lock.
  const look = first.kind === "behind" ? (first.state === "none" ? await rehearse(input, first) : undefined) : first;
  if (look) {
    const { changes, unchanged, undeclared, access, diagnostics } = look;
    if (changes.length === 0 && first.kind === "current" && !options.leftBehind.exists()) {
      run.step("COMPARED", describeLook(look));
      return run.finish({
        outcome: "unchanged",
        migrations: [],
        changes,
        unchanged,
        undeclared,
        access,
        generated: [],
        diagnostics,
      });
    }
    if (willGenerate(configuration.kinds, changes)) options.beforeGenerating();
  }
  const hasTables = first.kind === "current" || first.state === "older";
  const result = await withDatabase(options, "write", (database) =>
    withLock(database, lockOptions(options, hasTables), (tx, onRollback) =>
      applyInside(tx, { database, hasTables, look, input, options, run, onRollback }),
    ),
  ).catch((error: unknown) => {
    const mayDelete = options.prune || input.desired.some(({ present }) => !present);
    throw mayDelete && isFailure(error, "row_missing") ? neededElsewhere(error) : error;
  });
  if (result.outcome === "applied") run.step("COMMITTED", "the changes are committed");
  return result;
}

/** The kinds that a run knows are checked by its plan. */
function neededElsewhere(cause: unknown): SetupError {
  return setupError(
    "refused",
    "RESOURCE_IN_USE",
    "a row of a table that this run knows nothing of needs an entry that it would delete",
    "name the module of that table's step with --steps, so that the plan says which, or delete first what needs the entry",
    { cause },
  );
}

interface LockedRun {
  readonly database: Database;
  readonly hasTables: boolean;
  /** What was found before the lock, where that could be read. */
  readonly look: Look | undefined;
  readonly input: LookInput;
  readonly options: ApplyOptions;
  readonly onRollback: OnRollback;
  readonly run: StartedRun<"apply">;
}

/** Writes what the look found if that is still so, and otherwise what the database, which no other run can change now, differs in. */
async function applyInside(
  tx: Transaction<Tables>,
  { database, hasTables, look, input, options, run, onRollback }: LockedRun,
): Promise<LockedResult<RunResult>> {
  const { configuration } = input;
  const now = options.now().toISOString();
  run.step("LOCKED", "got the database's lock");
  const ran = await runPending(tx, configuration, { now, migrate: options.migrate });
  if (ran.length > 0) run.step("MIGRATED", `ran ${ran.length} migrations`);
  const migrations = hasTables ? ran : [];
  if (options.leftBehind.exists()) await options.leftBehind.settle((runId) => isCommitted(tx, runId));
  const { plan, access, vault } = await seeInside(tx, database, { ran, look: look?.seen, input });
  onRollback(vault.discardMadeKey);
  const { changes, unchanged, undeclared, refusals } = plan;
  run.step("COMPARED", describeLook(plan));
  const rules = severityRules(options, configuration.settings);
  const found = () => collectDiagnostics(configuration, database, vault, plan.diagnostics);
  const allowed = judgeRefusals(rules, configuration, refusals, found());
  // A key created for the sealed values is only known once they are written.
  const diagnostics = () => judge(rules, [...found(), ...allowed]);
  // What stops the run does so before anything is written.
  diagnostics();
  if (changes.length === 0) {
    const outcome = migrations.length > 0 ? "applied" : "unchanged";
    const result = { outcome, migrations, changes, unchanged, undeclared, access, generated: [] } as const;
    return { commit: ran.length > 0, value: run.finish({ ...result, diagnostics: diagnostics() }) };
  }
  if (willGenerate(configuration.kinds, changes)) options.beforeGenerating();

  const { kinds } = configuration;
  const writing = { newId: options.newId, signal: options.signal, step: run.step };
  const { generated, cascades } = await writePlan(tx, { kinds, desired: input.desired, plan, vault, now }, writing);
  judgeRefusals(rules, configuration, cascades);
  const done = { outcome: "applied", migrations, changes, unchanged, undeclared, access, generated } as const;
  const result = run.finish({ ...done, diagnostics: diagnostics() });
  await writeAudit(tx, configuration, { ...options, keyFile: database.keyFile }, result);
  await options.beforeCommit(generated, result.run.id);
  await checkpoint(options.signal);
  return { commit: true, value: result };
}

interface Known {
  /** The migrations that have just run. */
  readonly ran: readonly string[];
  readonly look: Seen | undefined;
  readonly input: LookInput;
}

/**
 * The plan, as it is under the lock. Everything that writes what plans compare takes the lock and counts the revision up, so that
 * what was read before is still so if this run's lock alone has. In a database whose tables this transaction creates is nothing yet.
 */
async function seeInside(tx: Transaction<Tables>, database: Database, { ran, look, input }: Known): Promise<Seen> {
  const { configuration } = input;
  if (ran.length > 0) {
    const isNew = isProgramsOwn(configuration) && ran.length === knownMigrations(configuration).length;
    if (!isNew) return readPlan(tx, database, input);
    return look?.revision === 0 ? look : planForNew(database, input);
  }
  const { revision } = await readState(tx);
  return look?.revision === revision - 1 ? look : readPlan(tx, database, input);
}

/** Records a run and its changes: secrets by name only. */
async function writeAudit(
  tx: Transaction<Tables>,
  configuration: OwnedConfiguration,
  { actor, claimedActor, through, version, now, env, keyFile }: ApplyOptions & Pick<Database, "keyFile">,
  { run: { id, startedAt }, changes }: RunResult,
): Promise<void> {
  const finishedAt = now().toISOString();
  await writeRun(
    tx,
    { id, startedAt, finishedAt, actor, claimedActor, through, version, ...ownersForJournal(configuration) },
    changes,
    createSignRun({ env, keyFile }),
  );
}
