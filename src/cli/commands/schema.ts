import { setupError } from "../../errors.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { stepOptions } from "../options.js";
import { printResult } from "../print.js";

/** The files that have a schema. */
const documents = ["configuration", "catalogue", "access-tests"] as const;

export const schemaCommand = defineCommand({
  name: "schema",
  group: "Reference commands:",
  summary: "print the JSON Schema of the files, for editors",
  description:
    "Prints the JSON Schema (draft-07) of the files, with which editors complete and check them. Use it for steps of your own: the package holds the schema of the other steps as schemas/vtb-setup.schema.json, and those of the other files beside it.",
  argument: {
    terms: "[document]",
    description: `which file: ${documents.join(", ")}; defaults to configuration`,
    completes: { values: documents },
  },
  options: stepOptions,
  examples: [
    { purpose: "Write the schema to a file", command: "vtb-setup schema > vtb-setup.schema.json" },
    { purpose: "Include the steps of a module", command: "vtb-setup schema --steps webhooks.mjs" },
  ],
  statuses: [],
  pages: ["command-line.md#schema", "configuration.md", "custom-steps.md"],
  run: async (context, settings, [document = "configuration"]) => {
    const asked = documents.find((name) => name === document);
    if (asked === undefined) {
      throw setupError(
        "usage",
        "COMMAND_LINE",
        `there is no schema ${document}`,
        "write configuration, catalogue or access-tests",
      );
    }
    const [
      { loadStepModules },
      { catalogueSchema, configurationSchema, plainFileSchema },
      { coreSteps },
      { accessTestSchema },
    ] = await Promise.all([
      import("../../apply/step-modules.js"),
      import("../../config/schema-file.js"),
      import("../../resources/registry.js"),
      import("../../apply/access-test-file.js"),
    ]);
    const { steps } = await loadStepModules(settings.steps, context.cwd);
    const schemas = {
      configuration: () => configurationSchema([...coreSteps, ...steps]),
      catalogue: catalogueSchema,
      "access-tests": () => plainFileSchema("vtb-setup access tests", accessTestSchema),
    };
    await printResult(context, { kind: "json", value: schemas[asked]() });
    return exitStatus.done;
  },
});
