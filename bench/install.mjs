// What installing costs on each version of Node that is in use: the packed package in an empty folder, beside the SQLite driver alone,
// and a checkout. What the registry serves is in npm's cache before. Needs a POSIX shell.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { installNode } from "../scripts/install-node.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vtb-setup-install-"));
const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel", "error"];
// The release that npm takes for this package as well.
const { "better-sqlite3": driverRange } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
).optionalDependencies;

function newFolder(name) {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, "package.json"), '{ "name": "user", "version": "1.0.0", "private": true }');
  return path;
}

/** Runs npm, and returns the seconds that it and all that it starts take: of the clock and of processors. */
function timed(args, cwd, env) {
  const started = performance.now();
  const output = execFileSync(
    "sh",
    ["-c", 'npm "$@" >npm.log 2>&1 || { cat npm.log >&2; exit 1; }; times', "sh", ...args],
    {
      cwd,
      env,
      encoding: "utf8",
    },
  );
  const seconds = (performance.now() - started) / 1000;
  // The second line has the user and system time of what the shell started.
  const children = output.trim().split("\n").at(-1) ?? "";
  const processor = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + Number(m) * 60 + Number(s),
    0,
  );
  return { seconds, processor };
}

function sizeOf(path) {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries.reduce(
    (sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0),
    0,
  );
}

/** What is installed in a folder. */
function installedIn(cwd) {
  const modules = join(cwd, "node_modules");
  const { packages } = JSON.parse(readFileSync(join(modules, ".package-lock.json"), "utf8"));
  return { packages: Object.keys(packages).length, megabytes: sizeOf(modules) / 1e6 };
}

function install(name, what, env) {
  const args = ["install", ...what, ...quiet];
  timed([...args, "--ignore-scripts"], newFolder(`${name}-cache`), env);
  const cwd = newFolder(name);
  return { ...timed(args, cwd, env), ...installedIn(cwd) };
}

function checkOut(name, env) {
  const cwd = join(folder, name);
  execFileSync("git", ["clone", "--quiet", root, cwd]);
  return { ...timed(["ci", ...quiet], cwd, env), ...installedIn(cwd) };
}

function measure(version, tarball) {
  mkdirSync(join(folder, version));
  const { env } = installNode(version, join(folder, version));
  const node = execFileSync("node", ["--version"], { env, encoding: "utf8" }).trim();
  const rows = [
    ["the package", install(`${version}-package`, [tarball], env)],
    ["the package, `--omit=optional`", install(`${version}-bare`, [tarball, "--omit=optional"], env)],
    ["`better-sqlite3` alone", install(`${version}-driver`, [`better-sqlite3@${driverRange}`], env)],
    ["a checkout (`npm ci`, which builds)", checkOut(`${version}-checkout`, env)],
  ];
  return rows.map(
    ([what, { seconds, processor, packages, megabytes }]) =>
      `| ${node.slice(1)} | ${what} | ${seconds.toFixed(1)} | ${processor.toFixed(1)} | ${packages} | ${megabytes.toFixed(0)} |`,
  );
}

try {
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: root,
    encoding: "utf8",
  });
  const tarball = join(folder, JSON.parse(packed)[0].filename);
  console.log(`### What an installation costs

${cpus().length} cores, one run each, with everything in npm's cache.

| Node | what | seconds | of processors | packages | MB |
|---|---|---:|---:|---:|---:|`);
  for (const version of ["20", "22", "24"]) for (const row of measure(version, tarball)) console.log(row);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
