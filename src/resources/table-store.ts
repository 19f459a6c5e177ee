import { columnNames } from "../database/create-table.js";
import { anyTables, type Connection, chunk, type SqlValue } from "../database/database.js";
import { insertRows } from "../database/insert-rows.js";
import { nearestField } from "../nearest.js";
import type { CurrentResource, Kind, ReadContext, WriteContext } from "../plan/kind.js";
import type { AttributeSpec, KindShape, ReferenceTarget } from "../plan/kind-shape.js";
import type { Attributes, AttributeValue, PlannedChange } from "../plan/resource.js";
import { reservedColumns, type StepMistake, stepsInvalid } from "../plan/step-mistakes.js";
import { type Column, purposeOf, type RowContext, type SetRelation } from "./columns.js";

type Row = Record<string, SqlValue>;

interface Layout {
  readonly table: string;
  readonly keyColumn: string;
  readonly columns: readonly (readonly [string, Column])[];
  readonly sets: readonly (readonly [string, SetRelation])[];
  readonly targets: readonly ReferenceTarget[];
  readonly only: Readonly<Record<string, SqlValue>>;
}

export function isColumn(spec: AttributeSpec): spec is Column {
  return "encode" in spec;
}

function isSet(spec: AttributeSpec): spec is SetRelation {
  return "rowColumn" in spec;
}

/**
 * Reads and writes a kind whose resources are the rows of one table with `id`, `owner`, `created_at` and `updated_at`.
 *
 * @param only column values that distinguish this kind's rows from others in the same table
 */
export function createTableStore<A extends Attributes>(
  { table, keyColumn, attributes }: KindShape<A>,
  only: Readonly<Record<string, SqlValue>> = {},
): Pick<Kind<A>, "read" | "write" | "remove"> {
  const all = Object.entries(attributes);
  const columns = all.flatMap(([name, spec]) => (isColumn(spec) ? [[name, spec] as const] : []));
  const sets = all.flatMap(([name, spec]) => (isSet(spec) ? [[name, spec] as const] : []));
  const targets = [...columns, ...sets].flatMap(([, { target }]) => target ?? []);
  const layout = { table, keyColumn, columns, sets, targets, only };
  return {
    // What a column decodes is the value of the attribute with its name.
    read: (context) => readRows(layout, context) as Promise<readonly CurrentResource<A>[]>,
    write: (context, changes) => writeRows(layout, context, changes),
    remove: ({ db }, ids) => removeRows(table, db, ids),
  };
}

/**
 * Requires that the tables of a kind have the columns that it reads and writes.
 *
 * @param own names the kind and its step
 * @throws SetupError `STEP_INVALID` (usage) with every missing column
 */
export async function requireColumns(
  { table, keyColumn, attributes }: KindShape,
  db: Connection,
  own: string,
): Promise<void> {
  const needed = new Map([
    [table, new Map([...reservedColumns, keyColumn].map((column) => [column, "every resource"]))],
  ]);
  const need = (of: string, column: string, attribute: string): void => {
    needed.set(of, (needed.get(of) ?? new Map()).set(column, `the attribute \`${attribute}\``));
  };
  for (const [attribute, spec] of Object.entries(attributes)) {
    if (isColumn(spec)) need(table, spec.column, attribute);
    if (isSet(spec))
      for (const column of [spec.rowColumn, spec.memberColumn, "origin"]) need(spec.table, column, attribute);
  }
  const mistakes: StepMistake[] = [];
  for (const [of, columns] of needed) {
    const present = await columnNames(db, of);
    for (const [column, owner] of columns) {
      if (present.includes(column)) continue;
      const near = nearestField(column, present);
      const message = `${own}: its table ${of} has no column \`${column}\`, which ${owner} needs`;
      const hint =
        near === undefined
          ? "add it in a new migration"
          : `did you mean \`${near}\`? Otherwise add it in a new migration`;
      mistakes.push({ message, hint });
    }
  }
  if (mistakes.length > 0) throw stepsInvalid(mistakes);
}

async function readRows(layout: Layout, { db, vault }: ReadContext): Promise<readonly CurrentResource[]> {
  const references = await readReferences(db, layout.targets);
  let query = anyTables(db).selectFrom(layout.table).selectAll();
  for (const [column, value] of Object.entries(layout.only)) query = query.where(column, "=", value);
  const rows = await query.execute();
  const sets = new Map<string, ReadonlyMap<string, readonly string[]>>();
  for (const [attribute, relation] of layout.sets) {
    sets.set(attribute, await readSets(db, relation, references.keyOf));
  }
  return rows.map((row) => {
    const id = String(row.id);
    const attributes: Record<string, AttributeValue> = {};
    for (const [attribute, spec] of layout.columns) {
      const context = rowContext(layout.table, id, spec.column, { vault, references });
      attributes[attribute] = spec.decode(row[spec.column] ?? null, context);
    }
    for (const [attribute, members] of sets) attributes[attribute] = members.get(id) ?? [];
    return { id, key: String(row[layout.keyColumn]), owner: row.owner === null ? null : String(row.owner), attributes };
  });
}

async function writeRows(layout: Layout, context: WriteContext, changes: readonly PlannedChange[]): Promise<void> {
  const references = await readReferences(context.db, layout.targets);
  const db = anyTables(context.db);
  const rowOf = async (change: PlannedChange): Promise<Row> => ({
    [layout.keyColumn]: change.key,
    owner: change.owner,
    updated_at: context.now,
    ...(await encodeChange(layout, change, { vault: context.vault, references })),
  });
  for (const change of changes) {
    if (change.action === "create") continue;
    await db
      .updateTable(layout.table)
      .set(await rowOf(change))
      .where("id", "=", change.id)
      .execute();
  }
  const creations = changes.filter(({ action }) => action === "create");
  // Encoding can take long, and a server ends a transaction that is silent for a minute as abandoned.
  for (const batch of chunk(creations, 200)) {
    const created: Row[] = [];
    for (const change of batch) {
      created.push({ id: change.id, created_at: context.now, ...layout.only, ...(await rowOf(change)) });
    }
    await insertRows(context.db, layout.table, created);
  }
  for (const [attribute, relation] of layout.sets) {
    const desired = changes.filter((change) => change.action === "create" || change.changed.includes(attribute));
    const sets = new Map(desired.map((change) => [change.id, change.attributes[attribute]]));
    await writeSets(context.db, relation, sets, references.idOf);
  }
}

async function encodeChange(
  layout: Layout,
  change: PlannedChange,
  context: { readonly vault: WriteContext["vault"]; readonly references: References },
): Promise<Row> {
  const row: Row = {};
  for (const [attribute, spec] of layout.columns) {
    const value = change.attributes[attribute];
    if (change.action === "update" && !change.changed.includes(attribute)) continue;
    row[spec.column] =
      value === undefined
        ? spec.initial
        : await spec.encode(value, rowContext(layout.table, change.id, spec.column, context));
  }
  return row;
}

function rowContext(
  table: string,
  id: string,
  column: string,
  { vault, references }: { readonly vault: WriteContext["vault"]; readonly references: References },
): RowContext {
  return { purpose: purposeOf(table, id, column), vault, idOf: references.idOf, keyOf: references.keyOf };
}

async function removeRows(table: string, db: Connection, ids: readonly string[]): Promise<void> {
  for (const batch of chunk(ids, 500)) await anyTables(db).deleteFrom(table).where("id", "in", batch).execute();
}

/** What is read and written of a set. */
export type SetTable = Pick<SetRelation, "table" | "rowColumn" | "memberColumn" | "target">;

/** The members of every row's set, sorted, by the row's id. */
export async function readSets(
  db: Connection,
  relation: SetTable,
  keyOf: (target: ReferenceTarget, id: string) => string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await anyTables(db)
    .selectFrom(relation.table)
    .select([relation.rowColumn, relation.memberColumn])
    .where("origin", "=", "config")
    .execute();
  const sets = new Map<string, string[]>();
  for (const row of rows) {
    const member = String(row[relation.memberColumn]);
    const shown = relation.target ? keyOf(relation.target, member) : member;
    const owner = String(row[relation.rowColumn]);
    const known = sets.get(owner);
    if (known) known.push(shown);
    else sets.set(owner, [shown]);
  }
  for (const members of sets.values()) members.sort();
  return sets;
}

/** Replaces the sets of the given rows. */
export async function writeSets(
  db: Connection,
  relation: SetTable,
  sets: ReadonlyMap<string, AttributeValue>,
  idOf: (target: ReferenceTarget, key: string) => string,
): Promise<void> {
  const tables = anyTables(db);
  const { table, rowColumn, memberColumn, target } = relation;
  for (const owners of chunk([...sets.keys()], 500)) {
    await tables.deleteFrom(table).where(rowColumn, "in", owners).where("origin", "=", "config").execute();
  }
  const rows: Record<string, SqlValue>[] = [];
  for (const [owner, members] of sets) {
    // A set's value comes from a schema that returns lists of text.
    for (const member of new Set((members ?? []) as readonly string[])) {
      rows.push({
        [rowColumn]: owner,
        [memberColumn]: target ? idOf(target, member) : member,
        origin: "config",
      });
    }
  }
  await insertRows(db, table, rows);
}

/** Look-ups in both directions between the ids in columns and the keys in files. */
interface References {
  readonly idOf: (target: ReferenceTarget, key: string) => string;
  readonly keyOf: (target: ReferenceTarget, id: string) => string;
}

/** Reads the keys of the tables that a kind refers to, each once. */
async function readReferences(db: Connection, targets: readonly ReferenceTarget[]): Promise<References> {
  const ids = new Map<string, Map<string, string>>();
  const keys = new Map<string, Map<string, string>>();
  for (const { name: kind, table, keyColumn } of targets) {
    if (ids.has(kind)) continue;
    const rows = await anyTables(db).selectFrom(table).select(["id", keyColumn]).execute();
    ids.set(kind, new Map(rows.map((row) => [String(row[keyColumn]), String(row.id)])));
    keys.set(kind, new Map(rows.map((row) => [String(row.id), String(row[keyColumn])])));
  }
  // The plan has checked that references exist, and the database that no row's foreign key dangles.
  const find = (maps: Map<string, Map<string, string>>, kind: string, name: string): string => {
    const found = maps.get(kind)?.get(name);
    if (found === undefined) throw new Error(`a row refers to a missing ${kind}`);
    return found;
  };
  return {
    idOf: (target, key) => find(ids, target.name, key),
    keyOf: (target, id) => find(keys, target.name, id),
  };
}
