import * as z from "zod";
import type { CharacterRule } from "../characters.js";

export type Schema = z.core.$ZodType;

/** What a schema expects of a node, once optional, default, pipe and the like are unwrapped. */
export type Shape =
  | { readonly kind: "secret" | "text" | "boolean" | "null" | "free" }
  | { readonly kind: "choice"; readonly values: readonly unknown[] }
  | { readonly kind: "number"; readonly whole: boolean }
  | { readonly kind: "list"; readonly element: (index: number) => Schema | undefined }
  | MappingShape
  | UnionShape;

export interface MappingShape {
  readonly kind: "mapping";
  readonly fields: ReadonlyMap<string, Schema>;
  /** How many of the fields are required. */
  readonly required: number;
  /** For keys that are not among the fields; undefined where such keys are refused. */
  readonly rest: Schema | undefined;
}

export interface UnionShape {
  readonly kind: "union";
  readonly options: readonly Schema[];
  readonly discriminator: string | undefined;
}

export interface FieldShape {
  readonly shape: Shape;
  readonly nullable: boolean;
  /** Neither optional nor with a default. */
  readonly required: boolean;
  /** Its values, and all values below it, are never shown. */
  readonly sensitive: boolean;
  readonly description: string | undefined;
  readonly characters: CharacterRule | undefined;
}

export type ShapeReader = (schema: Schema) => FieldShape;

/** Creates a reader that inspects each schema once. */
export function createShapeReader(): ShapeReader {
  const known = new WeakMap<Schema, FieldShape>();
  return (schema) => {
    const found = known.get(schema);
    if (found !== undefined) return found;
    const field = readField(schema);
    known.set(schema, field);
    return field;
  };
}

function readField(schema: Schema): FieldShape {
  let current = schema;
  let nullable = false;
  let sensitive = false;
  let description: string | undefined;
  let characters: CharacterRule | undefined;
  for (;;) {
    const meta = z.globalRegistry.get(current);
    sensitive ||= meta?.sensitive === true;
    description ??= meta?.description;
    // Only `heldTo` sets it.
    characters ??= meta?.characters as CharacterRule | undefined;
    const { def } = internals(current);
    if (def.type === "nullable") nullable = true;
    const inner = innerOf(def);
    if (inner === undefined) break;
    current = inner;
  }
  return {
    shape: readShape(current, sensitive),
    nullable,
    required: isRequired(schema),
    sensitive,
    description,
    characters,
  };
}

// Zod's own union of its types; only with it does `def.type` narrow.
function internals(schema: Schema): z.core.$ZodTypes["_zod"] {
  return (schema as z.core.$ZodTypes)._zod;
}

function innerOf(def: z.core.$ZodTypes["_zod"]["def"]): Schema | undefined {
  switch (def.type) {
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "catch":
    case "readonly":
    case "nonoptional":
      return def.innerType;
    case "lazy":
      return def.getter();
    case "pipe":
      // `preprocess` is a transform before the schema that defines the expected shape.
      return internals(def.in).def.type === "transform" ? def.out : def.in;
    default:
      return undefined;
  }
}

function readShape(schema: Schema, sensitive: boolean): Shape {
  const { def } = internals(schema);
  switch (def.type) {
    case "string":
    case "template_literal":
      return { kind: "text" };
    case "boolean":
      return { kind: "boolean" };
    case "null":
      return { kind: "null" };
    case "number":
      return { kind: "number", whole: isWhole(def) };
    case "enum":
      return { kind: "choice", values: Object.values(def.entries) };
    case "literal":
      return { kind: "choice", values: def.values };
    case "custom":
      return { kind: sensitive ? "secret" : "free" };
    case "array":
      return { kind: "list", element: () => def.element };
    case "tuple":
      return { kind: "list", element: (index) => def.items[index] ?? def.rest ?? undefined };
    case "object":
      return mappingShape(Object.entries(def.shape), openRest(def.catchall));
    case "record":
      return recordShape(def.keyType, def.valueType);
    case "union":
      return { kind: "union", options: def.options, discriminator: discriminatorOf(def) };
    case "intersection":
      return mergeShapes(readField(def.left).shape, readField(def.right).shape);
    default:
      return { kind: "free" };
  }
}

// `z.int()` sets the format itself, `z.number().int()` in a check.
function isWhole(def: z.core.$ZodNumberDef): boolean {
  const formats = [def, ...(def.checks ?? []).map((check) => check._zod.def)];
  return formats.some((format) => "format" in format && /int/.test(String(format.format)));
}

// A plain `z.object` drops unknown keys silently; in a configuration file that hides a mistake, so they are refused there too.
function openRest(catchall: Schema | undefined): Schema | undefined {
  return catchall === undefined || internals(catchall).def.type === "never" ? undefined : catchall;
}

function recordShape(keyType: Schema, valueType: Schema): MappingShape {
  const keys = readField(keyType).shape;
  if (keys.kind !== "choice") return mappingShape([], valueType);
  return mappingShape(
    keys.values.map((key) => [String(key), valueType]),
    undefined,
  );
}

function discriminatorOf(def: z.core.$ZodUnionDef): string | undefined {
  return "discriminator" in def && typeof def.discriminator === "string" ? def.discriminator : undefined;
}

function mergeShapes(left: Shape, right: Shape): Shape {
  if (left.kind !== "mapping" || right.kind !== "mapping") return left;
  return mappingShape([...left.fields, ...right.fields], left.rest ?? right.rest);
}

function mappingShape(entries: readonly (readonly [string, Schema])[], rest: Schema | undefined): MappingShape {
  const fields = new Map(entries);
  return { kind: "mapping", fields, required: [...fields.values()].filter(isRequired).length, rest };
}

function isRequired(schema: Schema): boolean {
  return schema._zod.optin === undefined;
}

export type JsonSchema = { readonly [keyword: string]: unknown };

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly JsonSchema[] {
  return Array.isArray(value) && value.every(isSchema);
}
