import * as z from "zod";
import type { ConfigPath } from "../plan/resource.js";
import { isRecord, stepInvalid } from "../plan/step-mistakes.js";
import { filledText } from "./fields.js";
import type { Schema } from "./schema-shape.js";

/** What any entry may say of itself, whatever its step declares. */
const protect = z
  .boolean()
  .optional()
  .describe("Whether nothing may delete it until a file says `protect: false`. Unchanged if not set.")
  .meta({ examples: [true, false] });

const renamedFrom = filledText(500)
  .optional()
  .describe("The name that it had: an entry with that name becomes this one, with all that belongs to it.");

/** @param names the fields of the entry that can be left alone */
function ignoreChanges(names: readonly string[]) {
  const name = z
    .enum(names, { error: "expected the name of a field of this entry" })
    .meta({ title: "field of this entry" });
  return z.array(name).optional().describe("The fields that are set when it is created, and left alone afterwards.");
}

interface EntryFields {
  readonly protect?: boolean | undefined;
  readonly renamed_from?: string | undefined;
  readonly ignore_changes?: readonly string[] | undefined;
}

const reserved: readonly string[] = ["protect", "renamed_from", "ignore_changes"] satisfies (keyof EntryFields)[];

/** By a list's name, the fields of its entries that name them, such as `identifier`. */
export type EntryLists = ReadonlyMap<string, readonly string[]>;

export interface SchemaWithEntryFields {
  readonly schema: z.ZodType;
  /** The lists of the namespace whose entries have these fields, such as `items`, with the fields that name an entry. */
  readonly entryLists: EntryLists;
}

/**
 * Gives the entries of a step's lists the fields that every entry has. Those are mappings, or a choice of mappings, in a list
 * directly under the namespace.
 *
 * @throws SetupError `STEP_INVALID` (usage) where an entry has a field of such a name itself
 */
export function withEntryFields(schema: z.ZodType, what: string): SchemaWithEntryFields {
  const { def } = internals(schema);
  const entryLists = new Map<string, readonly string[]>();
  if (def.type !== "object") return { schema, entryLists };
  const shape = Object.entries(def.shape).map(([name, field]): [string, Schema] => {
    const extended = withEntries(field, what);
    if (extended !== undefined) entryLists.set(name, namesOfEntries(field));
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
  const options = optionsOf(schema);
  if (options === undefined) return undefined;
  const own = reserved.find((name) => options.some((shape) => Object.hasOwn(shape, name)));
  if (own !== undefined) {
    const hint = "choose another name: every entry has this field already, with its own meaning";
    throw stepInvalid(`${what} has the field \`${own}\`, which is reserved`, hint);
  }
  const names = ignorableNames(options);
  return addFields(schema, {
    protect,
    renamed_from: renamedFrom,
    ...(names.length > 0 && { ignore_changes: ignoreChanges(names) }),
  });
}

/** The fields that an entry can't be without, also where it says that it is absent; of a step without such entries, usual names. */
function namesOfEntries(list: Schema): readonly string[] {
  const { def } = internals(list);
  if (isWrapper(def)) return namesOfEntries(def.innerType);
  const options = def.type === "array" ? (optionsOf(def.element) ?? []) : [];
  const absent = options.find(({ state }) => isAbsent(state));
  if (absent) return Object.keys(absent).filter((name) => name !== "state" && absent[name]?._zod.optin === undefined);
  return ["identifier", "username", "name"].filter((name) => options.some((shape) => Object.hasOwn(shape, name)));
}

function addFields(schema: Schema, fields: Fields): Schema {
  const { def } = internals(schema);
  if (def.type === "union") return rebuild(schema, { options: def.options.map((option) => addFields(option, fields)) });
  return rebuild(schema, { shape: { ...("shape" in def ? def.shape : {}), ...fields } });
}

type Fields = Readonly<Record<string, Schema>>;

/** The fields of a mapping, or of each mapping of a choice; undefined where something else can be written. */
function optionsOf(schema: Schema): readonly Fields[] | undefined {
  const { def } = internals(schema);
  if (def.type === "object") return [def.shape];
  if (def.type !== "union") return undefined;
  const options = def.options.map(optionsOf);
  return options.every((option) => option !== undefined) ? options.flat() : undefined;
}

/** What an absent entry needs is its name, which identifies the row; a deprecated field is written with its new name. */
function ignorableNames(options: readonly Fields[]): readonly string[] {
  const absent = options.find(({ state }) => isAbsent(state));
  const names = new Set(options.flatMap((shape) => (shape === absent ? [] : Object.keys(shape))));
  for (const shape of options) {
    for (const [name, field] of Object.entries(shape)) {
      const isKey = shape === absent && field._zod.optin === undefined;
      if (isKey || z.globalRegistry.get(field)?.deprecated === true) names.delete(name);
    }
  }
  if (absent) names.delete("state");
  return [...names];
}

function isAbsent(state: Schema | undefined): boolean {
  const def = state && internals(state).def;
  return def?.type === "literal" && def.values.includes("absent");
}

type Definition = z.core.$ZodTypes["_zod"]["def"];

function isWrapper(def: Definition): def is Extract<Definition, { type: "default" | "optional" | "prefault" }> {
  return def.type === "default" || def.type === "optional" || def.type === "prefault";
}

/** A schema with another definition, and all else that it had: its checks are part of the definition, its description is not. */
function rebuild(schema: Schema, change: object): Schema {
  const copy = z.clone(schema, { ...internals(schema).def, ...change } as never);
  const { id: _, ...meta } = z.globalRegistry.get(schema) ?? {};
  z.globalRegistry.add(copy, meta);
  return copy;
}

// Zod's own union of its types; only with it does `def.type` narrow.
function internals(schema: Schema): z.core.$ZodTypes["_zod"] {
  return (schema as z.core.$ZodTypes)._zod;
}

/** A valid configuration without these fields: what a step's own code gets. */
export function withoutEntryFields(config: unknown, entryLists: EntryLists): unknown {
  if (!isRecord(config)) return config;
  const parts = Object.entries(config).map(([name, list]) => {
    if (!entryLists.has(name) || !Array.isArray(list)) return [name, list];
    return [name, list.map((entry) => (hasReserved(entry) ? withoutReserved(entry) : entry))];
  });
  return Object.fromEntries(parts);
}

function hasReserved(entry: object): boolean {
  return reserved.some((name) => Object.hasOwn(entry, name));
}

function withoutReserved(entry: object): object {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => !reserved.includes(name)));
}

/** These fields of the entry at the beginning of a path, such as `["items", 0]`. */
export function entryFieldsAt(config: unknown, entryLists: EntryLists, path: ConfigPath): EntryFields {
  const [name = "", index = -1] = path;
  const list = isRecord(config) && entryLists.has(String(name)) ? config[name] : undefined;
  const entry: unknown = Array.isArray(list) ? list[Number(index)] : undefined;
  // Their schema is that of the entry.
  return isRecord(entry) ? (entry as EntryFields) : {};
}

export function hasEntryFields(config: unknown, entryLists: EntryLists, path: ConfigPath): boolean {
  return hasReserved(entryFieldsAt(config, entryLists, path));
}
