import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { configOptions, filesArgument, loadOptions, outputOptions } from "../options.js";
import { printResult } from "../print.js";

export const renderCommand = defineCommand({
  name: "render",
  group: "Configuration commands:",
  summary: "write files and overlays as one file",
  description:
    "Writes the effective configuration of files and overlays as one file, with the file and line of each value in a comment. Use it to see which of several files decides, and to review what an overlay changes. It uses no database, no network and no secrets: value_from stays as it is, and a secret that stands in a file becomes one.",
  argument: filesArgument,
  options: { ...configOptions, ...outputOptions },
  examples: [
    {
      purpose: "See what is applied in production",
      command: "vtb-setup render base.yaml --overlay production.yaml",
    },
    {
      purpose: "Compare two environments",
      command:
        "vtb-setup render base.yaml --overlay test.yaml > test.txt\nvtb-setup render base.yaml --overlay production.yaml | diff test.txt -",
    },
  ],
  statuses: ["invalid", "refused"],
  pages: ["command-line.md#render", "configuration.md#overlays"],
  run: async (context, settings, files) => {
    const [{ renderConfiguration }, { showDiagnostics }, { diagnosticToJson, formatVersion }] = await Promise.all([
      import("../../apply/render.js"),
      import("../show-diagnostics.js"),
      import("../../report/json.js"),
    ]);
    const { text, origins, variables, diagnostics } = await renderConfiguration(
      files,
      await loadOptions(context, settings),
    );
    showDiagnostics(context, diagnostics, settings);
    if (settings.output === "json") {
      const items = [{ text, origins, variables }];
      const value = { formatVersion, command: "render", outcome: "ok", items };
      await printResult(context, { kind: "json", value: { ...value, diagnostics: diagnostics.map(diagnosticToJson) } });
    } else {
      await printResult(context, { kind: "text", text });
    }
    return exitStatus.done;
  },
});
