import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import { openDatabase } from "../../src/database/open.js";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import type { FreshSchemas } from "./fresh-schemas.js";
import { freePort } from "./http-server.js";
import { temporaryFolder } from "./temporary-folder.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** On which database the tests of this project run. */
    dialect: "sqlite" | "postgres";
    /** Whether tests run the command in their own process, unless they are about its process. */
    commands: "here" | "processes";
    /** The server that the run has started, as its superuser. */
    postgresUrl: string;
  }
}

const sqliteName = "vtb-auth.db";
let schemas: FreshSchemas | undefined;
const urlByFolder = new Map<string, string>();

/** Where new databases on the server come from, for as long as a test file runs. */
export function useSchemas(source: FreshSchemas | undefined): void {
  schemas = source;
  urlByFolder.clear();
}

/** The URL of a database with nothing in it; where it is a file, the file is not there yet. */
export function temporaryDatabase(): string {
  return inject("dialect") === "sqlite" ? `sqlite:${join(temporaryFolder(), "auth.db")}` : freshSchema();
}

/** The default database of the commands that run in this folder. */
export function databaseOf(folder: string): string {
  if (inject("dialect") === "sqlite") return `sqlite:${join(folder, sqliteName)}`;
  const url = urlByFolder.get(folder) ?? freshSchema();
  urlByFolder.set(folder, url);
  return url;
}

/** Makes a database the default one of the commands that run in this folder: a file is copied into it. */
export function useDatabase(folder: string, url: string): void {
  if (isFile(url)) copyFileSync(fileOf(url), join(folder, sqliteName));
  else urlByFolder.set(folder, url);
}

/** The sealing key of databases that have no folder for a key file. */
export function sealingEnv(): Readonly<Record<string, string>> {
  return inject("dialect") === "sqlite" ? {} : { VTB_SETUP_KEY: createHash("sha256").update("test").digest("hex") };
}

/** The arguments with which a command in this folder uses the folder's database. */
export function databaseEnv(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  if (inject("dialect") === "sqlite") return env;
  const hasKey = "VTB_SETUP_KEY" in env || "VTB_SETUP_KEY_FILE" in env;
  return { VTB_SETUP_DATABASE: databaseOf(folder), ...(hasKey ? {} : sealingEnv()), ...env };
}

/** The names of a database's tables, in order; none where there is no database. */
export async function tablesOf(url: string): Promise<readonly string[]> {
  if (!isFile(url)) return await withClient(url, tableNames);
  if (!existsSync(fileOf(url))) return [];
  const { kysely, close } = await openDatabase(url, "write");
  try {
    return (await kysely.introspection.getTables()).map(({ name }) => name).sort();
  } finally {
    await close();
  }
}

/** Whether a database was created: its file, or a table on the server. */
export async function isMade(url: string): Promise<boolean> {
  return isFile(url) ? existsSync(fileOf(url)) : (await tablesOf(url)).length > 0;
}

/** Everything that a database holds, to look for what must not be in it. */
export async function writtenIn(url: string): Promise<string> {
  return isFile(url) ? readFileSync(fileOf(url), "latin1") : await contentsOf(url);
}

/** Everything that a database holds, to see that nothing was written: also a row that was replaced by an equal one shows. */
export async function contentsOf(url: string): Promise<string> {
  if (isFile(url)) return readFileSync(fileOf(url), "base64");
  return await withClient(url, async (client) => {
    const tables: unknown[] = [];
    for (const name of await tableNames(client)) {
      const { rows } = await client.query(`select ctid::text, xmin::text, * from ${name} order by ctid`);
      tables.push({ name, rows });
    }
    return JSON.stringify(tables);
  });
}

/** Whether another process has the database open: has its log, or a lock on one of its tables. */
export async function isInUse(url: string): Promise<boolean> {
  if (isFile(url)) return existsSync(`${fileOf(url)}-wal`);
  return await withClient(url, async (client) => {
    const { rows } = await client.query(
      `select 1 from pg_locks join pg_class on pg_class.oid = relation
       where relnamespace = current_schema()::regnamespace and pid <> pg_backend_pid() limit 1`,
    );
    return rows.length > 0;
  });
}

/** Lets as much time pass as a verifier may go on with what it knew before another process changed the database. */
export async function noticeChange(): Promise<void> {
  if (inject("dialect") === "postgres") skipTime(1000);
  await setImmediate();
}

/** Moves this process' monotonic clock on. */
function skipTime(ms: number): void {
  const now = performance.now.bind(performance);
  performance.now = () => now() + ms;
}

/** The URL of a database that can't be reached now: a file that another program has locked, or a server that is not there. */
export async function unreachableDatabase(): Promise<string> {
  if (inject("dialect") === "sqlite") return `sqlite:${lockedFile()}`;
  return inject("postgresUrl").replace(/:\d+\//, `:${await freePort()}/`);
}

function lockedFile(): string {
  const file = join(temporaryFolder(), "auth.db");
  const holder = new (loadSqliteDriver())(file);
  onTestFinished(() => void holder.close());
  holder.exec("CREATE TABLE held (id integer)");
  holder.exec("BEGIN EXCLUSIVE");
  return file;
}

function isFile(url: string): boolean {
  return url.startsWith("sqlite:");
}

function fileOf(url: string): string {
  return url.slice("sqlite:".length);
}

/** Runs a statement on the server as its superuser. */
export function onServer(statement: string): Promise<void> {
  return schemasHere().run(statement);
}

function freshSchema(): string {
  return schemasHere().take();
}

function schemasHere(): FreshSchemas {
  if (schemas === undefined) throw new Error("only a test file of the postgres project gets databases on the server");
  return schemas;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function tableNames(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query("select tablename as name from pg_tables where schemaname = current_schema()");
  return rows.map(({ name }) => String(name)).sort();
}
