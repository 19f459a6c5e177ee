import type { SqlValue } from "../database/database.js";
import {
  type AttributeSpec,
  booleanType,
  integerType,
  orNull,
  plainType,
  type ReferenceTarget,
  secretType,
  textsType,
  textType,
  type ValueType,
} from "../plan/kind-shape.js";
import type { AttributeValue, PlainValue } from "../plan/resource.js";
import { isRecord, requireDefinition, stepInvalid, typeName } from "../plan/step-mistakes.js";
import { hashPassword, PasswordHash } from "../secrets/password.js";
import { isSecret, type Secret } from "../secrets/secret.js";
import { digestToken } from "../secrets/token.js";
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

/** One attribute and the column that holds it. */
export interface Column<Value extends AttributeValue = AttributeValue, Optional extends boolean = boolean>
  extends AttributeSpec<Value, Optional> {
  readonly column: string;
  /** What a new row gets where a step gives no value. */
  readonly initial: SqlValue;
  readonly target?: ReferenceTarget;
  /** Its values are sealed for {@link purposeOf} their row and column. */
  readonly isSealed?: boolean;
  encode(value: Value, row: RowContext): SqlValue | Promise<SqlValue>;
  decode(stored: SqlValue, row: RowContext): AttributeValue;
}

/** What a sealed value is bound to, so that it opens nowhere else. */
export function purposeOf(table: string, id: string, column: string): string {
  return `${table}/${id}/${column}`;
}

/** A text. With `initial`, a step may leave it out; with null, its column may be empty. */
export function text(column: string): Column<string, false>;
export function text(column: string, initial: string): Column<string, true>;
export function text(column: string, initial: null): Column<string | null, true>;
export function text(column: string, initial?: string | null): Column<string | null> {
  return plainColumn(column, textType, initial);
}

/** A whole number; `initial` as for {@link text}. */
export function integer(column: string): Column<number, false>;
export function integer(column: string, initial: number): Column<number, true>;
export function integer(column: string, initial: null): Column<number | null, true>;
export function integer(column: string, initial?: number | null): Column<number | null> {
  return plainColumn(column, integerType, initial);
}

/** A boolean, kept as 0 or 1; `initial` as for {@link text}. */
export function flag(column: string): Column<boolean, false>;
export function flag(column: string, initial: boolean): Column<boolean, true>;
export function flag(column: string, initial: null): Column<boolean | null, true>;
export function flag(column: string, initial?: boolean | null): Column<boolean | null> {
  return {
    ...columnOf(column, booleanType, initial),
    initial: initial === undefined || initial === null ? null : Number(initial),
    encode: (value) => (value === null ? null : Number(value)),
    decode: (stored) => (stored === null ? null : stored === 1),
  };
}

/** A moment: a step gives a text in ISO 8601 with an offset, the column holds it in UTC. `initial` as for {@link text}. */
export function time(column: string): Column<string, false>;
export function time(column: string, initial: null): Column<string | null, true>;
export function time(column: string, initial?: null): Column<string | null> {
  const inUtc = (value: AttributeValue) => (typeof value === "string" ? new Date(value).toISOString() : null);
  return {
    ...columnOf(column, timeType, initial),
    initial: null,
    same: (desired, stored) => inUtc(desired) === stored,
    encode: inUtc,
    decode: (stored) => stored,
  };
}

const timeType: ValueType<string> = {
  expected: "a date and time with an offset, such as `2030-01-31T12:00:00Z`",
  accepts: (value): value is string =>
    typeof value === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:\d\d)$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
};

/** A list or object, kept as JSON text; `initial` as for {@link text}. */
export function json<Value extends PlainValue = PlainValue>(column: string): Column<Value, false>;
export function json<Value extends PlainValue = PlainValue>(
  column: string,
  initial: NoInfer<Value>,
): Column<Value, true>;
export function json<Value extends PlainValue = PlainValue>(column: string, initial?: Value): Column<Value> {
  return {
    ...columnOf(column, plainType<Value>(), initial),
    initial: initial === undefined ? null : JSON.stringify(initial),
    encode: (value) => JSON.stringify(value),
    decode: (stored) => JSON.parse(String(stored)) as PlainValue,
  };
}

/** The id of a row of another kind, which steps name by its key. With null, it may name none, or be left out. */
export function reference(column: string, target: ReferenceTarget): Column<string, false>;
export function reference(column: string, target: ReferenceTarget, initial: null): Column<string | null, true>;
export function reference(column: string, target: ReferenceTarget, initial?: null): Column<string | null> {
  return {
    ...columnOf(column, textType, initial),
    // Checked by defineKind: JavaScript may pass a kind that does not exist.
    references: target?.name,
    initial: null,
    target,
    encode: (value, row) => (value === null ? null : row.idOf(target, value)),
    decode: (stored, row) => (stored === null ? null : row.keyOf(target, String(stored))),
  };
}

/** A secret that is needed in clear again: encrypted with the sealing key. `initial` as for {@link reference}. */
export function sealed(column: string): Column<Secret, false>;
export function sealed(column: string, initial: null): Column<Secret | null, true>;
export function sealed(column: string, initial?: null): Column<Secret | null> {
  return {
    ...columnOf(column, secretType, initial),
    sensitive: true,
    isSealed: true,
    same: (desired, stored) => plainText(desired) === plainText(stored),
    initial: null,
    encode: (value, row) => (value === null ? null : row.vault.seal(value, row.purpose)),
    decode: (stored, row) => (stored === null ? null : row.vault.open(String(stored), row.purpose)),
  };
}

function plainText(value: AttributeValue): AttributeValue {
  return isSecret(value) ? value.reveal() : value;
}

/**
 * A random secret that is only compared, such as a token: its SHA-256 in hexadecimal. A changed value in the file is a change.
 * Anyone who reads the table can try values, so it must be one that nobody guesses: 128 random bits. `initial` as for {@link reference}.
 */
export function digest(column: string): Column<Secret, false>;
export function digest(column: string, initial: null): Column<Secret | null, true>;
export function digest(column: string, initial?: null): Column<Secret | null> {
  const encode = (value: AttributeValue) => (isSecret(value) ? digestToken(value) : null);
  return {
    ...columnOf(column, secretType, initial),
    sensitive: true,
    same: (desired, stored) => encode(desired) === stored,
    initial: null,
    encode,
    decode: (stored) => stored,
  };
}

/**
 * A password: its scrypt hash, `$scrypt$ln=15,r=8,p=1$salt$key`. It is set when the row is created, and never read or compared
 * again: hashing is slow on purpose, and a person may have changed it since. A step may leave it out.
 */
export function hashed(column: string): Column<Secret, true> {
  return {
    ...secretType,
    column,
    optional: true,
    sensitive: true,
    createOnly: true,
    initial: null,
    encode: (value) => (value instanceof PasswordHash ? value.reveal() : hashPassword(value)),
    decode: () => undefined,
  };
}

/** What {@link setOf} needs to know of its table. */
interface SetTable {
  /** The column with the id of the resource's own row. */
  readonly rowColumn: string;
  readonly memberColumn: string;
  /** For members that are rows of another kind, which steps name by their keys. */
  readonly target?: ReferenceTarget;
}

/**
 * An attribute that is a set, kept as the rows of a separate table. Only the members that a file declares (`origin` is `config`)
 * belong to it: what a sign-in or a person added stays.
 */
export interface SetRelation<Optional extends boolean = boolean>
  extends AttributeSpec<readonly string[], Optional>,
    SetTable {
  readonly table: string;
}

/** A set of texts, or of resources of another kind, in a separate table. Its order means nothing. */
export function setOf(table: string, columns: SetTable): SetRelation<false>;
export function setOf(table: string, columns: SetTable, initial: readonly []): SetRelation<true>;
export function setOf(table: string, columns: SetTable, initial?: readonly []): SetRelation {
  requireDefinition(`the set ${table}`, columns, setRules);
  const { rowColumn, memberColumn, target } = columns;
  return {
    ...textsType,
    table,
    rowColumn,
    memberColumn,
    ...(target && { target, references: target.name }),
    optional: initial !== undefined,
    same: (desired, stored) => setText(desired) === setText(stored),
  };
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

const setRules = {
  rowColumn: { expected: "the column with the id of the resource's row", test: isText },
  memberColumn: { expected: "the column with the member, or with the id of its row", test: isText },
  target: { expected: "a kind, such as user of vtb-setup", test: isRecord, optional: true },
} as const;

function setText(value: AttributeValue): string {
  return JSON.stringify(Array.isArray(value) ? [...new Set(value)].sort() : value);
}

function plainColumn<Value extends string | number>(
  column: string,
  type: ValueType<Value>,
  initial: Value | null | undefined,
): Column<Value | null> {
  return {
    ...columnOf(column, type, initial),
    initial: initial ?? null,
    encode: (value) => value,
    decode: (stored) => stored,
  };
}

function columnOf<Value extends AttributeValue>(column: string, type: ValueType<Value>, initial: unknown) {
  // Only a column that may be empty takes a null: those with the initial value null.
  const accepted = initial === null ? orNull(type) : type;
  if (initial !== undefined && !accepted.accepts(initial)) {
    const what = `the initial value of the column ${column} is ${typeName(initial)}`;
    throw stepInvalid(what, `give it ${accepted.expected}`);
  }
  return { ...accepted, column, optional: initial !== undefined } as ValueType<Value> &
    Pick<Column, "column" | "optional">;
}
