import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { type Html, html, nothing } from "./html.js";

interface Column<Row> {
  readonly heading: string;
  /** The name by which the list is sorted by this column; undefined where it can't be. */
  readonly sort?: string | undefined;
  readonly cell: (row: Row) => Html | string;
}

interface Table<Row> {
  readonly caption: string;
  /** The first one names the row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** How the list is sorted: a column's name, with a `-` before it for descending. */
  readonly sortedBy?: string | undefined;
  /** The link that sorts by a column. */
  readonly sortUrl?: (sort: string) => string;
  /** What to show where there are no rows. */
  readonly empty?: string | undefined;
}

/** A table that scrolls by itself where the page is narrow. */
export function table<Row>(view: View, given: Table<Row>): Html {
  const { caption, columns, rows, empty } = given;
  if (rows.length === 0) return html`<p>${empty ?? commonTexts[view.language].noResults}</p>`;
  const [first, ...others] = columns;
  const body = rows.map(
    (row) =>
      html`<tr><th scope="row">${first?.cell(row)}</th>${others.map(({ cell }) => html`<td>${cell(row)}</td>`)}</tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => heading(view, column, given))}</tr></thead>
<tbody>${body}</tbody>
</table>
</div>`;
}

function heading<Row>(view: View, { heading: text, sort }: Column<Row>, { sortedBy, sortUrl }: Table<Row>): Html {
  if (sort === undefined || sortUrl === undefined) return html`<th scope="col">${text}</th>`;
  const isUp = sortedBy === sort;
  const isDown = sortedBy === `-${sort}`;
  const t = commonTexts[view.language];
  const state = isUp ? html` aria-sort="ascending"` : isDown ? html` aria-sort="descending"` : nothing;
  const spoken = isUp ? t.sortedUp : isDown ? t.sortedDown : "";
  const label = spoken === "" ? nothing : html`<span class="spoken">, ${spoken}</span>`;
  return html`<th scope="col"${state}><a href="${sortUrl(isUp ? `-${sort}` : sort)}">${text}${label}</a></th>`;
}

/** Links to the pages of a list, counted from 1. */
export function pager(
  view: View,
  { page, pages, url }: { readonly page: number; readonly pages: number; readonly url: (page: number) => string },
): Html {
  if (pages <= 1) return nothing;
  const t = commonTexts[view.language];
  const previous = page > 1 ? html`<li><a rel="prev" href="${url(page - 1)}">${t.previous}</a></li>` : nothing;
  const next = page < pages ? html`<li><a rel="next" href="${url(page + 1)}">${t.next}</a></li>` : nothing;
  return html`<nav class="pager" aria-label="${t.pages}"><ul>${previous}<li>${t.pageOf(page, pages)}</li>${next}</ul></nav>`;
}

/** Facts about one object: a name and a value each; those without a value are left out. */
export function facts(entries: readonly (readonly [name: string, value: Html | string | undefined])[]): Html {
  const shown = entries.filter(([, value]) => value !== undefined);
  return html`<dl class="facts">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function list(items: readonly (Html | string)[]): Html {
  return html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}

/** A short mark beside a name. */
export function badge(text: string, kind: "plain" | "good" | "bad" | "file" = "plain"): Html {
  return html`<span class="badge ${kind}">${text}</span>`;
}

/** A text to copy: selected by one click, and with a button where scripts run. */
export function copyable(view: View, id: string, text: string): Html {
  return html`<div class="copyable"><code id="${id}" tabindex="0">${text}</code>
${copyButton(view, id)}</div>`;
}

/** Copies the text of an element; shown where scripts run. */
export function copyButton({ language }: View, id: string): Html {
  const t = commonTexts[language];
  return html`<button type="button" class="secondary" data-copy="${id}" data-copied="${t.copied}" hidden>${t.copy}</button>`;
}
