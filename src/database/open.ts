import { resolve } from "node:path";
import { invisibleIn } from "../characters.js";
import { type SetupError, setupError } from "../errors.js";
import { findPlaceholder } from "../secrets/placeholder.js";
import type { Database, DatabaseEnv, Inspection, OpenMode, RunMode } from "./database.js";
import type { LiveDatabase, LiveOptions } from "./live-database.js";

/**
 * Opens the auth database that a URL names. In mode `read`, returns undefined where there is no database yet but could be.
 *
 * @param env supplies an address's missing parts: a server's `PG*` variables, and the file of its password
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

/**
 * Opens the auth database that a URL names for a long-running program: it is never created, and followed when it changes.
 *
 * @param mode `read` can't write; `write` is for the few rows that are written at run time
 * @throws SetupError `DATABASE_URL` (usage); here and at use `DATABASE_UNREACHABLE` (unavailable) and a server's refusals
 */
export async function openLiveDatabase(url: string, mode: OpenMode, options: LiveOptions = {}): Promise<LiveDatabase> {
  const place = parseDatabaseUrl(url);
  // Each driver is loaded by those who use it.
  if (place.dialect === "sqlite")
    return (await import("./sqlite/open-live.js")).openLiveSqlite(place.file, mode, options);
  return (await import("./postgres/open-live.js")).openLivePostgres(place.url, mode, options);
}

/**
 * Looks at how a database is stored or served, and at what this process may do with it. Writes nothing.
 *
 * @throws SetupError where the database can't be read
 */
export async function inspectDatabase(
  url: string,
  database: Database,
  env: DatabaseEnv,
): Promise<readonly Inspection[]> {
  const place = parseDatabaseUrl(url);
  // Each driver is loaded by those who use it.
  if (place.dialect === "sqlite") return (await import("./sqlite/inspect.js")).inspectSqlite(place.file, database);
  return (await import("./postgres/inspect.js")).inspectPostgres(place.url, database, env);
}

export const defaultDatabaseUrl = "sqlite:./vtb-auth.db";

/** The URL of a database that is a file in this folder. */
export function databaseUrlIn(folder: string): string {
  return defaultDatabaseUrl.replace(".", folder);
}

/** Where an auth database is: a file (an absolute path) or a server. */
type DatabaseUrl =
  | { readonly dialect: "sqlite"; readonly file: string }
  | { readonly dialect: "postgres"; readonly url: string };

/**
 * Parses a database's URL.
 *
 * @throws SetupError `DATABASE_URL` (usage)
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const mistake = mistakeIn(url);
  if (mistake !== undefined) throw refuse(`the database's URL ${mistake}`);
  if (/^postgres(?:ql)?:\/\//.test(url)) return { dialect: "postgres", url };
  const match = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(url);
  // A URL instead of a path may contain a password, which messages about files would show.
  if (!match?.[1] || match[1].startsWith("//") || match[1].includes("://")) {
    throw refuse("the database's URL is not valid");
  }
  const pathFault = pathFaultOf(match[1]);
  if (pathFault !== undefined) throw refuse(`the database's path ${pathFault}`);
  return { dialect: "sqlite", file: resolve(match[1]) };
}

function refuse(message: string): SetupError {
  const hint = "write sqlite:PATH, such as sqlite:./vtb-auth.db, or postgres://USER@HOST/NAME";
  return setupError("usage", "DATABASE_URL", message, hint);
}

/** Node's URL parser drops some of these characters, and a file's name accepts them all. */
function mistakeIn(url: string): string | undefined {
  if (invisibleIn(url) !== undefined) {
    return "contains a control or invisible character; a line break at its end comes from echo or a file with Windows line endings";
  }
  if (url !== url.trim()) return "has whitespace around it";
  if (/^(["']).*\1$/.test(url)) return "has quotes around it, which only a shell removes";
  return findPlaceholder(url, false) === undefined ? undefined : "contains an unreplaced placeholder";
}

/** Finds what would create an unintended file: a special name, or a parameter that is not supported here. */
function pathFaultOf(path: string): string | undefined {
  if (path.includes(":memory:")) return "names an in-memory database, which is lost when the program ends";
  if (path.startsWith("file:")) return "is a file: URI; write only the path";
  if (/[?#]/.test(path)) return "contains ? or #: parameters are not supported for a file";
  if (path !== path.trim()) return "has whitespace around it";
  if (/^(["']).*\1$/.test(path)) return "has quotes around it, which only a shell removes";
  const isLeft = /\$[A-Za-z_({]|%[A-Za-z_]\w*%|<[^<>]*>|\{\{|^~(?:\/|$)/.test(path) || findPlaceholder(path, false);
  return isLeft ? "contains an unreplaced placeholder ($NAME, %NAME%, <…>, ~)" : undefined;
}

/** A database's URL that is safe to show. */
export function withoutPassword(url: string): string {
  const place = parseDatabaseUrl(url);
  if (place.dialect === "sqlite") return url;
  const shown = new URL(place.url);
  shown.password = "";
  shown.searchParams.delete("password");
  return shown.href;
}
