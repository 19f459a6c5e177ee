import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { driverUnusable } from "../database.js";

type Driver = typeof BetterSqlite3;

// better-sqlite3 13 crashes on Node 20, and 12 on Node 24.19 and newer, so both are optional dependencies.
const packages =
  Number(process.versions.node.split(".")[0]) >= 22 ? ["better-sqlite3-13", "better-sqlite3"] : ["better-sqlite3"];

/**
 * The SQLite driver that works on this Node.
 *
 * @throws SetupError `DATABASE_DRIVER` (refused)
 */
export function loadSqliteDriver(): Driver {
  const require = createRequire(import.meta.url);
  const causes: unknown[] = [];
  for (const name of packages) {
    try {
      const Driver = require(name) as Driver;
      // The native part is loaded with the first database.
      new Driver(":memory:").close();
      return Driver;
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw driverUnusable("better-sqlite3", new AggregateError(causes));
}

/** Large sorts and statements would use files in /var/tmp or /tmp, which a container may not have. */
export function keepTemporaryInMemory(sqlite: BetterSqlite3.Database): void {
  sqlite.pragma("temp_store = MEMORY");
}
