import { createRequire } from "node:module";
import { driverUnusable } from "../database.js";
import type { SqliteConnection, SqliteDriver } from "./connection.js";
import { loadNodeSqlite } from "./node-sqlite.js";

// better-sqlite3 13 crashes on Node 20, and 12 on Node 24.19 and newer, so both are optional dependencies.
const packages =
  Number(process.versions.node.split(".")[0]) >= 22 ? ["better-sqlite3-13", "better-sqlite3"] : ["better-sqlite3"];

/**
 * The SQLite driver that works on this Node: better-sqlite3, or Node's own where that is not installed or does not load.
 *
 * @throws SetupError `DATABASE_DRIVER` (refused)
 */
export function loadSqliteDriver(): SqliteDriver {
  const require = createRequire(import.meta.url);
  const causes: unknown[] = [];
  const tryOut = (load: () => SqliteDriver | undefined): SqliteDriver | undefined => {
    try {
      const Driver = load();
      // The native part is loaded with the first database.
      if (Driver) new Driver(":memory:").close();
      return Driver;
    } catch (cause) {
      causes.push(cause);
      return undefined;
    }
  };
  for (const name of packages) {
    const Driver = tryOut(() => require(name) as SqliteDriver);
    if (Driver) return Driver;
  }
  const own = tryOut(loadNodeSqlite);
  if (own) return own;
  throw driverUnusable("better-sqlite3", new AggregateError(causes));
}

/** Large sorts and statements would use files in /var/tmp or /tmp, which a container may not have. */
export function keepTemporaryInMemory(sqlite: SqliteConnection): void {
  sqlite.pragma("temp_store = MEMORY");
}
