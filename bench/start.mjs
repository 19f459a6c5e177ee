// How long commands take from the start of the process to its end, beside starting Node alone, on this Node or with `--nodes` on 20,
// 22 and 24: node bench/start.mjs [--nodes] [--rounds=N]

import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installNode } from "../scripts/install-node.mjs";

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const bin = pathOf("../bin/vtb-setup.js");
const commanderAlone = pathOf("support/commander-alone.mjs");
const quickstart = pathOf("../examples/quickstart.yaml");
const options = process.argv.slice(2);
const [, given = "21"] = options.map((option) => /^--rounds=(\d+)$/.exec(option)).find(Boolean) ?? [];
const rounds = Number(given);
const folder = mkdtempSync(join(tmpdir(), "vtb-setup-bench-"));
// Nothing inherited: NODE_EXTRA_CA_CERTS alone costs Node several milliseconds.
const env = { PATH: process.env.PATH, HOME: process.env.HOME };

/** The command in a folder where it can't cache its code. */
function uncachedBin() {
  const home = join(folder, "uncached");
  for (const name of ["bin", "dist", "package.json"])
    cpSync(pathOf(`../${name}`), join(home, name), { recursive: true });
  mkdirSync(join(home, "node_modules"));
  for (const name of readdirSync(pathOf("../node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(pathOf(`../node_modules/${name}`), join(home, "node_modules", name));
  }
  writeFileSync(join(home, "node_modules/.cache"), "");
  return join(home, "bin/vtb-setup.js");
}

function medianOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

function benchmark(node, version, uncached) {
  /** Milliseconds that a process takes from start to end; undefined where it fails. */
  const timed = (args, expected = 0) => {
    const started = performance.now();
    const { status } = spawnSync(node, args, { cwd: folder, env });
    return status === expected ? performance.now() - started : undefined;
  };
  const applied = join(folder, `${version}.db`);
  const apply = (program, database) => [program, "apply", quickstart, "--database", `sqlite:${database}`];
  timed(apply(bin, applied));
  const again = (program) => () => {
    const copy = join(folder, "copy.db");
    rmSync(copy, { force: true });
    try {
      for (const ending of ["", ".key"]) copyFileSync(applied + ending, copy + ending);
    } catch {
      // No SQLite driver was installed for this Node.
      return undefined;
    }
    return timed(apply(program, copy));
  };
  const cases = [
    ["`node -e 0`", undefined, () => timed(["-e", "0"])],
    ["an empty program with `commander`", undefined, () => timed([commanderAlone])],
    ["`vtb-setup --version`", 1.25, () => timed([bin, "--version"])],
    ["`vtb-setup nonsense`, an unknown command", undefined, () => timed([bin, "nonsense"], 64)],
    ["`vtb-setup --help`", undefined, () => timed([bin, "--help"])],
    ["`validate` of the quickstart", 3, () => timed([bin, "validate", quickstart])],
    ["the same where no code is cached", undefined, () => timed([uncached, "validate", quickstart])],
    ["`apply` of the quickstart, nothing to do", 3.5, again(bin)],
    ["the same where no code is cached", undefined, again(uncached)],
  ].map(([name, aim, run]) => ({ name, aim, run, times: [] }));
  // The first round makes the caches.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { run, times } of cases) {
      const time = run();
      if (round > 0 && time !== undefined) times.push(time);
    }
  }
  const base = medianOf(cases[0].times);
  const rows = cases.map(({ name, aim, times }) => {
    if (times.length < rounds) return `| ${name} | does not run | | | |`;
    const [median, lowest, highest] = [medianOf(times), Math.min(...times), Math.max(...times)];
    const range = `${lowest.toFixed(0)}–${highest.toFixed(0)}`;
    const limit = aim === undefined ? "" : `≤ ${aim}`;
    return `| ${name} | ${median.toFixed(0)} | ${range} | ${(median / base).toFixed(2)} | ${limit} |`;
  });
  console.log(`### Commands on Node ${version}, from the start of the process to its end\n`);
  console.log(`${cpus().length} cores, medians of ${rounds} interleaved rounds.\n`);
  console.log("|  | ms | lowest–highest | × `node -e 0` | aim |\n|---|---:|---:|---:|---:|");
  console.log(`${rows.join("\n")}\n`);
}

try {
  const uncached = uncachedBin();
  if (options.includes("--nodes")) {
    for (const major of ["20", "22", "24"]) {
      const { bin: node } = installNode(major, folder);
      const version = spawnSync(node, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout.trim();
      benchmark(node, version, uncached);
    }
  } else benchmark(process.execPath, process.versions.node, uncached);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
