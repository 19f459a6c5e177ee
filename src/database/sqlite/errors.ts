import { SetupError, setupError } from "../../errors.js";
import { explainAccess } from "../../secrets/file-access.js";
import { constraintViolated, DatabaseError, type DatabaseFailure } from "../database.js";

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

export const noLocksHint =
  "if no other program uses it, the volume does not support locks (SMB, NFS): use a local disk or PostgreSQL";

/** Returns an error to throw: those of SQLite without anything that they quote. */
export function databaseError(file: string, error: unknown): unknown {
  const explained = error instanceof SetupError ? undefined : explainFailure(file, error);
  return explained ? new DatabaseError(failureOf(error), explained) : error;
}

function failureOf(error: unknown): DatabaseFailure {
  if (/^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(error))) return "busy";
  if (codeOf(error) === "SQLITE_CONSTRAINT_FOREIGNKEY") return "row_missing";
  return error instanceof Error && /^no such table/.test(error.message) ? "table_missing" : "other";
}

/**
 * Explains an error of a database file. SQLite's messages can quote what was written, so only the code is passed on; undefined
 * for errors that are not SQLite's.
 */
function explainFailure(file: string, cause: unknown): SetupError | undefined {
  const code = codeOf(cause);
  if (!code.startsWith("SQLITE_")) return undefined;
  if (code.startsWith("SQLITE_CONSTRAINT")) return explainConstraint(cause);
  if (/^SQLITE_(?:NOTADB|CORRUPT|FORMAT|IOERR_SHORT_READ|IOERR_CORRUPTFS)/.test(code))
    return damaged(file, code, cause);
  if (/^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/.test(code)) return locked(file, cause);
  if (/^SQLITE_IOERR_(?:LOCK|RDLOCK|UNLOCK|CHECKRESERVEDLOCK|SHM)/.test(code)) return withoutLocks(file, cause);
  if (/^SQLITE_(?:READONLY|CANTOPEN|PERM|IOERR_ACCESS)/.test(code)) return inaccessible(file, "write", cause);
  if (/^SQLITE_(?:FULL|IOERR|NOMEM)/.test(code)) return withoutRoom(file, cause);
  const hint = "report this as a bug, with this code";
  return setupError("internal", "DATABASE_FAILED", `the database answered with ${code}${statementFault(cause)}`, hint, {
    cause,
  });
}

/** What is wrong with the statement itself, such as `no such table: doors`: its values are bound, so the message has none. */
function statementFault(cause: unknown): string {
  return codeOf(cause) === "SQLITE_ERROR" && cause instanceof Error ? `: ${cause.message}` : "";
}

/** Shows only the rule's name and columns, which SQLite gives in a fixed form. */
function explainConstraint(cause: unknown): SetupError {
  const reported = cause instanceof Error ? cause.message : "";
  const rule = /^(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: [\w.]+(?:, [\w.]+)*)?$/.exec(
    reported,
  )?.[0];
  return constraintViolated(rule ?? codeOf(cause), cause);
}

/** Why a database file can't be opened. */
export function unreachable(file: string, access: "read" | "write", cause: unknown): SetupError {
  if (cause instanceof SetupError) return cause;
  if (/^(?:ENOSPC|EDQUOT)$/.test(codeOf(cause))) return withoutRoom(file, cause);
  // Reading may need no more than read permission.
  const isAccess = /^SQLITE_(?:READONLY|CANTOPEN|PERM|IOERR_ACCESS)/.test(codeOf(cause));
  return (isAccess ? undefined : explainFailure(file, cause)) ?? inaccessible(file, access, cause);
}

/** The file's permissions deny access to this process; if no such cause is visible, the error may be temporary. */
function inaccessible(file: string, access: "read" | "write", cause: unknown): SetupError {
  const diagnostic = explainAccess("the database", file, access);
  if (diagnostic) return setupError("refused", "DATABASE_UNREACHABLE", diagnostic.message, diagnostic.hint, { cause });
  return setupError(
    "unavailable",
    "DATABASE_UNREACHABLE",
    `the database ${file} can't be opened (${codeOf(cause) || "unknown error"})`,
    "check its owner and mode, and those of its folder",
    { cause },
  );
}

export function damaged(file: string, what: string, cause?: unknown): SetupError {
  return setupError(
    "refused",
    "DATABASE_DAMAGED",
    `the database ${file} is damaged, or is not an SQLite database (${what})`,
    "name another file with --database; or restore a backup as docs/database.md says; or move it away with its -wal and -shm, and apply the files again",
    { cause },
  );
}

function locked(file: string, cause: unknown): SetupError {
  return setupError(
    "unavailable",
    "DATABASE_LOCKED",
    `the database ${file} is locked by another program (${codeOf(cause)})`,
    `retry, or wait longer with --wait; ${noLocksHint}`,
    { cause },
  );
}

function withoutLocks(file: string, cause: unknown): SetupError {
  return setupError(
    "refused",
    "DATABASE_LOCKED",
    `the volume of the database ${file} does not support locks (${codeOf(cause)})`,
    "use a local disk or PostgreSQL: an SQLite database can't be shared over SMB or NFS",
    { cause },
  );
}

function withoutRoom(file: string, cause: unknown): SetupError {
  return setupError(
    "unavailable",
    "DATABASE_FAILED",
    `the database ${file} could not be written or read (${codeOf(cause)})`,
    "check that its disk works and has free space, then retry",
    { cause },
  );
}
