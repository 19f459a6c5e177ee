// Installs, builds and tests the last commit on other versions of Node: `npm run test:nodes`, or `npm run test:nodes -- 22`. Where Node
// has an SQLite of its own, the tests run once more with that.

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installNode } from "./install-node.mjs";

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
  const { env } = installNode(version, folder);
  const checkout = join(folder, "checkout");
  run("git", ["clone", "--quiet", root, checkout], folder, env);
  run("node", ["--version"], checkout, env);
  run("npm", ["ci"], checkout, env);
  run("npx", ["vitest", "run", "--project", "sqlite", "--project", "postgres"], checkout, env);
  testWithOwnSqlite(checkout, env);
}

/** Where Node has an SQLite that is not experimental, everything that opens a file must work without better-sqlite3. */
function testWithOwnSqlite(checkout, env) {
  const ask = "process.exitCode = 'serialize' in require('node:sqlite').DatabaseSync.prototype ? 0 : 1";
  if (spawnSync("node", ["-e", ask], { env, stdio: "ignore" }).status !== 0) return;
  const modules = join(checkout, "node_modules");
  for (const name of readdirSync(modules).filter((name) => name.startsWith("better-sqlite3"))) {
    for (const compiled of ["build", "prebuilds"])
      rmSync(join(modules, name, compiled), { recursive: true, force: true });
  }
  run("npx", ["vitest", "run", "--project", "sqlite", "--testTimeout", "300000"], checkout, env);
}

function run(command, args, cwd, env) {
  execFileSync(command, args, { cwd, env, stdio: "inherit" });
}
