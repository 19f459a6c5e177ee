import type { Database, DatabaseEnv, RunMode } from "./database.js";
import { parseDatabaseUrl } from "./url.js";

/**
 * Opens the auth database that a URL names. In mode `read`, gives undefined where there is no database yet but could be.
 *
 * @param env where an address's missing parts are looked up: a server's `PG*` variables, and the file of its password
 * @throws SetupError `DATABASE_URL` (usage), `DATABASE_UNREACHABLE` (unavailable, or refused for a file of another kind),
 * `DATABASE_REFUSED`, `DATABASE_TLS` (refused), `SECRET_FILE` (invalid)
 */
export function openDatabase(url: string, mode: "write" | "rehearse", env?: DatabaseEnv): Promise<Database>;
export function openDatabase(url: string, mode: RunMode, env?: DatabaseEnv): Promise<Database | undefined>;
export async function openDatabase(url: string, mode: RunMode, env: DatabaseEnv = {}): Promise<Database | undefined> {
  const place = parseDatabaseUrl(url);
  // Each driver is loaded by those who use it.
  if (place.dialect === "sqlite") return (await import("./sqlite/open.js")).openSqlite(place.file, mode);
  return (await import("./postgres/open.js")).openPostgres(place.url, mode, env);
}
