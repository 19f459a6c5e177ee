import type { SqlValue } from "../database/database.js";
import type { AttributeSpec } from "../plan/kind.js";
import type { AttributeValue, PlainValue } from "../plan/resource.js";
import { Secret } from "../secrets/secret.js";
import type { Vault } from "../secrets/vault.js";

/** What a column needs to know of the row and of the other tables. */
export interface RowContext {
  /** Binds a sealed value to its row: `table/id/column`. */
  readonly purpose: string;
  readonly vault: Vault;
  /** For a reference: the row's id by its key, and the key by the id. */
  readonly idOf: (target: ReferenceTarget, key: string) => string;
  readonly keyOf: (target: ReferenceTarget, id: string) => string;
}

/** A table whose rows are named in files by their key. */
export interface ReferenceTarget {
  readonly kind: string;
  readonly table: string;
  readonly keyColumn: string;
}

/** One attribute and the column that holds it. */
export interface Column {
  readonly name: string;
  readonly spec: AttributeSpec;
  /** What a new row gets where the file says nothing. */
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

/** A password: hashed when the row is made, never read or compared again. */
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
