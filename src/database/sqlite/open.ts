import { accessSync, chmodSync, closeSync, constants, existsSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from "kysely";
import { type Diagnostic, setupError } from "../../errors.js";
import { explainAccess, isOpenToOthers, privateMode } from "../../secrets/file-access.js";
import type { Database, RunMode, SqlValue } from "../database.js";
import type { Tables } from "../tables.js";
import type { SqliteConnection, SqliteDriver, Statement } from "./connection.js";
import { keepTemporaryInMemory, loadSqliteDriver } from "./driver.js";
import { databaseError, noLocksHint, unreachable } from "./errors.js";
import { closeDeletedIndexes } from "./log-index.js";
import { openCopy, openForReading, readerPatienceMs } from "./open-for-reading.js";
import { createFileGuard, emptyLog, isUnmoved, refuseForeignIndex, replacedMeanwhile } from "./replaced-file.js";

const openers = { read: openForReading, write: openForWriting, rehearse: openCopy } as const;

/**
 * Opens a database file. In mode `read`, returns undefined where there is none yet but could be.
 *
 * @throws SetupError `DATABASE_UNREACHABLE`, `DATABASE_DAMAGED`, `DATABASE_DRIVER` (refused), `DATABASE_LOCKED`
 * (unavailable)
 */
export function openSqlite(file: string, mode: RunMode): Database | undefined {
  const Driver = loadSqliteDriver();
  let isNew = false;
  let sqlite: SqliteConnection | undefined;
  try {
    if (mode === "read" && !existsSync(file)) return nothingYet(file);
    if (mode === "write") isNew = prepareFile(file);
    sqlite = openers[mode](Driver, file);
    // A reader waits for a checkpoint; a writer retries to get the lock, so that a signal is handled meanwhile.
    sqlite.pragma(`busy_timeout = ${mode === "read" ? readerPatienceMs : 0}`);
    sqlite.pragma("foreign_keys = ON");
    keepTemporaryInMemory(sqlite);
    return describeSqlite(mode === "write" ? guarded(sqlite, file, isNew) : cachingStatements(sqlite), file);
  } catch (cause) {
    if (sqlite && isNew) removeUnused(sqlite, file);
    sqlite?.close();
    throw unreachable(file, mode === "write" ? "write" : "read", cause);
  }
}

/** A plan fails where applying it would. */
function nothingYet(file: string): undefined {
  const diagnostic = explainAccess("the database", file, "write");
  if (diagnostic) throw setupError("refused", "DATABASE_UNREACHABLE", diagnostic.message, diagnostic.hint);
  return undefined;
}

/** Creates the file if there is none, and then returns true. Fails early where SQLite would create files beside it and fail. */
function prepareFile(file: string): boolean {
  const isNew = makePrivate(file);
  for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK);
  return isNew;
}

function openForWriting(Driver: SqliteDriver, file: string): SqliteConnection {
  const sqlite = new Driver(file);
  try {
    sqlite.pragma("journal_mode = WAL");
    // With WAL, NORMAL can lose the last commits at a power cut; what was reported as applied must survive.
    sqlite.pragma("synchronous = FULL");
    // What is deleted, such as names in old runs, must not stay in unused pages of the file.
    sqlite.pragma("secure_delete = ON");
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

/** SQLite gives its -wal and -shm files the mode of the database. */
function makePrivate(file: string): boolean {
  const mode = privateMode(dirname(file));
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  closeSync(descriptor);
  // The umask may have removed more than it should.
  chmodSync(file, mode);
  return true;
}

/**
 * Deletes a file that this run created, if nothing was committed to it. A process that waits for its lock notices at the commit
 * that the file is gone.
 */
function removeUnused(sqlite: SqliteConnection, file: string): void {
  try {
    sqlite.exec("BEGIN IMMEDIATE");
    if (sqlite.prepare("SELECT 1 FROM sqlite_schema").get() !== undefined) return;
    for (const end of ["-shm", "-wal", ""]) rmSync(`${file}${end}`, { force: true });
  } catch {
    // Another process writes to it, so it is in use.
  }
}

/** Commits to the file that was opened and to no other one, and leaves an empty log. */
function guarded(sqlite: SqliteConnection, file: string, isNew: boolean): SqliteDatabase {
  refuseForeignIndex(sqlite, file);
  const guard = createFileGuard(file);
  const begun = guard.generation();
  const { prepare, close } = cachingStatements(sqlite);
  let isUsed = false;
  return {
    prepare(sql) {
      isUsed = true;
      if (sql === "commit" && guard.look("now") !== begun) throw replacedMeanwhile(file);
      return prepare(sql);
    },
    close() {
      if (isUnmoved(guard, begun)) {
        if (isNew) removeUnused(sqlite, file);
        // What others write must not look overwritten to them because of a connection that wrote nothing.
        else if (isUsed) emptyLog(sqlite);
      }
      close();
      closeDeletedIndexes();
    },
  };
}

/** Prepares each text once: faster, and better-sqlite3 12 aborts on new Nodes when a statement is garbage-collected. */
function cachingStatements(sqlite: SqliteConnection): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(sql: string): SqliteStatement {
      const known = statements.get(sql);
      if (known) return known;
      const statement = withFastRows(sqlite.prepare(sql));
      statements.set(sql, statement);
      return statement;
    },
    close(): void {
      statements.clear();
      sqlite.close();
    },
  };
}

/** Gives the rows that the driver would, in 0.4 times the time: it names each value of each row anew. */
function withFastRows(statement: Statement): SqliteStatement {
  if (!statement.reader) return statement;
  const values = statement.raw() as Statement<unknown[], readonly SqlValue[]>;
  const naming = (): ((values: readonly SqlValue[]) => object) => {
    // They may have changed with a table since the last time.
    const names = values.columns().map(({ name }) => name);
    const empty = Object.fromEntries(names.map((name): [string, SqlValue] => [name, null]));
    return (given) => {
      const row = { ...empty };
      for (let index = 0; index < names.length; index += 1) row[names[index] as string] = given[index] as SqlValue;
      return row;
    };
  };
  return {
    reader: true,
    all: (parameters) => {
      const rows = values.all(parameters);
      // Running it may have compiled it again.
      return rows.map(naming());
    },
    *iterate(parameters) {
      let named: ReturnType<typeof naming> | undefined;
      for (const row of values.iterate(parameters)) {
        named ??= naming();
        yield named(row);
      }
    },
    run: (parameters) => values.run(parameters),
  };
}

/** The properties of every database of this dialect, over an object that prepares statements for the connection. */
export function describeSqlite(database: SqliteDatabase, file: string): Database {
  // Closed here, since kysely closes only a database that it has used.
  const used = { ...withCleanErrors(database, file), close: () => {} };
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: used }) });
  const location = `sqlite:${file}`;
  let isOpen = true;
  return {
    kysely,
    location,
    keyFile: `${file}.key`,
    warnings: modeWarnings(file, location),
    beginWork: () => Promise.resolve(),
    lockHint: noLocksHint,
    tableNames: async (db) => {
      const query = sql<{ readonly name: string }>`SELECT name FROM sqlite_schema WHERE type = 'table'`;
      return (await query.execute(db)).rows.map(({ name }) => name);
    },
    secondsLater: (time, seconds) => sql`strftime('%Y-%m-%dT%H:%M:%fZ', ${time}, (${seconds}) || ' seconds')`,
    close: async () => {
      await kysely.destroy();
      if (isOpen) database.close();
      isOpen = false;
    },
  };
}

/** The same statements, whose errors quote nothing from the database. */
function withCleanErrors({ prepare }: SqliteDatabase, file: string): Pick<SqliteDatabase, "prepare"> {
  const cleaned = new WeakMap<SqliteStatement, SqliteStatement>();
  const clean = (statement: SqliteStatement): SqliteStatement => ({
    reader: statement.reader,
    all: (parameters) => cleanly(file, () => statement.all(parameters)),
    run: (parameters) => cleanly(file, () => statement.run(parameters)),
    iterate: (parameters) => cleanly(file, () => statement.iterate(parameters)),
  });
  return {
    prepare: (sql) => {
      const statement = cleanly(file, () => prepare(sql));
      const known = cleaned.get(statement) ?? clean(statement);
      cleaned.set(statement, known);
      return known;
    },
  };
}

function cleanly<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw databaseError(file, error);
  }
}

function modeWarnings(file: string, location: string): readonly Diagnostic[] {
  const warnings: Diagnostic[] = [];
  const warn = (message: string, hint: string) =>
    warnings.push({ severity: "warning", code: "DATABASE_MODE", message, hint });
  const found = statSync(file, { throwIfNoEntry: false });
  const folder = dirname(file);
  if (found && (found.mode & 0o007) !== 0) {
    const what = (found.mode & 0o002) !== 0 ? "read and change" : "read";
    warn(`other users of this machine can ${what} the database ${location}`, `restrict it: chmod o-rwx ${file}`);
  }
  if (isOpenToOthers(statSync(folder))) {
    warn(
      `other users of this machine can write to ${folder}, and so replace the database ${location}`,
      `restrict it: chmod o-w ${folder}; in a container, use a volume that belongs to the Pod's fsGroup`,
    );
  }
  return warnings;
}
