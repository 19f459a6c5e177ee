import { createRequire } from "node:module";
import { driverUnusable } from "../database.js";
import type { SqliteConnection, SqliteDriver } from "./connection.js";
import { loadNodeSqlite } from "./node-sqlite.js";

// npm installs the release of better-sqlite3 that fits its Node. A lock file has one of them for every Node, and can have release 12
// beside it under the second name.
const packages = ["better-sqlite3", "better-sqlite3-12"];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

/** Release 13, which needs no compiler, crashes on Node 20, and release 12 on Node 24.19 and newer. */
function fitsThisNode(release: number): boolean {
  return release >= 13 ? major >= 22 : major < 24 || (major === 24 && minor < 19);
}

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
  const installed = (name: string): SqliteDriver => {
    const { version } = require(`${name}/package.json`) as { readonly version: string };
    if (!fitsThisNode(Number.parseInt(version, 10))) throw new Error(`${name} ${version} is for other Nodes`);
    return require(name) as SqliteDriver;
  };
  for (const name of packages) {
    const Driver = tryOut(() => installed(name));
    if (Driver) return Driver;
  }
  const own = tryOut(loadNodeSqlite);
  if (own) return own;
  throw driverUnusable("better-sqlite3", new AggregateError(causes), `better-sqlite3@${major >= 22 ? 13 : 12}`);
}

/** Large sorts and statements would use files in /var/tmp or /tmp, which a container may not have. */
export function keepTemporaryInMemory(sqlite: SqliteConnection): void {
  sqlite.pragma("temp_store = MEMORY");
}
