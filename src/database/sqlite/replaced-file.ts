import { type BigIntStats, statSync } from "node:fs";
import { setupError } from "../../errors.js";
import { explainAccess } from "../../secrets/file-access.js";
import type { SqliteConnection } from "./connection.js";
import { codeOf, damaged, unreachable } from "./errors.js";
import { identityOf, type LogIndex, mayHaveMoved, readLogIndex } from "./log-index.js";

/** A connection that a guard may close. */
interface GuardedConnection {
  readonly isOpen: () => boolean;
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
  /** Returns a function that ends it. */
  readonly watch: (connection: GuardedConnection) => () => void;
}

/** A file's identity costs as much as the rest of a check, so a reader notices a replaced file only this late. */
export const lookEveryMs = 1000;

/**
 * Creates a guard that has not checked yet. SQLite writes to the log first, so the log and its index tell whether SQLite changed
 * the database or another program did.
 *
 * @throws SetupError `DATABASE_UNREACHABLE` (unavailable) when there is no file
 */
export function createFileGuard(file: string): FileGuard {
  const connections = new Set<GuardedConnection>();
  let known = see(file);
  let generation = 1;
  let lookAtMs = 0;

  const isOpen = (): boolean => [...connections].some((connection) => connection.isOpen());

  const replace = (found: Seen): void => {
    if (!isMoved(known, found) && hasLeftLog(known, found, isOpen())) throw leftLog(file);
    for (const connection of connections) if (!connection.isBusy()) connection.drop();
    const { log } = seeFiles(file);
    const isOurs = isMoved(known, found) && log !== undefined && log.size > 0 && log.identity === known.log?.identity;
    if (isOurs || [...connections].some((connection) => connection.isBusy())) throw leftLog(file);
    generation += 1;
    known = see(file);
  };

  /** A log that is not empty would get into a database that is moved here. */
  const settle = (): void => {
    for (const connection of connections) if (!connection.isBusy()) connection.settle();
    const settled = see(file);
    if (!isReplaced(known, settled, isOpen())) known = settled;
  };

  return {
    file,
    generation: () => generation,
    look(when) {
      const nowMs = performance.now();
      if (when === "recently" && nowMs < lookAtMs) return generation;
      lookAtMs = 0;
      const found = seeSettled(file, known);
      if (isReplaced(known, found, isOpen())) replace(found);
      else {
        const isQuiet = isSame(known.database, found.database);
        known = found;
        if (isQuiet && found.log?.size) settle();
      }
      lookAtMs = nowMs + lookEveryMs;
      return generation;
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
export function emptyLog(sqlite: SqliteConnection): void {
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
export function refuseForeignIndex(sqlite: SqliteConnection, file: string): void {
  // While this connection reads at one moment, nobody both empties the log and changes the database.
  sqlite.exec("BEGIN");
  try {
    const pages = Number(sqlite.pragma("page_count", { simple: true }));
    const pageSize = Number(sqlite.pragma("page_size", { simple: true }));
    const { database, log } = seeFiles(file);
    if ((log?.size ?? 0) > 0 || database.size === pages * pageSize) return;
    // SQLite reads half a page as if it had zeros behind it.
    if (database.size % pageSize !== 0) throw damaged(file, "half a page");
    throw leftLog(file);
  } finally {
    sqlite.exec("ROLLBACK");
  }
}

interface SeenFile {
  readonly identity: string;
  readonly size: number;
  readonly changedNs: bigint;
}

interface Seen {
  readonly database: SeenFile;
  readonly log: SeenFile | undefined;
  /** Of the log's index. */
  readonly identity: string | undefined;
  /** What the index said before and after the database was looked at. */
  readonly before: LogIndex["progress"];
  readonly after: LogIndex["progress"];
}

function see(file: string): Seen {
  const before = readLogIndex(file);
  const files = seeFiles(file);
  const after = readLogIndex(file);
  const isOne = before?.identity === after?.identity;
  return { ...files, identity: after?.identity, before: isOne ? before?.progress : undefined, after: after?.progress };
}

function seeFiles(file: string): Pick<Seen, "database" | "log"> {
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
  return found?.isFile()
    ? { identity: identityOf(found), size: Number(found.size), changedNs: found.mtimeNs }
    : undefined;
}

/** How long a log that is being emptied may have its new size and not yet its new time, on a machine with much to do. */
const emptyingMs = 1000;

/** Waits only where a log was being emptied at this moment, or where the database was overwritten soon after. */
function seeSettled(file: string, known: Seen): Seen {
  let found = see(file);
  const isDoubtful = () => !isMoved(known, found) && mayBeSqlite(known, found) && isOlderLog(found);
  for (let left = emptyingMs; left > 0 && isDoubtful(); left -= 1) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    found = see(file);
  }
  return found;
}

/** @param isOpen if this process has a connection: then SQLite deletes neither the log nor its index */
function isReplaced(known: Seen, found: Seen, isOpen: boolean): boolean {
  return isMoved(known, found) || (isOpen && hasOtherLog(known, found)) || isOverwritten(known, found);
}

function isMoved(known: Seen, found: Seen): boolean {
  return known.database.identity !== found.database.identity;
}

/** A connection would never see what others write to another log, and they would not see what it writes. */
function hasOtherLog(known: Seen, found: Seen): boolean {
  return isOther(known.log?.identity, found.log?.identity) || isOther(known.identity, found.identity);
}

function isOther(known: string | undefined, found: string | undefined): boolean {
  return known !== undefined && known !== found;
}

/** Whether another program than SQLite wrote to the database. */
function isOverwritten(known: Seen, found: Seen): boolean {
  if (isSame(known.database, found.database)) return false;
  return found.log === undefined || isOlderLog(found) || !mayBeSqlite(known, found);
}

/** SQLite empties a log after it has written what was in it to the database. */
function isOlderLog({ database, log }: Seen): boolean {
  return log?.size === 0 && log.changedNs < database.changedNs;
}

/** Whether SQLite can be the one who changed the database. */
function mayBeSqlite(known: Seen, found: Seen): boolean {
  if (known.identity === found.identity && known.before && found.after) return mayHaveMoved(known.before, found.after);
  // Nobody had the database open at one of the two looks.
  return !isSame(known.log, found.log) || Boolean(found.after?.begun);
}

/**
 * Whether closing the connections would harm the file that is there now: the last one deletes the log, whosever it is, after
 * moving its own into the database.
 */
function hasLeftLog(known: Seen, found: Seen, isOpen: boolean): boolean {
  if (found.log !== undefined && found.log.size > 0) return true;
  const hasOwn = isOpen && known.log !== undefined && known.log.size > 0 && known.log.identity !== found.log?.identity;
  return hasOwn && isOverwritten(known, found);
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
