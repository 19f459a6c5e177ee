import { defineCommand } from "../command.js";
import { completedBy } from "../completes.js";
import { exitStatus } from "../exit-status.js";
import { choice, list, stepOptions } from "../options.js";
import { printResult } from "../print.js";

export const exampleCommand = defineCommand({
  name: "example",
  group: "Reference commands:",
  summary: "print a commented configuration to start from",
  description:
    "Prints a configuration file with a comment above each field, to fill in and apply. Use it to begin a file, or to look fields up beside one: without options it has every field, with --for what a common set-up needs. Each <gap> in it is refused until it is filled in.",
  options: {
    for: choice("configuration", "--for <set-up>", "only what this set-up needs", ["open-vtb", "keycloak", "entra"]),
    step: completedBy(
      list("configuration", "--step <namespace>", "only the part under this root key, such as tokenauth"),
      "namespace",
    ),
    ...stepOptions,
  },
  examples: [
    {
      purpose: "Begin a file for people who sign in with Keycloak",
      command: "vtb-setup example --for keycloak > config.yaml",
    },
    { purpose: "See every field of API tokens", command: "vtb-setup example --step tokenauth" },
    {
      purpose: "See the fields of a step of your own",
      command: "vtb-setup example --steps webhooks.mjs --step webhooks_config",
    },
  ],
  statuses: [],
  pages: ["command-line.md#example", "reference.md", "getting-started.md"],
  run: async (context, settings) => {
    const { writeExample } = await import("../write-example.js");
    const text = await writeExample(context, settings.steps, { setUp: settings.for, namespaces: settings.step });
    await printResult(context, { kind: "text", text });
    return exitStatus.done;
  },
});
