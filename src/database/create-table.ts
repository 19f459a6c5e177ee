import type { Kysely } from "kysely";
import type { AnyTables } from "./database.js";

/** A table that every database can hold: it has text and integer columns only. */
export interface TableShape {
  readonly name: string;
  readonly texts: readonly string[];
  readonly optionalTexts?: readonly string[];
  readonly integers?: readonly string[];
  readonly optionalIntegers?: readonly string[];
  readonly primaryKey: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  /** Column → table that it references. */
  readonly references?: Readonly<Record<string, string>>;
  /** Column → table that it references; its row is deleted with the referenced row. */
  readonly owners?: Readonly<Record<string, string>>;
}

/** Creates a table, its keys and its indexes. Foreign keys are checked at commit, so that rows can be written in any order. */
export async function createTable(db: Kysely<AnyTables>, shape: TableShape): Promise<void> {
  let table = db.schema.createTable(shape.name);
  for (const name of shape.texts) table = table.addColumn(name, "text", (column) => column.notNull());
  for (const name of shape.optionalTexts ?? []) table = table.addColumn(name, "text");
  for (const name of shape.integers ?? []) table = table.addColumn(name, "integer", (column) => column.notNull());
  for (const name of shape.optionalIntegers ?? []) table = table.addColumn(name, "integer");
  // The builder's types know the columns only when they are written out.
  table = table.addPrimaryKeyConstraint(`${shape.name}_key`, [...shape.primaryKey] as never[]);

  const references = Object.entries(shape.references ?? {});
  const owners = Object.entries(shape.owners ?? {});
  for (const [column, target] of [...references, ...owners]) {
    table = table.addForeignKeyConstraint(
      `${shape.name}_${column}_reference`,
      [column] as never[],
      target,
      ["id"],
      (constraint) => {
        const deferred = constraint.deferrable().initiallyDeferred();
        return column in (shape.owners ?? {}) ? deferred.onDelete("cascade") : deferred;
      },
    );
  }
  await table.execute();

  for (const columns of shape.unique ?? []) {
    await db.schema
      .createIndex(`${shape.name}_${columns.join("_")}`)
      .unique()
      .on(shape.name)
      .columns([...columns])
      .execute();
  }
  for (const [column] of [...references, ...owners]) {
    if (column === shape.primaryKey[0]) continue;
    await db.schema.createIndex(`${shape.name}_${column}`).on(shape.name).column(column).execute();
  }
}

/** A table whose rows are resources; the columns that every resource has are added to those named here. */
export interface ResourceTableShape extends Omit<TableShape, "texts" | "primaryKey"> {
  /** The column that holds a resource's key, which no two rows share. */
  readonly keyColumn: string;
  readonly texts?: readonly string[];
}

/** Creates the table of a kind: {@link createTable} with `id`, `owner`, `created_at`, `updated_at` and the key. */
export function createResourceTable(db: Kysely<AnyTables>, shape: ResourceTableShape): Promise<void> {
  const { keyColumn, texts = [], optionalTexts = [], unique = [], ...rest } = shape;
  return createTable(db, {
    ...rest,
    texts: ["id", "created_at", "updated_at", keyColumn, ...texts],
    optionalTexts: ["owner", ...optionalTexts],
    primaryKey: ["id"],
    unique: [[keyColumn], ...unique],
  });
}
