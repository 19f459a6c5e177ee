import { statSync } from "node:fs";
import { Kysely, type SqliteDatabase, SqliteDialect } from "kysely";
import type { Problem } from "../../errors.js";
import type { Database } from "../database.js";
import type { Tables } from "../tables.js";
import { codeOf, explainFailure } from "./failure.js";

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
    explain: explainFailure,
    isMissingTable: (error) => error instanceof Error && /^no such table/.test(error.message),
    isForbidden: () => false,
    close: () => kysely.destroy(),
  };
}

function modeWarnings(file: string, location: string): readonly Problem[] {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o007) === 0) return [];
  return [
    {
      severity: "warning",
      code: "DATABASE_MODE",
      message: `the database ${location} can be read by other users of this machine`,
      hint: "take the right away with chmod o-rwx",
    },
  ];
}
