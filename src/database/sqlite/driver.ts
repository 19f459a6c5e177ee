import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { setupError } from "../../errors.js";

type Driver = typeof BetterSqlite3;

// better-sqlite3 13 crashes on Node 20, and 12 on Node 24.19 and newer, so both are optional dependencies.
const packages =
  Number(process.versions.node.split(".")[0]) >= 22 ? ["better-sqlite3-13", "better-sqlite3"] : ["better-sqlite3"];

/** The SQLite driver that works on this Node. */
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
  throw setupError(
    "unavailable",
    "DATABASE_UNREACHABLE",
    `the SQLite driver could not be loaded on Node ${process.versions.node}`,
    "install again with optional dependencies and install scripts allowed; on Node 20 this needs a C++ compiler",
    { cause: new AggregateError(causes) },
  );
}
