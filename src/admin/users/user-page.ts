import { type Access, type Source, userAccess } from "../../access/effective.js";
import type { UserRights } from "../../access/listing.js";
import type { Origin } from "../../database/tables.js";
import type { ListedToken } from "../../operations/list-tokens.js";
import type { Managed } from "../../operations/person.js";
import type { TokenPage } from "../../operations/token-page.js";
import type { UserDetails, UserSession } from "../../operations/user-details.js";
import { historyUrl, yamlUrl } from "../history/links.js";
import { message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { managedBadge, managedNote } from "../html/managed.js";
import { facts, list, table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import { tokenPath } from "../tokens/list-query.js";
import type { View } from "../view.js";
import { fullName, rightBadges, seen, stateBadge } from "./list-page.js";
import { actionLinks, groupPath } from "./paths.js";
import { userTexts } from "./texts.js";

/** Which of a user's tokens are shown: those that were used last. */
export const recentTokens = { sort: "used", isDescending: true, offset: 0, limit: 100 } as const;

/** What is known of a user. */
export interface UserData {
  readonly user: UserDetails;
  /** Undefined for a user that exists for one API token only. */
  readonly rights: UserRights | undefined;
  readonly tokens: TokenPage;
  readonly sessions: readonly UserSession[];
  /** Undefined where no file manages it. */
  readonly managed: Omit<Managed, "entries"> | undefined;
}

export function userPage(view: View, data: UserData, done: string | undefined): Html {
  const t = userTexts[view.language];
  const { user, managed } = data;
  const { username } = user;
  const isDone = (code: string | undefined): code is keyof typeof t.done =>
    code !== undefined && Object.hasOwn(t.done, code);
  const body = html`<h1>${username} ${managedBadge(view, user.owner)}</h1>
${isDone(done) ? message(html`<p>${t.done[done]}</p>`) : nothing}
${user.isService ? message(html`<p>${t.facts.ofToken}</p>`, "note") : nothing}
${managed ? managedNote(view, managed) : nothing}
${actionLinks(view, user)}
<h2>${t.facts.title}</h2>
${userFacts(view, user)}
<h2>${t.access.title}</h2>
${data.rights ? accessOf(view, user, data.rights) : permissionsOf(view, user)}
<h2>${t.groups.title}</h2>
${memberships(view, user)}
<h2>${t.tokens.title}</h2>
${tokensOf(view, data)}
<h2>${t.sessions.title}</h2>
${sessionTable(view, data.sessions)}
<h2>${t.more.title}</h2>
${list(moreLinks(view, username))}`;
  return page(view, { title: username, body });
}

function moreLinks(view: View, key: string): readonly Html[] {
  const t = userTexts[view.language].more;
  const entry = { kind: "user", key };
  const links = [
    [t.history, historyUrl(view, entry)],
    [t.yaml, yamlUrl(view, entry)],
  ] as const;
  return links.flatMap(([text, url]) => (url === undefined ? [] : [html`<a href="${url}">${text}</a>`]));
}

function userFacts(view: View, user: UserDetails): Html {
  const t = userTexts[view.language];
  const { deactivation, link, signIn } = user;
  const state = html`${stateBadge(view, user)}${deactivation ? html` ${view.times.moment(deactivation.at)}, ${t.facts.deactivated(deactivation.by)}` : nothing}${user.state === "active" ? nothing : html`<br>${t.stateHints[user.state]}`}`;
  const linkedTo = (linked: NonNullable<UserDetails["link"]>) =>
    t.facts.subject(
      linked.subject,
      linked.providers.join(", ") || (linked.issuer ?? commonTexts[view.language].unknown),
    );
  return facts([
    [t.columns.name, fullName(user) || undefined],
    [t.columns.email, user.email || undefined],
    [t.columns.state, state],
    [t.columns.rights, user.isSuperuser || user.isStaff || user.isService ? rightBadges(view, user) : undefined],
    [t.managedBy, user.owner === null ? t.byHand : t.file(user.owner)],
    [t.facts.signsInWith, user.isService ? undefined : signInText(view, user)],
    [t.facts.linked, link === null ? undefined : linkedTo(link)],
    [
      t.facts.signIn,
      signIn === null
        ? undefined
        : signIn.subject === null
          ? t.facts.anyone(signIn.provider)
          : t.facts.subject(signIn.subject, signIn.provider),
    ],
    [t.columns.created, view.times.moment(user.createdAt)],
    [
      t.columns.seen,
      user.lastSeenAt === null
        ? commonTexts[view.language].never
        : html`${view.times.moment(user.lastSeenAt)} (${seen(view, user.lastSeenAt)})`,
    ],
  ]);
}

/** Once an identity is linked, a password is not accepted any more. */
function signInText(view: View, { link, hasPassword, signIn }: UserDetails): string {
  const t = userTexts[view.language].facts;
  if (link !== null) return t.provider;
  if (hasPassword) return t.password;
  return signIn === null ? t.nothing : t.awaits(signIn.provider);
}

/** Of a user whom no file manages, what belongs to the entry was made by hand. */
export function sourceOf(origin: Origin, owner: string | null): "file" | "hand" | "claim" {
  if (origin === "claim") return "claim";
  return origin === "config" && owner !== null ? "file" : "hand";
}

function accessOf(
  view: View,
  user: UserDetails,
  { user: known, memberships: joined, access, isActive }: UserRights,
): Html {
  const t = userTexts[view.language].access;
  const groups = new Map(joined.map(({ group }) => [group.id, group]));
  const given = isActive
    ? access
    : userAccess({ groups }, { ...known, isActive: true, isDeactivated: false }, view.times.nowMs());
  const from = known.isSuperuserByClaim ? "claim" : sourceOf("config", user.owner);
  return html`${isActive ? nothing : message(html`<p>${t.inactive}</p>`, "note")}
${given.isSuperuser ? html`<p><strong>${t.superuser}</strong> ${t.superuserFrom[from]}</p>` : nothing}
${given.isStaff ? html`<p>${t.staff}</p>` : nothing}
${rightsTable(view, user, given)}`;
}

function rightsTable(view: View, user: UserDetails, { isSuperuser, permissions }: Access): Html {
  const t = userTexts[view.language].access;
  if (permissions.size === 0) return isSuperuser ? nothing : html`<p>${t.none}</p>`;
  return table(view, {
    caption: isSuperuser ? t.besides : t.title,
    rows: [...permissions].sort(([one], [other]) => (one < other ? -1 : 1)),
    columns: [
      { heading: t.permission, cell: ([permission]) => permission },
      { heading: t.from, cell: ([, sources]) => list(sources.map((source) => sourceText(view, user, source))) },
    ],
  });
}

function sourceText(view: View, { owner }: UserDetails, source: Source): Html | string {
  const t = userTexts[view.language];
  switch (source.kind) {
    case "own":
      return t.access.own[sourceOf(source.origin, owner)];
    case "group": {
      const { name } = source.group;
      const how = t.groups.sources[sourceOf(source.membership, owner)];
      return html`${t.access.group} <a href="${view.url(groupPath(name))}">${name}</a> (${how})`;
    }
    case "superuser":
      return t.superuser;
  }
}

/** A service user's permissions are those of its token's entry. */
function permissionsOf(view: View, { permissions }: UserDetails): Html {
  if (permissions.length === 0) return html`<p>${userTexts[view.language].access.none}</p>`;
  return list(permissions.map(({ permission }) => permission));
}

function memberships(view: View, { groups, owner }: UserDetails): Html {
  const t = userTexts[view.language].groups;
  if (groups.length === 0) return html`<p>${t.none}</p>`;
  return table(view, {
    caption: t.title,
    rows: groups,
    columns: [
      {
        heading: userTexts[view.language].group,
        cell: ({ name }) => html`<a href="${view.url(groupPath(name))}">${name}</a>`,
      },
      { heading: t.source, cell: ({ source }) => t.sources[sourceOf(source, owner)] },
      { heading: t.until, cell: ({ until }) => endOf(view, until) },
    ],
  });
}

/** When a membership ends, and whether it is over. */
export function endOf(view: View, until: string | null): Html | string {
  const t = userTexts[view.language].groups;
  if (until === null) return t.forGood;
  return html`${view.times.moment(until)}${Date.parse(until) > view.times.nowMs() ? nothing : html` (${t.over})`}`;
}

function tokensOf(view: View, { user: { username }, tokens }: UserData): Html {
  const t = userTexts[view.language].tokens;
  if (tokens.total === 0) return html`<p>${t.none}</p>`;
  if (!view.may("view_tokens")) return html`<p>${t.count(tokens.total)}</p>`;
  return html`${tokenTable(view, tokens)}
<p><a href="${view.url("/tokens", { user: username })}">${t.all}</a></p>`;
}

/** Tokens with their last use, and links to them. */
export function tokenTable(view: View, { tokens }: TokenPage): Html {
  const t = userTexts[view.language].tokens;
  return table<ListedToken>(view, {
    caption: t.title,
    rows: tokens,
    columns: [
      {
        heading: t.identifier,
        cell: ({ identifier }) => html`<a href="${view.url(tokenPath(identifier))}">${identifier}</a>`,
      },
      { heading: t.state, cell: ({ state }) => t.states[state] },
      { heading: t.lastUsed, cell: ({ lastUsedAt }) => seen(view, lastUsedAt) },
      {
        heading: t.expires,
        cell: ({ expiresAt }) => (expiresAt === null ? commonTexts[view.language].never : view.times.moment(expiresAt)),
      },
    ],
  });
}

export function sessionTable(view: View, sessions: readonly UserSession[]): Html {
  const t = userTexts[view.language].sessions;
  if (sessions.length === 0) return html`<p>${t.none}</p>`;
  return table<UserSession>(view, {
    caption: t.title,
    rows: sessions,
    columns: [
      { heading: t.started, cell: ({ createdAt }) => view.times.moment(createdAt) },
      { heading: t.seen, cell: ({ seenAt }) => seen(view, seenAt) },
      { heading: t.expires, cell: ({ expiresAt }) => view.times.moment(expiresAt) },
      { heading: t.through, cell: ({ client }) => (client === null ? t.password : t.client(client)) },
    ],
  });
}
