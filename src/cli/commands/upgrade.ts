import { setupError } from "../../errors.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { filesArgument, flag, outputOptions, stepOptions } from "../options.js";
import { printChanges, printResult } from "../print.js";

export const upgradeCommand = defineCommand({
  name: "upgrade",
  group: "Configuration commands:",
  summary: "rewrite deprecated spellings in files",
  description:
    "Shows as a diff how the deprecated spellings of files are written today, and with --write rewrites the files. Comments, order, quotes and anchors stay, and so does what the files declare: plan shows no changes afterwards. Use it when validate warns of deprecated fields: it uses no database, no network and no secrets. What it can't rewrite by itself is listed.",
  argument: filesArgument,
  options: {
    ...stepOptions,
    ...outputOptions,
    write: flag("output", "--write", "rewrite the files"),
    check: flag("output", "--check", "exit with 2 where there are deprecated spellings"),
  },
  examples: [
    { purpose: "Show what would be rewritten", command: "vtb-setup upgrade config.yaml" },
    { purpose: "Rewrite the files of a folder", command: "vtb-setup upgrade --write config/" },
    { purpose: "In a pipeline: exit with 2 on deprecated spellings", command: "vtb-setup upgrade --check config/" },
  ],
  statuses: ["changesPlanned", "invalid", "refused"],
  pages: ["command-line.md#upgrade", "migrating.md", "diagnostics.md"],
  run: async (context, settings, files) => {
    const { terminal, cwd, stdin } = context;
    if (settings.write && (settings.check || files.includes("-"))) {
      const message = settings.check
        ? "--write can't be combined with --check"
        : "--write can't rewrite standard input";
      throw setupError("usage", "COMMAND_LINE", message, "see vtb-setup upgrade --help");
    }
    const [{ upgrade }, { loadStepModules }, { replaceFiles }, { showDiagnostics }, { renderUpgrade, upgradeToJson }] =
      await Promise.all([
        import("../../apply/upgrade.js"),
        import("../../apply/step-modules.js"),
        import("../write-files.js"),
        import("../show-diagnostics.js"),
        import("../../report/upgrade.js"),
      ]);
    const modules = await loadStepModules(settings.steps, cwd);
    const result = await upgrade(files, { ...modules, cwd, stdin });
    const outcome = result.files.length === 0 ? "unchanged" : settings.write ? "applied" : "planned";
    const print = () => {
      showDiagnostics(context, result.diagnostics, settings);
      if (settings.output === "json") return { kind: "json", value: upgradeToJson(outcome, result) } as const;
      return { kind: "text", text: renderUpgrade(outcome, result, terminal.outPaint) } as const;
    };
    if (outcome === "applied") {
      replaceFiles(result.files);
      await printChanges(context, print, []);
    } else {
      await printResult(context, print());
    }
    const isFound = result.files.length + result.diagnostics.length > 0;
    return settings.check && isFound ? exitStatus.changesPlanned : exitStatus.done;
  },
});
