import {
  type ListedUser,
  type UserCounts,
  type UserFilter,
  type UserPage,
  userSorts,
} from "../../operations/list-users.js";
import { checkbox, field, message, type Option, select } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { managedBadge } from "../html/managed.js";
import { badge, pager, table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { userPath } from "./paths.js";
import { userTexts } from "./texts.js";

const pageSize = 50;
const dayMs = 86_400_000;
const unusedDays = 90;

/** How long users were not seen who count as unused. */
export const unusedForMs = unusedDays * dayMs;

/** What the address of the list says: names of parameters, and their values as written. */
export type ListQuery = Readonly<Record<string, string>>;

interface ListRequest {
  readonly filter: UserFilter;
  readonly page: UserPage;
  /** Counted from 1. */
  readonly number: number;
}

/** Parameters that are not valid are ignored. */
export function readListQuery(written: ListQuery): ListRequest {
  // No database has NUL in a text, and a server refuses it.
  const query: ListQuery = Object.fromEntries(
    Object.entries(written).map(([name, value]) => [name, value.replaceAll("\0", "")]),
  );
  const {
    q = "",
    state,
    rights,
    group = "",
    owner = "",
    unused = "",
    service,
    sort = "username",
    page: at = "",
  } = query;
  const isDescending = sort.startsWith("-");
  const by = userSorts.find((name) => name === sort.replace("-", "")) ?? "username";
  const number = /^[1-9]\d{0,6}$/.test(at) ? Number(at) : 1;
  const days = /^[1-9]\d{0,4}$/.test(unused) ? Number(unused) : undefined;
  return {
    filter: {
      search: q.trim() === "" ? undefined : q.trim(),
      state: (["active", "inactive", "deactivated"] as const).find((name) => name === state),
      isSuperuser: rights === "superuser",
      isStaff: rights === "staff",
      group: group === "" ? undefined : group,
      owner: owner === "" ? undefined : owner === "-" ? null : owner.slice(1),
      unusedForMs: days === undefined ? undefined : days * dayMs,
      includesService: service !== undefined,
    },
    page: { sort: by, isDescending, offset: (number - 1) * pageSize, limit: pageSize },
    number,
  };
}

export interface ListData {
  readonly query: ListQuery;
  readonly users: readonly ListedUser[];
  readonly total: number;
  readonly counts: UserCounts;
  readonly groups: readonly string[];
  readonly owners: readonly string[];
}

export function listPage(view: View, data: ListData): Html {
  const t = userTexts[view.language];
  const { query, users, total } = data;
  const { number, page: shown } = readListQuery(query);
  const url = (changes: ListQuery) => view.url("/users", { ...query, page: "", ...changes });
  const body = html`<h1>${t.title}</h1>
${query.done === "deleted" ? message(html`<p>${t.done.deleted}</p>`) : nothing}
${view.may("change_users") ? html`<p><a class="button" href="${view.url("/new-user")}">${t.newUser}</a></p>` : nothing}
${counters(view, data.counts)}
${filters(view, data)}
<p>${t.found(total)}</p>
${table<ListedUser>(view, {
  caption: t.title,
  rows: users,
  sortedBy: `${shown.isDescending ? "-" : ""}${shown.sort}`,
  sortUrl: (sort) => url({ sort }),
  columns: [
    { heading: t.columns.username, sort: "username", cell: (user) => nameCell(view, user) },
    { heading: t.columns.name, cell: fullName },
    { heading: t.columns.email, sort: "email", cell: ({ email }) => email },
    { heading: t.columns.rights, cell: (user) => rightBadges(view, user) },
    { heading: t.columns.state, cell: (user) => stateBadge(view, user) },
    { heading: t.columns.created, sort: "created", cell: ({ createdAt }) => view.times.moment(createdAt) },
    { heading: t.columns.seen, sort: "seen", cell: ({ lastSeenAt }) => seen(view, lastSeenAt) },
  ],
})}
${pager(view, { page: number, pages: Math.ceil(total / pageSize), url: (at) => url({ page: String(at) }) })}`;
  return page(view, { title: t.title, body });
}

function nameCell(view: View, { username, owner }: ListedUser): Html {
  return html`<a href="${view.url(userPath(username))}">${username}</a> ${managedBadge(view, owner)}`;
}

export function fullName({ firstName, lastName }: ListedUser): string {
  return `${firstName} ${lastName}`.trim();
}

export function rightBadges(view: View, { isSuperuser, isStaff, isService }: ListedUser): Html {
  const t = userTexts[view.language];
  const names = [
    ...(isSuperuser ? [t.superuser] : []),
    ...(isStaff ? [t.staff] : []),
    ...(isService ? [t.service] : []),
  ];
  return html`${names.map((name) => html`${badge(name)} `)}`;
}

export function stateBadge(view: View, { state }: Pick<ListedUser, "state">): Html {
  return badge(userTexts[view.language].states[state], state === "active" ? "good" : "bad");
}

export function seen(view: View, at: string | null): Html | string {
  return at === null ? commonTexts[view.language].never : html`<span>${view.times.relative(at)}</span>`;
}

function counters(view: View, counts: UserCounts): Html {
  const t = userTexts[view.language];
  const links: Readonly<Record<keyof UserCounts, ListQuery>> = {
    all: {},
    active: { state: "active" },
    inactive: { state: "inactive" },
    deactivated: { state: "deactivated" },
    superusers: { rights: "superuser" },
    staff: { rights: "staff" },
    unused: { unused: String(unusedDays) },
    service: { service: "yes" },
  };
  const items = (Object.keys(links) as (keyof UserCounts)[]).map(
    (name) => html`<li><a href="${view.url("/users", links[name])}">${t.counters[name]}: ${counts[name]}</a></li>`,
  );
  return html`<h2 class="spoken">${t.countersTitle}</h2>
<ul class="counters">${items}</ul>`;
}

function filters(view: View, { query, groups, owners }: ListData): Html {
  const t = userTexts[view.language];
  const c = commonTexts[view.language];
  const any: Option = { value: "", label: t.all };
  const states = (["active", "inactive", "deactivated"] as const).map((value) => ({ value, label: t.states[value] }));
  const rights = (["superuser", "staff"] as const).map((value) => ({ value, label: t[value] }));
  const managers = owners.map((owner) => ({ value: `=${owner}`, label: t.file(owner) }));
  const days = [30, 90, 180, 365].map((count) => ({ value: String(count), label: t.unusedDays(count) }));
  return html`<form class="filters" method="get" action="${view.url("/users")}" role="search">
${field(view, { name: "q", label: t.search, type: "search", value: query.q ?? "" })}
${select(view, { name: "state", label: t.state, value: query.state ?? "", options: [any, ...states] })}
${select(view, { name: "rights", label: t.rights, value: query.rights ?? "", options: [any, ...rights] })}
${select(view, { name: "group", label: t.group, value: query.group ?? "", options: [any, ...groups.map((name) => ({ value: name, label: name }))] })}
${select(view, { name: "owner", label: t.managedBy, value: query.owner ?? "", options: [any, { value: "-", label: t.byHand }, ...managers] })}
${select(view, { name: "unused", label: t.unused, value: query.unused ?? "", options: [any, ...days] })}
${checkbox({ name: "service", label: t.withService }, query.service !== undefined)}
${query.sort === undefined ? nothing : html`<input type="hidden" name="sort" value="${query.sort}">`}
<button>${c.filter}</button>
</form>`;
}
