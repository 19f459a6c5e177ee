import type { Kysely, Transaction } from "kysely";
import type { SetupError } from "../errors.js";
import type { Tables } from "./tables.js";

/** What a column can hold on every database. */
export type SqlValue = string | number | null;

/** For code that works with any table, such as kinds that bring their own. */
export type AnyTables = Record<string, Record<string, SqlValue>>;

/** An open auth database. What differs between databases is a property of this object; nobody else asks which one it is. */
export interface Database {
  readonly kysely: Kysely<Tables>;
  /** For messages: never a password. */
  readonly location: string;
  /** Where a key file can be made if none is configured: beside a database that is a file. */
  readonly keyFile: string | undefined;
  /** Users of this machine other than the owner and the group may read the database's file. */
  readonly readableByOthers: boolean;
  /** The error means that somebody else holds the lock, or that the transaction has to be run again. */
  readonly isBusy: (error: unknown) => boolean;
  /** An error of the database as a problem to tell, without anything that it quotes; undefined for other errors. */
  readonly explain: (error: unknown) => SetupError | undefined;
  readonly isMissingTable: (error: unknown) => boolean;
  readonly close: () => Promise<void>;
}

export type Connection = Kysely<Tables> | Transaction<Tables>;

/** The same connection, for tables that only their kind knows. */
export function anyTables(connection: Connection): Kysely<AnyTables> {
  // Every column of Tables holds a SqlValue, so this only forgets names.
  return connection as unknown as Kysely<AnyTables>;
}
