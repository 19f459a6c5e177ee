import * as z from "zod";
import { type ValueSources, valueSources } from "../yaml/value-sources.js";
import { catalogueFileSchema } from "./catalogue.js";
import { asWritten, boolean, booleanReference, valueFromSchema } from "./fields.js";
import type { JsonSchema } from "./schema-shape.js";
import { settingsKey, settingsSchema } from "./settings-schema.js";
import type { Step } from "./step.js";

/**
 * One JSON Schema (draft-07, which the editors' YAML language server supports best) for a whole configuration file: what
 * can be written, including a `value_from` in place of any value, and every accepted spelling.
 */
export function configurationSchema(steps: readonly Step[], sources: ValueSources = valueSources): JsonSchema {
  const properties = steps.flatMap((step): [string, JsonSchema][] => [
    [step.flag, flagSchema(step)],
    [step.namespace, { anyOf: [reference(step.namespace), reference("value_from")] }],
  ]);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "vtb-setup configuration",
    description:
      "Configures who may call an API. A step runs when its flag is true. Other programs may have keys in the same file.",
    type: "object",
    properties: { [settingsKey]: settingsAsWritten(), ...Object.fromEntries(properties) },
    definitions: {
      boolean,
      value_from: valueFromSchema(sources),
      ...Object.fromEntries(steps.flatMap((step) => Object.entries(stepDefinitions(step)))),
    },
  };
}

/** The JSON Schema of the file that an API publishes with the permissions that it asks for. */
export function catalogueSchema(): JsonSchema {
  const { $schema, ...schema } = toJsonSchema(catalogueFileSchema());
  return { $schema, title: "vtb-setup permission catalogue", ...schema };
}

/** The JSON Schema of another YAML file, which takes nothing from variables. */
export function plainFileSchema(title: string, fileSchema: z.ZodType): JsonSchema {
  const { $schema, ...schema } = toJsonSchema(fileSchema);
  const written = asWritten(schema, { rename: (ref) => ref, takesValueFrom: false });
  return { $schema, title, ...written, definitions: { boolean } };
}

function flagSchema({ title, namespace }: Step): JsonSchema {
  const description = `Whether to run the step "${title}", which is configured under ${namespace}.`;
  return { description, anyOf: [booleanReference, reference("value_from")] };
}

/** Its schema refers to no other one. */
function settingsAsWritten(): JsonSchema {
  const { $schema: _, ...settings } = toJsonSchema(settingsSchema());
  return asWritten(settings, { rename: (ref) => ref, takesValueFrom: false });
}

/** A step's schema under its namespace's name, and the definitions that it refers to beside it. */
function stepDefinitions({ namespace, title, schema }: Step): Readonly<Record<string, JsonSchema>> {
  const { $schema: _, definitions, ...root } = toJsonSchema(schema);
  const rename = (ref: string) => {
    if (ref === "#") return `#/definitions/${namespace}`;
    return ref.replace("#/definitions/", `#/definitions/${namespace}.`);
  };
  const writing = { rename, takesValueFrom: true };
  const parts = Object.entries(definitions ?? {}).map(([name, part]): [string, JsonSchema] => [
    `${namespace}.${name}`,
    asWritten(part, writing),
  ]);
  return { [namespace]: { title, ...asWritten(root, writing) }, ...Object.fromEntries(parts) };
}

function toJsonSchema(schema: z.ZodType): JsonSchema & { readonly definitions?: Readonly<Record<string, JsonSchema>> } {
  // Zod types its result with the draft's own names; the transformation only needs to know that they are keys.
  return z.toJSONSchema(schema, { io: "input", target: "draft-07", unrepresentable: "any" }) as JsonSchema;
}

function reference(name: string): JsonSchema {
  return { $ref: `#/definitions/${name}` };
}
