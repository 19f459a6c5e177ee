// Runs the benchmarks that are named, or all of them: `npm run --silent bench -- bearer`. Each prints Markdown, to be pasted into
// docs/benchmarks.md. Options are handed on: `npm run --silent bench -- start --nodes`.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "bench");
const outdir = join(root, "node_modules/.cache/bench");
const options = process.argv.slice(2).filter((arg) => arg.startsWith("--"));
const names = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env; // Where set, it adds to every start.

const benchmarks = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name: file }) => ({ name: file.slice(0, file.lastIndexOf(".")), file }))
  .sort((one, other) => one.name.localeCompare(other.name));
const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  const names = benchmarks.map(({ name }) => name).join(", ");
  console.error(`There is no benchmark ${unknown.join(", ")}; there are ${names}.`);
  process.exit(64);
}
const chosen = benchmarks.filter(({ name }) => names.length === 0 || names.includes(name));

/** What uses the sources is bundled with them first, and so are the servers that it starts. */
await build({
  entryPoints: [...chosen.map(({ file }) => join(folder, file)), join(folder, "http/server.ts")].filter((file) =>
    file.endsWith(".ts"),
  ),
  outdir,
  outbase: folder,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  define: { VTB_SETUP_VERSION: '"bench"' },
});

for (const { name, file } of chosen) {
  const script = file.endsWith(".ts") ? join(outdir, `${name}.mjs`) : join(folder, file);
  const { status } = spawnSync(process.execPath, [script, ...options], { cwd: root, env, stdio: "inherit" });
  process.exitCode ||= status ?? 1;
}
