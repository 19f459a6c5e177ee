import type { EntryDifference } from "../../apply/differences.js";
import {
  formatPosition,
  type JournalEntry,
  type JournalPage,
  type readJournalChoices,
} from "../../operations/read-journal.js";
import { shown } from "../../report/table.js";
import { downloadLinks } from "../download.js";
import { errorSummary, field, type Option, select } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { actorOf, changedFields, runDetails } from "./changes.js";
import { differenceNote } from "./differences-page.js";
import { yamlUrl } from "./links.js";
import type { HistoryRequest } from "./query.js";
import { historyTexts, kindName, throughName } from "./texts.js";

export interface HistoryData {
  readonly request: HistoryRequest;
  readonly found: JournalPage;
  readonly choices: Awaited<ReturnType<typeof readJournalChoices>>;
  /** How the object differs from its file. */
  readonly differences: readonly EntryDifference[];
}

/** What was changed: of everything, or of one object. */
export function historyPage(view: View, { request, found, choices, differences }: HistoryData): Html {
  const t = historyTexts[view.language];
  const { written, filter, errors } = request;
  const { entry } = filter;
  const title = entry ? t.of(kindName(entry.kind, view.language), shown(entry.key)) : t.title;
  const { after: _, ...query } = written;
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
${
  entry
    ? aboutObject(view, entry)
    : html`<p>${t.lead}</p>
<p><a href="${view.url("/history/differences")}">${t.differences.title}</a></p>`
}
${differenceNote(view, differences)}
${filter.actorUserId === undefined ? nothing : html`<p>${t.onlyUser} <a href="${view.url("/history")}">${t.all}</a></p>`}
${filters(view, request, choices)}
${downloadLinks(view, "/history/download", query)}
${table<JournalEntry>(view, {
  caption: title,
  rows: found.entries,
  empty: t.empty,
  columns: [
    { heading: t.columns.what, cell: (row) => what(view, row) },
    { heading: t.columns.when, cell: ({ run }) => view.times.moment(run.at) },
    { heading: t.columns.changes, cell: (row) => changedFields(view, row) },
    { heading: t.columns.who, cell: ({ run }) => actorOf(view, run) },
    { heading: t.columns.through, cell: ({ run }) => through(view, run) },
  ],
})}
${older(view, request, found)}`;
  return page(view, { title, body, isRefused: errors.length > 0 });
}

function aboutObject(view: View, entry: { readonly kind: string; readonly key: string }): Html {
  const t = historyTexts[view.language];
  const yaml = yamlUrl(view, entry);
  const links = [
    html`<a href="${view.url("/history")}">${t.all}</a>`,
    ...(yaml === undefined ? [] : [html`<a href="${yaml}">${commonTexts[view.language].yaml}</a>`]),
  ];
  return html`<p>${t.ofLead}</p>
<p class="actions">${links.map((link) => html`${link} `)}</p>`;
}

const signs = { create: "+", update: "~", delete: "−" } as const;

function what(view: View, { action, kind, key }: JournalEntry): Html {
  const t = historyTexts[view.language];
  const name = html`<a href="${view.url("/history", { kind, name: key })}">${shown(key)}</a>`;
  return html`<span aria-hidden="true">${signs[action]}</span> ${kindName(kind, view.language)} ${name} ${t.actions[action]}`;
}

function through(view: View, run: JournalEntry["run"]): Html {
  const name = run.through === null ? commonTexts[view.language].unknown : throughName(run.through, view.language);
  return html`${name} ${runDetails(view, run)}`;
}

function filters(view: View, { written, filter, errors }: HistoryRequest, { kinds, throughs }: HistoryData["choices"]) {
  const t = historyTexts[view.language];
  const any: Option = { value: "", label: t.any };
  const kindOptions = kinds.map((value) => ({ value, label: kindName(value, view.language) }));
  const throughOptions = throughs.map((value) => ({ value, label: throughName(value, view.language) }));
  const actionOptions = (["create", "update", "delete"] as const).map((value) => ({ value, label: t.actions[value] }));
  const value = (name: string) => written[name] ?? "";
  const ofObject = html`<input type="hidden" name="kind" value="${value("kind")}"><input type="hidden" name="name" value="${value("name")}">`;
  const ofAll = html`${select(view, { name: "kind", label: t.kind, value: value("kind"), options: [any, ...kindOptions] })}
${field(view, { name: "text", label: t.name, type: "search", value: value("text") })}`;
  const user = value("user") === "" ? nothing : html`<input type="hidden" name="user" value="${value("user")}">`;
  return html`<form class="filters" method="get" action="${view.url("/history")}" role="search">
${filter.entry ? ofObject : ofAll}${user}
${select(view, { name: "action", label: t.action, value: value("action"), options: [any, ...actionOptions] })}
${field(view, { name: "actor", label: t.actor, hint: t.actorHint, type: "search", value: value("actor") })}
${select(view, { name: "through", label: t.through, value: value("through"), options: [any, ...throughOptions] })}
${field(view, { name: "since", label: t.since, type: "date", value: value("since"), errors })}
${field(view, { name: "until", label: t.until, type: "date", value: value("until"), errors })}
<button>${commonTexts[view.language].filter}</button>
</form>`;
}

function older(view: View, { written, after }: HistoryRequest, { next }: JournalPage): Html {
  if (after === undefined && next === undefined) return nothing;
  const t = historyTexts[view.language];
  const { after: _, ...query } = written;
  const newest =
    after === undefined ? nothing : html`<li><a href="${view.url("/history", query)}">${t.newest}</a></li>`;
  const link =
    next &&
    html`<li><a rel="next" href="${view.url("/history", { ...query, after: formatPosition(next) })}">${t.older}</a></li>`;
  return html`<nav class="pager" aria-label="${t.pages}"><ul>${newest}${link ?? nothing}</ul></nav>`;
}
