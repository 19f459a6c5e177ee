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

/** A field with the ways in which it can be written, and the fields in it. */
export interface Field extends FieldReference {
  readonly name: string;
  /** As a file can have it; undefined where its schema gives none. */
  readonly example: unknown;
  readonly ways: readonly Way[];
}

/** A way to write a value, but for `value_from`, which stands for any. */
export type Way =
  | { readonly kind: "text" | "secret" | "boolean" | "number" }
  | { readonly kind: "choice"; readonly values: readonly unknown[] }
  | { readonly kind: "list"; readonly ways: readonly Way[] }
  | { readonly kind: "mapping"; readonly fields: readonly Field[]; readonly description: string };

/** Every field of a file, in the order of its schema. */
export function fieldReferences(schema: JsonSchema): readonly FieldReference[] {
  return fieldTree(schema).flatMap(withInner);
}

/** The fields at the root of a file, in the order of its schema. */
export function fieldTree(schema: JsonSchema): readonly Field[] {
  return fieldsOf(schema, "", definitionsIn(schema));
}

function withInner(field: Field): readonly FieldReference[] {
  return [field, ...field.ways.flatMap(fieldsIn).flatMap(withInner)];
}

function fieldsIn(way: Way): readonly Field[] {
  if (way.kind === "mapping") return way.fields;
  return way.kind === "list" ? way.ways.flatMap(fieldsIn) : [];
}

type Definitions = ReadonlyMap<string, JsonSchema>;

function definitionsIn({ definitions }: JsonSchema): Definitions {
  const entries = isSchema(definitions) ? Object.entries(definitions) : [];
  return new Map(entries.flatMap(([name, part]) => (isSchema(part) ? [[`#/definitions/${name}`, part]] : [])));
}

function fieldsOf(mapping: JsonSchema, above: string, definitions: Definitions): readonly Field[] {
  const demands = demandsOf(mapping);
  return propertiesOf(mapping).map(([name, field]): Field => {
    const path = above + name;
    const options = writtenAs(field, definitions);
    const { default: given, description = titleOf(options), deprecated, examples } = field;
    return {
      path,
      name,
      type: describeOptions(options),
      isRequired: demands.includes(name),
      default: given === undefined ? undefined : JSON.stringify(given),
      description: String(description),
      isDeprecated: deprecated === true,
      example: Array.isArray(examples) ? examples[0] : undefined,
      ways: options.flatMap((option) => waysOf(option, path)),
    };
  });
}

/** What a mapping must have; with a `state`, what it must have unless that is `absent`. */
function demandsOf({ required, allOf }: JsonSchema): readonly unknown[] {
  const [first] = isList(allOf) ? allOf : [];
  const then: JsonSchema = first && isSchema(first.then) ? first.then : {};
  // Of several ways to satisfy it, the first is how it is written today.
  const chosen = isList(then.allOf) ? then.allOf.flatMap(({ anyOf }) => (isList(anyOf) ? anyOf.slice(0, 1) : [])) : [];
  const demands = [required, then.required, ...chosen.map((demand) => demand.required)];
  return demands.flatMap((names) => (Array.isArray(names) ? names : []));
}

function propertiesOf({ properties }: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  if (!isSchema(properties)) return [];
  return Object.entries(properties).flatMap(([name, field]) => (isSchema(field) ? [[name, field]] : []));
}

/** A way to write a value, and the definitions that are not around it. */
interface Written {
  readonly option: JsonSchema;
  readonly definitions: Definitions;
}

/** The ways to write a value, but for `value_from`, which stands for any. */
function writtenAs(field: JsonSchema, definitions: Definitions): readonly Written[] {
  const options = isList(field.anyOf) && field.type === undefined ? field.anyOf : [field];
  return options
    .filter(({ $ref }) => $ref !== "#/definitions/value_from")
    .flatMap((option) => {
      const reference = String(option.$ref);
      const target = option.$ref === "#/definitions/boolean" ? undefined : definitions.get(reference);
      // A schema may hold itself: inside of it, it is only named.
      if (target) return writtenAs(target, new Map([...definitions].filter(([name]) => name !== reference)));
      return isList(option.anyOf) && option.type === undefined
        ? writtenAs(option, definitions)
        : [{ option, definitions }];
    });
}

function itemsOf({ option: { type, items }, definitions }: Written): readonly Written[] {
  return type === "array" && isSchema(items) ? writtenAs(items, definitions) : [];
}

function waysOf(written: Written, path: string): readonly Way[] {
  const { option, definitions } = written;
  const { type, const: only, description = "" } = option;
  const values = choicesOf(option);
  if (type === "object") {
    return [{ kind: "mapping", fields: fieldsOf(option, `${path}.`, definitions), description: String(description) }];
  }
  if (type === "array") return [{ kind: "list", ways: itemsOf(written).flatMap((item) => waysOf(item, `${path}[]`)) }];
  if (isBoolean(option)) {
    const booleans = values.filter((value) => typeof value === "boolean");
    return [booleans.length === 1 ? { kind: "choice", values: booleans } : { kind: "boolean" }];
  }
  if (values.length > 0) return [{ kind: "choice", values }];
  if (only !== undefined) return [{ kind: "choice", values: [only] }];
  if (type === "integer" || type === "number") return [{ kind: "number" }];
  // The string spellings of other types, and what is the same as left out.
  if (type === "string" || type === "null") return [];
  return [{ kind: option.writeOnly === true ? "secret" : "text" }];
}

function choicesOf({ enum: values }: JsonSchema): readonly unknown[] {
  return Array.isArray(values) ? values : [];
}

/** Any boolean, or one of the two. */
function isBoolean(option: JsonSchema): boolean {
  return option.$ref === "#/definitions/boolean" || choicesOf(option).some((value) => typeof value === "boolean");
}

function titleOf(options: readonly Written[]): string {
  const titled = options.find(({ option }) => typeof option.title === "string");
  return titled === undefined ? "" : `${String(titled.option.title)}.`;
}

function describeOptions(options: readonly Written[]): string {
  return [...new Set(options.map(describeOption))].filter((type) => type !== "").join(" or ");
}

function describeOption(written: Written): string {
  const { option } = written;
  const { type, const: only, minimum, maximum, additionalProperties } = option;
  const values = choicesOf(option);
  if (isBoolean(option)) return values.length === 2 ? `\`${String(values[0])}\`` : "true or false";
  if (values.length > 0) return values.map((value) => `\`${value}\``).join(", ");
  if (only !== undefined) return `\`${String(only)}\``;
  if (type === "integer") return `whole number, ${String(minimum)} to ${String(maximum)}`;
  if (type === "array") {
    const item = isSchema(option.items) && typeof option.items.title === "string" ? option.items.title : undefined;
    return `list of ${(item ?? describeOptions(itemsOf(written))).replace(/\b(?:text|list|mapping|code|field)\b/g, "$&s")}`;
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
