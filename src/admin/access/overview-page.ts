import type { AccessOverview } from "../../operations/read-access.js";
import { shown } from "../../report/table.js";
import { downloadLinks } from "../download.js";
import { historyTexts } from "../history/texts.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { list, table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { permissionUrl, ruleTable, tokenAccessUrl, userAccessUrl } from "./parts.js";
import { accessTexts } from "./texts.js";

/** Who may what, at one glance: of users and of tokens, for those who may see them. */
export function overviewPage(view: View, { superusers, superuserTokens, permissions, rules }: AccessOverview): Html {
  const t = accessTexts[view.language];
  const [ofUsers, ofTokens] = [view.may("view_users"), view.may("view_tokens")];
  const body = html`<h1>${t.title}</h1>
<p>${t.lead}</p>
${view.may("view_history") ? html`<p><a href="${view.url("/history/differences")}">${historyTexts[view.language].differences.title}</a></p>` : nothing}
${ofUsers ? look(view, "/access/user", t.user.look, t.user.username) : nothing}
${ofTokens ? look(view, "/access/token", t.token.look, t.token.identifier) : nothing}
${look(view, "/access/permission", t.permission.look, t.permission.name)}
${downloadLinks(view, "/access/download")}
${ofUsers ? everything(t.superusers, superusers, (name) => userAccessUrl(view, name), t.noSuperusers) : nothing}
${ofTokens && superuserTokens.length > 0 ? everything(t.superuserTokens, superuserTokens, (name) => tokenAccessUrl(view, name)) : nothing}
<h2>${t.permissions}</h2>
${table<AccessOverview["permissions"][number]>(view, {
  caption: t.permissions,
  rows: permissions,
  columns: [
    {
      heading: t.permission.name,
      cell: ({ permission }) => html`<a href="${permissionUrl(view, permission)}">${shown(permission)}</a>`,
    },
    ...(ofUsers ? [{ heading: t.permission.users, cell: ({ users }: { users: number }) => String(users) }] : []),
    ...(ofTokens ? [{ heading: t.permission.tokens, cell: ({ tokens }: { tokens: number }) => String(tokens) }] : []),
  ],
})}
${ofUsers ? ruleTable(view, rules) : nothing}`;
  return page(view, { title: t.title, body });
}

function look(view: View, path: string, title: string, label: string): Html {
  const id = `${path.slice(path.lastIndexOf("/") + 1)}-name`;
  // Several forms of the page have a field of this name, and ids are unique.
  const own = html`<div class="field"><label for="${id}">${label}</label>
<input id="${id}" name="name" type="search" autocomplete="off" spellcheck="false"></div>`;
  return html`<form class="filters" method="get" action="${view.url(path)}" role="search" aria-label="${title}">${own}
<button>${commonTexts[view.language].search}</button></form>`;
}

function everything(title: string, names: readonly string[], urlOf: (name: string) => string, none = ""): Html {
  return html`<h2>${title}</h2>
${names.length === 0 ? html`<p>${none}</p>` : list(names.map((name) => html`<a href="${urlOf(name)}">${shown(name)}</a>`))}`;
}
