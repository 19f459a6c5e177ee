import { escapeControls } from "../../characters.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { configOptions, envOptions, filesArgument, loadOptions, outputOptions } from "../options.js";
import { printResult } from "../print.js";

export const validateCommand = defineCommand({
  name: "validate",
  group: "Configuration commands:",
  summary: "check the files, without database and network",
  description:
    "Checks the files: syntax, fields, values, and references between entries. Use it while editing, in a pre-commit hook, and as the first job of a pipeline: it uses no database and no network, and with --no-env it needs no secrets.",
  argument: filesArgument,
  options: { ...configOptions, ...envOptions, ...outputOptions },
  examples: [
    { purpose: "Check two files as one configuration", command: "vtb-setup validate providers.yaml tokens.yaml" },
    {
      purpose: "In a pipeline: check a folder without secrets, and refuse warnings",
      command: "vtb-setup validate --no-env --strict config/",
    },
  ],
  statuses: ["invalid", "refused"],
  pages: ["command-line.md#validate", "configuration.md", "diagnostics.md"],
  run: async (context, settings, files) => {
    const [{ validate }, { showDiagnostics }, { outcomeToJson }] = await Promise.all([
      import("../../apply/load.js"),
      import("../show-diagnostics.js"),
      import("../../report/json.js"),
    ]);
    const options = await loadOptions(context, settings);
    const warnings = await validate(files, { ...options, noEnv: !settings.env });
    showDiagnostics(context, warnings, settings);
    if (settings.output === "json") {
      await printResult(context, { kind: "json", value: outcomeToJson("validate", "valid", warnings) });
    } else {
      await printResult(context, { kind: "text", text: `Valid: ${files.map(escapeControls).join(", ")}\n` });
    }
    return exitStatus.done;
  },
});
