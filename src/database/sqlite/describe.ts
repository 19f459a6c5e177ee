import { statSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely, type SqliteDatabase, SqliteDialect } from "kysely";
import type { Problem } from "../../errors.js";
import { isOpenToOthers } from "../../secrets/file-access.js";
import type { Database } from "../database.js";
import type { Tables } from "../tables.js";
import { codeOf, explainFailure, noLocksHint } from "./errors.js";

/** What every database of this dialect is, over something that prepares statements for the connection. */
export function describeSqlite(database: SqliteDatabase, file: string): Database {
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  const location = `sqlite:${file}`;
  return {
    kysely,
    location,
    keyFile: `${file}.key`,
    warnings: modeWarnings(file, location),
    beginWork: () => Promise.resolve(),
    isBusy: (error) => /^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(error)),
    isLost: () => false,
    explain: (error) => explainFailure(file, error),
    lockHint: noLocksHint,
    isMissingTable: (error) => error instanceof Error && /^no such table/.test(error.message),
    isForbidden: () => false,
    close: () => kysely.destroy(),
  };
}

function modeWarnings(file: string, location: string): readonly Problem[] {
  const warnings: Problem[] = [];
  const warn = (message: string, hint: string) =>
    warnings.push({ severity: "warning", code: "DATABASE_MODE", message, hint });
  const found = statSync(file, { throwIfNoEntry: false });
  const folder = dirname(file);
  if (found && (found.mode & 0o007) !== 0) {
    const what = (found.mode & 0o002) !== 0 ? "read and changed" : "read";
    warn(`the database ${location} can be ${what} by other users of this machine`, "restrict it: chmod o-rwx");
  }
  if (isOpenToOthers(statSync(folder))) {
    warn(
      `other users of this machine may write to ${folder}, and so put another database in the place of ${location}`,
      `restrict it: chmod o-w ${folder}; in a container, use a volume that belongs to the Pod's fsGroup`,
    );
  }
  return warnings;
}
