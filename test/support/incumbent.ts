import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import { temporaryDatabase } from "./databases.js";
import { temporaryFolder } from "./temporary-folder.js";

/** Which recording of a Django database; the OpenID Connect tables need PostgreSQL. */
export type Recording = "sqlite" | "postgres-oidc-2" | "postgres-oidc-0";

/** What the recording on the database of this project is. */
export function recordingHere(): Recording {
  return inject("dialect") === "sqlite" ? "sqlite" : "postgres-oidc-2";
}

/**
 * The URL of a Django database with the rows of a recording.
 *
 * @param more statements that follow it
 */
export async function incumbentDatabase(recording: Recording, more = ""): Promise<string> {
  if (recording === "sqlite") {
    const file = join(temporaryFolder(), "db.sqlite3");
    writeIncumbent(file, more);
    return `sqlite:${file}`;
  }
  const url = temporaryDatabase();
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`${recorded(recording)}${more}`);
  await client.end();
  return url;
}

/** Writes the file of a Django database. */
export function writeIncumbent(file: string, more = ""): void {
  const database = new (loadSqliteDriver())(file);
  database.exec(`${recorded("sqlite")}${more}`);
  database.close();
}

function recorded(recording: Recording): string {
  return readFileSync(`test/support/incumbent/${recording}.sql`, "utf8");
}
