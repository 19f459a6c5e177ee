import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { refuseForeignIndex } from "./file-guard.js";

type Driver = typeof BetterSqlite3;

/** How long a checkpoint, or a lock that is no longer held, is waited for. */
export const readerPatienceMs = 1000;

/** Opens a database file without changing a byte of it, and without leaving files beside it that were not there. */
export function openForReading(Driver: Driver, file: string): BetterSqlite3.Database {
  const sqlite = openUnread(Driver, file);
  try {
    // Opening alone does not look at what the file holds.
    sqlite.pragma("schema_version");
    if (!sqlite.memory) refuseForeignIndex(sqlite, file);
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

/** The database's content in memory, where writing changes nothing else; an empty one where there is no file. */
export function openCopy(Driver: Driver, file: string): BetterSqlite3.Database {
  if (!existsSync(file)) return new Driver(":memory:");
  const sqlite = openForReading(Driver, file);
  try {
    return new Driver(withoutLog(sqlite.serialize()));
  } finally {
    sqlite.close();
  }
}

function openUnread(Driver: Driver, file: string): BetterSqlite3.Database {
  // A connection that may write would move a crashed run's log into the database.
  if (hasLog(file)) return new Driver(file, { readonly: true, fileMustExist: true, timeout: readerPatienceMs });
  // Without a log, a connection that may not write makes -wal and -shm files and can't take them away again.
  if (!mayWrite(file))
    return (
      openBytes(Driver, file) ?? new Driver(file, { readonly: true, fileMustExist: true, timeout: readerPatienceMs })
    );
  const sqlite = new Driver(file, { fileMustExist: true, timeout: readerPatienceMs });
  sqlite.pragma("query_only = ON");
  return sqlite;
}

function hasLog(file: string): boolean {
  // Whoever closes the database last takes it away, also between two questions about it.
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

// Where the file's header says how it is written and read: 2 is with a log, 1 without (SQLite's file format, §1.3.3).
const formatVersions = { start: 18, end: 20 };

/** The file's content in memory; undefined where somebody wrote to it meanwhile. */
function openBytes(Driver: Driver, file: string): BetterSqlite3.Database | undefined {
  const before = statSync(file);
  const bytes = readFileSync(file);
  const after = statSync(file);
  if (hasLog(file) || before.mtimeMs !== after.mtimeMs || before.size !== after.size) return undefined;
  return new Driver(withoutLog(bytes), { readonly: true });
}

/** There can be no log in memory, and what was read has none any more. */
function withoutLog(bytes: Buffer): Buffer {
  return bytes.length < formatVersions.end ? bytes : bytes.fill(1, formatVersions.start, formatVersions.end);
}
