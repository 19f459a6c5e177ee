import type { ClaimedMembership } from "../../access/claims.js";
import {
  type GroupDetails,
  type GroupMember,
  type GroupPage,
  groupSorts,
  type ListedGroup,
} from "../../operations/list-groups.js";
import type { Managed } from "../../operations/person.js";
import { historyUrl, yamlUrl } from "../history/links.js";
import { errorSummary, type FormError, field, message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { managedBadge, managedNote } from "../html/managed.js";
import { badge, facts, list, pager, table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import { removeButton } from "../users/memberships.js";
import { groupPath, userPath } from "../users/paths.js";
import { userTexts } from "../users/texts.js";
import { endOf, sourceOf } from "../users/user-page.js";
import type { View } from "../view.js";
import { groupTexts } from "./texts.js";

export const pageSize = 50;

type Query = Readonly<Record<string, string>>;

/** The number of a page in an address, counted from 1; 1 for anything else. */
export function pageNumber(written: string | undefined): number {
  return /^[1-9]\d{0,6}$/.test(written ?? "") ? Number(written) : 1;
}

/** Parameters that are not valid are ignored. */
export function readGroupQuery(query: Query): GroupPage {
  const { q = "", sort = "name", page: at } = query;
  const search = q.replaceAll("\0", "").trim();
  return {
    search: search === "" ? undefined : search,
    sort: groupSorts.find((name) => name === sort.replace("-", "")) ?? "name",
    isDescending: sort.startsWith("-"),
    offset: (pageNumber(at) - 1) * pageSize,
    limit: pageSize,
  };
}

interface ListData {
  readonly query: Query;
  readonly groups: readonly ListedGroup[];
  readonly total: number;
}

export function listPage(view: View, { query, groups, total }: ListData): Html {
  const t = groupTexts[view.language];
  const { sort, isDescending } = readGroupQuery(query);
  const url = (changes: Query) => view.url("/groups", { q: query.q, sort: query.sort, ...changes });
  const body = html`<h1>${t.title}</h1>
${query.done === "deleted" ? message(html`<p>${t.done.deleted}</p>`) : nothing}
${view.may("change_users") ? html`<p><a class="button" href="${view.url("/new-group")}">${t.newGroup}</a></p>` : nothing}
<form class="filters" method="get" action="${view.url("/groups")}" role="search">
${field(view, { name: "q", label: t.search, type: "search", value: query.q ?? "" })}
<button>${commonTexts[view.language].search}</button>
</form>
<p>${t.found(total)}</p>
${table<ListedGroup>(view, {
  caption: t.title,
  rows: groups,
  sortedBy: `${isDescending ? "-" : ""}${sort}`,
  sortUrl: (by) => url({ sort: by }),
  columns: [
    {
      heading: t.columns.name,
      sort: "name",
      cell: ({ name, owner }) => html`<a href="${view.url(groupPath(name))}">${name}</a> ${managedBadge(view, owner)}`,
    },
    { heading: t.columns.members, sort: "members", cell: ({ members }) => String(members) },
    { heading: t.columns.permissions, cell: ({ permissions }) => String(permissions) },
    { heading: t.columns.created, sort: "created", cell: ({ createdAt }) => view.times.moment(createdAt) },
  ],
})}
${pager(view, { page: pageNumber(query.page), pages: Math.ceil(total / pageSize), url: (at) => url({ page: String(at) }) })}`;
  return page(view, { title: t.title, body });
}

interface Members {
  readonly group: GroupDetails;
  /** Of the page of members, counted from 1. */
  readonly number: number;
  readonly members: readonly GroupMember[];
  readonly total: number;
}

interface GroupData extends Members {
  readonly claimed: readonly ClaimedMembership[];
  /** Undefined where no file manages it. */
  readonly managed: Omit<Managed, "entries"> | undefined;
}

export function groupPage(view: View, data: GroupData, done: string | undefined): Html {
  const t = groupTexts[view.language];
  const { group, claimed, managed } = data;
  const { name, owner } = group;
  const entry = { kind: "group", key: name };
  const links = [
    [t.history, historyUrl(view, entry)],
    [t.yaml, yamlUrl(view, entry)],
  ] as const;
  const isDone = (code: string | undefined): code is keyof typeof t.done =>
    code !== undefined && Object.hasOwn(t.done, code);
  const permissions = [...new Set(group.permissions.map(({ permission }) => permission))];
  const body = html`<h1>${name} ${managedBadge(view, owner)}</h1>
${isDone(done) ? message(html`<p>${t.done[done]}</p>`) : nothing}
${managed ? managedNote(view, managed) : nothing}
${view.may("change_users") ? actions(view, group) : nothing}
${facts([
  [
    userTexts[view.language].managedBy,
    owner === null ? userTexts[view.language].byHand : userTexts[view.language].file(owner),
  ],
  [t.columns.created, view.times.moment(group.createdAt)],
])}
<h2>${t.permissions}</h2>
${permissions.length === 0 ? html`<p>${t.noPermissions}</p>` : list(permissions)}
<h2>${t.members}</h2>
${memberTable(view, data)}
${memberPager(view, data, groupPath(name))}
<h2>${t.claims.title}</h2>
${claimed.length === 0 ? html`<p>${t.claims.none}</p>` : list(claimed.map(({ client, path }) => (path === undefined ? t.claims.everyone(client) : t.claims.named(client, path, name))))}
<h2>${t.more}</h2>
${list(links.flatMap(([text, url]) => (url === undefined ? [] : [html`<a href="${url}">${text}</a>`])))}`;
  return page(view, { title: name, body });
}

function actions(view: View, { name, owner }: GroupDetails): Html {
  const t = groupTexts[view.language].actions;
  const possible = owner === null ? (["members", "edit", "delete"] as const) : (["members"] as const);
  return html`<h2>${t.title}</h2>
${list(possible.map((action) => html`<a href="${view.url(groupPath(name, action))}">${t[action]}</a>`))}`;
}

/** @param last one more column */
function memberTable(
  view: View,
  { members }: Members,
  last?: { readonly heading: string; readonly cell: (member: GroupMember) => Html | string },
): Html {
  const t = groupTexts[view.language];
  const u = userTexts[view.language];
  return table<GroupMember>(view, {
    caption: t.members,
    rows: members,
    empty: t.noMembers,
    columns: [
      {
        heading: t.member,
        cell: ({ username, isService, isActive }) =>
          html`<a href="${view.url(userPath(username))}">${username}</a> ${isService ? badge(u.service) : nothing}${isActive ? nothing : badge(u.states.inactive, "bad")}`,
      },
      { heading: u.groups.source, cell: ({ source, owner }) => u.groups.sources[sourceOf(source, owner)] },
      { heading: u.groups.until, cell: ({ until }) => endOf(view, until) },
      ...(last ? [last] : []),
    ],
  });
}

function memberPager(view: View, { number, total }: Members, path: string): Html {
  const url = (at: number) => view.url(path, { page: String(at) });
  return pager(view, { page: number, pages: Math.ceil(total / pageSize), url });
}

interface MembersPage extends Members {
  readonly typed: { readonly username: string; readonly until: string };
  readonly errors: readonly FormError[];
  readonly isDone: boolean;
}

/** Members by hand can be added and removed, also where a file manages the group. */
export function membersPage(view: View, data: MembersPage): Html {
  const t = groupTexts[view.language].memberships;
  const { group, typed, errors, isDone } = data;
  const title = t.membersTitle(group.name);
  const action = view.url(groupPath(group.name, "members"));
  const remove = {
    heading: t.remove,
    cell: ({ username, source, owner, isService }: GroupMember) =>
      sourceOf(source, owner) === "hand" && !isService
        ? removeButton(view, { action, fields: { username }, what: username })
        : t.notHere,
  };
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
${isDone ? message(html`<p>${t.done}</p>`) : nothing}
<h2>${t.addTitle}</h2>
<form method="post" action="${action}">${csrf(view)}<input type="hidden" name="do" value="add">
${field(view, { name: "username", label: t.username, value: typed.username, errors })}
${field(view, { name: "until", label: t.until, hint: t.untilHint(view.times.zone), type: "date", value: typed.until, isOptional: true, errors })}
<p class="actions"><button>${t.add}</button> <a href="${view.url(groupPath(group.name))}">${commonTexts[view.language].back}</a></p>
</form>
<h2>${groupTexts[view.language].members}</h2>
${memberTable(view, data, remove)}
${memberPager(view, data, groupPath(group.name, "members"))}`;
  return page(view, { title, body, isRefused: errors.length > 0 });
}

interface Deletion {
  readonly group: GroupDetails;
  /** How many members it has. */
  readonly total: number;
  readonly errors: readonly FormError[];
}

export function deletePage(view: View, { group: { name }, total, errors }: Deletion): Html {
  const t = groupTexts[view.language].remove;
  const body = html`<h1>${t.title(name)}</h1>
${errorSummary(view, errors)}
<p>${t.members(total)} ${t.text}</p>
<form method="post" action="${view.url(groupPath(name, "delete"))}">${csrf(view)}
<p class="actions"><button class="danger">${t.button}</button>
<a href="${view.url(groupPath(name))}">${commonTexts[view.language].cancel}</a></p>
</form>`;
  return page(view, { title: t.title(name), body, isRefused: errors.length > 0 });
}
