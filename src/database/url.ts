import { resolve } from "node:path";
import { setupError } from "../errors.js";

export const defaultDatabaseUrl = "sqlite:./vtb-auth.db";

/**
 * The file of a `sqlite:` URL, absolute.
 *
 * @throws SetupError `DATABASE_URL` (usage)
 */
export function sqliteFile(url: string): string {
  const match = /^sqlite:(?:\/\/(?=\/))?(.+)$/s.exec(url);
  // A URL in the place of a path may have a password, which messages about files would show.
  if (!match?.[1] || match[1].startsWith("//") || /\0|:\/\//.test(match[1])) {
    throw setupError(
      "usage",
      "DATABASE_URL",
      "the database's URL is not understood",
      "write sqlite:PATH, such as sqlite:./vtb-auth.db or sqlite:///var/lib/vtb/auth.db",
    );
  }
  return resolve(match[1]);
}
