import { sql } from "kysely";

const pageSize = 500;

/**
 * Rows in the order of their names, in pages: each page is read when it is asked for.
 *
 * @param read reads the rows after that name, and at most so many
 */
export async function* readPages<Row, Item>(
  read: (after: string | undefined, limit: number) => Promise<readonly Row[]>,
  nameOf: (row: Row) => string,
  itemsOf: (rows: readonly Row[]) => Promise<readonly Item[]>,
): AsyncGenerator<readonly Item[]> {
  let after: string | undefined;
  do {
    const rows = await read(after, pageSize);
    if (rows.length > 0) yield await itemsOf(rows);
    const last = rows.at(-1);
    after = rows.length < pageSize || last === undefined ? undefined : nameOf(last);
  } while (after !== undefined);
}

/** Whether a column's text starts with another one. LIKE ignores case on some databases, and has wildcards. */
export function startsWith(column: string, prefix: string) {
  return sql<boolean>`substr(${sql.ref(column)}, 1, ${prefix.length}) = ${prefix}`;
}

/** Whether a column's text has another one in it, in any case; some databases know only the case of ASCII letters. */
export function contains(column: string, text: string) {
  const pattern = `%${text.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`;
  return sql<boolean>`lower(${sql.ref(column)}) like ${pattern} escape '\\'`;
}
