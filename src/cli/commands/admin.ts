import { defineCommand } from "../command.js";
import { databaseOptions, outputOptions, serverOptions } from "../options.js";

export const adminCommand = defineCommand({
  name: "admin",
  group: "Server commands:",
  summary: "serve the admin pages",
  description:
    "Serves pages where administrators look after API tokens, users and OpenID Connect, beside what files say. On a new database, it creates the tables, as apply does; while nobody can sign in as an administrator, it prints a one-time code with which the first one is made. It runs until a signal ends it. Use createAdmin of vtb-setup/admin to have the pages in a server of your own.",
  options: {
    ...serverOptions,
    ...databaseOptions,
    ...outputOptions,
  },
  examples: [
    { purpose: "Serve this machine, and make the first administrator", command: "vtb-setup admin" },
    {
      purpose: "In a container, behind a proxy with https",
      command: "vtb-setup admin --listen 0.0.0.0:8090 --public-url https://beheer.example.nl",
    },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#admin", "login.md"],
  run: async (context, settings) => (await import("../serve-admin.js")).serveAdmin(context, settings),
});
