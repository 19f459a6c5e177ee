import { type SetupError, setupError } from "../errors.js";
import type { Backup, DatabaseEnv } from "./database.js";
import { parseDatabaseUrl } from "./open.js";

/**
 * Copies a database into a new file, while other programs use it, and returns the file's size in bytes.
 *
 * @throws SetupError `BACKUP_FILE`, `BACKUP_BY_SERVER` (refused), and where the database can't be read
 */
export async function backUpDatabase(url: string, target: string, env: DatabaseEnv): Promise<number> {
  const place = parseDatabaseUrl(url);
  if (place.dialect === "postgres") {
    const connection = await connectionOf(place.url, env);
    throw byServer("backed up", `pg_dump --format=custom --file=${quote(target)} ${connection}`);
  }
  return (await import("./sqlite/backup.js")).backUpSqlite(place.file, target);
}

/**
 * Opens a backup for restoring it to a database.
 *
 * @throws SetupError `BACKUP_FILE`, `BACKUP_BY_SERVER`, `DATABASE_DAMAGED` (refused)
 */
export async function openBackup(url: string, file: string, env: DatabaseEnv): Promise<Backup> {
  const place = parseDatabaseUrl(url);
  if (place.dialect === "postgres") {
    const connection = await connectionOf(place.url, env);
    const options = "--clean --if-exists --no-owner --single-transaction";
    throw byServer("restored", `pg_restore ${options} ${connection} ${quote(file)}`);
  }
  return (await import("./sqlite/backup.js")).openSqliteBackup(place.file, file);
}

/** A server's database with all that others have in it is the business of the server's own programs, which ask for the password. */
function byServer(done: string, command: string): SetupError {
  const message = `a server's database is ${done} by the server's own programs`;
  return setupError("refused", "BACKUP_BY_SERVER", message, `run: ${command}`);
}

async function connectionOf(url: string, env: DatabaseEnv): Promise<string> {
  const { parsePostgresUrl } = await import("./postgres/address.js");
  const { host, port, user, database } = parsePostgresUrl(url, env);
  const schema = new URL(url).searchParams.get("schema");
  const parts = [`--host=${quote(host)}`, `--port=${port}`, `--username=${quote(user)}`, `--dbname=${quote(database)}`];
  return [...parts, ...(schema === null ? [] : [`--schema=${quote(schema)}`])].join(" ");
}

/** As a POSIX shell reads it. */
function quote(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
