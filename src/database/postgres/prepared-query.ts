import { createHash } from "node:crypto";
import type pg from "pg";
import { SetupError } from "../../errors.js";
import type { SqlValue } from "../database.js";
import type { Connections } from "./connections.js";
import { cleanFailure } from "./failure.js";

/**
 * The first row of a query that each connection prepares at its first use; later ones only send the parameters. `Row` says what
 * the query selects.
 */
export function prepareOn({ query }: Pick<Connections, "query">, text: string, { isUrgent = false } = {}) {
  // By its text, since a connection takes each name for one statement alone.
  const name = `vtb_setup_${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
  const firstRow = ({ rows }: pg.QueryArrayResult): unknown => rows[0];
  const fail = (error: unknown): never => {
    throw error instanceof SetupError ? error : cleanFailure(error);
  };
  return <Row extends readonly SqlValue[]>(...values: SqlValue[]): Promise<Row | undefined> => {
    // Not an async function, since each one that waits for another costs as much as a hash.
    const row = query({ name, text, values, rowMode: "array" }, isUrgent).then(firstRow, fail);
    // The caller's word for what its own query selects.
    return row as Promise<Row | undefined>;
  };
}
