import { setupError } from "../errors.js";

/**
 * A JSON list of text from the database.
 *
 * @throws SetupError `DATABASE_DAMAGED` (refused) when it is something else, so that half a list never counts
 */
export function parseList(json: string): readonly string[] {
  if (json === "[]") return [];
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    list = undefined;
  }
  if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  throw setupError(
    "refused",
    "DATABASE_DAMAGED",
    "a list of permissions in the database is damaged",
    "look for what else writes to the database, and restore it from a backup",
  );
}
