import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { writeFiles } from "../support/cli.js";
import { writeIncumbent } from "../support/incumbent.js";
import { type Block, blocksOf } from "./markdown.js";

export interface Shown {
  readonly line: number;
  readonly command: string;
  readonly output: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a document's `console` blocks show: each `$ command` and the output under it. */
export function shownCommands(markdown: string): readonly Shown[] {
  return blocksOf(markdown).flatMap((block) => (block.info === "console" ? commandsIn(block) : []));
}

function commandsIn({ text, line }: Block): readonly Shown[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = /(?<!\\)\n/.exec(part)?.index ?? part.length;
      return { line, command: part.slice(0, end), output: part.slice(end + 1) };
    });
}

/** `output`: what the document shows of it, where it shows any. */
export type CopiedCommand = Pick<Shown, "command"> & Partial<Shown>;

/** Every command that a reader may copy: those of `console` blocks, and those of `sh` blocks, which show no output. */
export function everyCommand(markdown: string): readonly CopiedCommand[] {
  return blocksOf(markdown).flatMap((block): readonly CopiedCommand[] => {
    if (block.info === "console") return commandsIn(block);
    if (block.info !== "sh") return [];
    const commands = block.text.trim().split(/(?<!\\)\n/);
    // What starts a server is waited for, however it is started.
    return commands.map((command) => ({ command: command.replace(/^(node .*) &$/, "$1") }));
  });
}

/** What a command printed, on either stream, and how it ended. */
export interface Run {
  readonly command: string;
  readonly output: string;
  readonly status: number;
}

export interface RunOptions {
  readonly isTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Servers are started in the background and waited for until they have printed their URL, and until they are gone again; the answer
 * to a request for an access token is put where the documents say, in ACCESS_TOKEN.
 */
const shellFunctions = `
servers=
trap 'kill $servers' EXIT
kill() {
  for server in "$@"; do command kill $server 2>/dev/null && wait $server; done
  true
}
node() {
  : > .started
  command node "$@" > .started 2> .errors &
  servers="$servers $!"
  while [ ! -s .started ] && command kill -0 $! 2>/dev/null; do sleep 0.1; done
  cat .started .errors
  # A server goes on; a script has ended, with its own status.
  command kill -0 $! 2>/dev/null || wait $!
}
curl() {
  answer=$(command curl --silent --show-error "$@") || return
  printf '%s\\n' "$answer"
  given=$(printf '%s' "$answer" | sed -n 's/.*"access_token":"\\([^"]*\\)".*/\\1/p')
  ACCESS_TOKEN=\${given:-$ACCESS_TOKEN}
}
`;

/**
 * Runs commands in one shell in a folder that {@link prepareFolder} filled, and gives what each prints. Its streams are pipes; with
 * `isTerminal`, standard output passes for a terminal of 80 columns without colours.
 */
export function runCommands(
  commands: readonly string[],
  folder: string,
  { isTerminal = false, env = {} }: RunOptions = {},
): readonly Run[] {
  const marker = "=====";
  const lines = commands.map((command) => `${command}\nstatus=$?; printf '\\n${marker} %d\\n' $status; (exit $status)`);
  const { stdout } = spawnSync("sh", ["-c", `exec 2>&1\n${shellFunctions}${lines.join("\n")}`], {
    cwd: folder,
    env: {
      PATH: [join(folder, ".bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
      HOME: folder,
      ...env,
      ...(isTerminal && {
        NO_COLOR: "1",
        NODE_OPTIONS: `--import ${pathToFileURL(join(folder, ".bin/terminal.mjs")).href}`,
      }),
    },
    encoding: "utf8",
    timeout: 120_000,
  });
  const parts = stdout.split(new RegExp(`\\n${marker} (\\d+)\\n`));
  return commands.map((command, index) => ({
    command,
    output: normalise(parts[2 * index] ?? "", folder).replace(/\n$/, ""),
    status: Number(parts[2 * index + 1] ?? Number.NaN),
  }));
}

/** Fills a folder with `examples/`, the files that a document shows, and what its commands need besides. */
export function prepareFolder(markdown: string, folder: string): void {
  cpSync(join(root, "examples"), join(folder, "examples"), { recursive: true });
  const files = blocksOf(markdown).flatMap(({ file, text }) => (file === undefined ? [] : [[file, text] as const]));
  writeFiles(folder, Object.fromEntries(files));
  if (markdown.includes("sqlite:db.sqlite3")) writeIncumbent(join(folder, "db.sqlite3"));
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
  symlinkSync(root, join(folder, "node_modules/vtb-setup"));
  for (const name of ["zod", "express", "hono", "@hono", "oidc-provider"]) {
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
}

/** What differs from run to run, as placeholders. */
function normalise(output: string, folder: string): string {
  return output
    .replaceAll(realpathSync(folder), "<folder>")
    .replaceAll(folder, "<folder>")
    .replace(/\bvtb_[0-9A-Za-z]{46}\b/g, "<generated token>")
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<id>")
    .replace(/^[0-9a-f]{8}(?= {2}\d)|(?<=\bkey )[0-9a-f]{8}(?=\.$)/gm, "<key id>")
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replace(/("durationMs": )\d+/g, "$1<ms>");
}
