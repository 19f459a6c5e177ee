import { isDeepStrictEqual } from "node:util";
import type { MappingNode, Node, ScalarNode } from "../yaml/node.js";
import { naturalValue, toBoolean, toInteger, toNumber } from "./scalar.js";
import {
  type FieldShape,
  isSchema,
  type JsonSchema,
  type MappingShape,
  type Schema,
  type ShapeReader,
  type UnionShape,
} from "./schema-shape.js";

/**
 * The option of a union that a node was meant for, by its kind, its discriminator or literal fields, and its keys; undefined where
 * none takes this kind of node. Diagnostics are then about this option only.
 */
export function chooseOption(union: UnionShape, node: Node, shapeOf: ShapeReader): Schema | undefined {
  let best: Schema | undefined;
  let bestFit = Number.NEGATIVE_INFINITY;
  for (const option of union.options) {
    const fit = fitOf(option, node, shapeOf);
    if (fit === undefined || fit <= bestFit) continue;
    best = option;
    bestFit = fit;
  }
  return best;
}

function fitOf(option: Schema, node: Node, shapeOf: ShapeReader): number | undefined {
  const field = shapeOf(option);
  const { shape } = field;
  if (shape.kind === "free") return 0;
  if (shape.kind === "union") {
    const inner = chooseOption(shape, node, shapeOf);
    return inner === undefined ? undefined : fitOf(inner, node, shapeOf);
  }
  switch (node.kind) {
    case "scalar":
      return fitOfScalar(field, node);
    case "mapping":
      return shape.kind === "mapping" ? fitOfMapping(shape, node, shapeOf) : undefined;
    case "sequence":
      return shape.kind === "list" ? 1 : undefined;
    case "unresolved":
      // A variable's value would be text.
      return shape.kind === "secret" ? 2 : shape.kind === "list" || shape.kind === "mapping" ? 0 : 1;
  }
}

function fitOfScalar({ shape, nullable }: FieldShape, node: ScalarNode): number | undefined {
  if (node.isNull()) return nullable || shape.kind === "null" ? 3 : shape.kind === "text" ? 0 : undefined;
  switch (shape.kind) {
    case "choice":
      return choiceOf(shape.values, node) === undefined ? 0 : 3;
    case "boolean":
      return typeof naturalValue(node) === "boolean" ? 2 : toBoolean(node) === undefined ? 0 : 0.5;
    case "number":
      return typeof naturalValue(node) === "number" ? 2 : toNumber(node) === undefined ? 0 : 0.5;
    case "text":
      return 1;
    case "secret":
      // The safe choice, where both would do.
      return 1.5;
    default:
      return undefined;
  }
}

/** The value of a choice that a scalar means; undefined for none. */
export function choiceOf(values: readonly unknown[], node: ScalarNode): { readonly value: unknown } | undefined {
  for (const value of values) {
    if (value === null ? node.isNull() : value === scalarLike(value, node)) return { value };
  }
  return undefined;
}

function scalarLike(value: unknown, node: ScalarNode): unknown {
  if (typeof value === "boolean") return toBoolean(node);
  if (typeof value === "number") return toInteger(node) ?? toNumber(node);
  return node.isNull() ? null : node.text();
}

function fitOfMapping(shape: MappingShape, node: MappingNode, shapeOf: ShapeReader): number {
  let fit = -shape.required;
  for (const { key, value } of node.pairs) {
    const schema = shape.fields.get(key);
    if (schema === undefined) {
      fit -= shape.rest === undefined ? 1 : 0;
    } else {
      const { shape: inner, required } = shapeOf(schema);
      fit += (required ? 1 : 0) + (inner.kind === "choice" ? fitOfLiteral(inner.values, value) : 1);
    }
  }
  return fit;
}

/** A literal field is what distinguishes similar options, whatever else is missing or misspelt. */
function fitOfLiteral(values: readonly unknown[], node: Node): number {
  if (values.length > 1 || node.kind !== "scalar") return 1;
  return choiceOf(values, node) === undefined ? -1 : 1000;
}

/**
 * Merges mappings that differ in one field's constant and in what they require: an editor then reports the missing field, where
 * for a list of alternatives it reports only that none fits. Undefined where they differ in more than that.
 */
export function mergeOptions(options: readonly JsonSchema[]): JsonSchema | undefined {
  const [first, ...others] = options.map(propertiesOf);
  const field = first && Object.keys(first).find((name) => [first, ...others].every((own) => constOf(own, name)));
  if (first === undefined || field === undefined) return undefined;
  const isSame = (own: Properties | undefined) => isDeepStrictEqual(omit(own ?? {}, field), omit(first, field));
  if (!others.every(isSame) || !options.every(({ additionalProperties }) => additionalProperties === false)) return;
  const values = [first, ...others].map((own) => constOf(own, field));
  const descriptions = [first, ...others].map((own) => own?.[field]?.description);
  return {
    type: "object",
    properties: { ...first, [field]: { type: "string", enum: values, description: descriptions[0] } },
    additionalProperties: false,
    allOf: options.map((option, index) => demandsOf(option, field, values[index])),
  };
}

type Properties = { readonly [name: string]: JsonSchema };

/** What one of them requires beyond its fields, where the field has its constant. */
function demandsOf({ required, allOf }: JsonSchema, field: string, value: unknown): JsonSchema {
  const names: readonly unknown[] = Array.isArray(required) ? required : [];
  return {
    if: { properties: { [field]: { const: value } }, ...(names.includes(field) && { required: [field] }) },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
    then: { ...(names.length > 0 && { required: names }), ...(allOf !== undefined && { allOf }) },
  };
}

function propertiesOf(option: JsonSchema): Properties | undefined {
  const { properties } = option;
  // In a JSON Schema, a property's value is a schema.
  return isSchema(properties) ? (properties as Properties) : undefined;
}

function constOf(properties: Properties | undefined, name: string): unknown {
  return properties?.[name]?.const;
}

function omit(properties: Properties, name: string): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => key !== name));
}
