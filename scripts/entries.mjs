import { readFileSync } from "node:fs";
import { basename } from "node:path";

const { name, exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/**
 * The public modules. Each is named once, in package.json: `dist/index.js` with `dist/types/index.d.ts` comes from `src/index.ts`.
 */
export const entries = Object.entries(exports)
  .filter(([, target]) => target.types)
  .map(([path, target]) => ({
    specifier: path.replace(".", name),
    source: target.types.replace("./dist/types/", "src/").replace(/\.d\.ts$/, ".ts"),
    bundle: basename(target.default, ".js"),
    types: target.types,
  }));

const verifier = `${name}/verifier/`;

/** The names of the verifier's adapters, such as `express`. */
export const adapters = entries
  .filter(({ specifier }) => specifier.startsWith(verifier))
  .map(({ specifier }) => specifier.slice(verifier.length));
