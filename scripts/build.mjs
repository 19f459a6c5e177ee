// Makes dist/: one split bundle, the licences of what went into it, and (unless --bundle-only) the declarations that the public
// entries refer to.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, encode } from "@jridgewell/sourcemap-codec";
import { build } from "esbuild";
import { dist, root, settings } from "./bundle-settings.mjs";
import { bundledLicences } from "./bundled-licences.mjs";
import { entries } from "./entries.mjs";
import { bareImport, largeEntries, quickBundle } from "./quick-bundle.mjs";

function entryPoints() {
  const sources = entries.map(({ bundle, source }) => [bundle, join(root, source)]);
  const large = Object.entries(largeEntries).map(([name, source]) => [`quick-${name}`, source]);
  return { cli: join(root, "src/cli/main.ts"), ...Object.fromEntries([...sources, ...large]) };
}

/** The CommonJS packages in the bundle load Node's own modules with `require`. */
const requireOfModule =
  'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);';

/** A chunk without imports that it does not use, and so loads; its lines stay, for the source map. */
function withoutUnused(text) {
  const rest = text.slice(requireOfModule.length);
  const own = text.startsWith(requireOfModule) && !/\brequire\b/.test(rest) ? rest : text;
  return own.replaceAll(bareImport, "");
}

async function bundle() {
  const { outputFiles, metafile } = await build({
    ...settings,
    entryPoints: entryPoints(),
    banner: { js: requireOfModule },
    sourcemap: true,
    sourcesContent: false,
    legalComments: "linked",
  });
  const files = new Map();
  for (const { path, text } of outputFiles) {
    files.set(relative(dist, path), path.endsWith(".map") ? mapOfOurs(text) : withoutUnused(text));
  }
  const { script, taken } = await quickBundle();
  for (const [name, taking] of taken) {
    const { exports } = metafile.outputs[`dist/quick-${name}.js`];
    if (!exports.includes(taking)) throw new Error(`${largeEntries[name]} must export ${taking}`);
  }
  files.set("quick.cjs", script);
  return files.set("LICENCES.txt", bundledLicences(root, metafile));
}

/**
 * The source map of our own lines, without columns: a seventh of it, and what a stack trace needs. The libraries' names stay: they
 * show what a bundle is made of.
 */
function mapOfOurs(text) {
  const { sources, mappings } = JSON.parse(text);
  const isOurs = sources.map((source) => !source.includes("node_modules/"));
  const lines = decode(mappings).map((segments) => {
    const kept = [];
    for (const [column, source, line] of segments) {
      const last = kept.at(-1);
      if (!isOurs[source]) {
        // Without its start, a library's code would count as what stands before it.
        if (last?.length !== 1) kept.push([column]);
      } else if (last?.[1] !== source || last[2] !== line) {
        kept.push([column, source, line, 0]);
      }
    }
    return kept;
  });
  return JSON.stringify({ version: 3, sources, names: [], mappings: encode(lines) });
}

/** A program that starts meanwhile finds the old file or the new one, never half of one. */
function writeAll(files) {
  mkdirSync(dist, { recursive: true });
  for (const [name, contents] of files) {
    const temporary = join(dist, `${name}.${process.pid}`);
    writeFileSync(temporary, contents);
    renameSync(temporary, join(dist, name));
  }
}

function removeOthers(files) {
  for (const name of readdirSync(dist)) {
    if (!files.has(name)) rmSync(join(dist, name), { recursive: true });
  }
}

function declarations() {
  const typescript = dirname(fileURLToPath(import.meta.resolve("typescript/package.json")));
  const compiler = [join(typescript, "bin/tsc"), "-p", "tsconfig.build.json"];
  process.exitCode = spawnSync(process.execPath, compiler, { cwd: root, stdio: "inherit" }).status ?? 1;
  if (process.exitCode === 0) removeInternalDeclarations();
}

function removeInternalDeclarations() {
  const reached = new Set();
  const reach = (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    const imports = readFileSync(path, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)\.js"/g);
    for (const [, relativePath] of imports) reach(join(dirname(path), `${relativePath}.d.ts`));
  };
  for (const { types } of entries) reach(join(root, types));
  const types = join(dist, "types");
  for (const name of readdirSync(types, { recursive: true })) {
    const path = join(types, name);
    if (name.endsWith(".d.ts") && !reached.has(path)) rmSync(path);
  }
}

const files = await bundle();
writeAll(files);
if (!process.argv.includes("--bundle-only")) {
  removeOthers(files);
  declarations();
}
