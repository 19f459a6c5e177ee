import type { AccessChange } from "../access/compare.js";
import type { AccessFacts } from "../access/facts.js";
import { type Database, isFailure } from "../database/database.js";
import { withLock } from "../database/lock.js";
import { appliedMigrations, pendingMigrations } from "../database/migrate.js";
import { type Diagnostic, SetupError } from "../errors.js";
import type { Refusal } from "../plan/kind.js";
import type { Undeclared } from "../plan/plan.js";
import type { AttributeValue, Change, Resource, ResourceName } from "../plan/resource.js";
import { sleep } from "../retry.js";
import type { RawDiagnostic } from "../yaml/node.js";
import { knownMigrations, migrationForbidden, runPending } from "./migrate.js";
import type { RunOptions } from "./options.js";
import { settleOwners } from "./owners.js";
import { type LookInput, planForNew, readPlan, type Seen } from "./read-plan.js";
import {
  beginRun,
  type Configuration,
  lockOptions,
  type OnStep,
  type RunResult,
  runDefaults,
  withDatabase,
} from "./run.js";
import { collectDiagnostics, judge, judgeRefusals, requireCodes, severityRules } from "./severity.js";
import { awaitDatabase, awaitReferences, stopIfInterrupted } from "./wait.js";

/**
 * Shows what `apply` would do. Changes no byte of the database, and creates none.
 *
 * @throws SetupError with every reason for the failure
 */
export async function plan(declared: Configuration, given: Partial<RunOptions> = {}): Promise<RunResult> {
  const options = { ...runDefaults(), ...given };
  requireCodes(options);
  const run = beginRun("plan", options);
  const configuration = await resolveResources(settleOwners(declared, options.owner), options, run.step);
  const { resources: desired } = configuration;
  assertStorable(configuration, desired);
  return awaitReferences(options, async (left) => {
    const input = { configuration, desired, options: left };
    const first = await lookFirst(input);
    const look = first.kind === "behind" ? await rehearse(input, first) : first;
    const { changes, unchanged, undeclared, access, diagnostics } = look;
    run.step("COMPARED", describeLook(look));
    const migrations = first.kind === "behind" && first.state === "older" ? first.pending : [];
    const outcome = changes.length + migrations.length === 0 ? "unchanged" : "planned";
    return run.finish({ outcome, migrations, changes, unchanged, undeclared, access, generated: [], diagnostics });
  });
}

/** What is read from a database. */
export interface Look {
  readonly changes: readonly Change[];
  readonly unchanged: readonly ResourceName[];
  readonly undeclared: Undeclared;
  readonly access: AccessChange;
  /** What decides who may do what afterwards, where the input asks for it. */
  readonly facts: AccessFacts | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly seen: Seen;
}

/** How many entries would change, such as `2 to create, 1 to update, 0 to delete, 9 unchanged`. */
export function describeLook({ changes, unchanged }: Pick<Look, "changes" | "unchanged">): string {
  const count = (action: Change["action"]) => changes.filter((change) => change.action === action).length;
  return `${count("create")} to create, ${count("update")} to update, ${count("delete")} to delete, ${unchanged.length} unchanged`;
}

/** A database whose tables must be created or changed before anything can be read. */
interface Behind {
  readonly kind: "behind";
  /** `none` without a file, `empty` without tables. */
  readonly state: "none" | "empty" | "older";
  /** The names of the missing migrations. */
  readonly pending: readonly string[];
}

/**
 * Finds the changes without taking the lock or creating a file: most runs end here.
 *
 * @throws SetupError with every reason for the failure
 */
export function lookFirst(input: LookInput): Promise<Behind | ({ readonly kind: "current" } & Look)> {
  return withDatabase(input.options, "read", async (database) => {
    const applied = database && (await appliedMigrations(database.kysely));
    const pending = pendingMigrations(knownMigrations(input.configuration), applied).map(({ name }) => name);
    if (database === undefined) return { kind: "behind", state: "none", pending };
    if (pending.length > 0) return { kind: "behind", state: applied ? "older" : "empty", pending };
    const transaction = database.kysely.transaction().setIsolationLevel("repeatable read").setAccessMode("read only");
    const seen = await transaction.execute(async (tx) => {
      await database.beginWork(tx);
      return await readPlan(tx, database, input);
    });
    return { kind: "current", ...compare(seen, database, input) };
  });
}

/**
 * Finds the changes after pending migrations: runs them, reads, and rolls all of it back. Where the
 * database is a file, that happens to a copy.
 *
 * @throws SetupError with every reason for the failure
 */
export function rehearse(input: LookInput, { state, pending }: Behind): Promise<Look> {
  const { configuration, options } = input;
  const once = { ...options, waitMs: 0, lockTimeoutMs: 0 };
  const work = async (database: Database): Promise<Look> => {
    if (state === "none" && isProgramsOwn(configuration)) {
      return compare(await planForNew(database, input), database, input);
    }
    const seen = await withLock(database, lockOptions(once, state === "older"), async (tx) => {
      const now = options.now().toISOString();
      await runPending(tx, configuration, { now, migrate: true });
      return { commit: false, value: await readPlan(tx, database, input) };
    }).catch((error: unknown) => {
      throw isFailure(error, "forbidden") ? migrationForbidden(pending, error) : error;
    });
    return compare(seen, database, input);
  };
  // Between two tries, processes that waited for this one get their turn.
  return awaitDatabase(options, () => withDatabase(once, "rehearse", work));
}

/** Whether a new database has no rows but those that this run writes. */
export function isProgramsOwn({ kinds }: Pick<Configuration, "kinds">): boolean {
  return kinds.every(({ migrations }) => migrations === undefined);
}

function compare(seen: Seen, database: Database, { configuration, options }: LookInput): Look {
  const { plan, access, facts, vault } = seen;
  const { changes, unchanged, undeclared, refusals } = plan;
  const rules = severityRules(options, configuration.settings);
  const found = collectDiagnostics(configuration, database, vault, plan.diagnostics);
  const allowed = judgeRefusals(rules, configuration, refusals, found);
  const diagnostics = judge(rules, [...found, ...allowed]);
  return { changes, unchanged, undeclared, access, facts, diagnostics, seen };
}

/** Looks up over the network what the files leave open, before any transaction, and what their clients request in vain. */
export async function resolveResources<C extends Configuration>(
  configuration: C,
  options: RunOptions,
  step?: OnStep,
): Promise<C> {
  if (options.offline) return configuration;
  const { waitMs, signal, onWaiting } = options;
  const network = {
    declared: configuration.resources,
    env: options.env,
    waitMs,
    signal,
    onWaiting,
    clock: () => options.now().getTime(),
    sleep,
  };
  const resources: Resource[] = [];
  const refusals: Refusal[] = [];
  const diagnostics: RawDiagnostic[] = [];
  for (const kind of configuration.kinds) {
    const desired = kind.resourcesOf(configuration.resources);
    const completion = await kind.resolve?.(desired, network).catch((error: unknown) => {
      // A request that the signal ended rejects with the signal's own error.
      stopIfInterrupted(signal);
      throw error;
    });
    if (completion && desired.length > 0)
      step?.("RESOLVED", `looked up what the files leave open of ${desired.length} ${kind.name}`);
    for (const resource of completion?.resources ?? desired) resources.push(resource);
    for (const refusal of completion?.refusals ?? []) refusals.push(refusal);
    for (const diagnostic of completion?.diagnostics ?? []) diagnostics.push(diagnostic);
  }
  stopIfInterrupted(options.signal);
  const allowed = judgeRefusals(severityRules(options, configuration.settings), configuration, refusals);
  const warnings = [...configuration.warnings, ...configuration.quote(diagnostics), ...allowed];
  return { ...configuration, resources, warnings };
}

/**
 * Not every database keeps a NUL character in a text. The program's own steps refuse it field by field; those of other modules may
 * accept it.
 *
 * @throws SetupError `INVALID_VALUE` (invalid)
 */
export function assertStorable(configuration: Configuration, resources: readonly Resource[]): void {
  const errors: RawDiagnostic[] = [];
  const look = ({ kind, range }: Resource, name: string, value: AttributeValue): void => {
    if (!holdsNul(value)) return;
    errors.push({
      severity: "error",
      code: "INVALID_VALUE",
      message: `${name} of a resource of the kind ${kind} contains a NUL character`,
      hint: "remove the character",
      range,
    });
  };
  for (const resource of resources) {
    look(resource, "key", resource.key);
    for (const name in resource.attributes) look(resource, name, resource.attributes[name]);
  }
  if (errors.length > 0) throw new SetupError("invalid", configuration.quote(errors));
}

function holdsNul(value: AttributeValue): boolean {
  if (typeof value === "string") return value.includes("\0");
  return Array.isArray(value) && value.some((part) => typeof part === "string" && part.includes("\0"));
}
