import type { ListedToken } from "../../operations/list-tokens.js";
import type { ListFormat } from "../../report/list-format.js";
import { defineCommand } from "../command.js";
import { completedBy } from "../completes.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { choice, databaseOptions, duration, flag, listOutputOptions, text } from "../options.js";

export const tokenListCommand = defineCommand({
  name: "token list",
  group: "Token commands:",
  summary: "list API tokens, and when they were used",
  description:
    "Lists the API tokens of the database in the order of their identifiers: user, owner, state, and since when each value works and when it was last used. Use it to see what expires, what nobody uses, and whether a replaced value can go. Values are never shown: the database has only their digests.",
  options: {
    user: completedBy(text("filter", "--user <name>", "only tokens of this user"), "user"),
    owner: completedBy(text("filter", "--owner <name>", "only tokens that this owner's files manage"), "owner"),
    byHand: flag("filter", "--by-hand", "only tokens that no file manages"),
    state: choice("filter", "--state <state>", "only tokens in this state", [
      "active",
      "not-yet-valid",
      "unused",
      "expired",
      "disabled",
      "revoked",
    ]),
    expiring: duration("filter", "--expiring <duration>", "only tokens that expire within, for example, 30d"),
    unused: duration("filter", "--unused <duration>", "only tokens that nobody has used for, for example, 90d"),
    prefix: text("filter", "--prefix <text>", "only identifiers that start with this"),
    ...databaseOptions,
    ...listOutputOptions,
    detailedExitcode: flag("output", "--detailed-exitcode", "exit with 2 where there are such tokens"),
  },
  examples: [
    { purpose: "List the tokens that expire within a month", command: "vtb-setup token list --expiring 30d" },
    {
      purpose: "In a pipeline: exit with 2 where tokens were not used for 90 days",
      command: "vtb-setup token list --unused 90d --detailed-exitcode --output csv",
    },
  ],
  statuses: ["changesPlanned", "refused", "unavailable"],
  pages: ["command-line.md#token-list", "tokens.md"],
  run: async (context, settings) => {
    const [{ readTokens }, { readDatabase }, { ownerFilter, printList }] = await Promise.all([
      import("../../operations/list-tokens.js"),
      import("../use-database.js"),
      import("../print-list.js"),
    ]);
    const filter = {
      user: settings.user,
      owner: ownerFilter(settings.owner, settings.byHand, "token"),
      state: settings.state,
      expiringWithinMs: settings.expiring,
      unusedForMs: settings.unused,
      prefix: settings.prefix,
    };
    const format = await formatOf(context, settings.output);
    const { status, count } = await readDatabase(context, settings, ({ kysely }) =>
      printList(context, readTokens(kysely, filter, Date.now()), format),
    );
    return settings.detailedExitcode && status === exitStatus.done && count > 0 ? exitStatus.changesPlanned : status;
  },
});

async function formatOf(context: CliContext, output: "text" | "json" | "csv"): Promise<ListFormat<ListedToken>> {
  const { csvList, jsonList } = await import("../../report/list-format.js");
  if (output === "json") return jsonList("token list");
  const { tokenCsvHeading, tokenHeadings, tokenRows, tokenToCsv } = await import("../../report/tokens.js");
  if (output === "csv") return csvList(tokenCsvHeading, tokenToCsv);
  const { tableList } = await import("../print-list.js");
  return tableList(context, { headings: tokenHeadings, rowsOf: tokenRows, nothing: "No tokens match.\n" });
}
