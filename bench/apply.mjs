// How long commands take, beside starting Node alone. Prints medians of interleaved rounds: node bench/apply.mjs [rounds]

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../bin/vtb-setup.js", import.meta.url));
const quickstart = fileURLToPath(new URL("../examples/quickstart.yaml", import.meta.url));
const rounds = Math.max(5, Number(process.argv[2] ?? 5));
const folder = mkdtempSync(join(tmpdir(), "vtb-setup-bench-"));
// Nothing inherited: NODE_EXTRA_CA_CERTS alone costs Node several milliseconds.
const env = { PATH: process.env.PATH, HOME: process.env.HOME };

/** A file of that many tokens, no two alike. */
function tokensFile(count) {
  const items = Array.from({ length: count }, (_, index) => {
    const token = createHash("sha256").update(`token ${index}`).digest("hex").slice(0, 40);
    const lines = ["contact_person: Functioneel beheer", "email: beheer@gemeente.example"];
    return [
      `    - identifier: app-${index}`,
      `token: ${token}`,
      ...lines,
      "permissions: [taken.view_externetaak]",
    ].join("\n      ");
  });
  const file = join(folder, `${count}.yaml`);
  writeFileSync(file, `tokenauth_config_enable: true\ntokenauth:\n  items:\n${items.join("\n")}\n`);
  return file;
}

/** Milliseconds that a process takes from start to end. */
function timed(args) {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env });
  const elapsed = performance.now() - started;
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return elapsed;
}

const apply = (file, database) => [bin, "apply", file, "--database", `sqlite:${database}`];

/** A file's database as an apply leaves it, to be copied by each round. */
function prepare(file, name) {
  const database = join(folder, `${name}.db`);
  timed(apply(file, database));
  return database;
}

function medianOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle - 1)]) / 2;
}

function benchmark() {
  const few = tokensFile(2000);
  const many = tokensFile(10_000);
  const appliedQuickstart = prepare(quickstart, "quickstart");
  const appliedMany = prepare(many, "many");
  const fresh = join(folder, "fresh.db");
  const first = (file) => () => {
    for (const ending of ["", "-wal", "-shm", ".tokens"]) rmSync(fresh + ending, { force: true });
    return timed(apply(file, fresh));
  };
  const again = (file, database) => () => {
    const copy = join(folder, "copy.db");
    copyFileSync(database, copy);
    copyFileSync(`${appliedQuickstart}.key`, `${copy}.key`);
    return timed(apply(file, copy));
  };
  const cases = [
    ["`node -e 0`", () => timed(["-e", "0"])],
    ["`vtb-setup --version`", () => timed([bin, "--version"])],
    ["`apply` of the quickstart, nothing to do", again(quickstart, appliedQuickstart)],
    ["first `apply` of 2,000 tokens", first(few)],
    ["first `apply` of 10,000 tokens", first(many)],
    ["`apply` of 10,000 tokens, nothing to do", again(many, appliedMany)],
  ].map(([name, run]) => ({ name, run, times: [] }));

  for (let round = 0; round < rounds; round += 1) for (const { run, times } of cases) times.push(run());

  const base = medianOf(cases[0].times);
  const rows = cases.map(({ name, times }) => {
    const range = `${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)}`;
    const median = medianOf(times);
    return `| ${name} | ${median.toFixed(0)} | ${range} | ${(median / base).toFixed(1)} |`;
  });
  console.log("### Commands, from the start of the process to its end\n");
  console.log(`Node ${process.versions.node}, ${cpus().length} cores, medians of ${rounds} interleaved rounds.\n`);
  console.log("|  | ms | lowest–highest | × `node -e 0` |\n|---|---:|---:|---:|");
  console.log(`${rows.join("\n")}\n`);
}

try {
  benchmark();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
