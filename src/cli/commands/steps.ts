import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { outputOptions, stepOptions } from "../options.js";
import { printResult } from "../print.js";

export const stepsCommand = defineCommand({
  name: "steps",
  group: "Reference commands:",
  summary: "list the steps that a file can enable",
  description:
    "Lists the steps that a file can enable: the flag that enables each, the key under which it is configured, and the kinds of entries that it declares. Use it to see what a file can hold, and to check that a module of your own steps loads.",
  options: { ...stepOptions, ...outputOptions },
  examples: [
    { purpose: "List the steps of this version", command: "vtb-setup steps" },
    {
      purpose: "Include the steps of a module, as JSON",
      command: "vtb-setup steps --steps webhooks.mjs --output json",
    },
  ],
  statuses: [],
  pages: ["command-line.md#steps", "configuration.md", "custom-steps.md"],
  run: async (context, settings) => {
    const [{ loadStepModules }, { coreSteps }, { formatVersion }] = await Promise.all([
      import("../../apply/step-modules.js"),
      import("../../resources/registry.js"),
      import("../../report/json.js"),
    ]);
    const { steps } = await loadStepModules(settings.steps, context.cwd);
    const listed = [...coreSteps, ...steps].map(({ title, flag, namespace, kinds }) => ({
      title,
      flag,
      namespace,
      kinds,
    }));
    if (settings.output === "json") {
      await printResult(context, { kind: "json", value: { formatVersion, command: "steps", steps: listed } });
      return exitStatus.done;
    }
    const { bold } = context.terminal.outPaint;
    const blocks = listed.map(
      ({ title, flag, namespace, kinds }) =>
        `${bold(title)}\n  enabled by  ${flag}: true\n  configured  ${namespace}:\n  declares    ${kinds.join(", ")}\n`,
    );
    await printResult(context, { kind: "text", text: blocks.join("\n") });
    return exitStatus.done;
  },
});
