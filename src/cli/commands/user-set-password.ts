import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { actorOptions, databaseOptions, flag, outputOptions, text } from "../options.js";

export const userSetPasswordCommand = defineCommand({
  name: "user set-password",
  group: "User commands:",
  summary: "give a user another password",
  description:
    "Gives a user a new password and ends its sessions. It asks for the password twice on the terminal, or reads it from standard input or a file; it is never an argument. Use it where one was lost or leaked: also for a user that a file manages, whose password is for its creation alone. A user who signs in through a provider gets none.",
  argument: { terms: "<name>", description: "the username", completes: ["user"] },
  options: {
    passwordStdin: flag("user", "--password-stdin", "read the password from standard input"),
    passwordFile: text("user", "--password-file <path>", "read the password from a file"),
    ...databaseOptions,
    ...actorOptions,
    ...outputOptions,
  },
  examples: [
    { purpose: "Type the new password, which is not shown", command: "vtb-setup user set-password jan" },
    {
      purpose: "Take it from a file that only you can read",
      command: "vtb-setup user set-password jan --password-file password.txt",
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#user-set-password", "login.md"],
  run: async (context, settings, names) => {
    const [{ readPassword }, { hashPassword }, { passwordChange }, { runUserOperation }] = await Promise.all([
      import("../read-password.js"),
      import("../../secrets/password.js"),
      import("../../operations/end-sign-ins.js"),
      import("../run-user-operation.js"),
    ]);
    const { password, warnings } = await readPassword(context, settings);
    // Before the lock, since it takes long on purpose.
    const operation = passwordChange(await hashPassword(password));
    return runUserOperation(context, settings, {
      command: "user set-password",
      done: "Password set",
      names,
      actor: actorOf(settings.actor),
      operation: { ...operation, notes: () => warnings },
    });
  },
});
