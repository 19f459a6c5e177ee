import type { ListedToken, TokenState } from "../../operations/list-tokens.js";
import type { TokenCounts, TokenPage } from "../../operations/token-page.js";
import { errorSummary, type FormError, field, message, select } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { managedBadge } from "../html/managed.js";
import { badge, pager, table } from "../html/parts.js";
import type { View } from "../view.js";
import { dayChoices, type ListQuery, listUrl, pageSize, tokenPath } from "./list-query.js";
import { mayRevoke } from "./rights.js";
import { tokenTexts } from "./texts.js";

interface ListData {
  readonly query: ListQuery;
  readonly found: TokenPage;
  readonly counts: TokenCounts;
  readonly owners: readonly string[];
  readonly errors?: readonly FormError[];
  /** What to report above the list. */
  readonly notice?: Html;
}

/** The list of tokens: all of them for people who may see them, or else a person's own. */
export function listPage(view: View, { query, found, counts, owners, errors = [], notice = nothing }: ListData): Html {
  const t = tokenTexts[view.language];
  const seesAll = view.may("view_tokens");
  const body = html`<h1>${t.title}</h1>
${errorSummary(view, errors)}
${notice}
<p>${t.lead}${seesAll ? nothing : ` ${t.ownLead}`}</p>
<p class="actions"><a class="button" href="${view.url("/tokens/new")}">${t.make}</a></p>
${counters(view, counts)}
${filters(view, query, owners)}
${tokensTable(view, query, found)}
${findForm(view, errors)}`;
  return page(view, { title: t.title, body, isRefused: errors.length > 0 });
}

function counters(view: View, counts: TokenCounts): Html {
  const t = tokenTexts[view.language];
  const shown = [
    ["all", {}],
    ["active", { state: "active" }],
    ["expiring", { expiring: 30 }],
    ["idle", { state: "active", unused: 90 }],
    ["disabled", { state: "disabled" }],
    ["expired", { state: "expired" }],
    ["revoked", { state: "revoked" }],
  ] as const;
  const items = shown.map(
    ([name, filter]) =>
      html`<li><a href="${listUrl(view, filter)}">${t.counter[name]}: <strong>${counts[name]}</strong></a></li>`,
  );
  return html`<h2 class="spoken">${t.counters}</h2><ul class="counters">${items}</ul>`;
}

function filters(view: View, query: ListQuery, owners: readonly string[]): Html {
  const t = tokenTexts[view.language].filters;
  const { states } = tokenTexts[view.language];
  const any = { value: "", label: t.any };
  const days = (name: "expiring" | "unused"): Html =>
    select(view, {
      name,
      label: t[name],
      value: String(query[name] ?? ""),
      options: [any, ...dayChoices[name].map((count) => ({ value: String(count), label: t.days(count) }))],
    });
  const stateOptions = Object.entries(states).map(([value, label]) => ({ value, label }));
  const ownerOptions = owners.map((owner) => ({ value: `of:${owner}`, label: owner }));
  const forAll = html`${field(view, { name: "user", label: t.user, value: query.user ?? "" })}
${select(view, {
  name: "owner",
  label: t.owner,
  value: query.owner ?? "",
  options: [any, { value: "none", label: t.byHand }, ...ownerOptions],
})}`;
  return html`<form method="get" action="${view.url("/tokens")}" class="filters" role="search">
${field(view, { name: "q", label: t.search, hint: t.searchHint, type: "search", value: query.q ?? "" })}
${view.may("view_tokens") ? forAll : nothing}
${select(view, { name: "state", label: t.state, value: query.state ?? "", options: [any, ...stateOptions] })}
${days("expiring")}
${days("unused")}
${query.sort === undefined ? nothing : html`<input type="hidden" name="sort" value="${query.sort}">`}
<button>${t.apply}</button>
<p><a href="${view.url("/tokens")}">${t.clear}</a></p>
</form>`;
}

function tokensTable(view: View, query: ListQuery, { tokens, total }: TokenPage): Html {
  const t = tokenTexts[view.language];
  const names = t.columns;
  const shown = table<ListedToken>(view, {
    caption: t.table(total),
    rows: tokens,
    empty: t.none,
    sortedBy: query.sort ?? "name",
    sortUrl: (sort) => listUrl(view, { ...query, sort, page: 1 }),
    columns: [
      { heading: names.name, sort: "name", cell: (token) => nameCell(view, token) },
      { heading: names.user, sort: "user", cell: ({ user }) => user },
      { heading: names.state, sort: "state", cell: ({ state }) => stateBadge(view, state) },
      { heading: names.expires, sort: "expires", cell: (token) => expiryOf(view, token) },
      { heading: names.used, sort: "used", cell: ({ lastUsedAt }) => used(view, lastUsedAt) },
      { heading: names.created, sort: "created", cell: ({ createdAt }) => view.times.moment(createdAt) },
      { heading: names.owner, sort: "owner", cell: ({ owner }) => owner ?? "–" },
    ],
  });
  const revocable = html`<form method="get" action="${view.url("/tokens/revoke")}">
${shown}
<p class="actions"><button class="secondary">${t.selected}</button></p>
</form>`;
  return html`${tokens.some((token) => mayRevoke(view, [token])) ? revocable : shown}
${pager(view, {
  page: query.page,
  pages: Math.ceil(total / pageSize),
  url: (number) => listUrl(view, { ...query, page: number }),
})}`;
}

function nameCell(view: View, token: ListedToken): Html {
  const { identifier, owner } = token;
  const label = tokenTexts[view.language].select(identifier);
  const box = mayRevoke(view, [token])
    ? html`<input type="checkbox" name="name" value="${identifier}" aria-label="${label}"> `
    : nothing;
  return html`${box}<a href="${view.url(tokenPath(identifier))}">${identifier}</a> ${managedBadge(view, owner)}`;
}

const badgeKinds = {
  active: "good",
  "not-yet-valid": "plain",
  unused: "bad",
  expired: "bad",
  disabled: "bad",
  revoked: "bad",
} as const;

export function stateBadge(view: View, state: TokenState): Html {
  return badge(tokenTexts[view.language].states[state], badgeKinds[state]);
}

/** When a token expires, and in how many days that is. */
export function expiryOf(view: View, { expiresAt }: Pick<ListedToken, "expiresAt">): Html {
  const t = tokenTexts[view.language];
  if (expiresAt === null) return html`${t.noExpiry}`;
  return html`${view.times.moment(expiresAt)} (${t.daysLeft(view.times.daysUntil(expiresAt))})`;
}

/** When something was used, and how long ago that is. */
export function used(view: View, lastUsedAt: string | null): Html {
  if (lastUsedAt === null) return html`${tokenTexts[view.language].neverUsed}`;
  return html`${view.times.moment(lastUsedAt)} (${view.times.relative(lastUsedAt)})`;
}

function findForm(view: View, errors: readonly FormError[]): Html {
  const t = tokenTexts[view.language].find;
  return html`<h2>${t.title}</h2>
<form method="post" action="${view.url("/tokens/find")}">${csrf(view)}
${field(view, { name: "token", label: t.label, hint: t.hint, type: "password", errors })}
<button class="secondary">${t.button}</button>
</form>`;
}

/** What the page that a form leads to reports, by a code in its address. */
export function doneMessage(view: View, code: string | undefined): Html {
  const t = tokenTexts[view.language].done;
  if (code === undefined || !Object.hasOwn(t, code)) return nothing;
  const text = t[code as keyof typeof t];
  return message(html`<p>${text}</p>`, code === "none-chosen" ? "warning" : "done");
}
