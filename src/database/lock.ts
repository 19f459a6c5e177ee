import type { ControlledTransaction, Transaction } from "kysely";
import { SetupError, setupError } from "../errors.js";
import { retryWhile, type Wait } from "../retry.js";
import { type Database, isFailure } from "./database.js";
import type { Tables } from "./tables.js";

export interface LockOptions {
  /** How long to wait for another run. */
  readonly timeoutMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Called while another run holds the lock. */
  readonly onWaiting?: (wait: Wait) => void;
  readonly now: () => number;
  readonly newId: () => string;
  /** False where the database has no tables yet: then the lock's tables are created first. */
  readonly hasTables: boolean;
}

/** What work inside the lock ends with: whether to keep what it wrote. */
export interface LockedResult<T> {
  readonly commit: boolean;
  readonly value: T;
}

/** Registers work to do before a rollback, while the lock is still held: it undoes what was created outside the database. */
export type OnRollback = (undo: () => void) => void;

type LockedWork<T> = (tx: Transaction<Tables>, onRollback: OnRollback) => Promise<LockedResult<T>>;

const retryMs = 25;

/**
 * Runs `work` in a transaction that holds the database's only lock: one run at a time writes configuration. All that it wrote
 * is kept, or nothing. The work runs again where the database could not serialize it with concurrent transactions.
 *
 * @throws SetupError `DATABASE_LOCKED` on a timeout for the lock, `COMMIT_UNKNOWN` when the connection was lost at the very end
 * (both unavailable)
 */
export async function withLock<T>(database: Database, options: LockOptions, work: LockedWork<T>): Promise<T> {
  const attempt = await retryWhile(
    ({ kind }) => kind === "busy",
    () => tryOnce(database, options, work),
    { ...options, pauseMs: () => retryMs, onRetry: (_, wait) => options.onWaiting?.(wait) },
  );
  if (attempt.kind === "done") return attempt.value;
  // Not a run blocks this one, but for example a reader of a table that must change.
  if (attempt.hadLock) throw attempt.cause;
  throw setupError(
    "unavailable",
    "DATABASE_LOCKED",
    `could not get the database's lock within ${options.timeoutMs / 1000} s: another run holds it`,
    ["retry when that run has finished, or wait longer with --wait", database.lockHint].filter(Boolean).join("; "),
    { cause: attempt.cause },
  );
}

type Attempt<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "busy"; readonly cause: unknown; readonly hadLock: boolean };

async function tryOnce<T>(database: Database, options: LockOptions, work: LockedWork<T>): Promise<Attempt<T>> {
  const tx = await database.kysely.startTransaction().execute();
  let hadLock = false;
  let undo = (): void => {};
  try {
    await database.beginWork(tx);
    if (!options.hasTables) await createLockTables(tx);
    await takeLock(tx, options.newId());
    hadLock = true;
    const { commit, value } = await work(tx, (given) => {
      undo = given;
    });
    if (commit) await keep(tx);
    else {
      undo();
      await tx.rollback().execute();
    }
    return { kind: "done", value };
  } catch (cause) {
    if (!isCommitUnknown(cause)) undo();
    // If the connection is gone, the database rolls back by itself.
    if (!tx.isCommitted && !tx.isRolledBack)
      await tx
        .rollback()
        .execute()
        .catch(() => {});
    if (isFailure(cause, "busy")) return { kind: "busy", cause, hadLock };
    throw cause;
  }
}

function isCommitUnknown(error: unknown): boolean {
  return error instanceof SetupError && error.diagnostics.some(({ code }) => code === "COMMIT_UNKNOWN");
}

async function keep(tx: ControlledTransaction<Tables>): Promise<void> {
  try {
    await tx.commit().execute();
  } catch (cause) {
    if (!isFailure(cause, "connection_lost")) throw cause;
    throw setupError(
      "unavailable",
      "COMMIT_UNKNOWN",
      "the connection to the database was lost during the commit: the changes may or may not have been made",
      "run the same command again, which is safe: it makes only the changes that are missing",
      { cause },
    );
  }
}

/** The lock is a row, so its table can't be created by a migration that runs under the lock. */
async function createLockTables(tx: Transaction<Tables>): Promise<void> {
  await tx.schema
    .createTable("setup_state")
    .ifNotExists()
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("store_id", "text", (column) => column.notNull())
    .addColumn("revision", "integer", (column) => column.notNull())
    .addColumn("key_id", "text")
    .execute();
  await tx.schema
    .createTable("setup_migrations")
    .ifNotExists()
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("applied_at", "text", (column) => column.notNull())
    .execute();
}

/**
 * Writes to the one state row before anything is read: a transaction that has read can't begin to write once another one has
 * committed. It also increments the revision, which a rollback undoes.
 */
async function takeLock(tx: Transaction<Tables>, storeId: string): Promise<void> {
  await tx
    .insertInto("setup_state")
    .values({ id: 1, store_id: storeId, revision: 1, key_id: null })
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet((eb) => ({ revision: eb("setup_state.revision", "+", 1) })),
    )
    .execute();
}
