import { columnNames } from "../database/create-table.js";
import { anyTables, type Connection, type Database } from "../database/database.js";
import type { KindShape } from "../plan/kind-shape.js";
import { reservedColumns } from "../plan/step-mistakes.js";
import { maskRandom } from "../secrets/random-looking.js";
import { sealedWith } from "../secrets/vault.js";
import { purposeOf } from "./columns.js";
import { isColumn } from "./table-store.js";

/** A value that is sealed with the sealing key, and where it is. */
export interface SealedValue {
  readonly table: string;
  readonly id: string;
  readonly column: string;
  /** For messages, such as `oidc_client admin-oidc: client_secret`. */
  readonly name: string;
  readonly sealed: string;
  readonly purpose: string;
}

/**
 * Reads every sealed value: those of kinds, which know their columns, and those in the tables of kinds from modules, whose values
 * show what they are. So nobody needs these modules to change the key.
 */
export async function readSealedValues(
  database: Pick<Database, "tableNames">,
  db: Connection,
  kinds: readonly KindShape[],
): Promise<readonly SealedValue[]> {
  const values: SealedValue[] = [];
  for (const { name, table, keyColumn, attributes } of kinds) {
    const columns = Object.values(attributes).flatMap((spec) => (isColumn(spec) && spec.isSealed ? spec.column : []));
    for (const value of await readColumns(db, { table, keyColumn, columns })) {
      values.push({ ...value, name: `${name} ${value.name}` });
    }
  }
  const known = new Set(kinds.map(({ table }) => table));
  for (const table of await database.tableNames(db)) {
    if (known.has(table)) continue;
    const columns = await columnNames(db, table);
    if (!reservedColumns.every((column) => columns.includes(column))) continue;
    const others = columns.filter((column) => !reservedColumns.includes(column));
    for (const value of await readColumns(db, { table, keyColumn: "id", columns: others })) {
      values.push({ ...value, name: `${table} ${value.name}` });
    }
  }
  return values;
}

interface SealedColumns {
  readonly table: string;
  readonly keyColumn: string;
  readonly columns: readonly string[];
}

async function readColumns(
  db: Connection,
  { table, keyColumn, columns }: SealedColumns,
): Promise<readonly SealedValue[]> {
  const values: SealedValue[] = [];
  for (const column of columns) {
    const rows = await anyTables(db)
      .selectFrom(table)
      .select((eb) => ["id", `${keyColumn} as key`, eb.cast<string | null>(column, "text").as("sealed")])
      // Columns of other kinds may hold numbers.
      .where((eb) => eb(eb.cast<string | null>(column, "text"), "like", "v1.%"))
      .orderBy("id")
      .execute();
    for (const { id, key, sealed } of rows) {
      const text = String(sealed);
      if (sealedWith(text) === undefined) continue;
      const purpose = purposeOf(table, String(id), column);
      values.push({
        table,
        id: String(id),
        column,
        name: `${maskRandom(String(key))}: ${column}`,
        sealed: text,
        purpose,
      });
    }
  }
  return values;
}
