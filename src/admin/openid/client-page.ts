import type { StoredClient } from "../../operations/read-openid.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { managedNote } from "../html/managed.js";
import { copyable, facts, list } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { clientTexts } from "./client-texts.js";
import { clientValues, mapping } from "./client-values.js";
import { linesOf, pathText } from "./lines.js";
import { doneMessage, managerOf, moreLinks, type OpenIdUse, stateBadge, unreadableNote } from "./list-page.js";
import { type Saved, savedNote } from "./provider-page.js";
import { openidTexts } from "./texts.js";

/** What is to be registered at the provider, for a login of these pages. */
export interface Redirects {
  readonly redirect: string;
  readonly logout: string;
}

export interface ClientPage {
  readonly client: StoredClient;
  readonly use: OpenIdUse;
  readonly redirects: Redirects;
  readonly done?: string | undefined;
  readonly saved?: Saved;
}

export function clientPage(view: View, { client, use, redirects, done, saved }: ClientPage): Html {
  const t = openidTexts[view.language];
  const own = clientTexts[view.language];
  const common = commonTexts[view.language];
  const title = `${t.client} ${client.identifier}`;
  const values = clientValues(client);
  const shown = (name: string) => values.text(name) || common.none;
  const flag = (name: string) => (values.isChecked(name) ? common.yes : common.no);
  const label = (name: string) => own.fields[name] ?? name;
  const body = html`<h1>${title}</h1>
${doneMessage(view, done)}
${saved ? savedNote(view, saved) : nothing}
${unreadableNote(view, [client])}
${client.managed ? managedNote(view, client.managed) : nothing}
${actions(view, client)}
${facts([
  [t.state, stateBadge(view, client.isEnabled)],
  [t.usedFor, t.uses[use]],
  [t.managedBy, managerOf(view, client.managed)],
  [t.lastUsed, client.lastUsedAt === null ? common.never : view.times.moment(client.lastUsedAt)],
  [t.provider, html`<a href="${view.url(`/openid/providers/${client.provider}`)}">${client.provider}</a>`],
  [label("oidc_rp_client_id"), html`<code>${client.clientId}</code>`],
  [t.secret, t.secretStates[client.secret]],
  [t.signKey, t.secretStates[client.signKey]],
])}
${redirectsNote(view, use, redirects)}
<h2>${own.gives.title}</h2>
${list(givenBy(view, client))}
<h2>${own.tryOut}</h2>
${tryForm(view, client.identifier)}
<h2>${own.sections.user}</h2>
${facts([
  [
    label("userinfo_claims_source"),
    own.sources[client.userinfoSource === "id_token" ? "id_token" : "userinfo_endpoint"],
  ],
  ...["claim_username", "claim_email", "claim_first_name", "claim_last_name"].map(
    (name) => [label(name), shown(name)] as const,
  ),
  [label("username_case_sensitive"), flag("username_case_sensitive")],
  [label("allow_unverified_email"), flag("allow_unverified_email")],
  [label("groups_sync_pattern"), shown("groups_sync_pattern")],
  [label("groups_sync"), flag("groups_sync")],
])}
<h2>${own.sections.more}</h2>
${facts([
  [label("oidc_rp_sign_algo"), client.signAlgorithm],
  [label("oidc_rp_scopes_list"), client.scopes.join(" ") || common.none],
  [label("oidc_use_pkce"), own.pkce[client.usesPkce === null ? "provider" : client.usesPkce ? "yes" : "no"]],
  [label("oidc_keycloak_idp_hint"), shown("oidc_keycloak_idp_hint")],
  [label("oidc_audience"), client.audience.length === 0 ? common.none : list(client.audience)],
  [label("check_op_availability"), flag("check_op_availability")],
  [label("accept_at_hash"), flag("accept_at_hash")],
])}
${moreLinks(view, { kind: "oidc_client", key: client.identifier })}
<p><a href="${view.url("/openid")}">${t.back}</a></p>`;
  return page(view, { title, body });
}

function actions(view: View, { identifier, managed, isEnabled }: StoredClient): Html {
  const t = openidTexts[view.language];
  const path = `/openid/clients/${identifier}`;
  const edit = html`<a class="button" href="${view.url(`${path}/edit`)}">${t.edit}</a>`;
  const enable = html`<a class="button" href="${view.url(`${path}/enable`)}">${t.enable}</a>`;
  const disable = html`<a class="button secondary" href="${view.url(`${path}/disable`)}">${t.disable}</a>`;
  const remove = html`<a class="button secondary" href="${view.url(`${path}/delete`)}">${t.remove}</a>`;
  if (managed) return isEnabled ? html`<div class="actions">${disable}</div>` : html`<p>${t.confirm.inFile}</p>`;
  return html`<div class="actions">${edit} ${isEnabled ? disable : enable} ${remove}</div>`;
}

/** What must be registered at the provider, to copy. */
export function redirectsNote(view: View, use: OpenIdUse, { redirect, logout }: Redirects): Html {
  const t = clientTexts[view.language].redirects;
  if (use === "here") {
    return html`<h2>${t.title}</h2>
<p>${t.redirect}</p>${copyable(view, "redirect-uri", redirect)}
<p>${t.logout}</p>${copyable(view, "logout-uri", logout)}`;
  }
  return html`<h2>${t.title}</h2><p>${use === "api" ? t.api : t.other}</p>${copyable(view, "redirect-uri", redirect)}`;
}

/** The rules of a client in plain words: who becomes what by signing in through it. */
export function givenBy(view: View, client: StoredClient): readonly string[] {
  const t = clientTexts[view.language].gives;
  const values = clientValues(client);
  const claims = claimsOf(client);
  const superusers = linesOf(values.written("superuser_group_names"));
  const hasGroups = values.text("groups_claim") !== "";
  const defaults = linesOf(values.written("default_groups"));
  const superuserPath = claims.is_superuser;
  const makesSuperusers = (hasGroups && superusers.length > 0) || superuserPath !== undefined;
  return [
    values.isChecked("make_users_staff") ? t.staff : t.noStaff,
    ...(claims.is_staff === undefined ? [] : [t.staffClaim(claims.is_staff)]),
    ...(hasGroups && superusers.length > 0 ? [t.superusers(superusers.join(", "))] : []),
    ...(superuserPath === undefined ? [] : [t.superuserClaim(superuserPath)]),
    ...(makesSuperusers ? [] : [t.noSuperusers]),
    hasGroups ? t.groups(values.text("groups_claim")) : t.noGroups,
    ...(defaults.length === 0 ? [] : [t.defaults(defaults.join(", "))]),
  ];
}

function claimsOf({ options }: StoredClient): Readonly<Record<string, string>> {
  const claims = mapping(mapping(options.user_settings).claim_mappings);
  return Object.fromEntries(
    Object.entries(claims).flatMap(([name, path]) =>
      Array.isArray(path) && path.length > 0 ? [[name, pathText(path.map(String))]] : [],
    ),
  );
}

/** Two ways to try a client out, in a new window. */
export function tryForm(view: View, identifier: string): Html {
  const t = clientTexts[view.language];
  return html`<p>${t.tryHint}</p>
<form method="post" action="${view.url(`/openid/clients/${identifier}/try`)}" target="_blank" rel="noopener">${csrf(view)}
<div class="actions"><button class="secondary">${t.tryOut}</button>
<button class="secondary" name="prompt" value="login">${t.tryFresh}</button></div></form>`;
}
