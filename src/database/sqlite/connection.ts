/** The parts of better-sqlite3's interface that are used, which every driver has. */
export interface SqliteConnection {
  readonly inTransaction: boolean;
  /** It is no file. */
  readonly memory: boolean;
  prepare<Parameters extends unknown[] = unknown[], Row = unknown>(sql: string): Statement<Parameters, Row>;
  exec(sql: string): unknown;
  /** Returns the rows of a pragma; with `simple`, the first value. */
  pragma(source: string, options?: { readonly simple?: boolean }): unknown;
  serialize(): Buffer;
  close(): unknown;
}

export interface Statement<Parameters extends unknown[] = unknown[], Row = unknown> {
  /** It returns rows. */
  readonly reader: boolean;
  /** The names may change with a table, when it runs. */
  columns(): readonly { readonly name: string }[];
  run(...parameters: Parameters): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...parameters: Parameters): Row | undefined;
  all(...parameters: Parameters): Row[];
  iterate(...parameters: Parameters): IterableIterator<Row>;
  /** Returns only the first column of each row from now on. */
  pluck(): this;
  /** Returns rows as arrays from now on. */
  raw(): this;
}

export interface OpenOptions {
  readonly readonly?: boolean;
  readonly fileMustExist?: boolean;
  /** How long to wait for locks, in milliseconds. Defaults to 5000. */
  readonly timeout?: number;
}

/** Opens a file, or a copy of a database's bytes in memory. */
export type SqliteDriver = new (source: string | Buffer, options?: OpenOptions) => SqliteConnection;
