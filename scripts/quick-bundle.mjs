import { createHash } from "node:crypto";
import { basename } from "node:path";
import { build } from "esbuild";
import { settings } from "./bundle-settings.mjs";

/** What only the other commands need: for these, bin/vtb-setup.js imports the split bundle. */
const others = ["./program.js", "./complete.js"];

/** Large, and rarely needed: imported from the split bundle. */
const large = ["unhomoglyph", "hash-wasm"];

/**
 * The commands that pipelines and init containers run, as one script for bin/vtb-setup.js: Node caches no code of modules before
 * version 22, while a script's code can be cached, with all functions that a run used. Each chunk of a split bundle is a function in
 * it, which runs when it is first imported.
 *
 * @param chunkWith gives the file of the split bundle that has a package alone
 */
export async function quickBundle(chunkWith) {
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
  const outside = new Map(large.map((name) => [name, chunkWith(name)]));
  const parts = chunks.map(({ path, text }) => `${names.get(`./${basename(path)}`)}:${partOf(text, names, outside)}`);
  const script = `(function(require,ownUrl,importOther){"use strict";const parts={${parts.join(",\n")}};${linker}return load("${names.get("./quick.js")}")})`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is not ASCII
  if (/[^\x00-\x7f]/.test(script)) throw new Error("the quick bundle must be ASCII, since it is read as Latin-1");
  const hash = createHash("sha256").update(script).digest("hex").slice(0, 16);
  // V8 compares only the length of a cached script's source.
  return { script: `/*${hash}*/${script}`, names, metafile };
}

const linker =
  "const modules=Object.create(null);function load(name){if(!(name in parts))return require(name);if(!(name in modules)){const made=modules[name]={exports:{}};parts[name](made,load)}return modules[name].exports}";

const named = /(?<=^|[;}])import\s?(?:(\{[^{}]*\})|\*\s?as ([\w$]+)|([\w$]+))\s?from"([^"]+)";/gm;
/** What esbuild adds to run chunks in order, which have no effects but their exports. */
export const bareImport = /(?<=^|[;}])import"\.\/[^"]+";/gm;
const exported = /(?<=^|[;}])export(?:\{([^{}]*)\}| default ([\w$]+\(\)));\s*$/m;

/** A chunk as a function. In what esbuild writes, imports and exports have few forms. */
function partOf(chunk, names, outside) {
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
      if (names.has(path)) return `Promise.resolve().then(()=>${required(path)})`;
      return outside.has(path) ? `import(new URL("./${outside.get(path)}",ownUrl))` : text;
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
