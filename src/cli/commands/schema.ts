import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { stepOptions } from "../options.js";
import { printResult } from "../print.js";

export const schemaCommand = defineCommand({
  name: "schema",
  group: "Reference commands:",
  summary: "print the JSON Schema of the files, for editors",
  description:
    "Prints the JSON Schema (draft-07) of the files, with which editors complete and check them. Use it for steps of your own: the package holds the schema of the other steps as schemas/vtb-setup.schema.json.",
  options: stepOptions,
  examples: [
    { purpose: "Write the schema to a file", command: "vtb-setup schema > vtb-setup.schema.json" },
    { purpose: "Include the steps of a module", command: "vtb-setup schema --steps webhooks.mjs" },
  ],
  statuses: [],
  pages: ["command-line.md#schema", "configuration.md", "custom-steps.md"],
  run: async (context, settings) => {
    const [{ loadStepModules }, { configurationSchema }, { coreSteps }] = await Promise.all([
      import("../../apply/step-modules.js"),
      import("../../config/schema-file.js"),
      import("../../resources/registry.js"),
    ]);
    const { steps } = await loadStepModules(settings.steps, context.cwd);
    await printResult(context, { kind: "json", value: configurationSchema([...coreSteps, ...steps]) });
    return exitStatus.done;
  },
});
