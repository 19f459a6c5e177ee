import type { Migration } from "../database/migrations.js";
import type { Kind } from "../plan/kind.js";
import { type AttributesOf, createKindShape } from "../plan/kind-shape.js";
import { isRecord, requireDefinition, reservedColumns, type StepMistake, stepsInvalid } from "../plan/step-mistakes.js";
import type { Column, SetRelation } from "./columns.js";
import { createTableStore, isColumn, requireColumns } from "./table-store.js";

type Columns = Readonly<Record<string, Column | SetRelation>>;

/** A kind whose resources are the rows of one table with `id`, `owner`, `created_at` and `updated_at`. */
export interface KindDefinition<Name extends string, C extends Columns> {
  readonly name: Name;
  readonly table: string;
  /** The column with the name that files use. */
  readonly keyColumn: string;
  /** What a step gives its resources: each attribute with its column, or with the table of its set. */
  readonly columns: C;
  readonly hasFreeNames?: boolean;
  readonly dependsOn?: readonly string[];
  readonly migrations?: readonly Migration[];
  readonly resolve?: Kind["resolve"];
  readonly check?: Kind["check"];
  readonly review?: Kind["review"];
}

/**
 * Creates a kind from the description of its table. Its `resource` makes what a step's `declare` returns.
 *
 * @throws SetupError `STEP_INVALID` (usage) where the definition has a column that no table can have
 */
export function defineKind<const Name extends string, C extends Columns>(
  definition: KindDefinition<Name, C>,
): Kind<AttributesOf<C>, Name> {
  requireKind(definition);
  const { columns: attributes, migrations, resolve, check, review, ...rest } = definition;
  const shape = createKindShape({ ...rest, attributes });
  return {
    ...shape,
    ...createTableStore(shape),
    ...(migrations && { migrations, requireTables: (db, own) => requireColumns(shape, db, own) }),
    ...(resolve && { resolve }),
    ...(check && { check }),
    ...(review && { review }),
  };
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isFunction = (value: unknown): boolean => typeof value === "function";

const rules = {
  name: { expected: "the kind's name, such as webhook", test: isText },
  table: { expected: "the name of its table, such as webhooks", test: isText },
  keyColumn: { expected: "the column with the name that files use, such as name", test: isText },
  columns: { expected: 'an object such as { url: text("url") }', test: isRecord },
  hasFreeNames: { expected: "true or false", test: (value: unknown) => typeof value === "boolean", optional: true },
  dependsOn: { expected: "a list of kinds' names", test: (value: unknown) => isListOf(value, isText), optional: true },
  migrations: {
    expected: "a list such as [{ name, up }]",
    test: (value: unknown) => isListOf(value, (item) => isRecord(item) && isText(item.name) && isFunction(item.up)),
    optional: true,
  },
  resolve: { expected: "a function", test: isFunction, optional: true },
  check: { expected: "a function", test: isFunction, optional: true },
  review: { expected: "a function", test: isFunction, optional: true },
} as const;

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function requireKind(definition: KindDefinition<string, Columns>): void {
  const what = isRecord(definition) && isText(definition.name) ? `the kind ${definition.name}` : "a kind";
  requireDefinition(what, definition, rules);
  const { keyColumn, columns } = definition;
  const used = new Map([[keyColumn, "its key"]]);
  const mistakes = Object.entries(columns).flatMap(([name, spec]): readonly StepMistake[] => {
    const diagnostic = columnMistake(name, spec) ?? (isColumn(spec) ? columnTaken(spec.column, used) : undefined);
    if (isRecord(spec) && isColumn(spec)) used.set(spec.column, `\`${name}\``);
    return diagnostic ? [{ message: `${what}: \`${name}\` ${diagnostic.message}`, hint: diagnostic.hint }] : [];
  });
  if (mistakes.length > 0) throw stepsInvalid(mistakes);
}

function columnMistake(name: string, spec: unknown): StepMistake | undefined {
  if (!isRecord(spec) || !("encode" in spec || "rowColumn" in spec)) {
    return { message: "has no column", hint: `give it one, such as text("${name}")` };
  }
  if (reservedColumns.includes(name)) return kept(name);
  if ("references" in spec || "target" in spec) {
    const { target } = spec;
    if (!isRecord(target) || !isText(target.name) || !isText(target.table) || !isText(target.keyColumn)) {
      const hint =
        "give it a kind: what defineKind returned, or user, group, oidcProvider, oidcClient or apiToken of vtb-setup";
      return { message: "refers to something that is not a kind", hint };
    }
  }
  if ("encode" in spec && !isText(spec.column)) {
    return { message: "has a column without a name", hint: `write it, such as text("${name}")` };
  }
  return undefined;
}

function columnTaken(column: string, used: ReadonlyMap<string, string>): StepMistake | undefined {
  if (reservedColumns.includes(column)) return kept(column);
  const other = used.get(column);
  if (other === undefined) return undefined;
  return { message: `has the column \`${column}\`, which is that of ${other}`, hint: "give each its own column" };
}

function kept(column: string): StepMistake {
  const hint = `choose another name: vtb-setup keeps ${reservedColumns.join(", ")} itself`;
  return { message: `has the name \`${column}\`, which is reserved`, hint };
}
