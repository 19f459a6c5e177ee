import type { OpenMode } from "../database.js";
import type { DatabaseState } from "../live-database.js";
import { requireMigrated } from "../migrate.js";
import type { SqliteConnection, Statement } from "./connection.js";
import { closeDeletedIndexes } from "./log-index.js";
import {
  emptyLog,
  type FileGuard,
  gone,
  isUnmoved,
  lookEveryMs,
  refuseForeignIndex,
  replacedMeanwhile,
} from "./replaced-file.js";

/** A connection to the current file. */
export interface FollowedFile {
  /**
   * @param sql the statement it is for
   * @throws SetupError `DATABASE_UNREACHABLE` (unavailable) when there is no file, or it can't be used yet
   */
  readonly connection: (sql?: string) => SqliteConnection;
  /** Counts the connections so far: what was prepared on an earlier one is stale. */
  readonly generation: () => number;
  readonly close: () => void;
}

/**
 * Opens the file at first use. A reader opens it again whenever it was replaced; a writer never does, since what it is about to
 * write belongs to the earlier one.
 */
export function followFile(guard: FileGuard, mode: OpenMode, open: (file: string) => SqliteConnection): FollowedFile {
  const { file } = guard;
  let sqlite: SqliteConnection | undefined;
  let connections = 0;
  let isClosed = false;

  /** Opens it again if it was replaced meanwhile; the log's index, which tells, is there once it is open. */
  const opened = (generation: number): SqliteConnection => {
    const fresh = open(file);
    try {
      refuseForeignIndex(fresh, file);
      const next = guard.look("now");
      if (next === generation) {
        connections += 1;
        return fresh;
      }
    } catch (error) {
      fresh.close();
      throw error;
    }
    fresh.close();
    return opened(guard.look("now"));
  };

  // What a writer writes belongs to the database that is there now, even if it is replaced before the first statement.
  let begun = guard.look("now");
  if (mode === "write") {
    sqlite = opened(begun);
    begun = guard.generation();
  }

  const drop = (): void => {
    const closing = sqlite;
    sqlite = undefined;
    closing?.close();
    closeDeletedIndexes();
  };
  const unwatch = guard.watch({
    isOpen: () => sqlite !== undefined,
    isBusy: () => sqlite?.inTransaction === true,
    drop,
    settle: () => {
      if (sqlite) emptyLog(sqlite);
    },
  });
  // Otherwise, a file that is replaced while no query comes would stay open, and its log's index in use.
  const timer = mode === "read" ? setInterval(() => lookQuietly(guard), lookEveryMs).unref() : undefined;

  return {
    connection(sql) {
      if (isClosed) throw gone(file, "it was closed");
      if (sqlite?.inTransaction && sql !== "commit") return sqlite;
      const generation = guard.look(mode === "read" ? "recently" : "now");
      if (mode === "write" && generation !== begun) throw replacedMeanwhile(file);
      sqlite ??= opened(generation);
      return sqlite;
    },
    generation: () => connections,
    close() {
      isClosed = true;
      clearInterval(timer);
      unwatch();
      if (sqlite && mode === "write" && isUnmoved(guard, begun)) emptyLog(sqlite);
      drop();
    },
  };
}

/** Drops the error: the next use of the database reports it. */
function lookQuietly(guard: FileGuard): void {
  try {
    guard.look("now");
  } catch {}
}

interface StateRow {
  readonly store_id: string;
  readonly revision: number;
}

interface Statements {
  readonly dataVersion: Statement<[], number>;
  readonly state: Statement<[], StateRow>;
}

/**
 * Returns an object that is replaced when the revision changes. It checks the file once per turn of the event loop, however
 * many callers there are.
 *
 * @throws SetupError `DATABASE_UNREACHABLE`, `DATABASE_OLDER` (unavailable), `DATABASE_NEWER` (refused)
 */
export function followChanges(file: FollowedFile): () => DatabaseState {
  let seen: StateRow | undefined;
  let hasLooked = false;
  let generation = 0;
  let dataVersion: number | undefined;
  let statements: Statements | undefined;

  const look = (): StateRow => {
    const sqlite = file.connection();
    if (!statements || generation !== file.generation()) {
      requireMigrated(appliedNames(sqlite));
      statements = prepareStatements(sqlite);
      generation = file.generation();
      dataVersion = undefined;
      seen = undefined;
    }
    // It changes with every commit by another connection, and a revision that is read after it is at least as new.
    const found = statements.dataVersion.get();
    if (found !== dataVersion || !seen) {
      const state = statements.state.get() ?? { store_id: "", revision: 0 };
      if (state.revision !== seen?.revision || state.store_id !== seen.store_id) {
        requireMigrated(appliedNames(sqlite));
        seen = state;
      }
      dataVersion = found;
    }
    hasLooked = true;
    setImmediate(forget);
    return seen;
  };
  const forget = (): void => {
    hasLooked = false;
  };

  return () => (hasLooked && seen ? seen : look());
}

function prepareStatements(sqlite: SqliteConnection): Statements {
  return {
    dataVersion: sqlite.prepare<[], number>("PRAGMA data_version").pluck(),
    state: sqlite.prepare("SELECT store_id, revision FROM setup_state WHERE id = 1"),
  };
}

function appliedNames(sqlite: SqliteConnection): ReadonlySet<string> {
  const table = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'setup_migrations'").get();
  if (table === undefined) return new Set();
  return new Set(sqlite.prepare<[], string>("SELECT name FROM setup_migrations").pluck().all());
}
