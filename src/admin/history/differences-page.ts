import type { Hono } from "hono";
import type { EntryDifference, FieldDifference } from "../../apply/differences.js";
import type { ResourceName } from "../../plan/resource.js";
import { renderValue } from "../../report/changes.js";
import { differencesCsvHeading, differenceToCsv, differenceToJson } from "../../report/differences.js";
import { csvList, jsonList } from "../../report/list-format.js";
import { shown } from "../../report/table.js";
import type { AdminContext } from "../context.js";
import { download, downloadLinks, formatIn } from "../download.js";
import { message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { list, table } from "../html/parts.js";
import { type AdminEnv, answer, requireRight } from "../routes.js";
import type { View } from "../view.js";
import { changedBy } from "./changes.js";
import { historyTexts, kindName } from "./texts.js";

// The download has all.
const maxRows = 200;

/** What differs from the files since they were last applied. */
export function addDifferences(app: Hono<AdminEnv>, context: AdminContext): void {
  const { kysely } = context.database;

  app.get("/history/differences", requireRight("view_history"), async (c) =>
    answer(c, differencesPage(c.get("view"), await findDifferences(kysely))),
  );

  app.get("/history/differences/download", requireRight("view_history"), (c) => {
    const format = formatIn(c.req.query("format"));
    const as =
      format === "csv" ? csvList(differencesCsvHeading, differenceToCsv) : jsonList("differences", differenceToJson);
    return download(c, context, "differences", format, { pages: onePage(), as });
  });

  async function* onePage() {
    yield await findDifferences(kysely);
  }
}

/** Of all entries, or of one. What it needs of the steps is loaded when it is first asked for. */
export async function findDifferences(
  db: AdminContext["database"]["kysely"],
  only?: ResourceName,
): Promise<readonly EntryDifference[]> {
  const { readDifferences } = await import("../../apply/differences.js");
  return await readDifferences(db, only);
}

function differencesPage(view: View, differences: readonly EntryDifference[]): Html {
  const t = historyTexts[view.language].differences;
  const left = differences.length - maxRows;
  const body = html`<h1>${t.title}</h1>
<p>${t.lead}</p>
${downloadLinks(view, "/history/differences/download")}
${table<EntryDifference>(view, {
  caption: t.title,
  rows: differences.slice(0, maxRows),
  empty: t.none,
  columns: [
    {
      heading: historyTexts[view.language].columns.what,
      cell: ({ kind, key }) =>
        html`${kindName(kind, view.language)} <a href="${view.url("/history", { kind, name: key })}">${shown(key)}</a>`,
    },
    { heading: t.owner, cell: ({ owner }) => shown(owner) },
    { heading: historyTexts[view.language].columns.changes, cell: (difference) => whatDiffers(view, difference) },
  ],
})}
${left > 0 ? html`<p>${t.more(left)}</p>` : nothing}`;
  return page(view, { title: t.title, body });
}

/** On a page about one object: how it differs from its file; nothing where it does not. */
export function differenceNote(view: View, differences: readonly EntryDifference[]): Html {
  if (differences.length === 0) return nothing;
  const t = historyTexts[view.language].differences;
  return message(html`<h2>${t.of}</h2>${differences.map((difference) => whatDiffers(view, difference))}`, "note");
}

function whatDiffers(view: View, { state, fields }: EntryDifference): Html | string {
  if (state === "missing") return historyTexts[view.language].differences.missing;
  return list(fields.map((field) => fieldDifference(view, field)));
}

function fieldDifference(view: View, { name, drift }: FieldDifference): Html {
  const t = historyTexts[view.language];
  const who = changedBy(view, drift);
  const when = drift.at === null ? t.differences.byUnknown(who) : t.differences.by(view.times.text(drift.at), who);
  const by = html`<span class="hint">${when}</span>`;
  const ended: Readonly<Record<string, string>> = t.differences.fields;
  if (ended[name] !== undefined) return html`<strong>${ended[name]}</strong> ${by}`;
  const { was, became } = drift;
  const values =
    was === undefined || became === undefined
      ? t.secret
      : html`<del>${renderValue(was)}</del> → <ins>${renderValue(became)}</ins>`;
  return html`<strong>${shown(name)}</strong>: ${values} ${by}`;
}
