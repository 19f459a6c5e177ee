// What files of many tokens cost in processor time and memory, beside parsing them alone: node bench/files.mjs [rounds] [tokens…]

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const bin = pathOf("../bin/vtb-setup.js");
const onlyParse = pathOf("support/only-parse.mjs");
const [rounds = 7, ...sizes] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), "vtb-setup-bench-"));
const usageFile = join(folder, "usage.json");
// Nothing inherited: NODE_EXTRA_CA_CERTS alone costs Node several milliseconds.
const env = { PATH: process.env.PATH, HOME: process.env.HOME, USAGE_FILE: usageFile };

/** A file of that many tokens, no two alike, as YAML and as JSON, and once more with another e-mail address for the last one. */
function writeFiles(count) {
  const items = Array.from({ length: count }, (_, index) => ({
    identifier: `app-${index}`,
    token: createHash("sha256").update(`token ${index}`).digest("hex").slice(0, 40),
    contact_person: "Functioneel beheer",
    email: "beheer@gemeente.example",
    permissions: ["taken.view_externetaak"],
  }));
  const yaml = join(folder, `${count}.yaml`);
  const json = join(folder, `${count}.json`);
  const entries = items.map(({ permissions, ...item }) => {
    const fields = Object.entries(item).map(([key, value]) => `${key}: ${value}`);
    return `    - ${[...fields, `permissions: [${permissions}]`].join("\n      ")}\n`;
  });
  const changed = join(folder, `${count}-changed.yaml`);
  const text = `tokenauth_config_enable: true\ntokenauth:\n  items:\n${entries.join("")}`;
  writeFileSync(yaml, text);
  const last = text.lastIndexOf("beheer@");
  writeFileSync(changed, `${text.slice(0, last)}bureau@${text.slice(last + "beheer@".length)}`);
  writeFileSync(json, JSON.stringify({ tokenauth_config_enable: true, tokenauth: { items } }, undefined, 2));
  return { yaml, json, changed };
}

/** What a process used of processor and memory, from its start to its end. */
function measure(args) {
  const hook = ["--import", pathToFileURL(pathOf("support/usage.mjs")).href];
  // A pipe, as in a pod: a report of 100,000 lines is longer than the 1 MB that Node otherwise allows.
  const options = { cwd: folder, env, maxBuffer: Number.POSITIVE_INFINITY };
  const { status, stderr } = spawnSync(process.execPath, [...hook, ...args], options);
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return JSON.parse(readFileSync(usageFile, "utf8"));
}

function medianOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

function benchmark(count) {
  const { yaml, json, changed } = writeFiles(count);
  const database = (name) => join(folder, `${name}.db`);
  const apply = (name, file = yaml) => measure([bin, "apply", file, "--database", `sqlite:${database(name)}`]);
  const remove = (name) => {
    for (const ending of ["", "-wal", "-shm", ".tokens"]) rmSync(database(name) + ending, { force: true });
  };
  const again = (file) => () => {
    remove("copy");
    copyFileSync(database("applied"), database("copy"));
    return apply("copy", file);
  };
  apply("applied");
  const cases = [
    ["`yaml`, parsing alone", () => measure([onlyParse, "yaml", yaml])],
    ["`js-yaml`, its events alone", () => measure([onlyParse, "js-yaml", yaml])],
    ["`validate`", () => measure([bin, "validate", yaml])],
    ["`validate` of the same as JSON", () => measure([bin, "validate", json])],
    [
      "first `apply`, ≤ 0.7",
      () => {
        remove("fresh");
        return apply("fresh");
      },
    ],
    ["`apply` with nothing to do, ≤ 0.5", again(yaml)],
    ["`apply` with nothing to do, as JSON", again(json)],
    ["`apply` of one changed token", again(changed)],
  ];
  const used = cases.map(() => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, [, run]] of cases.entries()) {
      const usage = run();
      if (round >= 0) used[index].push(usage);
    }
  }
  console.log(`### ${count.toLocaleString("en")} tokens\n`);
  console.log(`Node ${process.versions.node}, ${cpus().length} cores, medians of ${rounds} interleaved rounds.\n`);
  console.log("|  | processor, s | times `yaml` | lowest–highest | peak, MB |\n|---|---:|---:|---:|---:|");
  for (const [index, [name]] of cases.entries()) {
    const ratios = used[index].map(({ seconds }, round) => seconds / used[0][round].seconds);
    const figures = [
      medianOf(used[index].map(({ seconds }) => seconds)).toFixed(2),
      medianOf(ratios).toFixed(2),
      index === 0 ? "" : `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`,
      Math.round(medianOf(used[index].map(({ megabytes }) => megabytes))),
    ];
    console.log(`| ${name} | ${figures.join(" | ")} |`);
  }
  console.log();
}

try {
  for (const count of sizes.length > 0 ? sizes : [1000, 10_000, 100_000]) benchmark(count);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
