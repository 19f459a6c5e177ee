// Writes what is generated from the steps' schemas: schemas/ and docs/reference.md. With --check it writes nothing, and fails where a
// file is not current.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { referencePage } from "./reference-page.mjs";

const pathOf = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const run = (...args) => execFileSync(process.execPath, [pathOf("bin/vtb-setup.js"), ...args], { encoding: "utf8" });
const { steps } = JSON.parse(run("steps", "--output", "json"));
const fields = ["vtb_setup", ...steps.map(({ namespace }) => namespace)]
  .flatMap((namespace) => JSON.parse(run("explain", namespace, "--output", "json")).items)
  .map(({ required, deprecated = false, ...field }) => ({ ...field, isRequired: required, isDeprecated: deprecated }));
const generated = {
  "schemas/vtb-setup.schema.json": run("schema", "configuration"),
  "schemas/vtb-setup-catalogue.schema.json": run("schema", "catalogue"),
  "schemas/vtb-setup-access-tests.schema.json": run("schema", "access-tests"),
  "docs/reference.md": referencePage(steps, fields),
};

for (const [name, text] of Object.entries(generated)) {
  if (!process.argv.includes("--check")) {
    writeFileSync(pathOf(name), text);
  } else if (readFileSync(pathOf(name), "utf8") !== text) {
    console.error(`${name} is not current: run \`npm run schemas\``);
    process.exitCode = 1;
  }
}
