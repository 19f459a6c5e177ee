import type BetterSqlite3 from "better-sqlite3";
import type { DatabaseState } from "../live-database.js";
import { requireMigrated } from "../require-migrated.js";
import type { FollowedFile } from "./followed-file.js";

interface StateRow {
  readonly store_id: string;
  readonly revision: number;
}

interface Statements {
  readonly dataVersion: BetterSqlite3.Statement<[], number>;
  readonly state: BetterSqlite3.Statement<[], StateRow>;
}

/**
 * Gives an object that is replaced when the revision moves. It looks at the file once in a turn of the event loop, however many ask.
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
    // It moves with every commit by another connection, and a revision that is read after it is at least as new.
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

function prepareStatements(sqlite: BetterSqlite3.Database): Statements {
  return {
    dataVersion: sqlite.prepare<[], number>("PRAGMA data_version").pluck(),
    state: sqlite.prepare("SELECT store_id, revision FROM setup_state WHERE id = 1"),
  };
}

function appliedNames(sqlite: BetterSqlite3.Database): ReadonlySet<string> {
  const table = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'setup_migrations'").get();
  if (table === undefined) return new Set();
  return new Set(sqlite.prepare<[], string>("SELECT name FROM setup_migrations").pluck().all());
}
