import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { actorOptions, databaseOptions, guardOptions, outputOptions } from "../options.js";

export const userUnlinkCommand = defineCommand({
  name: "user unlink",
  group: "User commands:",
  summary: "separate users from who signs in as them",
  description:
    "Ends the link between a user and the person at a provider who signs in as it, with the groups and rights that this person's claims gave and all sessions. Use it where the wrong person was linked, or before a user gets a password. It says where the next sign-in would link the user again.",
  argument: { terms: "<name...>", description: "the usernames", completes: ["user"] },
  options: { ...databaseOptions, ...actorOptions, ...guardOptions, ...outputOptions },
  examples: [
    { purpose: "Unlink a user of the default database", command: "vtb-setup user unlink jan" },
    { purpose: "Unlink it in a script, and read the notes", command: "vtb-setup user unlink jan --output json" },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#user-unlink", "configuration.md#who-may-sign-in-as-a-user"],
  run: async (context, settings, names) => {
    const [{ unlinking }, { runUserOperation }] = await Promise.all([
      import("../../operations/end-sign-ins.js"),
      import("../run-user-operation.js"),
    ]);
    const command = { command: "user unlink", done: "Unlinked", names, actor: actorOf(settings.actor) } as const;
    return runUserOperation(context, settings, { ...command, operation: unlinking, allow: settings.allow });
  },
});
