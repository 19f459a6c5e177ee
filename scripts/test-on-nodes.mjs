// Installs, builds and tests the last commit on other versions of Node: `npm run test:nodes`, or `npm run test:nodes -- 22`.

import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const versions = process.argv.slice(2);

for (const version of versions.length > 0 ? versions : ["22", "24"]) {
  const folder = mkdtempSync(join(tmpdir(), `vtb-setup-node-${version}-`));
  // Where this is root, tests run commands as another user.
  chmodSync(folder, 0o755);
  try {
    testOn(version, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function testOn(version, folder) {
  const name = `node-${process.platform}-${process.arch}`;
  run("npm", ["install", "--prefix", folder, "--no-save", `${name}@${version}`], folder, process.env);
  const home = join(folder, "node_modules", name);
  const env = { ...process.env, PATH: [join(home, "bin"), process.env.PATH].join(delimiter) };
  // Native packages are built against the headers of the Node that will load them.
  if (existsSync(join(home, "include"))) env.npm_config_nodedir = home;
  const checkout = join(folder, "checkout");
  run("git", ["clone", "--quiet", root, checkout], folder, env);
  run("node", ["--version"], checkout, env);
  run("npm", ["ci"], checkout, env);
  run("npm", ["test"], checkout, env);
}

function run(command, args, cwd, env) {
  execFileSync(command, args, { cwd, env, stdio: "inherit" });
}
