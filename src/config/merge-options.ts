import { isDeepStrictEqual } from "node:util";
import { isSchema, type JsonSchema } from "./json-schema.js";

/**
 * Mappings that differ in one field's constant and in what they require, as one: an editor then says which field is missing, where
 * for a list of alternatives it says only that none fits. Undefined where they differ in more than that.
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

/** What one of them asks for beyond its fields, where the field says that it is this one. */
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
  // In a JSON Schema, what a property's name leads to is a schema.
  return isSchema(properties) ? (properties as Properties) : undefined;
}

function constOf(properties: Properties | undefined, name: string): unknown {
  return properties?.[name]?.const;
}

function omit(properties: Properties, name: string): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => key !== name));
}
