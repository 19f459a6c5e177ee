import { type BigIntStats, closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

/** What the index of a log (`-shm`) says of the log's content that was moved into the database. */
export interface LogIndex {
  /** The file. While a connection is open, it is not replaced. */
  readonly identity: string;
  /** Undefined while nobody has filled it. */
  readonly progress: Progress | undefined;
}

/** SQLite's WAL-index format (sqlite.org/walformat.html, §2), in this machine's byte order. */
interface Progress {
  /** It changes whenever the log starts again from its beginning. */
  readonly log: string;
  /** Counts commits. It only goes down when another process read the index anew from a log that a killed process left. */
  readonly commits: number;
  /** How many of the log's pages are in the database for certain (nBackfill). */
  readonly moved: number;
  /** How many of them may be there: set before the first one is written to it (nBackfillAttempted). */
  readonly begun: number;
}

interface OpenIndex {
  readonly identity: string;
  readonly descriptor: number;
}

/**
 * Closing a file takes away all locks that the process has on it (sqlite.org/howtocorrupt.html, §2.2), those of SQLite
 * included, and there are some on an index as long as a connection is open. So one stays open until the file is deleted, as the
 * last connection to a database does.
 */
const openIndexes = new Set<OpenIndex>();

/** Undefined where there is no index: nobody has the database open, or it has no log. */
export function readLogIndex(file: string): LogIndex | undefined {
  const found = statOf(`${file}-shm`);
  if (!found?.isFile()) return undefined;
  const index = [...openIndexes].find(({ identity }) => identity === identityOf(found)) ?? openIndex(`${file}-shm`);
  return index && { identity: index.identity, progress: progressIn(index.descriptor) };
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false, bigint: true });
  } catch {
    // Nor is there one where the folder can't be read: who opens the database says why.
    return undefined;
  }
}

/** Closes the indexes whose file is deleted. Call it when a connection was closed. */
export function closeDeletedIndexes(): void {
  for (const index of openIndexes) {
    if (fstatSync(index.descriptor).nlink > 0) continue;
    openIndexes.delete(index);
    closeSync(index.descriptor);
  }
}

/**
 * Returns true if SQLite may have written to the database after the earlier look and before the later one; false if it can't have.
 *
 * @param earlier read before a look at the database
 * @param later read after another look at it
 */
export function mayHaveMoved(earlier: Progress, later: Progress): boolean {
  return later.log !== earlier.log || later.commits < earlier.commits || later.begun > earlier.moved;
}

/** The system reuses an inode number for the next file, so the birth time counts as well. */
export function identityOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}

function openIndex(path: string): OpenIndex | undefined {
  closeDeletedIndexes();
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch {
    // Deleted meanwhile, or not ours to read.
    return undefined;
  }
  const index = { identity: identityOf(fstatSync(descriptor, { bigint: true })), descriptor };
  openIndexes.add(index);
  return index;
}

// The file as numbers of 32 bits: both copies of the header, then the state of moving.
const headerSize = 12;
const size = 33;
const at = { commits: 2, isFilled: 3, length: 4, log: [8, 9], moved: 24, begun: 32 } as const;

/** A writer sets the header first and then the state, so a state belongs to a header that is there before and after it. */
function progressIn(descriptor: number): Progress | undefined {
  for (let attempts = 100; attempts > 0; attempts -= 1) {
    const numbers = new Uint32Array(size);
    if (readSync(descriptor, numbers, 0, numbers.byteLength, 0) < numbers.byteLength) return undefined;
    const after = new Uint32Array(headerSize);
    readSync(descriptor, after, 0, after.byteLength, 0);
    const of = (index: number): number => numbers[index] ?? 0;
    if (of(at.isFilled) === 0) return undefined;
    const isWhole = after.every((_, index) => of(index) === of(headerSize + index));
    if (!isWhole || at.log.some((index) => after[index] !== of(index))) continue;
    return {
      log: at.log.map(of).join(":"),
      commits: of(at.commits),
      // A writer that starts the log again sets its length to 0 before it sets what was moved to 0.
      moved: Math.min(of(at.moved), of(at.length)),
      begun: of(at.begun),
    };
  }
  return undefined;
}
