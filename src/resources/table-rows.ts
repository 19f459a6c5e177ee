import type { SelectQueryBuilder } from "kysely";
import {
  type AnyTables,
  anyTables,
  type Connection,
  chunk,
  readInPieces,
  type SqlValue,
} from "../database/database.js";
import { insertRows } from "../database/write-rows.js";
import type { OwnedRows, WantedRows } from "../plan/kind.js";
import type { ReferenceTarget } from "../plan/kind-shape.js";
import type { AttributeValue } from "../plan/resource.js";
import type { SetRelation } from "./columns.js";

type Row = Record<string, SqlValue>;

/** The rows of the table that are of this kind. A command that reads no rows loads no query builder. */
export async function only<Output>(
  layout: { readonly only: OwnValues },
  query: Selection<Output>,
): Promise<{ readonly rows: Selection<Output> }> {
  const { literal } = await import("../database/create-table.js");
  const own = Object.entries(layout.only);
  return { rows: own.reduce((rest, [column, value]) => rest.where(column, "=", literal(value)), query) };
}

/** Column values that distinguish a kind's rows from others in the same table. */
type OwnValues = Readonly<Record<string, SqlValue>>;

/** Where a kind's rows are. */
interface Place {
  readonly table: string;
  readonly keyColumn: string;
  readonly only?: OwnValues;
}

type Selection<Output> = SelectQueryBuilder<AnyTables, string, Output>;

/** Selects rows in pieces that a statement can take, or all at once without `wanted`. */
export async function selectWanted<Found>(
  wanted: WantedRows | undefined,
  { keyColumn, identityColumn }: { readonly keyColumn: string; readonly identityColumn?: string },
  select: (column: string, values: readonly string[] | undefined) => Promise<readonly Found[]>,
): Promise<readonly Found[]> {
  const column = wanted ? { key: keyColumn, id: "id", identity: identityColumn }[wanted.by] : "";
  return column === undefined ? [] : await readInPieces(wanted?.values, (values) => select(column, values));
}

/** How many rows an owner manages, and the first keys, in the order of the database. */
export async function countOwned(
  { table, keyColumn, only: own = {} }: Place,
  db: Connection,
  owner: string,
  limit: number,
): Promise<OwnedRows> {
  const { rows: owned } = await only({ only: own }, anyTables(db).selectFrom(table).where("owner", "=", owner));
  const { count } = await owned.select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow();
  if (Number(count) === 0) return { count: 0, keys: [] };
  const first = await owned.select(keyColumn).orderBy(keyColumn).limit(limit).execute();
  return { count: Number(count), keys: first.map((row) => String(row[keyColumn])) };
}

/** What is read and written of a set. */
export type SetTable = Pick<SetRelation, "table" | "rowColumn" | "memberColumn" | "target">;

/** The members of the sets of rows with these ids, or of all. */
export function readMembers(
  db: Connection,
  { table, rowColumn, memberColumn }: SetTable,
  ids: readonly string[] | undefined,
): Promise<readonly Row[]> {
  const query = anyTables(db).selectFrom(table).select([rowColumn, memberColumn]).where("origin", "=", "config");
  return readInPieces<Row>(ids, (some) => (some ? query.where(rowColumn, "in", some) : query).execute());
}

/** The members of sets of texts, sorted, by the row's id: of these rows, or of all. */
export async function readSets(
  db: Connection,
  relation: SetTable,
  ids?: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  return collectSets(relation, await readMembers(db, relation, ids), (_, id) => id);
}

export function collectSets(
  { rowColumn, memberColumn, target }: SetTable,
  rows: readonly Row[],
  keyOf: (target: ReferenceTarget, id: string) => string,
): ReadonlyMap<string, readonly string[]> {
  const sets = new Map<string, string[]>();
  for (const row of rows) {
    const member = String(row[memberColumn]);
    const shown = target ? keyOf(target, member) : member;
    const owner = String(row[rowColumn]);
    const known = sets.get(owner);
    if (known) known.push(shown);
    else sets.set(owner, [shown]);
  }
  for (const members of sets.values()) if (members.length > 1) members.sort();
  return sets;
}

/**
 * Writes the sets of the given rows.
 *
 * @param updated the rows among them that are not new: what they had is replaced
 */
export async function writeSets(
  db: Connection,
  relation: SetTable,
  sets: ReadonlyMap<string, AttributeValue>,
  updated: readonly string[],
  idOf: (target: ReferenceTarget, key: string) => string,
): Promise<void> {
  const { table, rowColumn } = relation;
  for (const owners of chunk(updated, 500)) {
    await anyTables(db).deleteFrom(table).where(rowColumn, "in", owners).where("origin", "=", "config").execute();
  }
  await insertRows(db, table, memberRows(relation, sets, idOf));
}

function* memberRows(
  { rowColumn, memberColumn, target }: SetTable,
  sets: ReadonlyMap<string, AttributeValue>,
  idOf: (target: ReferenceTarget, key: string) => string,
): Generator<Row> {
  for (const [owner, members] of sets) {
    // A set's value comes from a schema that returns lists of text.
    for (const member of new Set((members ?? []) as readonly string[])) {
      yield { [rowColumn]: owner, [memberColumn]: target ? idOf(target, member) : member, origin: "config" };
    }
  }
}

/** Look-ups in both directions between the ids in columns and the keys in files. */
export interface References {
  readonly idOf: (target: ReferenceTarget, key: string) => string;
  readonly keyOf: (target: ReferenceTarget, id: string) => string;
}

/** Rows that others refer to, by kind. */
export interface ReferredRows {
  readonly by: "id" | "key";
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Reads the keys of the tables that a kind refers to, each once.
 *
 * @param wanted of these rows; without it, of all
 */
export async function readReferences(
  db: Connection,
  targets: readonly ReferenceTarget[],
  wanted?: ReferredRows,
): Promise<References> {
  const ids = new Map<string, Map<string, string>>();
  const keys = new Map<string, Map<string, string>>();
  for (const { name: kind, table, keyColumn } of targets) {
    if (ids.has(kind)) continue;
    const query = anyTables(db).selectFrom(table).select(["id", keyColumn]);
    const values = wanted && { by: wanted.by, values: [...(wanted.values.get(kind) ?? [])] };
    const rows = await selectWanted(values, { keyColumn }, (column, some) =>
      (some ? query.where(column, "in", some) : query).execute(),
    );
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
