import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { databaseOptions, outputOptions } from "../options.js";
import { printResult } from "../print.js";

export const userShowCommand = defineCommand({
  name: "user show",
  group: "User commands:",
  summary: "show one user, with rights and sign-ins",
  description:
    "Shows a user: who manages it, its groups and permissions and where each comes from, its tokens, who at a provider signs in as it, its sessions, and whether a password is set. Use it before you deactivate or unlink a user. The password is never shown: the database has only a hash.",
  argument: { terms: "<name>", description: "the username", completes: ["user"] },
  options: { ...databaseOptions, ...outputOptions },
  examples: [
    { purpose: "Show a user of the default database", command: "vtb-setup user show jan" },
    { purpose: "Read its groups in a script", command: "vtb-setup user show jan --output json" },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#user-show"],
  run: async (context, settings, [name = ""]) => {
    const [{ readUser }, { readDatabase }, { itemsToJson }, { renderUser }, { unknownUsers }] = await Promise.all([
      import("../../operations/user-details.js"),
      import("../use-database.js"),
      import("../../report/json.js"),
      import("../../report/users.js"),
      import("../report-operation.js"),
    ]);
    const user = await readDatabase(context, settings, ({ kysely }) => readUser(kysely, name, Date.now()));
    if (!user) throw unknownUsers([1], 1);
    await printResult(
      context,
      settings.output === "json"
        ? { kind: "json", value: itemsToJson("user show", [user]) }
        : { kind: "text", text: renderUser(user, context.terminal.outPaint.bold) },
    );
    return exitStatus.done;
  },
});
