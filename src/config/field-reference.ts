import { isList, isSchema, type JsonSchema } from "./schema-shape.js";

/** What a field is for, as its schema says. */
export interface FieldReference {
  /** Such as `tokenauth.items[].expires_at`. */
  readonly path: string;
  /** Such as `true or false` or `text (at most 50 characters)`. */
  readonly type: string;
  readonly isRequired: boolean;
  /** As JSON; undefined where there is none. */
  readonly default: string | undefined;
  readonly description: string;
  /** Its description then says what to write instead. */
  readonly isDeprecated: boolean;
}

/** Every field of a file, in the order of its schema. */
export function fieldReferences(schema: JsonSchema): readonly FieldReference[] {
  return fieldsOf(schema, "", definitionsIn(schema));
}

type Definitions = ReadonlyMap<string, JsonSchema>;

function definitionsIn({ definitions }: JsonSchema): Definitions {
  const entries = isSchema(definitions) ? Object.entries(definitions) : [];
  return new Map(entries.flatMap(([name, part]) => (isSchema(part) ? [[`#/definitions/${name}`, part]] : [])));
}

/** The fields of a mapping, and of the mappings and lists in it. */
function fieldsOf(mapping: JsonSchema, above: string, definitions: Definitions): readonly FieldReference[] {
  const demands = demandsOf(mapping);
  return propertiesOf(mapping).flatMap(([name, field]): readonly FieldReference[] => {
    const path = above + name;
    const options = writtenAs(field, definitions);
    const { default: given, description = titleOf(options), deprecated } = field;
    return [
      {
        path,
        type: describeType(field, definitions),
        isRequired: demands.includes(name),
        default: given === undefined ? undefined : JSON.stringify(given),
        description: String(description),
        isDeprecated: deprecated === true,
      },
      ...options.flatMap((option) => {
        if (option.type === "object") return fieldsOf(option, `${path}.`, definitions);
        return itemsOf(option).flatMap((item) =>
          writtenAs(item, definitions).flatMap((written) => fieldsOf(written, `${path}[].`, definitions)),
        );
      }),
    ];
  });
}

/** What a mapping must have; with a `state`, what it must have unless that is `absent`. */
function demandsOf({ required, allOf }: JsonSchema): readonly unknown[] {
  const [first] = isList(allOf) ? allOf : [];
  const then = first && isSchema(first.then) ? first.then.required : undefined;
  return [required, then].flatMap((names) => (Array.isArray(names) ? names : []));
}

function propertiesOf({ properties }: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  if (!isSchema(properties)) return [];
  return Object.entries(properties).flatMap(([name, field]) => (isSchema(field) ? [[name, field]] : []));
}

function itemsOf({ type, items }: JsonSchema): readonly JsonSchema[] {
  return type === "array" && isSchema(items) ? [items] : [];
}

/** The ways to write a value, but for `value_from`, which stands for any. */
function writtenAs(field: JsonSchema, definitions: Definitions): readonly JsonSchema[] {
  const options = isList(field.anyOf) && field.type === undefined ? field.anyOf : [field];
  return options
    .filter(({ $ref }) => $ref !== "#/definitions/value_from")
    .flatMap((option) => {
      const target = option.$ref === "#/definitions/boolean" ? undefined : definitions.get(String(option.$ref));
      if (target) return writtenAs(target, definitions);
      return isList(option.anyOf) && option.type === undefined ? writtenAs(option, definitions) : [option];
    });
}

function titleOf(options: readonly JsonSchema[]): string {
  const title = options.find((option) => typeof option.title === "string")?.title;
  return title === undefined ? "" : `${String(title)}.`;
}

function describeType(field: JsonSchema, definitions: Definitions): string {
  const types = writtenAs(field, definitions).map((option) => describeOption(option, definitions));
  return [...new Set(types)].filter((type) => type !== "").join(" or ");
}

function describeOption(option: JsonSchema, definitions: Definitions): string {
  const { type, $ref, enum: values, const: only, minimum, maximum, additionalProperties } = option;
  const known = Array.isArray(values) ? values : undefined;
  if ($ref === "#/definitions/boolean" || known?.includes(true)) return "true or false";
  if (known) return known.map((value) => `\`${String(value)}\``).join(", ");
  if (only !== undefined) return `\`${String(only)}\``;
  if (type === "integer") return `whole number, ${String(minimum)} to ${String(maximum)}`;
  if (type === "array") {
    const items = itemsOf(option).map((item) => describeType(item, definitions));
    return `list of ${items.join("").replace(/\b(?:text|list|mapping)\b/g, "$&s")}`;
  }
  if (type === "object") {
    return typeof additionalProperties === "object" && !option.properties ? "mapping of lists" : "mapping";
  }
  // The string spellings of whole numbers and the like say nothing new; null is the same as left out.
  return type === "string" || type === "null" ? "" : describeText(option);
}

function describeText({ minLength, maxLength, pattern }: JsonSchema): string {
  const least = minLength === undefined ? "at most" : `${String(minLength)} to`;
  const length = maxLength === undefined ? "" : `(${least} ${String(maxLength)} characters)`;
  const slug = pattern === "^[-a-zA-Z0-9_]+$" ? "of letters, digits, `-` and `_`" : "";
  return ["text", slug, length].filter((part) => part !== "").join(" ");
}
