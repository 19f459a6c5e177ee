import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { diagnosticReference } from "./diagnostic-reference.mjs";
import { pageAssets } from "./page-assets.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const dist = join(root, "dist");
const packageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** What is loaded only when it is used, or has a native part; the rest goes into the bundle, which starts faster. */
const external = ["better-sqlite3", "better-sqlite3-12", "openid-client", "pg", "undici"];

/**
 * What measures text for terminals makes segmenters and compiles expressions with all emoji when it is loaded, which takes 40 ms,
 * and is needed only for text that is long or not ASCII.
 */
const loadedAtFirstCall = {
  name: "loaded-at-first-call",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:string-width|wrap-ansi)$/ }, ({ path, importer }) =>
      importer.startsWith(join(root, "src/")) ? { path, namespace: "first-call" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "first-call" }, ({ path }) => ({
      contents: `let made; export default (...args) => (made ??= require("${path}").default)(...args);`,
      resolveDir: root,
    }));
  },
};

/** Commander's commands that are programs of their own, of which there are none: without them, it loads a tenth of Node less. */
const noProgramsOfTheirOwn = {
  name: "no-programs-of-their-own",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path, namespace: "none" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** Short names in libraries: a tenth of the package. Our own names stay for stack traces. */
const librariesWithShortNames = {
  name: "libraries-with-short-names",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/].*\.m?js$/ }, async ({ path }) => {
      const options = { minifyIdentifiers: true, legalComments: "inline", target: "node20" };
      const { code } = await transform(readFileSync(path, "utf8"), options);
      return { contents: code };
    });
  },
};

/** What esbuild is told for each bundle. */
export const settings = {
  absWorkingDir: root,
  outdir: dist,
  chunkNames: "chunk-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external,
  alias: {
    // Its build for Node is CommonJS, which keeps all of it in the bundle, and prints what it parses when LOG_TOKENS is set.
    yaml: "./node_modules/yaml/browser/index.js",
    // Its Argon2 alone, a seventh of the library.
    "hash-wasm": "./node_modules/hash-wasm/dist/argon2.umd.min.js",
  },
  define: {
    VTB_SETUP_VERSION: JSON.stringify(packageJson.version),
    ...pageAssets(),
    ...diagnosticReference(),
  },
  plugins: [loadedAtFirstCall, noProgramsOfTheirOwn, librariesWithShortNames],
  // Parsing less is an eighth of the time that importing takes; names stay for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  write: false,
};
