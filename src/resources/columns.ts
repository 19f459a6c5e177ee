import { anyTables, type Connection, chunk, type SqlValue } from "../database/database.js";
import type { AttributeSpec } from "../plan/kind.js";
import type { AttributeValue, PlainValue } from "../plan/resource.js";
import { Secret } from "../secrets/secret.js";
import type { Vault } from "../secrets/vault.js";

/** What a column needs to know of the row and of the other tables. */
export interface RowContext {
  /** Binds a sealed value to its row: `table/id/column`. */
  readonly purpose: string;
  readonly vault: Vault;
  /** For a reference: the row's id by its key, and the key by its id. */
  readonly idOf: (target: ReferenceTarget, key: string) => string;
  readonly keyOf: (target: ReferenceTarget, id: string) => string;
}

/** A table whose rows files name by their key. */
export interface ReferenceTarget {
  readonly kind: string;
  readonly table: string;
  readonly keyColumn: string;
}

/** One attribute and the column that holds it. */
export interface Column {
  readonly name: string;
  readonly spec: AttributeSpec;
  /** What a new row gets where the file has no value. */
  readonly initial: SqlValue;
  readonly target?: ReferenceTarget;
  readonly encode: (value: AttributeValue, row: RowContext) => SqlValue | Promise<SqlValue>;
  readonly decode: (stored: SqlValue, row: RowContext) => AttributeValue;
}

/** A text; with `initial: null`, one that may be missing. */
export function text(name: string, initial: string | null = ""): Column {
  return { name, spec: {}, initial, encode: (value) => value as string | null, decode: (stored) => stored };
}

export function integer(name: string, initial = 0): Column {
  return { name, spec: {}, initial, encode: (value) => value as number, decode: (stored) => stored };
}

/** A boolean, kept as 0 or 1; with `initial: null`, one that may be unset. */
export function flag(name: string, initial: boolean | null): Column {
  return {
    name,
    spec: {},
    initial: initial === null ? null : Number(initial),
    encode: (value) => (value === null ? null : Number(value)),
    decode: (stored) => (stored === null ? null : stored === 1),
  };
}

/** A list or object, kept as JSON text. */
export function json(name: string, initial: PlainValue): Column {
  return {
    name,
    spec: {},
    initial: JSON.stringify(initial),
    encode: (value) => JSON.stringify(value),
    decode: (stored) => JSON.parse(String(stored)) as PlainValue,
  };
}

/** The id of a row of another kind, which files name by its key; null where the file names none. */
export function reference(name: string, target: ReferenceTarget): Column {
  return {
    name,
    spec: { references: target.kind },
    initial: null,
    target,
    encode: (value, row) => (value === null ? null : row.idOf(target, value as string)),
    decode: (stored, row) => (stored === null ? null : row.keyOf(target, String(stored))),
  };
}

/** A secret that is needed in clear again. */
export function sealed(name: string): Column {
  return {
    name,
    spec: { sensitive: true, same: sameSecret },
    initial: null,
    encode: (value, row) => (value instanceof Secret ? row.vault.seal(value, row.purpose) : null),
    decode: (stored, row) => (stored === null ? null : row.vault.open(String(stored), row.purpose)),
  };
}

/** A password: hashed when the row is created, never read or compared again. */
export function hashed(name: string, hash: (password: Secret) => Promise<string>): Column {
  return {
    name,
    spec: { sensitive: true, createOnly: true },
    initial: null,
    encode: (value) => (value instanceof Secret ? hash(value) : null),
    decode: () => undefined,
  };
}

function sameSecret(wanted: AttributeValue, stored: AttributeValue): boolean {
  if (wanted instanceof Secret && stored instanceof Secret) return wanted.reveal() === stored.reveal();
  return wanted === stored;
}

/**
 * An attribute that is a set, kept as rows of its own table. Only the members that a file declares (`origin` is `config`)
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
    // A set's value comes from a schema that returns lists of text.
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

/** Look-ups in both directions between the ids in columns and the keys in files. */
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
  // The plan has checked that references exist, and the database that no row's foreign key dangles.
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

export const oidcProviders: ReferenceTarget = {
  kind: "oidc_provider",
  table: "oidc_providers",
  keyColumn: "identifier",
};

export const groups: ReferenceTarget = { kind: "group", table: "groups", keyColumn: "name" };
