import { sql, type Transaction } from "kysely";
import { anyTables, chunk, type Database, isFailure } from "../database/database.js";
import { forgetFormerNames, missingProtected, writeEntrySettings } from "../database/entry-settings.js";
import { type LockedResult, type OnRollback, withLock } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { isCommitted, writeRun } from "../database/write-rows.js";
import { type SetupError, setupError } from "../errors.js";
import type { GeneratedSecret, Kind, Refusal, WriteContext } from "../plan/kind.js";
import { orderKinds, type Plan, willGenerate } from "../plan/plan.js";
import { endedAliases } from "../plan/renames.js";
import type { Change, PlannedChange } from "../plan/resource.js";
import type { LazyVault } from "../secrets/vault.js";
import { assertMigrated, runPending } from "./migrate.js";
import type { ApplyOptions } from "./options.js";
import { type OwnedConfiguration, ownersForJournal, settleOwners } from "./owners.js";
import { assertStorable, type LookInput, lookFirst, readPlan, rehearse, resolveResources } from "./plan.js";
import {
  applyDefaults,
  beginRun,
  type Configuration,
  lockOptions,
  ownKindName,
  type RunResult,
  withDatabase,
  withOwnTables,
} from "./run.js";
import { collectDiagnostics, judge, judgeRefusals, requireCodes, severityRules } from "./severity.js";
import { awaitReferences, checkpoint } from "./wait.js";

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
  const finish = beginRun("apply", options);
  const configuration = await resolveResources(settleOwners(declared, options.owner), options);
  const { resources: desired } = configuration;
  assertStorable(configuration, desired);
  return awaitReferences(options, (left) => applyOnce({ configuration, desired, options: left }, left, finish));
}

type Finish = (result: Omit<RunResult, "command" | "run">) => RunResult;

async function applyOnce(input: LookInput, options: ApplyOptions, finish: Finish): Promise<RunResult> {
  const { configuration } = input;
  const first = await lookFirst(input);
  if (first.kind === "behind" && !options.migrate) assertMigrated(first.pending);
  // A file is created only once nothing is in the way; an existing database is read under its lock.
  const look = first.kind === "behind" && first.state === "none" ? await rehearse(input, first) : first;
  if ("changes" in look) {
    const { changes, unchanged, undeclared, access, diagnostics } = look;
    if (changes.length === 0 && first.kind === "current" && !options.leftBehind.exists()) {
      return finish({
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
  return withDatabase(options, "write", (database) =>
    withLock(database, lockOptions(options, hasTables), (tx, onRollback) =>
      applyInside(tx, { database, hasTables, input, options, finish, onRollback }),
    ),
  ).catch((error: unknown) => {
    const mayDelete = options.prune || input.desired.some(({ present }) => !present);
    throw mayDelete && isFailure(error, "row_missing") ? neededElsewhere(error) : error;
  });
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
  readonly input: LookInput;
  readonly options: ApplyOptions;
  readonly onRollback: OnRollback;
  readonly finish: Finish;
}

/** Starts over, now that no other process can write: the changes of concurrent runs are visible. */
async function applyInside(
  tx: Transaction<Tables>,
  { database, hasTables, input, options, finish, onRollback }: LockedRun,
): Promise<LockedResult<RunResult>> {
  const { configuration } = input;
  const now = options.now().toISOString();
  const ran = await runPending(tx, configuration, { now, migrate: options.migrate });
  const migrations = hasTables ? ran : [];
  if (options.leftBehind.exists()) await options.leftBehind.settle((runId) => isCommitted(tx, runId));
  const { plan, access, vault } = await readPlan(tx, database, input);
  onRollback(vault.discardMadeKey);
  const { changes, unchanged, undeclared, refusals } = plan;
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
    return { commit: ran.length > 0, value: finish({ ...result, diagnostics: diagnostics() }) };
  }
  if (willGenerate(configuration.kinds, changes)) options.beforeGenerating();

  const generated: GeneratedSecret[] = [];
  const { newId } = options;
  const context = { db: tx, vault, now, newId, generated: (secret: GeneratedSecret) => generated.push(secret) };
  await writeChanges(context, configuration.kinds, changes, options);
  await writeEntrySettings(tx, changes);
  await forgetFormerNames(tx, endedAliases(configuration.kinds, input.desired, plan));
  judgeRefusals(rules, configuration, await findCascades(tx, configuration.kinds, plan));
  const done = { outcome: "applied", migrations, changes, unchanged, undeclared, access, generated } as const;
  const result = finish({ ...done, diagnostics: diagnostics() });
  await writeAudit(tx, configuration, options, result);
  await rememberKey(tx, vault);
  await options.beforeCommit(generated, result.run.id);
  await checkpoint(options.signal);
  return { commit: true, value: result };
}

async function rememberKey(tx: Transaction<Tables>, vault: LazyVault): Promise<void> {
  const keyId = vault.usedKeyId();
  if (keyId !== undefined) await tx.updateTable("setup_state").set({ key_id: keyId }).where("id", "=", 1).execute();
}

/**
 * Carries the changes out: deletions first, then releases, so that names and values are free again; each kind after
 * those it depends on.
 */
async function writeChanges(
  context: WriteContext,
  kinds: readonly Kind[],
  changes: readonly Change[],
  { signal, onProgress }: Pick<ApplyOptions, "signal" | "onProgress">,
): Promise<void> {
  const ordered = orderKinds(kinds);
  for (const kind of ordered.toReversed()) {
    const ids = changes
      .filter(({ action, kind: name }) => action === "delete" && name === kind.name)
      .map(({ id }) => id);
    if (ids.length > 0) await withOwnTables(ownKindName(kind), () => kind.remove(context, ids));
    await checkpoint(signal);
  }
  const plannedOf = (kind: Kind): readonly PlannedChange[] =>
    changes.filter((change): change is PlannedChange => change.action !== "delete" && change.kind === kind.name);
  for (const kind of ordered) {
    await releaseKeys(context, kind, plannedOf(kind));
    await kind.release?.(context, plannedOf(kind));
  }
  for (const kind of ordered) {
    const planned = plannedOf(kind);
    if (planned.length > 0) {
      onProgress(`writing ${planned.length} ${kind.name}`);
      await withOwnTables(ownKindName(kind), () => kind.write(context, planned));
    }
    await checkpoint(signal);
  }
}

/** Entries that swap their names, or take over each other's, give them up first: no two rows can have one at any moment. */
async function releaseKeys({ db }: WriteContext, kind: Kind, changes: readonly PlannedChange[]): Promise<void> {
  const taken = new Set(changes.map(({ key }) => key));
  const leaving = changes.filter((change) => change.action === "update" && taken.has(change.previousKey ?? ""));
  for (const batch of chunk(leaving, 500)) {
    const ids = batch.map(({ id }) => id);
    await anyTables(db)
      .updateTable(kind.table)
      // No name that a file can have: the new one follows.
      .set({ [kind.keyColumn]: sql<string>`'released:' || id` })
      .where("id", "in", ids)
      .execute();
  }
}

/**
 * Protected rows that went with others: a foreign key of a table that a module brings may delete them, and no plan shows what
 * its kind does not call a reference.
 */
async function findCascades(
  tx: Transaction<Tables>,
  kinds: readonly Kind[],
  { changes, world }: Plan,
): Promise<readonly Refusal[]> {
  if (!changes.some(({ action }) => action === "delete")) return [];
  const refusals: Refusal[] = [];
  for (const kind of kinds) {
    const missing = await missingProtected(tx, kind.name, kind.table);
    for (const { id, key } of world.current(kind)) {
      if (!missing.includes(id)) continue;
      const message = `${kind.name} ${key} can't be deleted: it is protected, and would go with an entry that this run deletes`;
      const hint = `keep that entry, or first apply the ${kind.name} with \`protect: false\``;
      refusals.push({ reason: "refused", code: "PROTECTED", message, hint });
    }
  }
  return refusals;
}

/** Records a run and its changes: secrets by name only. */
async function writeAudit(
  tx: Transaction<Tables>,
  configuration: OwnedConfiguration,
  { actor, claimedActor, through, version, now }: ApplyOptions,
  { run: { id, startedAt }, changes }: RunResult,
): Promise<void> {
  const finishedAt = now().toISOString();
  await writeRun(
    tx,
    { id, startedAt, finishedAt, actor, claimedActor, through, version, ...ownersForJournal(configuration) },
    changes,
  );
}
