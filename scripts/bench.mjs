// Runs the benchmarks that are named, or all of them: `npm run bench -- apply`. Each prints ratios measured side by side.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "bench");
const wanted = process.argv.slice(2);
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env; // Where set, it adds to every start.

/** What uses the sources is bundled with them first. */
async function bundle(name) {
  const outfile = join(root, "node_modules/.cache", `bench-${name}.mjs`);
  await build({
    entryPoints: [join(folder, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    define: { VTB_SETUP_VERSION: '"bench"' },
  });
  return outfile;
}

for (const file of readdirSync(folder).sort()) {
  const [name] = file.split(".");
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const script = file.endsWith(".ts") ? await bundle(name) : join(folder, file);
  const { status } = spawnSync(process.execPath, [script], { cwd: root, env, stdio: "inherit" });
  process.exitCode ||= status ?? 1;
}
