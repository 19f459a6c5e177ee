// The tables of fields in docs/configuration.md, as `vtb-setup explain` has the fields, so that they name each exactly once.

/**
 * A document with the tables between its `<!-- fields: NAMESPACE LIST -->` and `<!-- deprecated: NAMESPACE LIST -->` comments
 * generated again.
 *
 * @param {string} document Markdown
 * @param fields every field of a configuration file
 */
export function withFieldTables(document, fields) {
  return document.replace(
    /(<!-- (fields|deprecated): (\S+) (\S+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin, what, namespace, list, end) => {
      const above = `${namespace}.${list}[].`;
      const inside = fields
        .filter(({ path }) => path.startsWith(above))
        .map((field) => ({ ...field, path: field.path.slice(above.length) }));
      const table = what === "fields" ? fieldTable(inside) : deprecatedTable(inside);
      return `${begin}\n${table}\n${end}`;
    },
  );
}

function fieldTable(fields) {
  const rows = withoutDeprecated(fields).map(
    ({ path, type, isRequired, default: value, description }) =>
      `| \`${path}\` | ${type} | ${isRequired ? "**required**" : value === undefined ? "–" : `\`${value}\``} | ${description} |`,
  );
  return `| field | type | default | meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

/** Nor what is inside of one. */
function withoutDeprecated(fields) {
  const deprecated = fields.filter(({ isDeprecated }) => isDeprecated).map(({ path }) => path);
  return fields.filter(
    ({ path }) =>
      !deprecated.some((name) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[]`)),
  );
}

function deprecatedTable(fields) {
  const rows = fields
    .filter(({ path, isDeprecated }) => isDeprecated && !path.includes("."))
    .map(({ path, description }) => `| \`${path}\` | ${/`(.+)`/.exec(description)[0]} |`);
  return `| deprecated | write instead |\n|---|---|\n${rows.join("\n")}\n`;
}
