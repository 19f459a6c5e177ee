import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { actorOptions, databaseOptions, guardOptions, outputOptions } from "../options.js";

const options = { ...databaseOptions, ...actorOptions, ...outputOptions };

const argument = { terms: "<name...>", description: "the usernames", completes: ["user"] } as const;

export const userDeactivateCommand = defineCommand({
  name: "user deactivate",
  group: "User commands:",
  summary: "lock users out, with their tokens",
  description:
    "Deactivates users at once, also those that a file manages: their sessions end, and they, their tokens and their access tokens from a provider are refused. Neither a file nor a sign-in ends that: apply warns and leaves them so, until user activate. Use it in an emergency; afterwards write it in the file.",
  argument,
  options: { ...options, ...guardOptions },
  examples: [
    { purpose: "Deactivate a user of the default database", command: "vtb-setup user deactivate jan" },
    { purpose: "Deactivate two users, and say for whom", command: "vtb-setup user deactivate jan els --actor piet" },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#user-deactivate"],
  run: async (context, settings, names) => {
    const [{ deactivation }, { runUserOperation }] = await Promise.all([
      import("../../operations/deactivate-users.js"),
      import("../run-user-operation.js"),
    ]);
    const actor = actorOf(settings.actor);
    const command = { command: "user deactivate", done: "Deactivated", names, actor } as const;
    return runUserOperation(context, settings, { ...command, operation: deactivation(actor), allow: settings.allow });
  },
});

export const userActivateCommand = defineCommand({
  name: "user activate",
  group: "User commands:",
  summary: "undo what user deactivate did",
  description:
    "Activates users that user deactivate locked out. Use it when a user may have access again. Where a file or the provider makes a user inactive, it is refused and says which: change it there.",
  argument,
  options,
  examples: [
    { purpose: "Activate a user of the default database", command: "vtb-setup user activate jan" },
    { purpose: "Activate it in a script, and read what changed", command: "vtb-setup user activate jan --output json" },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#user-activate"],
  run: async (context, settings, names) => {
    const [{ activation }, { runUserOperation }] = await Promise.all([
      import("../../operations/deactivate-users.js"),
      import("../run-user-operation.js"),
    ]);
    const actor = actorOf(settings.actor);
    const command = { command: "user activate", done: "Activated", names, actor } as const;
    return runUserOperation(context, settings, { ...command, operation: activation });
  },
});
