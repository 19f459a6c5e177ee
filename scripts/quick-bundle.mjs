import { createHash } from "node:crypto";
import { basename } from "node:path";
import { build } from "esbuild";
import { settings } from "./bundle-settings.mjs";

/** What only the other commands need: for these, bin/vtb-setup.js imports the split bundle. */
const others = ["./program.js", "./complete.js"];

/** Large, and rarely needed: imported from the split bundle, by these entries of it. */
export const largeEntries = { unhomoglyph: "unhomoglyph", "hash-wasm": "hash-wasm", yaml: "scripts/yaml-of-quick.mjs" };
const large = Object.keys(largeEntries);

/**
 * The commands that pipelines and init containers run, as one script for bin/vtb-setup.js: Node caches no code of modules before
 * version 22, while a script's code can be cached, with all functions that a run used. Each chunk of a split bundle is a function in
 * it, which runs when it is first imported.
 */
export async function quickBundle() {
  const { outputFiles, metafile } = await build({
    ...settings,
    entryPoints: { quick: "src/cli/main.ts" },
    define: { ...settings.define, "import.meta.url": "ownUrl" },
    external: [...settings.external, ...others, ...large],
    alias: Object.fromEntries(Object.entries(settings.alias).filter(([name]) => !large.includes(name))),
    sourcemap: false,
    legalComments: "none",
  });
  const chunks = outputFiles.filter(({ path }) => path.endsWith(".js"));
  const names = new Map(chunks.map(({ path }, index) => [`./${basename(path)}`, `part${index}`]));
  const needs = largeOf(metafile);
  const parts = chunks.map(({ path, text }) => `${names.get(`./${basename(path)}`)}:${partOf(text, names, needs)}`);
  const script = `(function(require,ownUrl,importOther){"use strict";const parts={${parts.join(",\n")}};${linker}return load("${names.get("./quick.js")}")})`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is not ASCII
  if (/[^\x00-\x7f]/.test(script)) throw new Error("the quick bundle must be ASCII, since it is read as Latin-1");
  const hash = createHash("sha256").update(script).digest("hex").slice(0, 16);
  // V8 compares only the length of a cached script's source.
  return { script: `/*${hash}*/${script}`, names, metafile, taken: takenFromLarge(parts) };
}

const linker = `
const modules = Object.create(null), outside = Object.create(null);
function load(name) {
  if (!(name in parts)) return outside[name] ?? require(name);
  if (!(name in modules)) {
    const made = modules[name] = { exports: {} };
    parts[name](made, load);
  }
  return modules[name].exports;
}
function importLarge(name) {
  return importOther(new URL("./quick-" + name + ".js", ownUrl)).then((made) => outside[name] = made);
}
`;

/** By a chunk's path in an import, the large packages that it needs when it runs, itself or through others. */
function largeOf({ outputs }) {
  const needs = new Map();
  const visit = (path) => {
    const known = needs.get(path);
    if (known) return known;
    const found = new Set();
    needs.set(path, found);
    for (const { path: to, kind, external } of outputs[path].imports) {
      if (kind !== "import-statement") continue;
      if (!external) for (const name of visit(to)) found.add(name);
      else if (large.includes(to)) found.add(to);
    }
    return found;
  };
  for (const path of Object.keys(outputs)) visit(path);
  return new Map([...needs].map(([path, found]) => [`./${basename(path)}`, [...found]]));
}

/** Which exports of large packages the parts use, as `[package, name]`. */
function takenFromLarge(parts) {
  const lists = parts.flatMap((part) => [...part.matchAll(/const \{([^}]*)\}=require\("([^"]+)"\)/g)]);
  return lists.flatMap(([, list, name]) =>
    large.includes(name) ? list.split(",").map((each) => [name, each.split(":")[0]]) : [],
  );
}

const named = /(?<=^|[;}])import\s?(?:(\{[^{}]*\})|\*\s?as ([\w$]+)|([\w$]+))\s?from"([^"]+)";/gm;
/** What esbuild adds to run chunks in order, which have no effects but their exports. */
export const bareImport = /(?<=^|[;}])import"\.\/[^"]+";/gm;
const exported = /(?<=^|[;}])export(?:\{([^{}]*)\}| default ([\w$]+\(\)));\s*$/m;

/** A chunk as a function. In what esbuild writes, imports and exports have few forms. */
function partOf(chunk, names, needs) {
  const required = (path) => `require("${names.get(path) ?? path}")`;
  const imports = [];
  let list = "";
  const body = chunk
    .replaceAll(named, (_, some, all, whole, path) => {
      imports.push(`const ${some?.replaceAll(" as ", ":") ?? all ?? whole}=${required(path)};`);
      return "";
    })
    .replaceAll(bareImport, "")
    .replace(exported, (_, some, whole) => {
      list = some?.replaceAll(/([\w$]+) as ([\w$]+)/g, "$2:$1") ?? `default:${whole}`;
      return "";
    })
    .replaceAll(/\bimport\("([^"]+)"\)/g, (text, path) => {
      if (large.includes(path)) return `importLarge("${path}")`;
      if (!names.has(path)) return text;
      const first = needs.get(path).map((name) => `importLarge("${name}")`);
      return `Promise.all([${first.join(",")}]).then(()=>${required(path)})`;
    })
    .replaceAll(/\bimport\(/g, "importOther(");
  const odd = /(?<=^|[;}])(?:import|export)[{*" ].{0,60}/m.exec(body);
  if (odd) throw new Error(`a chunk imports or exports in an unknown form: ${odd[0]}`);
  refuseLate(body, list);
  return `function(module,require){${imports.join("")}${body.trim()}\nmodule.exports={${list}}}`;
}

/** An import gets the value that the export has once its part has run. */
function refuseLate(body, list) {
  const locals = new Set(list.split(",").map((each) => each.split(":").at(-1)));
  for (const [, declared] of body.matchAll(/\b(?:var|let) ((?:[\w$]+,)+|[\w$]+;)/g)) {
    const late = declared.split(/[,;]/).find((name) => name !== "" && locals.has(name));
    if (late) throw new Error(`a chunk exports ${late}, which gets its value later`);
  }
}
