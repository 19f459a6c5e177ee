import { anyTables, type Connection, chunk, type SqlValue } from "../database/database.js";
import type { AttributeValue } from "../plan/resource.js";
import type { ReferenceTarget } from "./columns.js";

/**
 * An attribute that is a set, kept as rows of a table of its own. Only the members that a file gave (`origin` is `config`)
 * belong to it: what a sign-in or a person added stays.
 */
export interface SetRelation {
  readonly table: string;
  readonly ownerColumn: string;
  readonly memberColumn: string;
  /** For members that are rows of another kind. */
  readonly target?: ReferenceTarget;
}

/** The members of every row's set, sorted, by the row's id. */
export async function readSets(
  db: Connection,
  relation: SetRelation,
  keyOf: (target: ReferenceTarget, id: string) => string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await anyTables(db)
    .selectFrom(relation.table)
    .select([relation.ownerColumn, relation.memberColumn])
    .where("origin", "=", "config")
    .execute();
  const sets = new Map<string, string[]>();
  for (const row of rows) {
    const member = String(row[relation.memberColumn]);
    const shown = relation.target ? keyOf(relation.target, member) : member;
    const owner = String(row[relation.ownerColumn]);
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
  relation: SetRelation,
  sets: ReadonlyMap<string, AttributeValue>,
  idOf: (target: ReferenceTarget, key: string) => string,
): Promise<void> {
  const tables = anyTables(db);
  const { table, ownerColumn, memberColumn, target } = relation;
  for (const owners of chunk([...sets.keys()], 500)) {
    await tables.deleteFrom(table).where(ownerColumn, "in", owners).where("origin", "=", "config").execute();
  }
  const rows: Record<string, SqlValue>[] = [];
  for (const [owner, members] of sets) {
    // A set's value comes from a schema that gives lists of text.
    for (const member of (members ?? []) as readonly string[]) {
      rows.push({
        [ownerColumn]: owner,
        [memberColumn]: target ? idOf(target, member) : member,
        origin: "config",
      });
    }
  }
  for (const batch of chunk(rows, 500)) await tables.insertInto(table).values(batch).execute();
}
