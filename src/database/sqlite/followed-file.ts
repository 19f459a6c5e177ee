import { statSync } from "node:fs";
import type BetterSqlite3 from "better-sqlite3";
import { setupError } from "../../errors.js";

/** A connection to the file that is there now, also when that is another one than before. */
export interface FollowedFile {
  /** @throws SetupError `DATABASE_UNREACHABLE` (unavailable) when there is no file, or not one to be read yet */
  readonly connection: () => BetterSqlite3.Database;
  /** Counts the connections so far: what was prepared on an earlier one is of no use any more. */
  readonly generation: () => number;
  readonly close: () => void;
}

/** A file's identity costs as much as the rest of a look, so a replaced file is noticed this late. */
const lookEveryMs = 1000;

/**
 * Opens the file at first use, and again whenever another one has taken its place.
 *
 * @throws SetupError `DATABASE_UNREACHABLE` (unavailable) when there is no file
 */
export function followFile(file: string, open: (file: string) => BetterSqlite3.Database): FollowedFile {
  if (identityOf(file) === undefined) throw gone(file, "there is no such file");
  let sqlite: BetterSqlite3.Database | undefined;
  let identity = "";
  let logIdentity: string | undefined;
  let generation = 0;
  let lookAtMs = 0;
  let isClosed = false;

  const reopen = (found: string): BetterSqlite3.Database => {
    // First, so that it takes its log away with it where it is the last one.
    sqlite?.close();
    sqlite = undefined;
    if (logIdentity !== undefined && logIdentity === identityOf(`${file}-wal`)) throw leftLog(file);
    sqlite = open(file);
    generation += 1;
    identity = found;
    return sqlite;
  };

  return {
    connection() {
      const nowMs = performance.now();
      if (sqlite && (nowMs < lookAtMs || sqlite.inTransaction)) return sqlite;
      if (isClosed) throw gone(file, "it was closed");
      const found = identityOf(file);
      if (found === undefined) throw gone(file, "there is no such file");
      const current = sqlite && found === identity ? sqlite : reopen(found);
      logIdentity = identityOf(`${file}-wal`);
      lookAtMs = nowMs + lookEveryMs;
      return current;
    },
    generation: () => generation,
    close() {
      isClosed = true;
      lookAtMs = 0;
      sqlite?.close();
      sqlite = undefined;
    },
  };
}

function identityOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

function gone(file: string, why: string): Error {
  return setupError(
    "unavailable",
    "DATABASE_UNREACHABLE",
    `the database ${file} can't be read: ${why}`,
    "run `vtb-setup apply` to make it, or put it back",
  );
}

/** SQLite can't tell whose log it is, and would mix the two databases. */
function leftLog(file: string): Error {
  return setupError(
    "unavailable",
    "DATABASE_UNREACHABLE",
    `the database ${file} was replaced while its log ${file}-wal is still that of the earlier one`,
    "stop every program that has the earlier database open, or change a database with `vtb-setup apply` instead of replacing its file",
  );
}
