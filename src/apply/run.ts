import { randomUUID } from "node:crypto";
import type { AccessChange } from "../access/compare.js";
import type { Catalogue } from "../config/catalogue.js";
import type { Settings } from "../config/settings.js";
import type { FileOwner } from "../config/validate.js";
import { type Connection, type Database, DatabaseError, type RunMode } from "../database/database.js";
import type { LockOptions } from "../database/lock.js";
import { defaultDatabaseUrl, openDatabase } from "../database/open.js";
import { type Diagnostic, SetupError } from "../errors.js";
import type { GeneratedSecret, Kind } from "../plan/kind.js";
import type { Undeclared } from "../plan/plan.js";
import type { Change, Resource, ResourceName } from "../plan/resource.js";
import { sleep } from "../retry.js";
import { version } from "../version.js";
import type { RawDiagnostic } from "../yaml/node.js";
import type { ApplyOptions, DatabaseOptions, LoadOptions, LockingOptions, RunOptions, RunStep } from "./options.js";
import { awaitDatabase, stopIfInterrupted } from "./wait.js";

/** When a run began, and how long it took. */
export interface RunTimes {
  readonly id: string;
  readonly startedAt: string;
  readonly durationMs: number;
}

/** A run that has begun. */
export interface StartedRun<C extends string> {
  readonly step: OnStep;
  /** Ends its clock, with the result. */
  readonly finish: <R extends object>(result: R) => R & { readonly command: C; readonly run: RunTimes };
}

export type OnStep = (code: RunStep["code"], message: string) => void;

/** Starts a run's clock. */
export function beginRun<const C extends string>(
  command: C,
  { now, newId, onStep }: Pick<DatabaseOptions, "now" | "newId"> & Partial<Pick<RunOptions, "onStep">>,
): StartedRun<C> {
  const id = newId();
  const started = now();
  const step: OnStep = (code, message) => onStep?.({ code, message, run: id });
  step("STARTED", `${command} started`);
  return {
    step,
    finish: (result) => ({
      command,
      ...result,
      run: { id, startedAt: started.toISOString(), durationMs: now().getTime() - started.getTime() },
    }),
  };
}

/** What a run did, or would do. */
export interface RunResult {
  readonly command: "plan" | "apply";
  readonly outcome: "planned" | "applied" | "unchanged";
  /** The migrations that ran first, or would; none for a database without any tables. */
  readonly migrations: readonly string[];
  readonly changes: readonly Change[];
  /** The declared resources that already match. */
  readonly unchanged: readonly ResourceName[];
  readonly undeclared: Undeclared;
  /** Who may do more afterwards, and who less. */
  readonly access: AccessChange;
  /** Shown once, then gone. */
  readonly generated: readonly GeneratedSecret[];
  readonly diagnostics: readonly Diagnostic[];
  readonly run: RunTimes;
}

export interface ConfigurationFile {
  readonly file: string;
  readonly sha256: string;
  /** The owner that it names, if it does. */
  readonly owner?: string | undefined;
}

/** A valid configuration: what its files declare, ready to plan or apply. */
export interface Configuration {
  readonly resources: readonly Resource[];
  readonly kinds: readonly Kind[];
  /** The owners of its files, with the kinds that the files of each declare. */
  readonly owners: readonly FileOwner[];
  /** What its files say under `vtb_setup`. */
  readonly settings: Settings;
  /** The permissions that exist; undefined where its files don't say. */
  readonly catalogue?: Catalogue | undefined;
  readonly files: readonly ConfigurationFile[];
  readonly warnings: readonly Diagnostic[];
  /** It was read without its variables and secret files (`noEnv`), and can be planned but not applied. */
  readonly withoutEnv?: boolean;
  /** Adds source lines to the diagnostics of later stages, secrets masked. */
  readonly quote: (diagnostics: readonly RawDiagnostic[]) => readonly Diagnostic[];
}

/**
 * Passes work an open database, or undefined where there is none yet and nothing is to be written, and closes it afterwards.
 *
 * @throws SetupError also for the database's own errors
 */
export function withDatabase<T>(
  options: DatabaseOptions,
  mode: "write" | "rehearse",
  work: (database: Database) => Promise<T>,
): Promise<T>;
export function withDatabase<T>(
  options: DatabaseOptions,
  mode: "read",
  work: (database: Database | undefined) => Promise<T>,
): Promise<T>;
export async function withDatabase<T>(
  options: DatabaseOptions,
  mode: RunMode,
  work: (database: Database & undefined) => Promise<T>,
): Promise<T> {
  const database = await awaitDatabase(options, () => openDatabase(options.database, mode, options.env));
  try {
    // The overloads above keep mode and work together.
    return await work(database as Database & undefined);
  } finally {
    // The work's result stands even where closing fails: it may have been committed.
    await database?.close().catch(() => {});
  }
}

/**
 * Does something with the tables of a kind or migration.
 *
 * @param own names it in the error where its author, and not this program, is at fault; undefined for the program's own
 */
export async function withOwnTables<T>(own: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (own === undefined || !(error instanceof DatabaseError)) throw error;
    // What only needs another try, or permission, is no mistake in the kind's code.
    if (error.reason !== "internal" || error.failure === "busy") throw error;
    const hint = "correct the kind's columns or migrations, or add a migration";
    const diagnostics = error.diagnostics.map((diagnostic) => ({
      ...diagnostic,
      message: `${own}: ${diagnostic.message}`,
      hint: diagnostic.hint?.startsWith("report this as a bug") ? hint : diagnostic.hint,
    }));
    throw new SetupError("internal", diagnostics, { cause: error });
  }
}

/** @throws SetupError where the tables of a kind from another module do not have its columns, or do not exist */
export async function requireTables(kind: Kind, db: Connection): Promise<void> {
  const own = ownKindName(kind);
  if (own !== undefined) await withOwnTables(own, async () => kind.requireTables?.(db, own));
}

/** A kind from another module, for messages; undefined for one of the program's own. */
export function ownKindName({ name, step, migrations }: Kind): string | undefined {
  if (migrations === undefined) return undefined;
  return step === undefined ? `the kind ${name}` : `the step ${step}, kind ${name}`;
}

/** The defaults, which are those of the command line. Standard input is not read. */
export function loadDefaults(): LoadOptions {
  return {
    steps: [],
    kinds: [],
    overlays: [],
    env: process.env,
    cwd: process.cwd(),
    strict: false,
    allow: [],
    deny: [],
    stdin: () => Promise.resolve(Buffer.alloc(0)),
    now: new Date(),
  };
}

export function runDefaults(): RunOptions {
  return {
    database: defaultDatabaseUrl,
    prune: false,
    strict: false,
    allow: [],
    deny: [],
    waitMs: 0,
    offline: false,
    env: process.env,
    now: () => new Date(),
    newId: createIds(),
    onWaiting: () => {},
    onStep: () => {},
  };
}

export function applyDefaults(): ApplyOptions {
  return {
    ...runDefaults(),
    actor: "vtb-setup",
    through: "apply",
    version,
    lockTimeoutMs: 30_000,
    migrate: true,
    beforeGenerating: () => {},
    beforeCommit: () => Promise.resolve(),
    leftBehind: { exists: () => false, settle: () => Promise.resolve() },
  };
}

/** How a run waits for the lock: it reports the wait, and a signal ends it. */
export function lockOptions(options: LockingOptions, hasTables: boolean): LockOptions {
  return {
    timeoutMs: options.lockTimeoutMs,
    now: () => options.now().getTime(),
    newId: options.newId,
    hasTables,
    onWaiting: (wait) => options.onWaiting("another run to finish", wait),
    sleep: async (ms) => {
      await sleep(ms, options.signal);
      stopIfInterrupted(options.signal);
    },
  };
}

/**
 * Creates ids for new rows: UUIDs of version 7 (RFC 9562 §5.7), each greater than the one before. In the indexes of a table, rows with
 * ids in order are appended, which takes SQLite two thirds of the time that random places take.
 *
 * @param now milliseconds since the epoch
 */
export function createIds(now: () => number = Date.now): () => string {
  let last = 0;
  let count = 0;
  return () => {
    const ms = Math.max(now(), last);
    count = ms === last ? count + 1 : 0;
    // More than a millisecond has room for are of the next one.
    if (count === maxPerMs) count = 0;
    last = count === 0 && ms === last ? ms + 1 : ms;
    const time = last.toString(16).padStart(12, "0");
    const random = randomUUID().slice(19);
    // Joined, since V8 keeps the parts of a template, which take several times as much memory.
    return [time.slice(0, 8), time.slice(8), `7${count.toString(16).padStart(3, "0")}`, random].join("-");
  };
}

const maxPerMs = 0x1000;
