import type { ListedUser } from "../../operations/list-users.js";
import type { ListFormat } from "../../report/list-format.js";
import { defineCommand } from "../command.js";
import { completedBy } from "../completes.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { choice, databaseOptions, duration, flag, listOutputOptions, text } from "../options.js";

export const userListCommand = defineCommand({
  name: "user list",
  group: "User commands:",
  summary: "list users, and when they were last seen",
  description:
    "Lists the users of the database in the order of their names: owner, state, rights, how they sign in, and when they were last seen by a sign-in, a session or one of their tokens. Use it to see who is a superuser, who was deactivated, and who has left. Users that exist for one API token only are left out, unless --service is given.",
  options: {
    owner: completedBy(text("filter", "--owner <name>", "only users that this owner's files manage"), "owner"),
    byHand: flag("filter", "--by-hand", "only users that no file manages, such as those of sign-ins"),
    state: choice("filter", "--state <state>", "only users in this state", ["active", "inactive", "deactivated"]),
    superuser: flag("filter", "--superuser", "only superusers"),
    staff: flag("filter", "--staff", "only staff"),
    inGroup: text("filter", "--group <name>", "only members of this group"),
    unused: duration("filter", "--unused <duration>", "only users that were not seen for, for example, 90d"),
    prefix: text("filter", "--prefix <text>", "only usernames that start with this"),
    service: flag("filter", "--service", "also users that exist for one API token only"),
    ...databaseOptions,
    ...listOutputOptions,
    detailedExitcode: flag("output", "--detailed-exitcode", "exit with 2 where there are such users"),
  },
  examples: [
    { purpose: "List the superusers that may sign in", command: "vtb-setup user list --superuser --state active" },
    {
      purpose: "In a pipeline: exit with 2 where users were not seen for 180 days",
      command: "vtb-setup user list --unused 180d --detailed-exitcode --output csv",
    },
  ],
  statuses: ["changesPlanned", "refused", "unavailable"],
  pages: ["command-line.md#user-list", "database.md#the-record-of-runs"],
  run: async (context, settings) => {
    const [{ readUsers }, { readDatabase }, { ownerFilter, printList }] = await Promise.all([
      import("../../operations/list-users.js"),
      import("../use-database.js"),
      import("../print-list.js"),
    ]);
    const filter = {
      owner: ownerFilter(settings.owner, settings.byHand, "user"),
      state: settings.state,
      isSuperuser: settings.superuser,
      isStaff: settings.staff,
      group: settings.inGroup,
      unusedForMs: settings.unused,
      prefix: settings.prefix,
      includesService: settings.service,
    };
    const format = await formatOf(context, settings.output);
    const { status, count } = await readDatabase(context, settings, ({ kysely }) =>
      printList(context, readUsers(kysely, filter, Date.now()), format),
    );
    return settings.detailedExitcode && status === exitStatus.done && count > 0 ? exitStatus.changesPlanned : status;
  },
});

async function formatOf(context: CliContext, output: "text" | "json" | "csv"): Promise<ListFormat<ListedUser>> {
  const { csvList, jsonList } = await import("../../report/list-format.js");
  if (output === "json") return jsonList("user list");
  const { userCsvHeading, userHeadings, userRows, userToCsv } = await import("../../report/users.js");
  if (output === "csv") return csvList(userCsvHeading, userToCsv);
  const { tableList } = await import("../print-list.js");
  return tableList(context, { headings: userHeadings, rowsOf: userRows, nothing: "No users match.\n" });
}
