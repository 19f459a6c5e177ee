import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { SqliteConnection, SqliteDriver } from "./connection.js";
import { refuseForeignIndex } from "./replaced-file.js";

/** How long to wait for a checkpoint or another short lock. */
export const readerPatienceMs = 1000;

/** Opens a database file without changing a byte of it, and without leaving new files beside it. */
export function openForReading(Driver: SqliteDriver, file: string): SqliteConnection {
  const sqlite = openUnread(Driver, file);
  try {
    // Opening alone does not read the file.
    sqlite.pragma("schema_version");
    if (!sqlite.memory) refuseForeignIndex(sqlite, file);
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

/** Copies the database into memory, where writes do not reach the file; an empty one where there is no file. */
export function openCopy(Driver: SqliteDriver, file: string): SqliteConnection {
  if (!existsSync(file)) return new Driver(":memory:");
  const sqlite = openForReading(Driver, file);
  try {
    return new Driver(withoutLog(sqlite.serialize()));
  } finally {
    sqlite.close();
  }
}

function openUnread(Driver: SqliteDriver, file: string): SqliteConnection {
  // A connection that may write would move a crashed run's log into the database.
  if (hasLog(file)) return new Driver(file, { readonly: true, fileMustExist: true, timeout: readerPatienceMs });
  // Without a log, a connection that may not write creates -wal and -shm files and can't delete them again.
  if (!mayWrite(file)) {
    const copy = isInUse(file) ? undefined : openBytes(Driver, file);
    return copy ?? new Driver(file, { readonly: true, fileMustExist: true, timeout: readerPatienceMs });
  }
  const sqlite = new Driver(file, { fileMustExist: true, timeout: readerPatienceMs });
  sqlite.pragma("query_only = ON");
  return sqlite;
}

/**
 * Then both files are there already. Its bytes must not be read: closing the file would take away the locks that another
 * connection of this process may have on it (sqlite.org/howtocorrupt.html, §2.2).
 */
function isInUse(file: string): boolean {
  return existsSync(`${file}-shm`);
}

function hasLog(file: string): boolean {
  // The last connection to close deletes the log, possibly between two checks.
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function mayWrite(file: string): boolean {
  try {
    for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

// The header's write and read versions: 2 is with a log, 1 without (SQLite's file format, §1.3.3).
const formatVersions = { start: 18, end: 20 };

/** The file's content in memory; undefined if another process wrote to it meanwhile. */
function openBytes(Driver: SqliteDriver, file: string): SqliteConnection | undefined {
  const before = statSync(file);
  const bytes = readFileSync(file);
  const after = statSync(file);
  if (hasLog(file) || before.mtimeMs !== after.mtimeMs || before.size !== after.size) return undefined;
  return new Driver(withoutLog(bytes), { readonly: true });
}

/** A database in memory can't have a log, and the bytes read have none left. */
function withoutLog(bytes: Buffer): Buffer {
  return bytes.length < formatVersions.end ? bytes : bytes.fill(1, formatVersions.start, formatVersions.end);
}
