import type { z } from "zod";
import type { DiagnosticCode } from "../errors.js";
import type { KindShape } from "../plan/kind-shape.js";
import type { ConfigPath, StepResource } from "../plan/resource.js";
import { isRecord, requireDefinition, stepInvalid } from "../plan/step-mistakes.js";
import type { Node } from "../yaml/node.js";
import type { Rewrite } from "../yaml/rewrite-parts.js";
import { type EntryLists, withEntryFields, withoutEntryFields } from "./entry-fields.js";
import type { EntryWriter } from "./entry-writer.js";

/** A diagnostic of a valid configuration, or of what its schema alone can't refuse. */
export interface StepDiagnostic {
  readonly severity: "error" | "warning";
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
  readonly path: ConfigPath;
}

/** How an entry with deprecated fields is written today, or why only a person can say so. */
export type Upgrade =
  | { readonly kind: "rewrite"; readonly rewrite: Rewrite }
  | { readonly kind: "by_hand"; readonly path: ConfigPath; readonly message: string; readonly hint: string };

/** A part of the configuration file: when its flag is true, its namespace's content is declared. */
export interface Step {
  /** The root key that turns the step on. */
  readonly flag: string;
  /** The root key that holds its configuration. */
  readonly namespace: string;
  readonly title: string;
  /** The names of the kinds that it declares; pruning looks at these. */
  readonly kinds: readonly string[];
  /** The author's, with the fields that every entry has. */
  readonly schema: z.ZodType;
  /** The lists of the namespace whose entries have these fields, with the fields that name an entry. */
  readonly entryLists: EntryLists;
  readonly declare: (config: unknown) => readonly StepResource[];
  readonly review: (config: unknown, now: Date) => readonly StepDiagnostic[];
  /** How to write an entry whose fields stand directly under the namespace. */
  readonly explainFlat?: ((names: readonly string[]) => string) | undefined;
  /** What `upgrade` does to its namespace, as written: nothing is resolved or checked yet. */
  readonly upgrade?: ((namespace: Node) => readonly Upgrade[]) | undefined;
  /** How `export` writes the resources of its kinds. */
  readonly writers?: readonly EntryWriter[] | undefined;
}

/** A step as its author writes it: `declare` and `review` are pure and get the schema's output. */
export interface StepDefinition<Schema extends z.ZodType, Kinds extends readonly KindShape[]> {
  readonly flag: string;
  readonly namespace: string;
  readonly title: string;
  /** The kinds of which it declares resources. */
  readonly kinds: Kinds;
  readonly schema: Schema;
  readonly declare: (config: z.output<Schema>) => readonly StepResource<Kinds[number]["name"]>[];
  readonly review?: (config: z.output<Schema>, now: Date) => readonly StepDiagnostic[];
  readonly explainFlat?: (names: readonly string[]) => string;
  readonly upgrade?: (namespace: Node) => readonly Upgrade[];
  readonly writers?: readonly EntryWriter[];
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isFunction = (value: unknown): boolean => typeof value === "function";

const rules = {
  title: { expected: "a text for people, such as Webhooks", test: isText },
  flag: { expected: "the root key that turns the step on, such as webhooks_enable", test: isText },
  namespace: { expected: "the root key that holds its configuration, such as webhooks", test: isText },
  kinds: { expected: "a list of what defineKind returned, such as [webhook]", test: Array.isArray },
  schema: { expected: "a zod schema", test: (value: unknown) => typeof value === "object" && value !== null },
  declare: { expected: "a function from the parsed configuration to a list of resources", test: isFunction },
  review: {
    expected: "a function from the parsed configuration to a list of diagnostics",
    test: isFunction,
    optional: true,
  },
  explainFlat: { expected: "a function from names of fields to a text", test: isFunction, optional: true },
  upgrade: { expected: "a function from a node to a list of upgrades", test: isFunction, optional: true },
  writers: { expected: "a list such as [{ kind, list, write }]", test: Array.isArray, optional: true },
} as const;

/**
 * Creates a step. Its fields are plain zod, with `secret()` for values that must never be shown.
 *
 * @throws SetupError `STEP_INVALID` (usage) where the definition is one that only JavaScript can write
 */
export function defineStep<Schema extends z.ZodType, const Kinds extends readonly KindShape[]>(
  definition: StepDefinition<Schema, Kinds>,
): Step {
  const { title, schema, kinds } = definition;
  const what = isText(title) ? `the step ${title}` : "a step";
  requireDefinition(what, definition, rules);
  const old = findForeignSchema(schema, []);
  if (old) {
    const where = old.length === 0 ? "its `schema`" : `the field ${old.join(".")} of its \`schema\``;
    const hint = 'install it with `npm install zod@4`, and import it from "zod"';
    throw stepInvalid(`${what} needs zod 4, but ${where} was made with another version or library`, hint);
  }
  for (const kind of kinds) {
    if (isRecord(kind) && isText(kind.name) && isFunction(kind.resource)) continue;
    const hint = "list the kinds themselves, as defineKind returned them, and not their names";
    throw stepInvalid(`\`kinds\` of ${what} has something else than kinds`, hint);
  }
  return createStep(definition);
}

/** Creates a step of this package, which needs no checks beside those of the compiler. */
export function createStep<Schema extends z.ZodType, const Kinds extends readonly KindShape[]>(
  definition: StepDefinition<Schema, Kinds>,
): Step {
  const { declare, review, title, schema, kinds } = definition;
  const { entryLists, ...extended } = withEntryFields(schema, `the step ${title}`);
  // A step only gets the output of its own schema.
  const ownPart = (config: unknown) => withoutEntryFields(config, entryLists) as z.output<Schema>;
  return {
    ...definition,
    ...extended,
    entryLists,
    kinds: kinds.map(({ name }) => name),
    declare: (config) => declare(ownPart(config)),
    review: (config, now) => review?.(ownPart(config), now) ?? [],
  };
}

/** The path of the first schema that is not of zod 4, such as one of zod 3, which has no `_zod`. */
function findForeignSchema(
  schema: object,
  path: readonly string[],
  seen = new Set<object>(),
): readonly string[] | undefined {
  if (!("_zod" in schema)) return path;
  if (seen.has(schema)) return undefined;
  seen.add(schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  for (const [name, part] of Object.entries("shape" in def ? def.shape : partsOf(def))) {
    const found = isSchemaLike(part)
      ? findForeignSchema(part, "shape" in def ? [...path, name] : path, seen)
      : undefined;
    if (found) return found;
  }
  return undefined;
}

/** The schemas in the definition of another one, whatever it calls them: an element, options, an inner type. */
function partsOf(def: object): readonly unknown[] {
  return Object.values(def).flatMap((part: unknown) => (Array.isArray(part) ? part : [part]));
}

function isSchemaLike(part: unknown): part is object {
  return typeof part === "object" && part !== null && ("_zod" in part || "_def" in part);
}
