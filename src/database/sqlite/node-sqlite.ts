import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { OpenOptions, SqliteConnection, SqliteDriver, Statement } from "./connection.js";

/** The parts of `node:sqlite` that are used; the types of Node 20 do not have it. */
interface NodeSqlite {
  readonly DatabaseSync: new (
    path: string,
    options: { readonly readOnly: boolean; readonly timeout: number },
  ) => NodeDatabase;
}

interface NodeDatabase {
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  prepare(sql: string): NodeStatement;
  exec(sql: string): void;
  serialize(): Uint8Array;
  deserialize(bytes: Uint8Array): void;
  close(): void;
}

interface NodeStatement {
  columns(): readonly { readonly name: string }[];
  setReturnArrays(enabled: boolean): void;
  run(...parameters: readonly unknown[]): { changes: number; lastInsertRowid: number };
  get(...parameters: readonly unknown[]): unknown;
  all(...parameters: readonly unknown[]): unknown[];
  iterate(...parameters: readonly unknown[]): Iterable<unknown>;
}

/**
 * Node's own SQLite with the interface of better-sqlite3; undefined where it is missing or experimental. From 24.15 on it is a release
 * candidate, and from 24.16 on it can copy a database from and to memory.
 */
export function loadNodeSqlite(): SqliteDriver | undefined {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 24 || (major === 24 && minor < 16)) return undefined;
  return "serialize" in nodeSqlite().DatabaseSync.prototype ? NodeSqliteConnection : undefined;
}

/** Throws where Node was built without it. */
function nodeSqlite(): NodeSqlite {
  return createRequire(import.meta.url)("node:sqlite") as NodeSqlite;
}

function openNodeDatabase(
  source: string | Buffer,
  { readonly = false, fileMustExist = false, timeout = 5000 }: OpenOptions,
): NodeDatabase {
  const { DatabaseSync } = nodeSqlite();
  if (typeof source === "string") {
    // Only a URI can ask for a file that exists.
    const place = fileMustExist && !readonly ? `${pathToFileURL(source).href}?mode=rw` : source;
    return new DatabaseSync(place, { readOnly: readonly, timeout });
  }
  const database = new DatabaseSync(":memory:", { readOnly: false, timeout });
  if (source.length > 0) database.deserialize(source);
  if (readonly) database.exec("PRAGMA query_only = ON");
  return database;
}

class NodeSqliteConnection implements SqliteConnection {
  readonly #database: NodeDatabase;
  readonly memory: boolean;

  constructor(source: string | Buffer, options: OpenOptions = {}) {
    this.#database = named(() => openNodeDatabase(source, options));
    this.memory = typeof source !== "string";
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  prepare<Parameters extends unknown[], Row>(sql: string): Statement<Parameters, Row> {
    return new NodeSqliteStatement<Parameters, Row>(named(() => this.#database.prepare(sql)));
  }

  exec(sql: string): void {
    named(() => this.#database.exec(sql));
  }

  pragma(source: string, { simple = false }: { readonly simple?: boolean } = {}): unknown {
    const statement = this.prepare(`PRAGMA ${source}`);
    return simple ? statement.pluck().get() : statement.all();
  }

  serialize(): Buffer {
    return Buffer.from(named(() => this.#database.serialize()));
  }

  close(): void {
    if (this.#database.isOpen) named(() => this.#database.close());
  }
}

/** The rows of a statement have the type that the caller of `prepare` named, as in better-sqlite3. */
class NodeSqliteStatement<Parameters extends unknown[], Row> implements Statement<Parameters, Row> {
  readonly reader: boolean;
  readonly #statement: NodeStatement;
  #isPlucked = false;

  constructor(statement: NodeStatement) {
    this.#statement = statement;
    this.reader = statement.columns().length > 0;
  }

  columns() {
    return this.#statement.columns();
  }

  run(...given: Parameters) {
    return this.#ask(this.#statement.run, given);
  }

  get(...given: Parameters): Row | undefined {
    const row = this.#ask(this.#statement.get, given);
    return row === undefined ? undefined : this.#shape(row);
  }

  all(...given: Parameters): Row[] {
    const rows = this.#ask(this.#statement.all, given);
    return this.#isPlucked ? rows.map((row) => this.#shape(row)) : (rows as Row[]);
  }

  *iterate(...given: Parameters): IterableIterator<Row> {
    const rows = this.#ask(this.#statement.iterate, given)[Symbol.iterator]();
    try {
      for (;;) {
        const next = named(() => rows.next());
        if (next.done) return;
        yield this.#shape(next.value);
      }
    } finally {
      rows.return?.();
    }
  }

  pluck(): this {
    this.#isPlucked = true;
    return this.raw();
  }

  raw(): this {
    this.#statement.setReturnArrays(true);
    return this;
  }

  /** Like better-sqlite3, takes the parameters one by one or in one list; SQLite takes at most 32,766, which fit into arguments. */
  #ask<T>(method: (...parameters: readonly unknown[]) => T, given: readonly unknown[]): T {
    const parameters: readonly unknown[] = Array.isArray(given[0]) ? given[0] : given;
    return named(() => method.call(this.#statement, ...parameters));
  }

  #shape(row: unknown): Row {
    return (this.#isPlucked ? (row as readonly unknown[])[0] : row) as Row;
  }
}

/** Gives the errors of SQLite the codes of better-sqlite3: the names of result codes. */
function named<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "errcode" in error) Object.assign(error, { code: resultName(Number(error.errcode)) });
    throw error;
  }
}

// https://sqlite.org/rescode.html: the first is the primary code, and the nth after it the extended code whose second byte is n.
const resultNames: Readonly<Record<number, string>> = {
  1: "ERROR MISSING_COLLSEQ RETRY SNAPSHOT RESERVESIZE KEY UNABLE",
  2: "INTERNAL",
  3: "PERM",
  4: "ABORT - ROLLBACK",
  5: "BUSY RECOVERY SNAPSHOT TIMEOUT",
  6: "LOCKED SHAREDCACHE VTAB",
  7: "NOMEM",
  8: "READONLY RECOVERY CANTLOCK ROLLBACK DBMOVED CANTINIT DIRECTORY",
  9: "INTERRUPT",
  10: "IOERR READ SHORT_READ WRITE FSYNC DIR_FSYNC TRUNCATE FSTAT UNLOCK RDLOCK DELETE BLOCKED NOMEM ACCESS CHECKRESERVEDLOCK LOCK CLOSE DIR_CLOSE SHMOPEN SHMSIZE SHMLOCK SHMMAP SEEK DELETE_NOENT MMAP GETTEMPPATH CONVPATH VNODE AUTH BEGIN_ATOMIC COMMIT_ATOMIC ROLLBACK_ATOMIC DATA CORRUPTFS IN_PAGE BADKEY CODEC",
  11: "CORRUPT VTAB SEQUENCE INDEX",
  12: "NOTFOUND",
  13: "FULL",
  14: "CANTOPEN NOTEMPDIR ISDIR FULLPATH CONVPATH DIRTYWAL SYMLINK",
  15: "PROTOCOL",
  16: "EMPTY",
  17: "SCHEMA",
  18: "TOOBIG",
  19: "CONSTRAINT CHECK COMMITHOOK FOREIGNKEY FUNCTION NOTNULL PRIMARYKEY TRIGGER UNIQUE VTAB ROWID PINNED DATATYPE",
  20: "MISMATCH",
  21: "MISUSE",
  22: "NOLFS",
  23: "AUTH USER",
  24: "FORMAT",
  25: "RANGE",
  26: "NOTADB",
};

/** The name of a result code of SQLite, such as `SQLITE_BUSY_SNAPSHOT`; of an unknown extended code, its primary code's name. */
export function resultName(code: number): string {
  const [primary, ...extended] = resultNames[code & 0xff]?.split(" ") ?? [];
  if (primary === undefined) return `SQLITE_${code}`;
  const name = extended[(code >> 8) - 1];
  return name === undefined ? `SQLITE_${primary}` : `SQLITE_${primary}_${name}`;
}
