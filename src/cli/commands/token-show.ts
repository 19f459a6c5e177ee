import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { databaseOptions, outputOptions } from "../options.js";
import { printResult } from "../print.js";

export const tokenShowCommand = defineCommand({
  name: "token show",
  group: "Token commands:",
  summary: "show one API token, and who uses it",
  description:
    "Shows an API token: its user and permissions, who manages it, its contact, and since when each of its values works and when it was last used. Use it before you rotate or end a token. Its value is never shown: the database has only its digest.",
  argument: { terms: "<name>", description: "the token's identifier", completes: ["token"] },
  options: { ...databaseOptions, ...outputOptions },
  examples: [
    { purpose: "Show a token of the default database", command: "vtb-setup token show open-formulieren" },
    {
      purpose: "Read when each value was last used, in a script",
      command: "vtb-setup token show open-formulieren --output json",
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#token-show", "tokens.md"],
  run: async (context, settings, [name = ""]) => {
    const [{ readToken, tokenNotFound }, { readDatabase }, { itemsToJson }, { renderToken }] = await Promise.all([
      import("../../operations/list-tokens.js"),
      import("../use-database.js"),
      import("../../report/json.js"),
      import("../../report/tokens.js"),
    ]);
    const token = await readDatabase(context, settings, ({ kysely }) => readToken(kysely, name, Date.now()));
    if (!token) throw tokenNotFound();
    await printResult(
      context,
      settings.output === "json"
        ? { kind: "json", value: itemsToJson("token show", [token]) }
        : { kind: "text", text: renderToken(token, context.terminal.outPaint.bold) },
    );
    return exitStatus.done;
  },
});
