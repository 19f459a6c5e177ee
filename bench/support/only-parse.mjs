// Only parses a file: node only-parse.mjs PACKAGE FILE

import { readFileSync } from "node:fs";

const [name, file] = process.argv.slice(2);
const text = readFileSync(file, "utf8");
if (name === "yaml") (await import("yaml")).parseDocument(text);
else (await import("js-yaml")).parseEvents(text);
