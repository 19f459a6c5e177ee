import { setupError } from "../../errors.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { actorOptions, databaseOptions, flag, outputOptions } from "../options.js";

export const userEndSessionsCommand = defineCommand({
  name: "user end-sessions",
  group: "User commands:",
  summary: "log users out everywhere",
  description:
    "Ends the login sessions of users, or with --all of everybody, from the next request on: they must log in again. Use it where a browser or a cookie was stolen. Access tokens that a provider issued are accepted until they expire; to refuse these too, use user deactivate.",
  argument: { terms: "[name...]", description: "the usernames", completes: ["user"] },
  options: {
    all: flag("user", "--all", "the sessions of all users"),
    ...databaseOptions,
    ...actorOptions,
    ...outputOptions,
  },
  examples: [
    { purpose: "Log one user out", command: "vtb-setup user end-sessions jan" },
    { purpose: "Log everybody out", command: "vtb-setup user end-sessions --all" },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#user-end-sessions", "login.md#cookies-and-sessions"],
  run: async (context, settings, names) => {
    if (settings.all === names.length > 0) {
      const message = settings.all
        ? "--all and usernames exclude each other"
        : "there is nobody to log out: neither a username nor --all is given";
      throw setupError("usage", "COMMAND_LINE", message, "write usernames, or --all");
    }
    const [{ sessionsEnd }, { runUserOperation }] = await Promise.all([
      import("../../operations/end-sign-ins.js"),
      import("../run-user-operation.js"),
    ]);
    return runUserOperation(context, settings, {
      command: "user end-sessions",
      done: "Sessions ended",
      names: settings.all ? undefined : names,
      actor: actorOf(settings.actor),
      operation: sessionsEnd,
    });
  },
});
