import { basename } from "node:path";
import type { Transaction } from "kysely";
import type { DatabaseOptions, LockingOptions } from "../apply/options.js";
import { beginRun, lockOptions, type RunTimes, withDatabase } from "../apply/run.js";
import { checkpoint } from "../apply/wait.js";
import { backUpDatabase, openBackup } from "../database/backup.js";
import type { Backup, Connection, Database } from "../database/database.js";
import { type LockedResult, withLock } from "../database/lock.js";
import { appliedMigrations, pendingMigrations, runMigrations } from "../database/migrate.js";
import { coreMigrations } from "../database/migrations.js";
import type { Tables } from "../database/tables.js";
import type { ChangeRecord } from "../database/write-rows.js";
import { type Diagnostic, setupError } from "../errors.js";
import { coreKinds } from "../resources/registry.js";
import { readSealedValues } from "../resources/sealed-values.js";
import { createSignRun } from "../secrets/journal-key.js";
import { loadKeys } from "../secrets/key.js";
import { maskRandom } from "../secrets/random-looking.js";
import { type CarriedOver, carryEndings, readEndings } from "./carry-over.js";
import { readJournalHead } from "./journal/verify.js";
import { type Actor, recordRun } from "./record.js";
import { unopened } from "./sealing-key.js";

export interface BackupResult {
  readonly command: "backup";
  readonly outcome: "ok";
  readonly file: string;
  readonly bytes: number;
  readonly run: RunTimes;
}

/**
 * Copies the database into a new file, as it is at one moment, while other programs read and write it. It holds no key.
 *
 * @throws SetupError `BACKUP_FILE`, `BACKUP_BY_SERVER` (refused), and where the database can't be read
 */
export async function backUp(file: string, options: DatabaseOptions): Promise<BackupResult> {
  const { finish } = beginRun("backup", options);
  const bytes = await backUpDatabase(options.database, file, options.env);
  return finish({ outcome: "ok" as const, file, bytes });
}

export interface RestoreOptions extends LockingOptions, Actor {
  readonly file: string;
}

export interface RestoreResult extends CarriedOver {
  readonly command: "restore";
  readonly outcome: "applied";
  readonly file: string;
  /** The migrations that brought the backup's tables up to date. */
  readonly migrations: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly run: RunTimes;
}

/**
 * Replaces everything in the database by what a backup holds, in one transaction under the lock, or changes nothing. What was
 * revoked, disabled or deactivated since stays so. Everybody must log in again, since sessions that ended after the backup would work again.
 *
 * @throws SetupError `BACKUP_FILE`, `BACKUP_BY_SERVER`, `DATABASE_DAMAGED`, `DATABASE_NEWER`, `KEY_MISMATCH` (refused)
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const { finish } = beginRun("restore", options);
  const backup = await openBackup(options.database, options.file, options.env);
  try {
    const hasTables = !backup.isNew && (await withDatabase(options, "read", hasAnyTables));
    return await withDatabase(options, "write", async (database) => {
      await assertRestorable(backup, database, options);
      await backup.prepare(database);
      return await withLock(
        database,
        lockOptions(options, hasTables),
        async (tx): Promise<LockedResult<RestoreResult>> => {
          const before = { revision: await revisionOf(tx), runs: await runsIn(database, tx) };
          const endings = await readEndings(database, tx);
          await backup.replace(tx);
          const { migrations, change } = await complete(tx, before, options);
          const carried = await carryEndings(tx, endings);
          const done = { file: options.file, migrations, ...carried, diagnostics: database.warnings };
          const value = finish({ outcome: "applied" as const, ...done });
          await recordRun(tx, value, options, change, createSignRun({ env: options.env, keyFile: database.keyFile }));
          await checkpoint(options.signal);
          return { commit: true, value };
        },
      );
    });
  } finally {
    backup.discard();
  }
}

async function hasAnyTables(database: Database | undefined): Promise<boolean> {
  return database !== undefined && (await appliedMigrations(database.kysely)) !== undefined;
}

/** Checks the copy of a backup before anything is replaced: whether it is ours, of no newer version, and opens with the keys. */
function assertRestorable(backup: Backup, { keyFile }: Database, options: RestoreOptions): Promise<void> {
  return withDatabase({ ...options, database: backup.url }, "read", async (copy) => {
    const applied = copy && (await appliedMigrations(copy.kysely));
    if (copy === undefined || applied === undefined) {
      const message = `the file ${options.file} is not a backup of an auth database: it has none of its tables`;
      throw setupError("refused", "BACKUP_FILE", message, "name a file that vtb-setup backup made");
    }
    pendingMigrations(coreMigrations, applied);
    const values = await readSealedValues(copy, copy.kysely, coreKinds);
    if (values.length === 0) return;
    const [closed] = unopened(values, loadKeys({ env: options.env, keyFile, mode: "read" })?.keys);
    if (!closed) return;
    const hint = "put the key from the time of the backup beside the others, on a separate line";
    throw setupError("refused", closed.code, `in the backup, ${closed.message}`, hint);
  });
}

async function revisionOf(tx: Connection): Promise<number> {
  const state = await tx.selectFrom("setup_state").select("revision").executeTakeFirst();
  return state?.revision ?? 0;
}

/** How many runs the journal has had; null where an earlier version did not count them. */
async function runsIn(database: Database, tx: Connection): Promise<number | null> {
  const isCounted = (await database.tableNames(tx)).includes("journal_head");
  return isCounted ? (await readJournalHead(tx)).count : null;
}

/** Makes what was restored the newest state: programs that have seen a later one must not take it for what they know. */
async function complete(
  tx: Transaction<Tables>,
  before: { readonly revision: number; readonly runs: number | null },
  { file, now }: RestoreOptions,
): Promise<{ readonly migrations: readonly string[]; readonly change: ChangeRecord }> {
  const restored = await revisionOf(tx);
  const pending = pendingMigrations(coreMigrations, await appliedMigrations(tx));
  await runMigrations(tx, pending, now().toISOString());
  await tx.deleteFrom("login_sessions").execute();
  const revision = Math.max(before.revision, restored) + 1;
  await tx.updateTable("setup_state").set({ revision }).where("id", "=", 1).execute();
  return {
    migrations: pending.map(({ name }) => name),
    change: {
      action: "update",
      kind: "database",
      key: maskRandom(basename(file)),
      id: "1",
      fields: [
        { name: "revision", before: before.revision, after: restored },
        // Of the journal that the backup's replaces.
        { name: "runs", before: before.runs, after: (await readJournalHead(tx)).count },
      ],
    },
  };
}
