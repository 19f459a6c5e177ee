// The tables of fields in docs/configuration.md, made from the JSON Schema, so that they name each field exactly once.

/**
 * A document with the tables between its `<!-- fields: NAMESPACE LIST -->` and `<!-- deprecated: NAMESPACE LIST -->` comments
 * generated again.
 *
 * @param {string} document Markdown
 * @param {Record<string, any>} schema the JSON Schema of a configuration file
 */
export function withFieldTables(document, schema) {
  return document.replace(
    /(<!-- (fields|deprecated): (\S+) (\S+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin, what, namespace, list, end) => {
      const entry = entryOf(schema, namespace, list);
      const table = what === "fields" ? fieldTable(entry) : deprecatedTable(entry);
      return `${begin}\n${table}\n${end}`;
    },
  );
}

function entryOf(schema, namespace, list) {
  const [items] = writtenAs(schema.definitions[namespace].properties[list]);
  return writtenAs(items.items)[0];
}

function fieldTable(entry) {
  const rows = fieldsOf(entry, "").map(
    ({ path, field, isRequired }) =>
      `| \`${path}\` | ${describeType(field)} | ${describeDefault(field, isRequired)} | ${field.description} |`,
  );
  return `| field | type | default | meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

function deprecatedTable(entry) {
  const rows = Object.entries(entry.properties)
    .filter(([, field]) => field.deprecated)
    .map(([name, { description }]) => `| \`${name}\` | ${/`(.+)`/.exec(description)[0]} |`);
  return `| deprecated | write instead |\n|---|---|\n${rows.join("\n")}\n`;
}

/** The fields of a mapping and of the mappings and lists in it, but the deprecated ones. */
function fieldsOf(mapping, above) {
  const demands = [mapping.required, mapping.allOf?.[0]?.then?.required].flat();
  return Object.entries(mapping.properties ?? {}).flatMap(([name, field]) => {
    if (field.deprecated) return [];
    const path = above + name;
    const inner = writtenAs(field).flatMap((option) => {
      if (option.type === "object") return fieldsOf(option, `${path}.`);
      return option.type === "array" ? writtenAs(option.items).flatMap((item) => fieldsOf(item, `${path}[].`)) : [];
    });
    return [{ path, field, isRequired: demands.includes(name) }, ...inner];
  });
}

/** The ways to write a value, but for `value_from`, which stands for any. */
function writtenAs(field) {
  const options = field.anyOf && !field.type ? field.anyOf : [field];
  return options
    .filter(({ $ref }) => $ref !== "#/definitions/value_from")
    .flatMap((option) => (option.anyOf && !option.type ? writtenAs(option) : [option]));
}

function describeType(field) {
  return [...new Set(writtenAs(field).map(describeOption))].filter((type) => type !== "").join(" or ");
}

function describeOption(option) {
  const { type, $ref, enum: values, items, minimum, maximum, additionalProperties } = option;
  if ($ref === "#/definitions/boolean" || values?.includes(true)) return "true or false";
  if (values) return values.map((value) => `\`${value}\``).join(", ");
  if (type === "integer") return `whole number, ${minimum} to ${maximum}`;
  if (type === "array") return `list of ${describeType(items).replace(/\b(?:text|list|mapping)\b/g, "$&s")}`;
  if (type === "object")
    return typeof additionalProperties === "object" && !option.properties ? "mapping of lists" : "mapping";
  // The string spellings of whole numbers and the like say nothing new.
  return type === "string" ? "" : describeText(option);
}

function describeText({ minLength, maxLength, pattern = "" }) {
  const length = maxLength && `${minLength ? `${minLength} to` : "at most"} ${maxLength} characters`;
  const slug = pattern === "^[-a-zA-Z0-9_]+$" ? "of letters, digits, `-` and `_`" : "";
  return ["text", slug, length && `(${length})`].filter(Boolean).join(" ");
}

function describeDefault({ default: value }, isRequired) {
  if (isRequired) return "**required**";
  return value === undefined ? "–" : `\`${JSON.stringify(value)}\``;
}
