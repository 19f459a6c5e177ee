import type { TokenValue } from "../../operations/list-tokens.js";
import type { TokenInContext, TokenOrigin, TokenPermissions } from "../../operations/token-facts.js";
import { historyUrl, yamlUrl } from "../history/links.js";
import { message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { fileShouldFollow, managedBadge, managedNote } from "../html/managed.js";
import { facts, list } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { changeTexts } from "./change-texts.js";
import { doneMessage, expiryOf, stateBadge, used } from "./list-page.js";
import { tokenPath } from "./list-query.js";
import { mayChange } from "./rights.js";
import { tokenTexts } from "./texts.js";

/** @param codes what the page before did, and how a value was found, from the address */
export function factsPage(
  view: View,
  found: TokenInContext,
  codes: { readonly done: string | undefined; readonly found: string | undefined },
): Html {
  const t = tokenTexts[view.language];
  const { token, managed, user } = found;
  const { identifier, owner, state } = token;
  const hasEnded = codes.done === "revoked" || codes.done === "disabled";
  const body = html`<h1>${identifier}</h1>
<p>${stateBadge(view, state)} ${managedBadge(view, owner)}</p>
${doneMessage(view, codes.done)}
${managed && hasEnded ? fileShouldFollow(view) : nothing}
${foundMessage(view, codes.found)}
${user.isActive ? nothing : message(html`<p>${t.facts.inactiveUser}</p>`, "warning")}
${managed ? managedNote(view, managed) : nothing}
<h2>${t.facts.title}</h2>
${factsOf(view, found)}
${permissionsOf(view, found.access)}
<h2>${t.facts.values}</h2>
${list(token.values.map((value) => valueItem(view, value)))}
${actions(view, found)}
${links(view, identifier)}`;
  return page(view, { title: identifier, body });
}

function foundMessage(view: View, code: string | undefined): Html {
  const t = tokenTexts[view.language].find.found;
  return code === undefined || !Object.hasOwn(t, code) ? nothing : message(html`<p>${t[code as keyof typeof t]}</p>`);
}

function factsOf(view: View, { token, user, made }: TokenInContext): Html {
  const t = tokenTexts[view.language].facts;
  const { times } = view;
  const by = ({ at, by: who }: { readonly at: string; readonly by: string }): Html =>
    html`${times.moment(at)}, ${t.by} ${who}`;
  const text = (value: string): string | undefined => value || undefined;
  const { revocation, disabled } = token;
  const reasons: Readonly<Record<string, string>> = changeTexts[view.language].revoke.reasons;
  return facts([
    [t.user, user.isService ? `${token.user} (${t.serviceUser})` : token.user],
    [t.madeBy, made === null ? undefined : origin(view, made)],
    [t.created, times.moment(token.createdAt)],
    [t.validFrom, token.validFrom === null ? undefined : times.moment(token.validFrom)],
    [t.expires, expiryOf(view, token)],
    [t.used, used(view, token.lastUsedAt)],
    [
      t.revoked,
      revocation === null ? undefined : html`${by(revocation)}: ${reasons[revocation.reason] ?? revocation.reason}`,
    ],
    [t.disabled, disabled === null ? (token.isEnabled ? undefined : t.inFile) : by(disabled)],
    [t.allowedIps, text(token.allowedIps?.join(", ") ?? "")],
    [t.rateLimit, text(token.rateLimit ?? "")],
    [t.description, text(token.description)],
    [t.contact, text(token.contactPerson)],
    [t.email, text(token.email)],
    [t.organization, text(token.organization)],
    [t.application, text(token.application)],
    [t.administration, text(token.administration)],
    [t.protected, token.isProtected ? t.protectedText : undefined],
  ]);
}

function origin(view: View, { actor, claimedActor, through, files }: TokenOrigin): Html {
  const t = tokenTexts[view.language].facts;
  const parts = [
    ...(claimedActor === null ? [] : [t.onBehalf(claimedActor)]),
    ...(through === null ? [] : [`${t.through} ${through}`]),
    ...files,
  ];
  return html`${actor}${parts.length === 0 ? nothing : ` (${parts.join(", ")})`}`;
}

function permissionsOf(view: View, access: TokenPermissions): Html {
  const t = tokenTexts[view.language].permissions;
  if (access.kind === "everything") return html`<h2>${t.title}</h2><p>${t.everything}</p>`;
  const lead = { of_user: t.ofUser, narrowed: t.narrowed, service: t.service }[access.kind];
  const items = access.permissions.map(({ name, isHeld }) =>
    isHeld ? html`${name}` : html`<del>${name}</del> (${t.notHeld})`,
  );
  return html`<h2>${t.title}</h2><p>${lead}</p>${items.length === 0 ? html`<p>${t.nothing}</p>` : list(items)}`;
}

function valueItem(view: View, { since, lastUsedAt, validUntil }: TokenValue): Html {
  const t = tokenTexts[view.language].facts;
  const { moment } = view.times;
  const what = validUntil === null ? html`${t.current}` : html`${t.until} ${moment(validUntil)}`;
  const begun = since === null ? nothing : html`, ${t.since} ${moment(since)}`;
  return html`${what}${begun}, ${t.usedAt}: ${used(view, lastUsedAt)}`;
}

/** What this person may do with it, and what makes sense for it. */
function actions(view: View, found: TokenInContext): Html {
  const t = tokenTexts[view.language].actions;
  const { token, isGenerated } = found;
  const path = tokenPath(token.identifier);
  const isOff = token.disabled !== null || !token.isEnabled;
  const canRotate =
    token.state !== "revoked" && (token.owner === null || isGenerated) && mayChange(view, found, "rotate");
  const canEnable = token.disabled !== null || (token.owner === null && !token.isEnabled);
  const shown = [
    ...(canRotate ? [[`${path}/rotate`, t.rotate]] : []),
    ...(!isOff && token.state !== "revoked" && mayChange(view, found, "disable")
      ? [[`${path}/disable`, t.disable]]
      : []),
    ...(canEnable && mayChange(view, found, "enable") ? [[`${path}/enable`, t.enable]] : []),
  ].map(([target = "", label]) => html`<a class="button secondary" href="${view.url(target)}">${label}</a>`);
  const revoke = view.url("/tokens/revoke", { name: token.identifier });
  const canRevoke = token.state !== "revoked" && mayChange(view, found, "revoke");
  const all = canRevoke ? [...shown, html`<a class="button secondary" href="${revoke}">${t.revoke}</a>`] : shown;
  if (all.length === 0) return nothing;
  const note = token.owner === null ? nothing : html`<p>${t.managed}</p>`;
  return html`<h2>${t.title}</h2>${note}<p class="actions">${all}</p>`;
}

function links(view: View, identifier: string): Html {
  const t = tokenTexts[view.language].links;
  const entry = { kind: "api_token", key: identifier };
  const found = [
    [historyUrl(view, entry), t.history],
    [yamlUrl(view, entry), commonTexts[view.language].yaml],
  ] as const;
  const shown = found.flatMap(([url, text]) => (url === undefined ? [] : [html`<a href="${url}">${text}</a>`]));
  return shown.length === 0 ? nothing : html`<h2>${t.title}</h2>${list(shown)}`;
}
