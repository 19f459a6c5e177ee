import { CompiledQuery } from "kysely";
import { anyTables, type Connection, type SqlValue } from "./database.js";

/** A new row: a value for each column, but for those with a default. */
type NewRow = Readonly<Record<string, SqlValue | undefined>>;

// Databases limit how many values one statement takes: SQLite 32,766, PostgreSQL 65,535.
const rowsAtOnce = 200;

/**
 * Inserts rows that have the same columns, many at once. Building a statement takes longer than running it, so that all full batches
 * share one.
 */
export async function insertRows(db: Connection, table: string, rows: readonly NewRow[]): Promise<void> {
  const [first = {}] = rows;
  const columns = Object.keys(first).filter((column) => first[column] !== undefined);
  let sql: string | undefined;
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const batch = rows.slice(start, start + rowsAtOnce);
    if (batch.length < rowsAtOnce) {
      await anyTables(db).insertInto(table).values(batch).execute();
      continue;
    }
    sql ??= anyTables(db).insertInto(table).values(batch).compile().sql;
    const values: SqlValue[] = [];
    for (const row of batch) for (const column of columns) values.push(row[column] ?? null);
    await db.executeQuery(CompiledQuery.raw(sql, values));
  }
}
