import * as z from "zod";
import type { CharacterRule } from "../characters.js";
import { requireDefinition } from "../plan/step-mistakes.js";
import { isSecret, type Secret } from "../secrets/secret.js";
import { slugPattern } from "../users/names.js";
import type { ValueSources } from "../yaml/value-sources.js";
import { mergeOptions } from "./choose-option.js";
import { isList, isSchema, type JsonSchema } from "./schema-shape.js";

/** A schema that is made when it is first needed: a run that reads nothing with it does not pay for it. */
export function lazily<Made>(create: () => Made): () => Made {
  let made: Made | undefined;
  return () => {
    made ??= create();
    return made;
  };
}

/** A field whose value must never be shown. It is a {@link Secret} from the moment it is read; `check` gets the plain text. */
export function secret(check?: {
  readonly test: (plain: string) => boolean;
  readonly expected: string;
}): z.ZodType<Secret> {
  if (check !== undefined) requireDefinition("secret()", check, secretRules);
  return z
    .custom<Secret>(isSecret, { error: "expected text" })
    .refine((value) => check?.test(value.reveal()) ?? true, { error: check?.expected ?? "" })
    .meta({ sensitive: true });
}

const secretRules = {
  test: { expected: "a function of the plain text", test: (value: unknown) => typeof value === "function" },
  expected: {
    expected: "a text such as `expected at least 16 characters`",
    test: (value: unknown) => typeof value === "string",
  },
} as const;

/** A field whose characters are checked before its schema, so that the message can name the wrong one and where it came from. */
export function heldTo<Field extends z.ZodType>(rule: CharacterRule, field: Field): Field {
  return field.meta({ characters: rule });
}

// PostgreSQL can't store NUL in a text.
const noNul = { error: "expected text without NUL characters" };

function hasNoNul(value: string): boolean {
  return !value.includes("\0");
}

/** A text of at most `max` characters. */
export function text(max: number): z.ZodString {
  return z.string().max(max).refine(hasNoNul, noNul);
}

/** A text of at least one and at most `max` characters. */
export function filledText(max: number): z.ZodString {
  return z.string().min(1).max(max).refine(hasNoNul, noNul);
}

/** ASCII letters, digits, `-` and `_`. */
export function slug(max: number): z.ZodString {
  const expected = "expected letters, digits, hyphens and underscores only";
  return heldTo("visible", z.string().max(max).regex(slugPattern, { error: expected }));
}

const annotations = ["title", "description", "default", "deprecated", "examples"];
const valueFromReference: JsonSchema = { $ref: "#/definitions/value_from" };

const yes = "[tT]|[yY]|[tT][rR][uU][eE]|[yY][eE][sS]|[oO][nN]|1";
const no = "[fF]|[nN]|[fF][aA][lL][sS][eE]|[nN][oO]|[oO][fF][fF]|0";

/** How a boolean can be written. */
export const boolean: JsonSchema = {
  title: "boolean",
  anyOf: [{ type: "boolean" }, { enum: [0, 1] }, { type: "string", pattern: `^(?:${yes}|${no})$` }],
};
export const booleanReference: JsonSchema = { $ref: "#/definitions/boolean" };

/** The schema of a `value_from`, which may replace any value. */
export function valueFromSchema(sources: ValueSources): JsonSchema {
  const entries = Object.entries(sources);
  const titles = entries.map(([, { title }]) => title);
  const named = entries.map(([key, { description }]) => [key, { type: "string", minLength: 1, description }]);
  return {
    title: "value_from",
    description: `Takes the value from ${titles.join(" or ")}.`,
    type: "object",
    properties: {
      value_from: {
        type: "object",
        properties: {
          ...Object.fromEntries(named),
          default: { description: "The value to use when there is none, such as when the variable is not set." },
          required: {
            description: "With false, a missing value leaves the field out. Can't be combined with `default`.",
            anyOf: [booleanReference],
          },
        },
        oneOf: entries.map(([key]) => ({ required: [key] })),
        not: { required: ["required", "default"] },
        additionalProperties: false,
      },
    },
    required: ["value_from"],
    additionalProperties: false,
  };
}

/** How a part of a file may be written. */
export interface Writing {
  /** Where a reference to another schema leads. */
  readonly rename: (reference: string) => string;
  /** Whether `value_from` may replace any value inside. */
  readonly takesValueFrom: boolean;
}

/** Turns the schema of a value that a step gets into the schema of what a file may contain. */
export function asWritten(schema: JsonSchema, writing: Writing): JsonSchema {
  return { ...pick(schema, annotations), ...withoutAnnotations(schema, writing) };
}

function withoutAnnotations(schema: JsonSchema, writing: Writing): JsonSchema {
  const alternatives = alternativesOf(schema, writing);
  const [only] = alternatives;
  return alternatives.length === 1 && only !== undefined ? only : { anyOf: alternatives };
}

/** The same for a value inside another. */
function valueAsWritten(schema: JsonSchema, writing: Writing): JsonSchema {
  if (!writing.takesValueFrom) return asWritten(schema, writing);
  const alternatives = alternativesOf(schema, writing);
  const isFree = alternatives.some((alternative) => Object.keys(alternative).length === 0);
  const notes = pick(schema, annotations);
  return isFree ? notes : { ...notes, anyOf: [...alternatives, valueFromReference] };
}

function alternativesOf(schema: JsonSchema, writing: Writing): readonly JsonSchema[] {
  if (schema.sensitive === true) {
    return scalars({
      type: "string",
      writeOnly: true,
      ...printable(schema),
      ...pick(schema, ["pattern", "maxLength"]),
    });
  }
  if (typeof schema.$ref === "string") return [{ $ref: writing.rename(schema.$ref) }];
  const options = schema.anyOf ?? schema.oneOf;
  // `anyOf` for both: a discriminator given by `value_from` fits several options.
  if (isList(options)) {
    const merged = mergeOptions(options);
    return merged ? [container(merged, writing)] : options.map((option) => asWritten(option, writing));
  }
  // Such as `["boolean", "null"]`, which zod writes for a nullable one.
  if (Array.isArray(schema.type)) {
    return schema.type.flatMap((type: unknown) =>
      type === "null" ? [{ type }] : alternativesOf({ ...schema, type }, writing),
    );
  }
  const plain = omit(schema, [...annotations, "characters"]);
  switch (schema.type) {
    case "boolean":
      return "const" in schema ? spelled(schema.const === true) : [booleanReference];
    case "integer":
      return [withoutSafeLimits(plain), { type: "string", pattern: "^\\s*[-+]?[0-9]+(?:_[0-9]+)*(?:\\.0*)?\\s*$" }];
    case "number":
      return [plain, { type: "string", pattern: "^\\s*[-+]?[0-9._]+(?:[eE][-+]?[0-9]+)?\\s*$" }];
    case "string":
      return "const" in schema || "enum" in schema ? [plain] : scalars({ ...printable(schema), ...plain });
    default:
      return [container(plain, writing)];
  }
}

function printable({ characters }: JsonSchema): JsonSchema {
  return characters === "ascii" ? { pattern: "^[ -~]*$" } : {};
}

// A text is taken as written, so an unquoted number is a text too.
function scalars(text: JsonSchema): readonly JsonSchema[] {
  return [{ ...text, type: ["string", "number", "boolean"] }];
}

function spelled(value: boolean): readonly JsonSchema[] {
  return [{ enum: [value, Number(value)] }, { type: "string", pattern: `^(?:${value ? yes : no})$` }];
}

function container(schema: JsonSchema, writing: Writing): JsonSchema {
  const inside = (value: unknown): unknown => (isSchema(value) ? valueAsWritten(value, writing) : value);
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    switch (keyword) {
      case "properties":
        return [keyword, Object.fromEntries(Object.entries(value ?? {}).map(([name, field]) => [name, inside(field)]))];
      case "items":
        return [keyword, Array.isArray(value) ? value.map(inside) : inside(value)];
      case "additionalProperties":
      case "additionalItems":
        return [keyword, inside(value)];
      case "allOf":
        return [keyword, isList(value) ? value.map((part) => asWritten(part, writing)) : value];
      default:
        return [keyword, value];
    }
  });
  return Object.fromEntries(entries);
}

function withoutSafeLimits(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).filter(
      ([, value]) => typeof value !== "number" || Math.abs(value) < Number.MAX_SAFE_INTEGER,
    ),
  );
}

function pick(schema: JsonSchema, keywords: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keywords.includes(keyword)));
}

function omit(schema: JsonSchema, keywords: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)));
}
