import type { Hono } from "hono";
import { readJournal, readJournalChoices, readJournalPage } from "../../operations/read-journal.js";
import { journalCsvHeading, journalToCsv, journalToJson } from "../../report/journal.js";
import { csvList, jsonList } from "../../report/list-format.js";
import type { AdminContext } from "../context.js";
import { download, formatIn } from "../download.js";
import { type AdminEnv, answer, requireRight } from "../routes.js";
import { addDifferences, findDifferences } from "./differences-page.js";
import { historyPage } from "./list-page.js";
import { readHistoryQuery } from "./query.js";
import { addYaml } from "./yaml-page.js";

const pageSize = 50;

/** What was changed, of everything and of each object; and objects as YAML. */
export function addHistory(app: Hono<AdminEnv>, context: AdminContext): void {
  const { kysely } = context.database;

  app.get("/history", requireRight("view_history"), async (c) => {
    const view = c.get("view");
    const choices = await readJournalChoices(kysely);
    const request = readHistoryQuery(view, c.req.query(), choices);
    const found = await readJournalPage(kysely, request.filter, { after: request.after, limit: pageSize });
    const { entry } = request.filter;
    const differences = entry === undefined ? [] : await findDifferences(kysely, entry);
    const isWrong = request.errors.length > 0;
    return await answer(c, historyPage(view, { request, found, choices, differences }), isWrong ? 422 : 200);
  });

  app.get("/history/download", requireRight("view_history"), async (c) => {
    const { filter } = readHistoryQuery(c.get("view"), c.req.query(), await readJournalChoices(kysely));
    const format = formatIn(c.req.query("format"));
    const as = format === "csv" ? csvList(journalCsvHeading, journalToCsv) : jsonList("history", journalToJson);
    return download(c, context, "history", format, { pages: readJournal(kysely, filter), as });
  });

  addDifferences(app, context);
  addYaml(app, context);
}
