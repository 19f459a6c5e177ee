// Writes what is generated from the steps' schemas: schemas/ and the tables in docs/configuration.md. With --check it writes nothing,
// and fails where a file is not current.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withFieldTables } from "./field-tables.mjs";

const pathOf = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const schemaOf = (document) =>
  execFileSync(process.execPath, [pathOf("bin/vtb-setup.js"), "schema", document], { encoding: "utf8" });
const schema = schemaOf("configuration");
const fields = Object.keys(JSON.parse(schema).definitions)
  .filter((name) => name !== "boolean" && name !== "value_from")
  .flatMap((namespace) => {
    const answer = [pathOf("bin/vtb-setup.js"), "explain", namespace, "--output", "json"];
    return JSON.parse(execFileSync(process.execPath, answer, { encoding: "utf8" })).items;
  })
  .map(({ required, deprecated = false, ...field }) => ({ ...field, isRequired: required, isDeprecated: deprecated }));
const tables = "docs/configuration.md";
const generated = {
  "schemas/vtb-setup.schema.json": schema,
  "schemas/vtb-setup-catalogue.schema.json": schemaOf("catalogue"),
  "schemas/vtb-setup-access-tests.schema.json": schemaOf("access-tests"),
  [tables]: withFieldTables(readFileSync(pathOf(tables), "utf8"), fields),
};

for (const [name, text] of Object.entries(generated)) {
  if (!process.argv.includes("--check")) {
    writeFileSync(pathOf(name), text);
  } else if (readFileSync(pathOf(name), "utf8") !== text) {
    console.error(`${name} is not current: run \`npm run schemas\``);
    process.exitCode = 1;
  }
}
