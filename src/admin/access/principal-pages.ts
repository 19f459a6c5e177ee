import type { PermissionHolders, TokenRights, UserRights } from "../../access/listing.js";
import { shown } from "../../report/table.js";
import { downloadLinks } from "../download.js";
import { historyUrl, yamlUrl } from "../history/links.js";
import { historyTexts, kindName } from "../history/texts.js";
import { message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { badge, facts, list, table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import { userPath } from "../users/paths.js";
import type { View } from "../view.js";
import { permissionTable, ruleTable, sourceList, tokenAccessUrl, userAccessUrl } from "./parts.js";
import { accessTexts } from "./texts.js";

/** What one user may, and through what. */
export function userAccessPage(view: View, rights: UserRights): Html {
  const t = accessTexts[view.language];
  const { user, isActive, access, permissions, memberships, tokens, rules } = rights;
  const title = t.user.title(shown(user.username));
  const empty = access.isSuperuser ? "" : t.user.none;
  const body = html`<h1>${title}</h1>
${isActive ? nothing : message(html`<p>${t.user.inactive}</p>`, "warning")}
${access.isSuperuser ? html`<p>${t.user.superuser} ${user.isSuperuserByClaim ? t.user.byClaim : ""}</p>` : nothing}
${access.isStaff ? html`<p>${t.user.staff}</p>` : nothing}
${access.isSuperuser && permissions.length > 0 ? html`<p>${t.user.besides}</p>` : nothing}
${isActive ? permissionTable(view, permissions, title, empty) : nothing}
<h2>${t.groups}</h2>
${table<UserRights["memberships"][number]>(view, {
  caption: t.groups,
  rows: memberships,
  empty: commonTexts[view.language].none,
  columns: [
    { heading: t.group, cell: ({ group }) => shown(group.name) },
    { heading: t.through, cell: ({ membership }) => t.sources.origin[membership.origin] },
    { heading: t.until, cell: (one) => ends(view, one) },
  ],
})}
${view.may("view_tokens") && tokens.length > 0 ? html`<h2>${t.permission.tokens}</h2>${tokenList(view, tokens)}` : nothing}
${ruleTable(view, rules, t.rules.noneMore)}
${more(view, "user", user.username, html`<a href="${view.url(userPath(user.username))}">${t.user.page}</a>`)}`;
  return page(view, { title, body });
}

function ends(view: View, { membership: { until }, isCurrent }: UserRights["memberships"][number]): Html | string {
  const t = accessTexts[view.language];
  if (until === null) return t.forGood;
  return isCurrent ? view.times.moment(until) : t.over(view.times.text(until));
}

function tokenList(view: View, tokens: UserRights["tokens"]): Html {
  const t = accessTexts[view.language].token;
  return list(
    tokens.map(
      ({ token: { identifier }, state }) =>
        html`<a href="${tokenAccessUrl(view, identifier)}">${shown(identifier)}</a> ${badge(t.states[state], state === "active" ? "good" : "bad")}`,
    ),
  );
}

/** What one token may, and through what. */
export function tokenAccessPage(
  view: View,
  { token, user, state, access, permissions, withoutEffect }: TokenRights,
): Html {
  const t = accessTexts[view.language];
  const title = t.token.title(shown(token.identifier));
  const isOwn = user === undefined || user.isService;
  const name = user && shown(user.username);
  const owner =
    user && view.may("view_users") ? html`<a href="${userAccessUrl(view, user.username)}">${name}</a>` : name;
  const body = html`<h1>${title}</h1>
${facts([
  [t.token.state, badge(t.token.states[state], state === "active" ? "good" : "bad")],
  [t.token.ofUser, isOwn ? t.token.ofService : owner],
  [
    t.token.narrowed,
    isOwn ? undefined : token.narrowedTo === null ? t.token.notNarrowed : list(token.narrowedTo.map(shown)),
  ],
])}
${access.isSuperuser ? html`<p>${t.token.superuser}</p>` : nothing}
${permissionTable(view, permissions, title, access.isSuperuser ? "" : t.token.none)}
${withoutEffect.length === 0 ? nothing : message(html`<p>${t.token.withoutEffect}</p>${list(withoutEffect.map(shown))}`, "note")}
${more(view, "api_token", token.identifier)}`;
  return page(view, { title, body });
}

function more(view: View, kind: string, key: string, own?: Html): Html {
  const [history, yaml] = [historyUrl(view, { kind, key }), yamlUrl(view, { kind, key })];
  const links = [
    ...(own === undefined ? [] : [own]),
    ...(history === undefined
      ? []
      : [html`<a href="${history}">${historyTexts[view.language].of(kindName(kind, view.language), shown(key))}</a>`]),
    ...(yaml === undefined ? [] : [html`<a href="${yaml}">${commonTexts[view.language].yaml}</a>`]),
  ];
  return links.length === 0 ? nothing : list(links);
}

// The download has all.
const maxRows = 200;

/** Who may something, and through what. */
export function permissionPage(view: View, permission: string, { users, tokens, rules }: PermissionHolders): Html {
  const t = accessTexts[view.language].permission;
  const title = t.title(shown(permission));
  const through = accessTexts[view.language].through;
  const left = (count: number) => (count > maxRows ? html`<p>${t.more(count - maxRows)}</p>` : nothing);
  const ofUsers = html`<h2>${t.users}</h2>
${table<PermissionHolders["users"][number]>(view, {
  caption: t.users,
  rows: users.slice(0, maxRows),
  empty: t.noUsers,
  columns: [
    {
      heading: accessTexts[view.language].user.username,
      cell: ({ user: { username } }) => html`<a href="${userAccessUrl(view, username)}">${shown(username)}</a>`,
    },
    { heading: through, cell: ({ sources }) => sourceList(view, sources) },
  ],
})}
${left(users.length)}
${ruleTable(view, rules)}`;
  const ofTokens = html`<h2>${t.tokens}</h2>
${table<PermissionHolders["tokens"][number]>(view, {
  caption: t.tokens,
  rows: tokens.slice(0, maxRows),
  empty: t.noTokens,
  columns: [
    {
      heading: accessTexts[view.language].token.identifier,
      cell: ({ token: { identifier } }) => html`<a href="${tokenAccessUrl(view, identifier)}">${shown(identifier)}</a>`,
    },
    {
      heading: accessTexts[view.language].token.ofUser,
      cell: ({ user }) => (user?.isService ? "" : shown(user?.username ?? "")),
    },
    { heading: through, cell: ({ sources }) => sourceList(view, sources) },
  ],
})}
${left(tokens.length)}`;
  const body = html`<h1>${title}</h1>
${downloadLinks(view, "/access/download", { permission })}
${view.may("view_users") ? ofUsers : nothing}
${view.may("view_tokens") ? ofTokens : nothing}`;
  return page(view, { title, body });
}
