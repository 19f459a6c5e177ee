// docs/reference.md: every field of a configuration file, as `vtb-setup explain` has it, so that it names each exactly once.

const introduction = `# Reference of the configuration file

Every field, from the schemas that check a file. [configuration.md](configuration.md) says how values are written and what the parts do
together, \`vtb-setup example\` prints the same fields as a file to fill in, and \`vtb-setup explain tokenauth.items.token\` those of a path.

A field inside a mapping has its name behind a dot, and one in the entries of a list behind \`[]\`. What is **required** need not stand beside
\`state: absent\`, but for the field that names the entry. Any value but those of \`vtb_setup\` may be a
[\`value_from\`](configuration.md#values-from-variables-and-files). A dash is no default: without the field, nothing is set, or what the last
column says.
`;

/**
 * The page.
 *
 * @param steps `{ title, flag, namespace }` of each step, in their order
 * @param fields every field of a configuration file
 */
export function referencePage(steps, fields) {
  const parts = [{ title: "Settings of the run", namespace: "vtb_setup" }, ...steps];
  const contents = parts.map(({ title, namespace }) => `- [${title}: \`${namespace}\`](#${namespace})\n`);
  const sections = parts.map((part) => partSection(part, fields));
  return [introduction, contents.join(""), ...sections].join("\n");
}

function partSection({ title, flag, namespace }, fields) {
  const lists = fields.filter(({ path, type }) => type === "list of mappings" && isDirectlyIn(namespace, path));
  const entries = lists.map((list) => listSection(list, fields, lists.length > 1));
  const beside = fields.filter(
    ({ path }) => path.startsWith(`${namespace}.`) && !lists.some((list) => path.startsWith(list.path)),
  );
  const about = flag === undefined ? `${describe(fields, namespace)}\n` : `Runs with \`${flag}: true\`.\n`;
  return [
    `<a id="${namespace}"></a>\n## ${title}\n`,
    about,
    ...(beside.length === 0 ? [] : [fieldTable(named(beside, `${namespace}.`))]),
    ...entries,
  ].join("\n");
}

function listSection({ path, description }, fields, hasOthers) {
  const inside = named(
    fields.filter((field) => field.path.startsWith(`${path}[].`)),
    `${path}[].`,
  );
  const old = deprecatedTable(inside);
  return [
    ...(hasOthers ? [`<a id="${path}"></a>\n### \`${path}\`\n`] : []),
    `${description}${hasOthers ? "" : ` They are the list \`${path}\`.`}\n`,
    fieldTable(inside),
    ...(old === undefined ? [] : ["What is written otherwise today, and still works:\n", old]),
  ].join("\n");
}

function isDirectlyIn(namespace, path) {
  return path.startsWith(`${namespace}.`) && !path.slice(namespace.length + 1).includes(".");
}

function describe(fields, path) {
  return fields.find((field) => field.path === path)?.description ?? "";
}

function named(fields, above) {
  return fields.map((field) => ({ ...field, path: field.path.slice(above.length) }));
}

function fieldTable(fields) {
  const rows = withoutDeprecated(fields).map(
    ({ path, type, isRequired, default: value, description }) =>
      `| \`${path}\` | ${type || "any"} | ${isRequired ? "**required**" : value === undefined ? "–" : `\`${value}\``} | ${description} |`,
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

function upperFirst(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Undefined where there are none. */
function deprecatedTable(fields) {
  const rows = fields
    .filter(({ isDeprecated }) => isDeprecated)
    .map(({ path, description }) => `| \`${path}\` | ${upperFirst(description.replace(/^Deprecated: /, ""))} |`);
  return rows.length === 0 ? undefined : `| deprecated | what to do |\n|---|---|\n${rows.join("\n")}\n`;
}
