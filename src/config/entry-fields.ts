import * as z from "zod";
import type { ConfigPath } from "../plan/resource.js";
import { isRecord, stepInvalid } from "../plan/step-mistakes.js";
import type { Schema } from "./schema-shape.js";

/** What any entry may say of itself, whatever its step declares. */
const entryFields = {
  protect: z
    .boolean()
    .optional()
    .describe("Whether nothing may delete it until a file says `protect: false`. Unchanged if not set."),
} as const;

type EntryFields = { readonly [Name in keyof typeof entryFields]?: z.output<(typeof entryFields)[Name]> };

export interface SchemaWithEntryFields {
  readonly schema: z.ZodType;
  /** The lists of the namespace whose entries have these fields, such as `items`. */
  readonly entryLists: ReadonlySet<string>;
}

/**
 * Gives the entries of a step's lists the fields that every entry has. Those are mappings, or a choice of mappings, in a list
 * directly under the namespace.
 *
 * @throws SetupError `STEP_INVALID` (usage) where an entry has a field of such a name itself
 */
export function withEntryFields(schema: z.ZodType, what: string): SchemaWithEntryFields {
  const { def } = internals(schema);
  const entryLists = new Set<string>();
  if (def.type !== "object") return { schema, entryLists };
  const shape = Object.entries(def.shape).map(([name, field]): [string, Schema] => {
    const extended = withEntries(field, what);
    if (extended !== undefined) entryLists.add(name);
    return [name, extended ?? field];
  });
  // What is rebuilt is of the class that it was before.
  return { schema: rebuild(schema, { shape: Object.fromEntries(shape) }) as z.ZodType, entryLists };
}

/** A list's schema with longer entries; undefined for another schema. */
function withEntries(schema: Schema, what: string): Schema | undefined {
  const { def } = internals(schema);
  if (def.type === "array") {
    const element = withFields(def.element, what);
    return element && rebuild(schema, { element });
  }
  const innerType = isWrapper(def) ? withEntries(def.innerType, what) : undefined;
  return innerType && rebuild(schema, { innerType });
}

/** An entry's schema with these fields; undefined for one that is no mapping. */
function withFields(schema: Schema, what: string): Schema | undefined {
  const { def } = internals(schema);
  if (def.type === "object") {
    const own = Object.keys(entryFields).find((name) => Object.hasOwn(def.shape, name));
    if (own === undefined) return rebuild(schema, { shape: { ...def.shape, ...entryFields } });
    const hint = "choose another name: every entry has this field already, with a meaning of its own";
    throw stepInvalid(`${what} has the field \`${own}\`, which is reserved`, hint);
  }
  if (def.type !== "union") return undefined;
  const options = def.options.map((option) => withFields(option, what));
  return options.includes(undefined) ? undefined : rebuild(schema, { options });
}

type Definition = z.core.$ZodTypes["_zod"]["def"];

function isWrapper(def: Definition): def is Extract<Definition, { type: "default" | "optional" | "prefault" }> {
  return def.type === "default" || def.type === "optional" || def.type === "prefault";
}

/** A schema with another definition, and all else that it had: its checks are part of the definition, its description is not. */
function rebuild(schema: Schema, change: object): Schema {
  const copy = z.core.clone(schema, { ...internals(schema).def, ...change } as never);
  const { id: _, ...meta } = z.globalRegistry.get(schema) ?? {};
  z.globalRegistry.add(copy, meta);
  return copy;
}

// Zod's own union of its types; only with it does `def.type` narrow.
function internals(schema: Schema): z.core.$ZodTypes["_zod"] {
  return (schema as z.core.$ZodTypes)._zod;
}

/** A valid configuration without these fields: what a step's own code gets. */
export function withoutEntryFields(config: unknown, entryLists: ReadonlySet<string>): unknown {
  if (!isRecord(config)) return config;
  const isOwn = ([name]: readonly [string, unknown]) => !Object.hasOwn(entryFields, name);
  const parts = Object.entries(config).map(([name, list]) => {
    if (!entryLists.has(name) || !Array.isArray(list)) return [name, list];
    return [name, list.map((entry) => Object.fromEntries(Object.entries(entry).filter(isOwn)))];
  });
  return Object.fromEntries(parts);
}

/** These fields of the entry at the beginning of a path, such as `["items", 0]`. */
export function entryFieldsAt(config: unknown, entryLists: ReadonlySet<string>, path: ConfigPath): EntryFields {
  const [name = "", index = -1] = path;
  const list = isRecord(config) && entryLists.has(String(name)) ? config[name] : undefined;
  const entry: unknown = Array.isArray(list) ? list[Number(index)] : undefined;
  // Their schema is that of the entry.
  return isRecord(entry) ? (entry as EntryFields) : {};
}
