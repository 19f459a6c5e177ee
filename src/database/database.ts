import type { Kysely, RawBuilder, Transaction } from "kysely";
import { type Diagnostic, type DiagnosticCode, SetupError, setupError } from "../errors.js";
import type { Tables } from "./tables.js";

/** What a column can hold on every database. */
export type SqlValue = string | number | null;

/** For code that works with any table, such as kinds that bring their own. */
export type AnyTables = Record<string, Record<string, SqlValue>>;

/** `write` creates what is missing; `read` changes nothing, not even a file's time, and may show a copy of this moment. */
export type OpenMode = "read" | "write";

/**
 * Like `write`, for a transaction that is rolled back: a file is copied into memory first, and the wait for a server's locks is
 * short, since later statements queue behind a waiting one.
 */
export type RunMode = OpenMode | "rehearse";

/** The variables that supply an address's missing parts. */
export type DatabaseEnv = Readonly<Record<string, string | undefined>>;

/** An open auth database. What differs between databases is a property of this object; no other code checks which one it is. */
export interface Database {
  readonly kysely: Kysely<Tables>;
  /** For messages: never a password. */
  readonly location: string;
  /** Where to create a key file if none is configured: beside a database that is a file. */
  readonly keyFile: string | undefined;
  /** What is unsafe about how the database is stored or reached. */
  readonly warnings: readonly Diagnostic[];
  /** Limits how long the statements of a transaction that has just begun wait, and how long it may stay idle. */
  readonly beginWork: (tx: Connection) => Promise<void>;
  /** Another possible reason when the lock is never available. */
  readonly lockHint: string | undefined;
  /** The names of all its tables. */
  readonly tableNames: (db: Connection) => Promise<readonly string[]>;
  /** SQL for a time as columns hold it, so many seconds after another one. */
  readonly secondsLater: (time: RawBuilder<string>, seconds: RawBuilder<number>) => RawBuilder<string>;
  readonly close: () => Promise<void>;
}

/**
 * What an error of a database means:
 *
 * - `busy`: another process holds the lock, or the transaction must run again
 * - `connection_lost`: a commit that failed with it may have taken effect all the same
 * - `table_missing`: there is no such table
 * - `forbidden`: the role has no permission for the statement
 * - `row_missing`: a row refers to one that does not exist, or not any more
 */
export type DatabaseFailure = "busy" | "connection_lost" | "table_missing" | "forbidden" | "row_missing" | "other";

/** An error of the database or its driver, without anything that it quotes: every statement fails with one. */
export class DatabaseError extends SetupError {
  readonly failure: DatabaseFailure;

  constructor(failure: DatabaseFailure, { reason, diagnostics, cause }: SetupError) {
    super(reason, diagnostics, { cause });
    this.failure = failure;
  }
}

export function isFailure(error: unknown, failure: DatabaseFailure): boolean {
  return error instanceof DatabaseError && error.failure === failure;
}

/** One thing that was looked at, and what is wrong with it. It never quotes what is stored. */
export type Inspection =
  | { readonly check: string; readonly status: "ok"; readonly message: string }
  | {
      readonly check: string;
      readonly status: "warning" | "failure";
      readonly code: DiagnosticCode;
      readonly message: string;
      readonly hint: string;
    };

export type Connection = Kysely<Tables> | Transaction<Tables>;

/** A copy of a backup, beside the database that it is for. */
export interface Backup {
  /** For opening the copy. */
  readonly url: string;
  /** There is no database yet where it is restored. */
  readonly isNew: boolean;
  /** Call it with the open database before the transaction. */
  readonly prepare: (database: Database) => Promise<void>;
  /** Replaces everything in the database, in the transaction. */
  readonly replace: (tx: Connection) => Promise<void>;
  /** Deletes the copy. */
  readonly discard: () => void;
}

/** The same connection, for tables that only their kind knows. */
export function anyTables(connection: Connection): Kysely<AnyTables> {
  // Every column of Tables holds a SqlValue, so this only forgets names.
  return connection as unknown as Kysely<AnyTables>;
}

/** Cuts into pieces of at most `size`: databases limit how many values one statement takes. */
export function* chunk<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let piece: T[] = [];
  for (const item of items) {
    if (piece.push(item) < size) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

/** Reads the rows that have one of these values, in pieces that a statement can take, or without values all rows at once. */
export function readInPieces<Row>(
  values: readonly string[],
  read: (some: readonly string[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]>;
export function readInPieces<Row>(
  values: readonly string[] | undefined,
  read: (some: readonly string[] | undefined) => Promise<readonly Row[]>,
): Promise<readonly Row[]>;
export async function readInPieces<Row>(
  values: readonly string[] | undefined,
  read: (some: readonly string[] & undefined) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  // The overloads above keep values and read together.
  const readSome = read as (some: readonly string[] | undefined) => Promise<readonly Row[]>;
  if (values === undefined) return readSome(undefined);
  const rows: Row[] = [];
  for (const some of chunk(values, 500)) for (const row of await readSome(some)) rows.push(row);
  return rows;
}

/** A row that the tables don't allow: the plan should have refused it, or a custom kind has a rule that it does not declare. */
export function constraintViolated(rule: string, cause: unknown): SetupError {
  return setupError(
    "internal",
    "DATABASE_FAILED",
    `the database does not allow what the run writes (${rule})`,
    "look for two entries that have the same value there; if the rule is not from a table of your own step, report this as a bug",
    { cause },
  );
}

/** A database driver is missing, or its compiled part was built for another Node: trying again does not help. */
export function driverUnusable(name: string, cause: unknown, release = name): SetupError {
  return setupError(
    "refused",
    "DATABASE_DRIVER",
    `the database driver ${name} can't be loaded by Node ${process.versions.node}: it is not installed, or was built for another Node`,
    `with this Node, run \`npm rebuild ${name}\` where vtb-setup is installed, install again with \`npm ci\`, or add it with \`npm install ${release}\`; optional dependencies and install scripts must be allowed, and on Node 20 better-sqlite3 needs a C++ compiler`,
    { cause },
  );
}
