import type { Transaction } from "kysely";
import { setupError } from "../errors.js";
import type { Database } from "./database.js";
import type { Tables } from "./tables.js";

export interface LockOptions {
  /** How long somebody else's run is waited for. */
  readonly timeoutMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
  readonly newId: () => string;
  /** False where the database has no tables yet: then the lock's own come first. */
  readonly hasTables: boolean;
}

/** What work inside the lock ends with: whether to keep what it wrote. */
export interface LockedResult<T> {
  readonly commit: boolean;
  readonly value: T;
}

const retryMs = 25;

/**
 * Runs `work` in a transaction that holds the database's only lock: one run at a time writes configuration. What it wrote is
 * kept whole or not at all.
 *
 * @throws SetupError `DATABASE_LOCKED` (unavailable) when the lock was not had in time
 */
export async function withLock<T>(
  database: Database,
  options: LockOptions,
  work: (tx: Transaction<Tables>) => Promise<LockedResult<T>>,
): Promise<T> {
  const deadline = options.now() + options.timeoutMs;
  for (;;) {
    const attempt = await tryOnce(database, options, work);
    if (attempt.kind === "done") return attempt.value;
    if (options.now() >= deadline) {
      throw setupError(
        "unavailable",
        "DATABASE_LOCKED",
        "another run holds the database's lock",
        "try again when it is done, or give more time with --wait",
        { cause: attempt.cause },
      );
    }
    await options.sleep(retryMs);
  }
}

type Attempt<T> = { readonly kind: "done"; readonly value: T } | { readonly kind: "busy"; readonly cause: unknown };

async function tryOnce<T>(
  database: Database,
  options: LockOptions,
  work: (tx: Transaction<Tables>) => Promise<LockedResult<T>>,
): Promise<Attempt<T>> {
  const tx = await database.kysely.startTransaction().execute();
  try {
    if (!options.hasTables) await createLockTables(tx);
    await takeLock(tx, options.newId());
    const { commit, value } = await work(tx);
    await (commit ? tx.commit() : tx.rollback()).execute();
    return { kind: "done", value };
  } catch (cause) {
    if (!tx.isCommitted && !tx.isRolledBack) await tx.rollback().execute();
    if (database.isBusy(cause)) return { kind: "busy", cause };
    throw cause;
  }
}

/** The lock is a row, so its table can't be made by a migration that runs under the lock. */
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
 * A write to the one state row, before anything is read: a transaction that has read can't begin to write once somebody else
 * has committed. It also counts up the revision, which a rollback takes back.
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
