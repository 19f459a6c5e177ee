import { accessSync, chmodSync, closeSync, constants, existsSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import type { SqliteDatabase } from "kysely";
import { SetupError } from "../../errors.js";
import type { Database, RunMode } from "../database.js";
import { describeSqlite } from "./describe.js";
import { loadSqliteDriver } from "./driver.js";
import { unreachable } from "./failure.js";
import { createFileGuard, emptyLog, isUnmoved, refuseForeignIndex, replacedMeanwhile } from "./file-guard.js";
import { openCopy, openForReading } from "./open-for-reading.js";

const readerPatienceMs = 1000;

const openers = { read: openForReading, write: openForWriting, rehearse: openCopy } as const;

/**
 * Opens a database file. In mode `read`, gives undefined where there is none yet but could be.
 *
 * @throws SetupError `DATABASE_UNREACHABLE` (unavailable, or refused for a file of another kind)
 */
export function openSqlite(file: string, mode: RunMode): Database | undefined {
  const Driver = loadSqliteDriver();
  let sqlite: BetterSqlite3.Database | undefined;
  try {
    if (mode === "read" && !existsSync(file)) return nothingYet(file);
    sqlite = openers[mode](Driver, file);
    // A reader waits for a checkpoint; a writer's lock is waited for by asking again, so that a signal is heard meanwhile.
    sqlite.pragma(`busy_timeout = ${mode === "read" ? readerPatienceMs : 0}`);
    sqlite.pragma("foreign_keys = ON");
    return describeSqlite(mode === "write" ? guarded(sqlite, file) : cachingStatements(sqlite), file);
  } catch (cause) {
    sqlite?.close();
    throw cause instanceof SetupError ? cause : unreachable(file, cause);
  }
}

/** A plan fails where applying it would. */
function nothingYet(file: string): undefined {
  accessSync(dirname(file), constants.F_OK);
  return undefined;
}

function openForWriting(Driver: typeof BetterSqlite3, file: string): BetterSqlite3.Database {
  makePrivate(file);
  // SQLite would find out only after it had made files beside the database.
  for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK);
  const sqlite = new Driver(file);
  sqlite.pragma("journal_mode = WAL");
  // With WAL, NORMAL can lose the last commits at a power cut; what was reported as applied must stay.
  sqlite.pragma("synchronous = FULL");
  return sqlite;
}

/** SQLite gives its -wal and -shm files the mode of the database. */
function makePrivate(file: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw error;
  }
  closeSync(descriptor);
  // The umask may have taken more away than it should.
  chmodSync(file, 0o600);
}

/** Commits to the file that was opened and to no other one, and leaves an empty log. */
function guarded(sqlite: BetterSqlite3.Database, file: string): SqliteDatabase {
  refuseForeignIndex(sqlite, file);
  const guard = createFileGuard(file);
  const begun = guard.generation();
  const { prepare, close } = cachingStatements(sqlite);
  return {
    prepare(sql) {
      if (sql === "commit" && guard.look("now") !== begun) throw replacedMeanwhile(file);
      return prepare(sql);
    },
    close() {
      if (isUnmoved(guard, begun)) emptyLog(sqlite);
      close();
    },
  };
}

/** Prepares each text once: faster, and better-sqlite3 12 aborts on new Nodes when a statement is garbage-collected. */
function cachingStatements(sqlite: BetterSqlite3.Database): SqliteDatabase {
  const statements = new Map<string, BetterSqlite3.Statement>();
  return {
    prepare(sql: string): BetterSqlite3.Statement {
      const known = statements.get(sql);
      if (known) return known;
      const statement = sqlite.prepare(sql);
      statements.set(sql, statement);
      return statement;
    },
    close(): void {
      statements.clear();
      sqlite.close();
    },
  };
}
