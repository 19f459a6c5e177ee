import { type SetupError, setupError } from "../../errors.js";
import { constraintViolated } from "../constraint-violated.js";

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** SQLite's messages can quote what was written, so only the code is passed on. */
export function explainFailure(cause: unknown): SetupError | undefined {
  const code = codeOf(cause);
  if (!code.startsWith("SQLITE_")) return undefined;
  if (code.startsWith("SQLITE_CONSTRAINT")) return explainConstraint(cause);
  const mayPass = /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN)/.test(code);
  return setupError(
    mayPass ? "unavailable" : "internal",
    "DATABASE_FAILED",
    `the database answered with ${code}`,
    mayPass
      ? "check that its disk has room and may be written to, then try again"
      : "check the database's file for damage",
    { cause },
  );
}

/** Only the rule's name and columns are told, which SQLite gives in a fixed form. */
function explainConstraint(cause: unknown): SetupError {
  const told = cause instanceof Error ? cause.message : "";
  const rule = /^(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: [\w.]+(?:, [\w.]+)*)?$/.exec(told)?.[0];
  return constraintViolated(rule ?? codeOf(cause), cause);
}

export function unreachable(file: string, cause: unknown): Error {
  if (codeOf(cause) === "SQLITE_NOTADB") {
    return setupError(
      "refused",
      "DATABASE_UNREACHABLE",
      `the file ${file} is not an SQLite database`,
      "name another file with --database",
      { cause },
    );
  }
  return setupError(
    "unavailable",
    "DATABASE_UNREACHABLE",
    `the database ${file} can't be opened (${codeOf(cause) || "unknown error"})`,
    "check that the folder exists and that it may be written to",
    { cause },
  );
}
