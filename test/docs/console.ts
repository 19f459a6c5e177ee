import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { writeFiles } from "../support/cli.js";
import { type Block, blocksOf } from "./markdown.js";

export interface Shown {
  readonly line: number;
  readonly command: string;
  readonly output: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a document's `console` blocks show: each `$ command` and the output under it. */
export function shownCommands(markdown: string): readonly Shown[] {
  return consoleBlocks(markdown).flatMap(({ text, line }) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const end = /(?<!\\)\n/.exec(part)?.index ?? part.length;
        return { line, command: part.slice(0, end), output: part.slice(end + 1) };
      }),
  );
}

/**
 * Runs a document's commands in one shell in a folder with `examples/` and the files that the document shows, as if standard output
 * were a terminal of 80 columns without colours, and gives what each prints.
 */
export function runCommands(markdown: string, folder: string): readonly string[] {
  prepare(folder, blocksOf(markdown));
  const marker = "=====";
  const commands = shownCommands(markdown).map(
    ({ command }) => `${command}\nstatus=$?; printf '\\n${marker}\\n'; (exit $status)`,
  );
  const { stdout } = spawnSync("sh", ["-c", `exec 2>&1\n${commands.join("\n")}`], {
    cwd: folder,
    env: {
      PATH: [join(folder, ".bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
      HOME: folder,
      NO_COLOR: "1",
      NODE_OPTIONS: `--import ${pathToFileURL(join(folder, ".bin/terminal.mjs")).href}`,
    },
    encoding: "utf8",
    timeout: 60_000,
  });
  const outputs = stdout.split(`\n${marker}\n`).slice(0, -1);
  return outputs.map((output) => normalise(output, folder).replace(/\n$/, ""));
}

function consoleBlocks(markdown: string): readonly Block[] {
  return blocksOf(markdown).filter(({ info }) => info === "console");
}

function prepare(folder: string, blocks: readonly Block[]): void {
  cpSync(join(root, "examples"), join(folder, "examples"), { recursive: true });
  const files = blocks.flatMap(({ file, text }) => (file === undefined ? [] : [[file, text] as const]));
  writeFiles(folder, Object.fromEntries(files));
  const bin = join(folder, ".bin");
  mkdirSync(bin);
  writeFiles(bin, {
    "terminal.mjs": "Object.assign(process.stdout, { isTTY: true, columns: 80 });\n",
    // Installing is for the checkout, and npx would ask a registry.
    npm: '#!/bin/sh\n[ "$*" = ci ]\n',
    npx: '#!/bin/sh\nexec "$@"\n',
  });
  for (const name of ["npm", "npx"]) chmodSync(join(bin, name), 0o755);
  symlinkSync(join(root, "bin/vtb-setup.js"), join(bin, "vtb-setup"));
  // For examples that import the package by its name.
  mkdirSync(join(folder, "node_modules"));
  for (const [name, target] of [
    ["vtb-setup", root],
    ["zod", join(root, "node_modules/zod")],
  ] as const) {
    symlinkSync(target, join(folder, "node_modules", name));
  }
}

/** What differs from run to run, as placeholders. */
function normalise(output: string, folder: string): string {
  return output
    .replaceAll(realpathSync(folder), "<folder>")
    .replaceAll(folder, "<folder>")
    .replace(/\bvtb_[0-9A-Za-z]{46}\b/g, "<generated token>")
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<id>")
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replace(/("durationMs": )\d+/g, "$1<ms>");
}
