import type { CompiledQuery, SqliteStatement } from "kysely";
import type { OpenMode, SqlValue } from "../database.js";
import { createOutageLog, type LiveDatabase, type LiveOptions } from "../live-database.js";
import type { SqliteConnection, Statement } from "./connection.js";
import { keepTemporaryInMemory, loadSqliteDriver } from "./driver.js";
import { codeOf, databaseError, unreachable } from "./errors.js";
import { type FollowedFile, followChanges, followFile } from "./followed-file.js";
import { describeSqlite } from "./open.js";
import { createFileGuard, type FileGuard } from "./replaced-file.js";

/**
 * Opens a database file for a long-running program. A missing file is not created; it is opened at the first use, and again
 * when it is replaced.
 *
 * @param mode `read` can't write; `write` is for the few rows that are written at run time
 * @param guard shared by all connections of one program
 * @throws SetupError here and at use `DATABASE_UNREACHABLE` (unavailable)
 */
export function openLiveSqlite(
  path: string,
  mode: OpenMode,
  options: Pick<LiveOptions, "onFailure"> = {},
  guard: FileGuard = createFileGuard(path),
): LiveDatabase {
  const { lastOutage, note } = createOutageLog(options.onFailure);
  const file = followFile(guard, mode, mode === "read" ? openReader : openWriter);
  const database = describeSqlite({ prepare: statementsOf(file), close: file.close }, path);
  return {
    ...database,
    changes: { current: withCleanErrors(path, followChanges(file), note) },
    prepare: (query) => withCleanErrors(path, prepareQuery(file, query), note),
    jsonArray: "json_array",
    jsonList: "json_group_array",
    generation: guard.generation,
    openWriter: async () => openLiveSqlite(path, "write", options, guard),
    lastOutage,
    pools: () => [],
    async close() {
      await database.close();
      file.close();
    },
  };
}

const readerPatienceMs = 100;

/** It can't change a row, but may recover a log that a crashed run left, as every reader must. */
function openReader(file: string): SqliteConnection {
  const Driver = loadSqliteDriver();
  try {
    return prepareReader(new Driver(file, { fileMustExist: true }));
  } catch (error) {
    if (!/^SQLITE_(?:READONLY|CANTOPEN)/.test(codeOf(error))) throw unreachable(file, "read", error);
  }
  try {
    return prepareReader(new Driver(file, { fileMustExist: true, readonly: true }));
  } catch (cause) {
    throw unreachable(file, "read", cause);
  }
}

function prepareReader(sqlite: SqliteConnection): SqliteConnection {
  sqlite.pragma("query_only = ON");
  keepTemporaryInMemory(sqlite);
  sqlite.pragma(`busy_timeout = ${readerPatienceMs}`);
  // The first read, so this is where an unusable file fails.
  sqlite.pragma("schema_version");
  return sqlite;
}

/** Never waits for a lock, since waiting would block the event loop: the caller tries again. */
function openWriter(file: string): SqliteConnection {
  try {
    const sqlite = new (loadSqliteDriver())(file, { fileMustExist: true });
    sqlite.pragma("busy_timeout = 0");
    // A copy that SQLite made is not in WAL mode.
    sqlite.pragma("journal_mode = WAL");
    sqlite.pragma("foreign_keys = ON");
    sqlite.pragma("synchronous = FULL");
    keepTemporaryInMemory(sqlite);
    return sqlite;
  } catch (cause) {
    throw unreachable(file, "write", cause);
  }
}

/** Prepares each text once for each connection. */
function statementsOf(file: FollowedFile): (sql: string) => SqliteStatement {
  const statements = new Map<string, Statement>();
  let generation = 0;
  return (sql) => {
    const sqlite = file.connection(sql);
    if (generation !== file.generation()) statements.clear();
    generation = file.generation();
    const known = statements.get(sql);
    if (known) return known;
    const statement = sqlite.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
}

function prepareQuery<Row extends readonly SqlValue[]>(file: FollowedFile, query: CompiledQuery) {
  let statement: Statement<SqlValue[], Row> | undefined;
  let generation = 0;
  return (...parameters: readonly SqlValue[]): Row | undefined => {
    const sqlite = file.connection();
    if (!statement || generation !== file.generation()) {
      statement = sqlite.prepare<SqlValue[], Row>(query.sql).raw();
      generation = file.generation();
    }
    return statement.get(...parameters);
  };
}

/** The same function, whose errors quote nothing from the database. */
function withCleanErrors<P extends readonly unknown[], R>(
  path: string,
  ask: (...parameters: P) => R,
  onFailure: (error: unknown) => void,
): (...parameters: P) => R {
  return (...parameters) => {
    try {
      return ask(...parameters);
    } catch (error) {
      const failure = databaseError(path, error);
      onFailure(failure);
      throw failure;
    }
  };
}
