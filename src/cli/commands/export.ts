import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ExportedFile } from "../../apply/export.js";
import { escapeControls } from "../../characters.js";
import { setupError } from "../../errors.js";
import { defineCommand } from "../command.js";
import { completedBy } from "../completes.js";
import { exitStatus } from "../exit-status.js";
import { databaseOptions, flag, outputOptions, stepOptions, text } from "../options.js";
import { printResult } from "../print.js";

export const exportCommand = defineCommand({
  name: "export",
  group: "Configuration commands:",
  summary: "write what the database holds as a file",
  description:
    "Writes what one owner manages in the database as a file, to which the database then matches. Use it to take over what was made by hand, and to move to another database: with its secrets in the variables that its first lines name, apply makes the same there. Tokens go out as digests, so that their values keep working; passwords do not go out.",
  argument: {
    terms: "[kinds...]",
    description: "only entries of these kinds, as steps lists them; without any, of all",
    completes: ["kind"],
  },
  options: {
    ...stepOptions,
    ...databaseOptions,
    owner: completedBy(
      text("filter", "--owner <name>", "what this owner manages; without it, the owner default"),
      "owner",
    ),
    all: flag("filter", "--all", "one file for each owner, and unowned.yaml; needs --output-dir"),
    sanitize: flag("output", "--sanitize", "replace names, addresses and hosts, for support"),
    ...outputOptions,
    outputDir: text("output", "--output-dir <dir>", "write files into this folder, and never over others"),
  },
  examples: [
    { purpose: "Write what the owner shop manages", command: "vtb-setup export --owner shop > shop.yaml" },
    { purpose: "Write everything, in a file for each owner", command: "vtb-setup export --all --output-dir export" },
    { purpose: "Write API tokens and users alone", command: "vtb-setup export api_token user" },
    { purpose: "Show the setup to others, without names", command: "vtb-setup export --sanitize > support.yaml" },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#export", "migrating.md"],
  run: async (context, settings, kindNames) => {
    const { all, owner, outputDir, database, wait } = settings;
    const mistake =
      all && owner !== undefined
        ? "--all can't be combined with --owner"
        : all && outputDir === undefined
          ? "--all needs --output-dir: it writes a file for each owner"
          : undefined;
    if (mistake !== undefined) throw setupError("usage", "COMMAND_LINE", mistake, "see vtb-setup export --help");
    const [{ exportDatabase }, { loadStepModules }, { formatVersion }] = await Promise.all([
      import("../../apply/export.js"),
      import("../../apply/step-modules.js"),
      import("../../report/json.js"),
    ]);
    const { env, cwd, signal, terminal } = context;
    const files = await exportDatabase({
      ...(await loadStepModules(settings.steps, cwd)),
      owner: all ? { kind: "all" } : { kind: "one", name: owner ?? "default" },
      kindNames,
      sanitize: settings.sanitize,
      database,
      waitMs: wait,
      env,
      signal,
      onWaiting: terminal.waiting,
    });
    const written = outputDir === undefined ? [] : await writeAll(cwd, outputDir, files);
    if (settings.output === "json") {
      const items = files.map(({ text, ...file }, index) => ({
        ...file,
        ...(written[index] ? { file: written[index] } : { text }),
      }));
      const value = { formatVersion, command: "export", outcome: "ok", items, diagnostics: [] };
      await printResult(context, { kind: "json", value });
    } else {
      const names = written.map((file) => `Written: ${escapeControls(file)}\n`);
      const text = outputDir === undefined ? files.map((file) => file.text).join("") : names.join("");
      await printResult(context, { kind: "text", text });
    }
    return exitStatus.done;
  },
});

/** @throws SetupError `OUTPUT_FILE` (refused), before anything is written where a file exists */
async function writeAll(cwd: string, folder: string, files: readonly ExportedFile[]): Promise<readonly string[]> {
  const { createPrivateFile } = await import("../../secrets/file-access.js");
  const targets = files.map((file) => ({ path: join(folder, fileName(file)), text: file.text }));
  const taken = targets.find(({ path }) => existsSync(resolve(cwd, path)));
  if (taken) {
    const hint = "move it away, or name another folder";
    throw setupError("refused", "OUTPUT_FILE", `the file ${taken.path} already exists`, hint);
  }
  try {
    mkdirSync(resolve(cwd, folder), { recursive: true });
    for (const { path, text } of targets) createPrivateFile(resolve(cwd, path), text);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    const message = `can't write the files into ${folder} (${code})`;
    throw setupError("refused", "OUTPUT_FILE", message, "name a folder that this user may write to", { cause });
  }
  return targets.map(({ path }) => path);
}

/** An owner's name may hold anything that can be seen, and must not lead elsewhere. */
function fileName({ owner }: ExportedFile): string {
  if (owner === null) return "unowned.yaml";
  const name = encodeURIComponent(owner);
  return /^[a-z\d]/i.test(name) && name !== "unowned" ? `${name}.yaml` : `owner-${name}.yaml`;
}
