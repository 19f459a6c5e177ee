import { type BigIntStats, statSync } from "node:fs";
import type BetterSqlite3 from "better-sqlite3";
import { setupError } from "../../errors.js";
import { explainAccess } from "../../secrets/file-access.js";
import { codeOf, damaged, unreachable } from "./errors.js";

/** A connection that a guard may close. */
interface GuardedConnection {
  /** It is in a transaction, which fails by itself at commit. */
  readonly isBusy: () => boolean;
  readonly drop: () => void;
  /** Moves what is in the log into the database, unless another connection blocks that. */
  readonly settle: () => void;
}

/**
 * Watches a database file for all connections that this process has to it: notices that the file was replaced or overwritten,
 * and keeps what belongs to the earlier one out of the later one.
 */
export interface FileGuard {
  readonly file: string;
  /** Counts the databases that this path has held: what was prepared on or read from an earlier one is no longer valid. */
  readonly generation: () => number;
  /**
   * Checks whether it is still the same database; if not, closes the connections to the earlier one.
   *
   * @param when `recently`: a check within the last second is enough
   * @throws SetupError `DATABASE_UNREACHABLE` (unavailable) when there is no file, or the log beside it is not its own
   */
  readonly look: (when: "now" | "recently") => number;
  /** Call it once a connection is open, which may have created a log. */
  readonly opened: () => void;
  /** Returns a function that ends it. */
  readonly watch: (connection: GuardedConnection) => () => void;
}

/** A file's identity costs as much as the rest of a check, so a reader notices a replaced file only this late. */
export const lookEveryMs = 1000;

/**
 * Creates a guard that has not checked yet. It relies on every writer of ours leaving an empty log: if a database changes while
 * its empty log does not, SQLite did not change it.
 *
 * @throws SetupError `DATABASE_UNREACHABLE` (unavailable) when there is no file
 */
export function createFileGuard(file: string): FileGuard {
  const connections = new Set<GuardedConnection>();
  let known = see(file);
  let generation = 1;
  let lookAtMs = 0;

  const replace = (): void => {
    for (const connection of connections) if (!connection.isBusy()) connection.drop();
    const log = see(file).log;
    const isOurs = log !== undefined && log.size > 0 && log.identity === known.log?.identity;
    if (isOurs || [...connections].some((connection) => connection.isBusy())) throw leftLog(file);
    generation += 1;
  };

  /** A log that is not empty would hide that the file was overwritten. */
  const settle = (): void => {
    for (const connection of connections) if (!connection.isBusy()) connection.settle();
  };

  return {
    file,
    generation: () => generation,
    look(when) {
      const nowMs = performance.now();
      if (when === "recently" && nowMs < lookAtMs) return generation;
      lookAtMs = 0;
      const found = see(file);
      const verdict = compare(known, found);
      if (verdict === "unclear") throw leftLog(file);
      if (verdict === "replaced") replace();
      else if (found.log?.size && isSame(known.database, found.database)) settle();
      known = verdict === "same" && !found.log?.size ? found : see(file);
      lookAtMs = nowMs + lookEveryMs;
      return generation;
    },
    opened() {
      const found = see(file);
      if (found.database.identity === known.database.identity) known = { ...known, log: found.log };
    },
    watch(connection) {
      connections.add(connection);
      return () => connections.delete(connection);
    },
  };
}

export function isUnmoved(guard: FileGuard, begun: number): boolean {
  try {
    return guard.look("now") === begun;
  } catch {
    return false;
  }
}

/** Empties the log, so that nothing in it can get into another database; later, if another connection reads or writes now. */
export function emptyLog(sqlite: BetterSqlite3.Database): void {
  const patienceMs = Number(sqlite.pragma("busy_timeout", { simple: true }));
  sqlite.pragma("busy_timeout = 0");
  try {
    sqlite.pragma("wal_checkpoint(TRUNCATE)");
  } catch (error) {
    if (!codeOf(error).startsWith("SQLITE_")) throw error;
  } finally {
    sqlite.pragma(`busy_timeout = ${patienceMs}`);
  }
}

/**
 * The index of the log (`-shm`) belongs to the connection that opened the database first: with that of an earlier, longer or
 * shorter database, a new connection would write pages to the wrong offsets.
 *
 * @throws SetupError `DATABASE_UNREACHABLE` (unavailable)
 */
export function refuseForeignIndex(sqlite: BetterSqlite3.Database, file: string): void {
  const pageSize = Number(sqlite.pragma("page_size", { simple: true }));
  // Other processes may write between the reads.
  for (let attempts = 3; attempts > 0; attempts -= 1) {
    const pages = Number(sqlite.pragma("page_count", { simple: true }));
    const { database, log } = see(file);
    if ((log?.size ?? 0) > 0 || database.size === pages * pageSize) return;
    // SQLite reads half a page as if it had zeros behind it.
    if (database.size % pageSize !== 0) throw damaged(file, "half a page");
  }
  throw leftLog(file);
}

interface SeenFile {
  readonly identity: string;
  readonly size: number;
  readonly changedNs: bigint;
}

interface Seen {
  readonly database: SeenFile;
  readonly log: SeenFile | undefined;
}

function see(file: string): Seen {
  try {
    const database = seeFile(file);
    if (database !== undefined) return { database, log: seeFile(`${file}-wal`) };
  } catch (cause) {
    throw unreachable(file, "read", cause);
  }
  const diagnostic = explainAccess("the database", file, "read");
  if (diagnostic) throw setupError("refused", "DATABASE_UNREACHABLE", diagnostic.message, diagnostic.hint);
  throw gone(file, "there is no such file");
}

function seeFile(path: string): SeenFile | undefined {
  const found: BigIntStats | undefined = statSync(path, { throwIfNoEntry: false, bigint: true });
  // The system reuses an inode number for the next file, so the birth time counts as well.
  return found?.isFile()
    ? {
        identity: `${found.dev}:${found.ino}:${found.birthtimeNs}`,
        size: Number(found.size),
        changedNs: found.mtimeNs,
      }
    : undefined;
}

/**
 * SQLite writes to the log first. What it moves into the database afterwards leaves the log's time behind the database's only
 * until the log is emptied.
 */
function compare(known: Seen, found: Seen): "same" | "replaced" | "unclear" {
  if (known.database.identity !== found.database.identity) return "replaced";
  if (isSame(known.database, found.database)) return "same";
  const isLogSame = isSame(known.log, found.log);
  if (found.log !== undefined && found.log.size > 0) return isLogSame ? "unclear" : "same";
  return isLogSame || (found.log?.changedNs ?? 0n) < found.database.changedNs ? "replaced" : "same";
}

function isSame(one: SeenFile | undefined, other: SeenFile | undefined): boolean {
  return one?.identity === other?.identity && one?.size === other?.size && one?.changedNs === other?.changedNs;
}

export function gone(file: string, why: string): Error {
  return setupError(
    "unavailable",
    "DATABASE_UNREACHABLE",
    `the database ${file} can't be read: ${why}`,
    "run `vtb-setup apply` to create it, or put it back",
  );
}

/** SQLite can't tell whose log it is, and would mix the two databases. */
function leftLog(file: string): Error {
  return setupError(
    "unavailable",
    "DATABASE_UNREACHABLE",
    `the database ${file} was replaced or overwritten while the earlier one was in use: the log ${file}-wal may belong to the earlier one`,
    `stop every program that uses it, put the database that you want in place again, remove ${file}-wal and ${file}-shm, and then start them again`,
  );
}

export function replacedMeanwhile(file: string): Error {
  return setupError(
    "unavailable",
    "DATABASE_UNREACHABLE",
    `the database ${file} was replaced before the write; nothing was written to the new one`,
    "retry",
  );
}
