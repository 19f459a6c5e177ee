import { anyTables, type Connection, chunk, type SqlValue } from "../database/database.js";
import { insertRows } from "../database/write-rows.js";
import { nearestField } from "../nearest.js";
import type { CurrentResource, Kind, ReadContext, WantedRows, WriteContext } from "../plan/kind.js";
import type { AttributeSpec, KindShape, ReferenceTarget } from "../plan/kind-shape.js";
import type { Attributes, AttributeValue, PlannedChange } from "../plan/resource.js";
import { reservedColumns, type StepMistake, stepsInvalid } from "../plan/step-mistakes.js";
import { type Column, purposeOf, type RowContext, type SetRelation } from "./columns.js";
import {
  collectSets,
  countOwned,
  only,
  type References,
  type ReferredRows,
  readMembers,
  readReferences,
  selectWanted,
  writeSets,
} from "./table-rows.js";

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
): Pick<Kind<A>, "read" | "countOwned" | "write" | "remove"> {
  const all = Object.entries(attributes);
  const columns = all.flatMap(([name, spec]) => (isColumn(spec) ? [[name, spec] as const] : []));
  const sets = all.flatMap(([name, spec]) => (isSet(spec) ? [[name, spec] as const] : []));
  const targets = [...columns, ...sets].flatMap(([, { target }]) => target ?? []);
  const layout = { table, keyColumn, columns, sets, targets, only };
  return {
    // What a column decodes is the value of the attribute with its name.
    read: (context, wanted) => readRows(layout, context, wanted) as Promise<readonly CurrentResource<A>[]>,
    countOwned: (db, owner, limit) => countOwned(layout, db, owner, limit),
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
  const { columnNames } = await import("../database/create-table.js");
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

async function readRows(
  layout: Layout,
  { db, vault }: ReadContext,
  wanted: WantedRows | undefined,
): Promise<readonly CurrentResource[]> {
  const { rows: all } = await only(layout, anyTables(db).selectFrom(layout.table).selectAll());
  const rows = await selectWanted(wanted, layout, async (column, values) =>
    (values ? all.where(column, "in", values) : all).execute(),
  );
  const ids = wanted && rows.map(({ id }) => String(id));
  const members = new Map<string, readonly Row[]>();
  for (const [attribute, relation] of layout.sets) members.set(attribute, await readMembers(db, relation, ids));
  const references = await readReferences(db, layout.targets, wanted && idsIn(layout, rows, members));
  const sets = layout.sets.map(([attribute, relation]) => {
    return [attribute, collectSets(relation, members.get(attribute) ?? [], references.keyOf)] as const;
  });
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

/** The ids of the other kinds' rows that these refer to. */
function idsIn(layout: Layout, rows: readonly Row[], members: ReadonlyMap<string, readonly Row[]>): ReferredRows {
  const found = new Map<string, Set<string>>();
  for (const [, { column, target }] of layout.columns) {
    if (target) for (const row of rows) addTo(found, target, row[column]);
  }
  for (const [attribute, { memberColumn, target }] of layout.sets) {
    if (target) for (const row of members.get(attribute) ?? []) addTo(found, target, row[memberColumn]);
  }
  return { by: "id", values: found };
}

/** The keys of the other kinds' rows that changes refer to. */
function keysIn(layout: Layout, changes: readonly PlannedChange[]): ReferredRows {
  const found = new Map<string, Set<string>>();
  for (const [attribute, { target }] of [...layout.columns, ...layout.sets]) {
    if (!target) continue;
    for (const { attributes } of changes) for (const key of [attributes[attribute]].flat()) addTo(found, target, key);
  }
  return { by: "key", values: found };
}

function addTo(found: Map<string, Set<string>>, { name }: ReferenceTarget, value: unknown): void {
  if (typeof value !== "string") return;
  const known = found.get(name);
  if (known) known.add(value);
  else found.set(name, new Set([value]));
}

async function writeRows(layout: Layout, context: WriteContext, changes: readonly PlannedChange[]): Promise<void> {
  const references = await readReferences(context.db, layout.targets, keysIn(layout, changes));
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
    const updated = desired.flatMap(({ action, id }) => (action === "create" ? [] : [id]));
    await writeSets(context.db, relation, sets, updated, references.idOf);
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
