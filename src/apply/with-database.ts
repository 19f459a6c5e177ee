import type { Database, RunMode } from "../database/database.js";
import { openDatabase } from "../database/open.js";
import { SetupError } from "../errors.js";
import type { DatabaseOptions } from "./options.js";
import { patiently } from "./wait.js";

/**
 * Gives work an open database, or undefined where there is none yet and nothing is to be written, and closes it afterwards.
 *
 * @throws SetupError also for what the database itself answers
 */
export function withDatabase<T>(
  options: DatabaseOptions,
  mode: "write" | "rehearse",
  work: (database: Database) => Promise<T>,
): Promise<T>;
export function withDatabase<T>(
  options: DatabaseOptions,
  mode: "read",
  work: (database: Database | undefined) => Promise<T>,
): Promise<T>;
export async function withDatabase<T>(
  options: DatabaseOptions,
  mode: RunMode,
  work: (database: Database & undefined) => Promise<T>,
): Promise<T> {
  const database = await patiently(options, () => openDatabase(options.database, mode, options.env));
  try {
    // The overloads above keep mode and work together.
    return await work(database as Database & undefined);
  } catch (error) {
    throw error instanceof SetupError ? error : (database?.explain(error) ?? error);
  } finally {
    // What the work came to stands, also where closing fails: it may have been committed.
    await database?.close().catch(() => {});
  }
}
