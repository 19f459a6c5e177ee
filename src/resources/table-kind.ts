import { anyTables, chunk, type SqlValue } from "../database/database.js";
import type { Migration } from "../database/migrations.js";
import type { AttributeSpec, CurrentResource, Kind, ReadContext, WriteContext } from "../plan/kind.js";
import type { AttributeValue, PlannedChange } from "../plan/resource.js";
import {
  type Column,
  type References,
  type ReferenceTarget,
  type RowContext,
  readReferences,
  readSets,
  type SetRelation,
  writeSets,
} from "./columns.js";

/** A kind whose resources are the rows of one table with `id`, `owner`, `created_at` and `updated_at`. */
export interface KindDefinition {
  readonly name: string;
  readonly table: string;
  readonly keyColumn: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly sets?: Readonly<Record<string, SetRelation>>;
  /** Column values that distinguish this kind's rows from others in the same table. */
  readonly only?: Readonly<Record<string, SqlValue>>;
  readonly hasFreeNames?: boolean;
  readonly dependsOn?: readonly string[];
  readonly migrations?: readonly Migration[];
  readonly resolve?: Kind["resolve"];
  readonly check?: Kind["check"];
  readonly review?: Kind["review"];
}

type Row = Record<string, SqlValue>;

/** Creates a kind from the description of its table. */
export function defineKind(shape: KindDefinition): Kind {
  const { name, columns, sets = {} } = shape;
  const targets = [...Object.values(columns), ...Object.values(sets)].flatMap(({ target }) => target ?? []);
  return {
    name,
    dependsOn: [...new Set([...(shape.dependsOn ?? []), ...targets.map((target) => target.kind)])],
    attributes: attributeSpecs(columns, sets),
    ...(shape.hasFreeNames && { hasFreeNames: true }),
    ...(shape.migrations && { migrations: shape.migrations }),
    ...(shape.resolve && { resolve: shape.resolve }),
    ...(shape.check && { check: shape.check }),
    ...(shape.review && { review: shape.review }),
    read: (context) => readRows(shape, targets, context),
    write: (context, changes) => writeRows(shape, targets, context, changes),
    remove: (context, ids) => removeRows(shape.table, context, ids),
  };
}

function attributeSpecs(
  columns: Readonly<Record<string, Column>>,
  sets: Readonly<Record<string, SetRelation>>,
): Readonly<Record<string, AttributeSpec>> {
  return Object.fromEntries([
    ...Object.entries(columns).map(([attribute, column]) => [attribute, column.spec] as const),
    ...Object.entries(sets).map(
      ([attribute, { target }]) => [attribute, target ? { references: target.kind } : {}] as const,
    ),
  ]);
}

async function readRows(
  shape: KindDefinition,
  targets: readonly ReferenceTarget[],
  { db, vault }: ReadContext,
): Promise<readonly CurrentResource[]> {
  const references = await readReferences(db, targets);
  let query = anyTables(db).selectFrom(shape.table).selectAll();
  for (const [column, value] of Object.entries(shape.only ?? {})) query = query.where(column, "=", value);
  const rows = await query.execute();
  const sets = new Map<string, ReadonlyMap<string, readonly string[]>>();
  for (const [attribute, relation] of Object.entries(shape.sets ?? {})) {
    sets.set(attribute, await readSets(db, relation, references.keyOf));
  }
  return rows.map((row) => {
    const id = String(row.id);
    const attributes: Record<string, AttributeValue> = {};
    for (const [attribute, column] of Object.entries(shape.columns)) {
      const context = rowContext(shape.table, id, column.name, { vault, references });
      attributes[attribute] = column.decode(row[column.name] ?? null, context);
    }
    for (const [attribute, members] of sets) attributes[attribute] = members.get(id) ?? [];
    return { id, key: String(row[shape.keyColumn]), owner: row.owner === null ? null : String(row.owner), attributes };
  });
}

async function writeRows(
  shape: KindDefinition,
  targets: readonly ReferenceTarget[],
  context: WriteContext,
  changes: readonly PlannedChange[],
): Promise<void> {
  const references = await readReferences(context.db, targets);
  const db = anyTables(context.db);
  const rowOf = async (change: PlannedChange): Promise<Row> => ({
    ...{ [shape.keyColumn]: change.key, owner: context.owner, updated_at: context.now },
    ...(await encodeChange(shape, change, { vault: context.vault, references })),
  });
  for (const change of changes) {
    if (change.action === "create") continue;
    await db
      .updateTable(shape.table)
      .set(await rowOf(change))
      .where("id", "=", change.id)
      .execute();
  }
  const creations = changes.filter(({ action }) => action === "create");
  // Encoding can take long, and a server ends a transaction that is silent for a minute as abandoned.
  for (const batch of chunk(creations, 200)) {
    const created: Row[] = [];
    for (const change of batch) {
      created.push({ id: change.id, created_at: context.now, ...shape.only, ...(await rowOf(change)) });
    }
    await db.insertInto(shape.table).values(created).execute();
  }
  for (const [attribute, relation] of Object.entries(shape.sets ?? {})) {
    const wanted = changes.filter((change) => change.action === "create" || change.changed.includes(attribute));
    const sets = new Map(wanted.map((change) => [change.id, change.attributes[attribute]]));
    await writeSets(context.db, relation, sets, references.idOf);
  }
}

async function encodeChange(
  shape: KindDefinition,
  change: PlannedChange,
  context: { readonly vault: WriteContext["vault"]; readonly references: References },
): Promise<Row> {
  const row: Row = {};
  for (const [attribute, column] of Object.entries(shape.columns)) {
    const value = change.attributes[attribute];
    if (change.action === "update" && !change.changed.includes(attribute)) continue;
    row[column.name] =
      value === undefined
        ? column.initial
        : await column.encode(value, rowContext(shape.table, change.id, column.name, context));
  }
  return row;
}

function rowContext(
  table: string,
  id: string,
  column: string,
  { vault, references }: { readonly vault: WriteContext["vault"]; readonly references: References },
): RowContext {
  return { purpose: `${table}/${id}/${column}`, vault, idOf: references.idOf, keyOf: references.keyOf };
}

async function removeRows(table: string, { db }: WriteContext, ids: readonly string[]): Promise<void> {
  for (const batch of chunk(ids, 500)) await anyTables(db).deleteFrom(table).where("id", "in", batch).execute();
}
