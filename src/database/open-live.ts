import type { OpenMode } from "./database.js";
import type { LiveDatabase, LiveOptions } from "./live-database.js";
import { parseDatabaseUrl } from "./url.js";

/**
 * The auth database that a URL names, for a program that runs for long: it is never made, and followed when it changes.
 *
 * @param mode `read` can't write; `write` is for the few rows that are written at run time
 * @throws SetupError `DATABASE_URL` (usage); here and at use `DATABASE_UNREACHABLE` (unavailable) and what a server refuses
 */
export async function openLiveDatabase(url: string, mode: OpenMode, options: LiveOptions = {}): Promise<LiveDatabase> {
  const place = parseDatabaseUrl(url);
  // Each driver is loaded by those who use it.
  if (place.dialect === "sqlite") return (await import("./sqlite/open-live.js")).openLiveSqlite(place.file, mode);
  return (await import("./postgres/open-live.js")).openLivePostgres(place.url, mode, options);
}
