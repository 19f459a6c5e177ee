import { type SetupError, setupError } from "../../errors.js";

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** SQLite's messages can quote what was written, so only the code is passed on. */
export function explainFailure(cause: unknown): SetupError | undefined {
  const code = codeOf(cause);
  if (!code.startsWith("SQLITE_")) return undefined;
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
