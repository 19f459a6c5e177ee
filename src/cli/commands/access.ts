import type { AccessRow } from "../../access/rows.js";
import type { Diagnostic } from "../../errors.js";
import type { AccessView, HeldRight } from "../../report/access-list.js";
import type { Fact } from "../../report/html-page.js";
import { accessOptions, readAccess } from "../access-facts.js";
import { defineCommand } from "../command.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { reportOutputOptions, type SettingsOf } from "../options.js";

const options = { ...accessOptions, ...reportOutputOptions };

export const accessCommand = defineCommand({
  name: "access",
  group: "Configuration commands:",
  summary: "show who may do what, and through what",
  description:
    "Shows the effective rights of users, API tokens and people who sign in: each with what it comes from, when it ends, and which tokens are narrowed to other rights. Use it to answer who may do something, for an audit, and with --from before apply. Superusers have every permission; what else is shown of them they would have anyway.",
  argument: {
    terms: "[who]",
    description:
      "only user:NAME, token:NAME or client:ID, or who has permission:NAME; the name alone where only one of them has it",
    completes: ["user:", "token:", "client:", "permission:"],
  },
  options,
  examples: [
    { purpose: "Show everyone's rights", command: "vtb-setup access" },
    {
      purpose: "Show who may do something, as a file for a browser",
      command: "vtb-setup access permission:taken.view_externetaak --output html > access.html",
    },
    {
      purpose: "Show what a user may do once a file is applied",
      command: "vtb-setup access user:jan --from config.yaml",
    },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#access", "operations.md#who-may-do-what"],
  run: async (context, settings, [text]) => {
    const [{ facts, rangeOf, diagnostics }, { findNamed }, { withoutAccess }] = await Promise.all([
      readAccess(context, settings),
      import("../../access/find-named.js"),
      import("../../access/rows.js"),
    ]);
    const asked = text === undefined ? undefined : findNamed(facts, text, ["user", "token", "client", "permission"]);
    const nowMs = Date.now();
    const without = withoutAccess(facts, nowMs, asked);
    const given: Given = { view: { facts, asked, nowMs, rangeOf, without }, diagnostics };
    const { showDiagnostics } = await import("../show-diagnostics.js");
    const warnings = diagnostics.filter(({ severity }) => severity !== "note");
    showDiagnostics(context, warnings, { output: settings.output, isFollowed: true });
    switch (settings.output) {
      case "json":
        return printJson(context, given);
      case "html":
        return printPage(context, given, settings);
      case "csv":
        return printCsv(context, given);
      case "text":
        return printTable(context, given);
    }
  },
});

interface Given {
  readonly view: AccessView;
  readonly diagnostics: readonly Diagnostic[];
}

async function printJson(context: CliContext, { view, diagnostics }: Given): Promise<number> {
  const [{ printList }, { jsonList }, { accessDetails, viewRows }, { accessRowToJson, withoutAccessToJson }] =
    await Promise.all([
      import("../print-list.js"),
      import("../../report/list-format.js"),
      import("../../report/access-list.js"),
      import("../../report/access-rows.js"),
    ]);
  const more = {
    ...accessDetails(view),
    withoutAccess: view.without.map(withoutAccessToJson),
    diagnostics,
  };
  const format = jsonList("access", (row: AccessRow) => accessRowToJson(row, view.rangeOf), more);
  return (await printList(context, inTurn(viewRows(view)), format)).status;
}

async function printCsv(context: CliContext, { view }: Given): Promise<number> {
  const [{ printList }, { csvList }, { viewRows }, { accessCsvHeading, accessToCsv }] = await Promise.all([
    import("../print-list.js"),
    import("../../report/list-format.js"),
    import("../../report/access-list.js"),
    import("../../report/access-rows.js"),
  ]);
  const lines = (row: AccessRow) => accessToCsv(row, view.rangeOf);
  const format = csvList(accessCsvHeading(view.rangeOf), lines);
  return (await printList(context, inTurn(viewRows(view)), format)).status;
}

async function printTable(context: CliContext, { view }: Given): Promise<number> {
  const [{ printList, tableList }, { accessHeadings, accessToRows, renderAccessEnd, viewRights }] = await Promise.all([
    import("../print-list.js"),
    import("../../report/access-list.js"),
  ]);
  const { rangeOf } = view;
  const rowsOf = (right: HeldRight) => accessToRows(right, rangeOf);
  const table = tableList(context, { headings: accessHeadings(rangeOf), rowsOf, nothing: "" });
  let isEmpty = true;
  const page = (rights: readonly HeldRight[]) => {
    isEmpty = false;
    return table.page(rights);
  };
  const format = { ...table, page, end: () => renderAccessEnd(view, isEmpty) };
  return (await printList(context, inTurn(viewRights(view)), format)).status;
}

async function printPage(
  context: CliContext,
  { view }: Given,
  { from, database }: SettingsOf<typeof options>,
): Promise<number> {
  const [{ printResult }, { accessPage }, { htmlPage }, { withoutPassword }, { version }] = await Promise.all([
    import("../print.js"),
    import("../../report/access-page.js"),
    import("../../report/html-page.js"),
    import("../../database/open.js"),
    import("../../version.js"),
  ]);
  const files: readonly Fact[] = from.length === 0 ? [] : [["Once applied", { lines: from }]];
  const source: readonly Fact[] = [...files, ["Database", withoutPassword(database)]];
  await printResult(context, { kind: "pieces", pieces: htmlPage(accessPage(view, { source, version })) });
  return exitStatus.done;
}

/** A list is printed page by page, as it is read; this one is known already. */
async function* inTurn<T>(pages: Iterable<T>): AsyncGenerator<T> {
  yield* pages;
}
