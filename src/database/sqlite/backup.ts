import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fchmodSync, fsyncSync, linkSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { sql } from "kysely";
import { setupError } from "../../errors.js";
import { explainAccess, privateMode, syncFolder } from "../../secrets/file-access.js";
import type { Backup, Connection } from "../database.js";
import { loadSqliteDriver } from "./driver.js";
import { codeOf, unreachable } from "./errors.js";
import { openForReading } from "./open-for-reading.js";
import { gone } from "./replaced-file.js";

/**
 * Copies a database, as it is at one moment, into a new file that only this user may read. Programs that use it go on, those that
 * write as well. Returns the size in bytes.
 *
 * @throws SetupError `BACKUP_FILE` (refused) where the file exists or can't be created, and for a database that can't be read
 */
export function backUpSqlite(file: string, target: string): number {
  if (!existsSync(file)) throw gone(file, "there is no such file");
  refuseExisting(target);
  const draft = `${target}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    copyMoment(file, draft);
    // Unlike a rename, a link never replaces another file.
    linkSync(draft, target);
    syncFolder(dirname(target));
    return statSync(target).size;
  } catch (error) {
    if (codeOf(error) === "EEXIST") refuseExisting(target);
    throw cannotCreate(target, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function refuseExisting(target: string): void {
  if (!existsSync(target)) return;
  const hint = "name another file, or remove this one first";
  throw setupError("refused", "BACKUP_FILE", `the file ${target} exists already, and is not overwritten`, hint);
}

function cannotCreate(target: string, cause: unknown): unknown {
  if (!/^E[A-Z]+$/.test(codeOf(cause))) return cause;
  const diagnostic = explainAccess("the backup", target, "write");
  const message = diagnostic?.message ?? `the backup ${target} can't be created (${codeOf(cause)})`;
  const hint = diagnostic?.hint ?? "check its folder, and the free space there";
  return setupError("refused", "BACKUP_FILE", message, hint, { cause });
}

/** Creates the file with the content of a database in one transaction, which no writer waits for, and syncs it to disk. */
function copyMoment(file: string, copy: string): void {
  const descriptor = openSync(copy, "wx", privateMode(dirname(copy)));
  try {
    // The umask may have removed more than it should.
    fchmodSync(descriptor, privateMode(dirname(copy)));
    const sqlite = openForReading(loadSqliteDriver(), file);
    try {
      // It forbids to write to any file, the copy included.
      sqlite.pragma("query_only = OFF");
      sqlite.prepare("VACUUM INTO ?").run(copy);
    } finally {
      sqlite.close();
    }
    fsyncSync(descriptor);
  } catch (error) {
    throw codeOf(error).startsWith("SQLITE_") ? unreachable(file, "read", error) : error;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Copies a backup into the folder of the database that it is for, so that it can't change before it is restored.
 *
 * @throws SetupError `BACKUP_FILE` (refused) where there is no such file, `DATABASE_DAMAGED` (refused) where it is no database
 */
export function openSqliteBackup(file: string, backup: string): Backup {
  if (!statSync(backup, { throwIfNoEntry: false })?.isFile()) {
    const hint = "name a file that vtb-setup backup made";
    throw setupError("refused", "BACKUP_FILE", `the backup ${backup} does not exist, or is not a file`, hint);
  }
  const copy = `${file}.restore-${randomBytes(8).toString("hex")}.tmp`;
  const discard = () => rmSync(copy, { force: true });
  try {
    copyMoment(backup, copy);
  } catch (error) {
    discard();
    throw cannotCreate(copy, error);
  }
  return {
    url: `sqlite:${copy}`,
    isNew: !existsSync(file),
    prepare: async ({ kysely }) => {
      await sql`ATTACH DATABASE ${copy} AS backup`.execute(kysely);
      // It has no effect inside a transaction. The tables are replaced one after the other.
      await sql`PRAGMA foreign_keys = OFF`.execute(kysely);
    },
    replace: replaceContent,
    discard,
  };
}

interface SchemaEntry {
  readonly type: "table" | "index" | "trigger" | "view";
  readonly name: string;
  readonly sql: string;
}

/**
 * Replaces all tables by those of the attached backup. Since SQLite itself writes, programs that have the database open see the change as
 * one commit, and the files beside it stay right.
 */
async function replaceContent(tx: Connection): Promise<void> {
  const present = await readSchema(tx, "main");
  for (const type of ["trigger", "view", "table"] as const) {
    for (const { name } of present.filter((entry) => entry.type === type)) {
      await sql`DROP ${sql.raw(type)} ${sql.id("main", name)}`.execute(tx);
    }
  }
  const requested = await readSchema(tx, "backup");
  const create = (...types: readonly SchemaEntry["type"][]) => requested.filter(({ type }) => types.includes(type));
  for (const { name, sql: statement } of create("table")) {
    await sql.raw(statement).execute(tx);
    const query = sql<{ readonly name: string }>`SELECT name FROM pragma_table_xinfo(${name}, 'main') WHERE hidden = 0`;
    const columns = sql.join((await query.execute(tx)).rows.map((column) => sql.id(column.name)));
    const [to, from] = [sql.id("main", name), sql.id("backup", name)];
    await sql`INSERT INTO ${to} (${columns}) SELECT ${columns} FROM ${from}`.execute(tx);
  }
  for (const { sql: statement } of create("index", "view", "trigger")) await sql.raw(statement).execute(tx);
}

async function readSchema(tx: Connection, database: "main" | "backup"): Promise<readonly SchemaEntry[]> {
  const query = sql<SchemaEntry>`SELECT type, name, sql FROM ${sql.id(database, "sqlite_schema")}
    WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid`;
  return (await query.execute(tx)).rows;
}
