import { anyTables, type Connection } from "../database/database.js";
import type { ReferenceTarget } from "./columns.js";

/** Both directions between the ids in columns and the keys in files. */
export interface References {
  readonly idOf: (target: ReferenceTarget, key: string) => string;
  readonly keyOf: (target: ReferenceTarget, id: string) => string;
}

/** Reads the keys of the tables that a kind refers to, each once. */
export async function readReferences(db: Connection, targets: readonly ReferenceTarget[]): Promise<References> {
  const ids = new Map<string, Map<string, string>>();
  const keys = new Map<string, Map<string, string>>();
  for (const { kind, table, keyColumn } of targets) {
    if (ids.has(kind)) continue;
    const rows = await anyTables(db).selectFrom(table).select(["id", keyColumn]).execute();
    ids.set(kind, new Map(rows.map((row) => [String(row[keyColumn]), String(row.id)])));
    keys.set(kind, new Map(rows.map((row) => [String(row.id), String(row[keyColumn])])));
  }
  // The plan has checked that what is referred to exists, and the database that no row points nowhere.
  const find = (maps: Map<string, Map<string, string>>, kind: string, name: string): string => {
    const found = maps.get(kind)?.get(name);
    if (found === undefined) throw new Error(`a row refers to a missing ${kind}`);
    return found;
  };
  return {
    idOf: (target, key) => find(ids, target.kind, key),
    keyOf: (target, id) => find(keys, target.kind, id),
  };
}
