import { accessSync, chmodSync, closeSync, constants, existsSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { Kysely, type SqliteDatabase, SqliteDialect } from "kysely";
import { type SetupError, setupError } from "../errors.js";
import type { Database } from "./database.js";
import { openForReading } from "./open-for-reading.js";
import { loadSqliteDriver } from "./sqlite-driver.js";
import type { Tables } from "./tables.js";
import { sqliteFile } from "./url.js";

/** `write` makes what is missing; `read` changes nothing, not even a file's time, and may show a copy of this moment. */
export type OpenMode = "read" | "write";

const readerPatienceMs = 1000;

/**
 * Opens the auth database that a URL names. In mode `read`, gives undefined where there is no database yet.
 *
 * @throws SetupError `DATABASE_URL` (usage), `DATABASE_UNREACHABLE` (unavailable, or refused for a file of another kind)
 */
export function openDatabase(url: string, mode: "write"): Database;
export function openDatabase(url: string, mode: OpenMode): Database | undefined;
export function openDatabase(url: string, mode: OpenMode): Database | undefined {
  const file = sqliteFile(url);
  if (mode === "read" && !existsSync(file)) return undefined;
  const Driver = loadSqliteDriver();
  try {
    const sqlite = mode === "read" ? openForReading(Driver, file) : openForWriting(Driver, file);
    // A reader waits for a checkpoint; a writer's lock is waited for by asking again, so that a signal is heard meanwhile.
    sqlite.pragma(`busy_timeout = ${mode === "read" ? readerPatienceMs : 0}`);
    sqlite.pragma("foreign_keys = ON");
    return describe(cachingStatements(sqlite), file);
  } catch (cause) {
    throw unreachable(file, cause);
  }
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

/** What every database of this dialect is, over something that prepares statements for the connection. */
export function describe(database: SqliteDatabase, file: string): Database {
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  return {
    kysely,
    location: `sqlite:${file}`,
    keyFile: `${file}.key`,
    readableByOthers: (statSync(file).mode & 0o007) !== 0,
    isBusy: (error) => /^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(error)),
    explain: explainFailure,
    isMissingTable: (error) => error instanceof Error && /^no such table/.test(error.message),
    close: () => kysely.destroy(),
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

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** SQLite's messages can quote what was written, so only the code is passed on. */
function explainFailure(cause: unknown): SetupError | undefined {
  const code = codeOf(cause);
  if (!code.startsWith("SQLITE_")) return undefined;
  const mayPass = /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN)/.test(code);
  return setupError(
    mayPass ? "unavailable" : "internal",
    "DATABASE_FAILED",
    `the database answered with ${code}`,
    mayPass
      ? "check that its disk has room and may be written to, then try again"
      : "check the database's file for damage",
    { cause },
  );
}

export function unreachable(file: string, cause: unknown): Error {
  if (codeOf(cause) === "SQLITE_NOTADB") {
    return setupError(
      "refused",
      "DATABASE_UNREACHABLE",
      `the file ${file} is not an SQLite database`,
      "name another file with --database",
      { cause },
    );
  }
  return setupError(
    "unavailable",
    "DATABASE_UNREACHABLE",
    `the database ${file} can't be opened (${codeOf(cause) || "unknown error"})`,
    "check that the folder exists and that it may be written to",
    { cause },
  );
}
