import type { Hono } from "hono";
import { hasEmergencyAccount } from "../../operations/bootstrap.js";
import type { ListedToken } from "../../operations/list-tokens.js";
import { countTokens, readTokenPage, type TokenCounts, type TokenPage } from "../../operations/token-page.js";
import type { AdminContext } from "../context.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { facts, list, table } from "../html/parts.js";
import { type AdminEnv, answer } from "../routes.js";
import { commonTexts } from "../texts.js";
import { tokenPath } from "../tokens/list-query.js";
import type { View } from "../view.js";
import { bootstrapHome } from "../way-in/bootstrap.js";
import type { AdminSession } from "../way-in/bootstrap-session.js";
import { homeTexts } from "./texts.js";

const dayMs = 86_400_000;
const expiringDays = 30;
const idleDays = 90;
const ownTokens = 5;

interface Home {
  readonly counts: TokenCounts;
  readonly own: TokenPage;
  readonly lacksEmergencyAccount: boolean;
}

/** The start page: what needs attention, as far as the person may see it, and what the person has. */
export function addHome(app: Hono<AdminEnv>, context: AdminContext): void {
  app.get("/", async (c) => {
    const view = c.get("view");
    const session = c.get("session");
    if (session.isBootstrap) return await answer(c, bootstrapHome(view));
    const home = await readHome(view, session, context);
    return await answer(c, page(view, { title: homeTexts[view.language].title, body: homeBody(view, session, home) }));
  });
}

async function readHome(
  view: View,
  { principal }: AdminSession,
  { database, login, now }: AdminContext,
): Promise<Home> {
  const own = { userId: principal.user.id };
  const spans = { expiringWithinMs: expiringDays * dayMs, unusedForMs: idleDays * dayMs };
  const first = { sort: "expires", isDescending: false, offset: 0, limit: ownTokens } as const;
  const mayLack = view.may("superuser") && (await login.isEnabled());
  return {
    counts: await countTokens(database.kysely, view.may("view_tokens") ? {} : own, spans, now()),
    own: await readTokenPage(database, own, first, now()),
    lacksEmergencyAccount: mayLack && !(await hasEmergencyAccount(database.kysely)),
  };
}

function homeBody(view: View, session: AdminSession, home: Home): Html {
  const t = homeTexts[view.language];
  const { principal, authenticatedAt, expiresAt } = session;
  const rights = [...principal.permissions].sort();
  const items = attention(view, home);
  const differences = html`<p><a href="${view.url("/history/differences")}">${t.differences}</a></p>`;
  return html`<h1>${t.title}</h1>
<h2>${t.attention}</h2>
${items.length > 0 ? list(items) : html`<p>${t.allWell}</p>`}
${view.may("view_history") ? differences : nothing}
<h2>${t.tokens}</h2>
${ownTokensPart(view, session, home.own)}
<h2>${t.you}</h2>
${facts([
  [t.username, principal.user.username],
  [t.provenAt, authenticatedAt && view.times.moment(authenticatedAt.toISOString())],
  [t.until, view.times.moment(expiresAt.toISOString())],
])}
<h2>${t.rights}</h2>
${principal.user.isSuperuser ? html`<p>${t.superuser}</p>` : rights.length > 0 ? list(rights) : html`<p>${t.noRights}</p>`}`;
}

/** Each links to the list that shows it. */
function attention(view: View, { counts, lacksEmergencyAccount }: Home): readonly Html[] {
  const t = homeTexts[view.language];
  const link = (text: string, query: Readonly<Record<string, string>>): Html =>
    html`<a href="${view.url("/tokens", query)}">${text}</a>`;
  const { expiring, idle, unused, expired } = counts;
  return [
    ...(lacksEmergencyAccount ? [html`${t.noEmergency}`] : []),
    ...(expiring > 0 ? [link(t.expiring(expiring, expiringDays), { expiring: String(expiringDays) })] : []),
    ...(idle > 0 ? [link(t.idle(idle, idleDays), { state: "active", unused: String(idleDays) })] : []),
    ...(unused > 0 ? [link(t.unused(unused), { state: "unused" })] : []),
    ...(expired > 0 ? [link(t.expired(expired), { state: "expired" })] : []),
  ];
}

function ownTokensPart(view: View, { principal }: AdminSession, { tokens, total }: TokenPage): Html {
  const t = homeTexts[view.language];
  if (total === 0) return html`<p>${t.noTokens}</p>`;
  const { none, never } = commonTexts[view.language];
  const time = (iso: string | null, otherwise: string) => (iso === null ? otherwise : view.times.moment(iso));
  const rows = table<ListedToken>(view, {
    caption: t.tokens,
    rows: tokens,
    columns: [
      {
        heading: t.columns.name,
        cell: ({ identifier }) => html`<a href="${view.url(tokenPath(identifier))}">${identifier}</a>`,
      },
      { heading: t.columns.expires, cell: ({ expiresAt }) => time(expiresAt, none) },
      { heading: t.columns.used, cell: ({ lastUsedAt }) => time(lastUsedAt, never) },
    ],
  });
  const { username } = principal.user;
  return html`${rows}<p><a href="${view.url("/tokens", { user: username })}">${t.toTokens(total)}</a></p>`;
}
