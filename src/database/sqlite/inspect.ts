import { closeSync, openSync, readSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { sql } from "kysely";
import { explainAccess } from "../../secrets/file-access.js";
import type { Database, Inspection } from "../database.js";
import { damaged } from "./errors.js";

/** Looks at a database file, its folder and its disk. */
export async function inspectSqlite(file: string, database: Database): Promise<readonly Inspection[]> {
  const integrity = await checkIntegrity(file, database);
  // A damaged file's header may say anything.
  if (integrity.status === "failure") return [integrity];
  return [integrity, await checkJournal(file, database), checkAccess(file), checkSpace(file)];
}

async function checkIntegrity(file: string, { kysely }: Database): Promise<Inspection> {
  const check = "integrity";
  // Its texts quote what is stored; whether there are any is enough.
  const found = await sql<{ readonly quick_check: string }>`PRAGMA quick_check(1)`.execute(kysely);
  const lost = await sql`PRAGMA foreign_key_check`.execute(kysely);
  const isWhole = found.rows.length === 1 && found.rows[0]?.quick_check === "ok";
  if (isWhole && lost.rows.length === 0) return { check, status: "ok", message: "every page can be read" };
  const [{ code, message, hint = "" } = { code: "DATABASE_DAMAGED" as const, message: "" }] = damaged(
    file,
    isWhole ? "PRAGMA foreign_key_check" : "PRAGMA quick_check",
  ).diagnostics;
  return { check, status: "failure", code, message, hint };
}

async function checkJournal(file: string, { kysely }: Database): Promise<Inspection> {
  const check = "journal";
  const found = await sql<{ readonly journal_mode: string }>`PRAGMA journal_mode`.execute(kysely);
  const mode = found.rows[0]?.journal_mode;
  // What a reader that may not write opens is a copy in memory, which does not say. Any other file is open here, and reading it
  // would take away this connection's locks (sqlite.org/howtocorrupt.html, §2.2).
  const hasLog = mode === "memory" ? writeVersionOf(file) === withLog : mode === "wal";
  if (hasLog) return { check, status: "ok", message: "write-ahead log" };
  return {
    check,
    status: "warning",
    code: "DATABASE_JOURNAL",
    message: `the database ${file} has no write-ahead log, so that readers and writers wait for each other`,
    hint: "the next change by vtb-setup turns it on; see that no other program turns it off",
  };
}

// The file's header at 18 and 19: 2 for a write-ahead log, 1 without (SQLite's file format, §1.3.3).
const writeVersionAt = 18;
const withLog = 2;

function writeVersionOf(file: string): number | undefined {
  const bytes = Buffer.alloc(1);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, bytes, 0, 1, writeVersionAt);
  } finally {
    closeSync(descriptor);
  }
  return bytes[0];
}

function checkAccess(file: string): Inspection {
  const check = "access";
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    const denied = path === file || isThere(path) ? explainAccess("the database", path, "write") : undefined;
    if (denied) return { check, status: "failure", code: "DATABASE_UNREACHABLE", ...denied };
  }
  return { check, status: "ok", message: "can be read and written" };
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function checkSpace(file: string): Inspection {
  const { bavail, bsize } = statfsSync(dirname(file));
  return judgeSpace(file, bavail * bsize, statSync(file).size);
}

const mebibyte = 1024 * 1024;
const enoughBytes = 64 * mebibyte;
const leastBytes = 4 * mebibyte;

/** A migration may write the whole database once more, and its log. */
export function judgeSpace(file: string, freeBytes: number, databaseBytes: number): Inspection {
  const check = "disk";
  const free = `${Math.floor(freeBytes / mebibyte)} MiB free`;
  if (freeBytes >= Math.max(enoughBytes, 2 * databaseBytes)) return { check, status: "ok", message: free };
  return {
    check,
    status: freeBytes < leastBytes ? "failure" : "warning",
    code: "DATABASE_SPACE",
    message: `the disk of the database ${file} has only ${free}`,
    hint: "free space on it, or give its volume more",
  };
}
