import { type Kysely, type RawBuilder, sql } from "kysely";
import { type AnyTables, anyTables, type Connection, type SqlValue } from "./database.js";

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
  assertKnown("createResourceTable", shape, resourceTableProperties);
  const { keyColumn, texts = [], optionalTexts = [], unique = [], ...rest } = shape;
  return createTable(db, {
    ...rest,
    texts: ["id", "created_at", "updated_at", keyColumn, ...texts],
    optionalTexts: ["owner", ...optionalTexts],
    primaryKey: ["id"],
    unique: [[keyColumn], ...unique],
  });
}

const resourceTableProperties = [
  "name",
  "keyColumn",
  "texts",
  "optionalTexts",
  "integers",
  "optionalIntegers",
  "unique",
  "references",
  "owners",
] as const satisfies readonly (keyof ResourceTableShape)[];

/** In JavaScript nothing else says that a property is misspelt, and its columns would be missing. */
function assertKnown(what: string, shape: object, known: readonly string[]): void {
  const unknown = Object.keys(shape).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`${what} has no property \`${unknown}\`; it has ${known.join(", ")}`);
}

/** The table of a set: one row for each member of a resource's set. */
export interface SetTableShape {
  readonly name: string;
  /** The column with the id of the resource's row, and the table of that. */
  readonly rowColumn: string;
  readonly rowTable: string;
  readonly memberColumn: string;
  /** The table of the members, where they are rows of another kind: then the column has their ids. */
  readonly memberTable?: string;
}

/** Creates the table of a set. A resource's rows of it go with the resource; a member that is in a set can't be deleted. */
export function createSetTable(db: Kysely<AnyTables>, shape: SetTableShape): Promise<void> {
  assertKnown("createSetTable", shape, setTableProperties);
  const { name, rowColumn, rowTable, memberColumn, memberTable } = shape;
  return createTable(db, {
    name,
    texts: [rowColumn, memberColumn, "origin"],
    primaryKey: [rowColumn, memberColumn, "origin"],
    owners: { [rowColumn]: rowTable },
    ...(memberTable !== undefined && { references: { [memberColumn]: memberTable } }),
  });
}

const setTableProperties = [
  "name",
  "rowColumn",
  "rowTable",
  "memberColumn",
  "memberTable",
] as const satisfies readonly (keyof SetTableShape)[];

/** The names of a table's columns, also where it has no row: each database lists them elsewhere, but all of them join. */
export async function columnNames(db: Connection, table: string): Promise<readonly string[]> {
  const query = sql<object>`select t.* from (select 1 as one) as x left join ${sql.table(table)} as t on 1 = 0`;
  const { rows } = await query.execute(anyTables(db));
  return Object.keys(rows[0] ?? {});
}

/** A value as a part of the statement, so that a database may use an index for rows that have it. */
export function literal(value: SqlValue): RawBuilder<SqlValue> {
  return sql.lit(value);
}
