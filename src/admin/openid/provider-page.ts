import type { PublishedKeys } from "../../oidc/published-keys.js";
import type { EntryDiagnostic } from "../../operations/change-entries.js";
import type { StoredProvider } from "../../operations/read-openid.js";
import { message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { managedNote } from "../html/managed.js";
import { facts, list, table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { noticesOf } from "./errors.js";
import { doneMessage, managerOf, moreLinks } from "./list-page.js";
import { type Preview, previewBox } from "./preview.js";
import { providerTexts } from "./provider-texts.js";
import { endpointFieldNames, endpointFields, providerValues } from "./provider-values.js";
import { openidTexts } from "./texts.js";

/** What was found when the provider was asked now. */
interface ProviderCheck {
  readonly preview: Preview;
  readonly keys: PublishedKeys | undefined;
  /** ISO 8601, UTC. */
  readonly checkedAt: string;
}

/** What came of a change, beside that it was made. */
export interface Saved {
  readonly diagnostics: readonly EntryDiagnostic[];
  readonly cleared: readonly string[];
}

export interface ProviderPage {
  readonly provider: StoredProvider;
  readonly done?: string | undefined;
  readonly saved?: Saved;
  readonly check?: ProviderCheck;
}

export function providerPage(view: View, { provider, done, saved, check }: ProviderPage): Html {
  const t = openidTexts[view.language];
  const own = providerTexts[view.language];
  const { yes, no, none } = commonTexts[view.language];
  const path = `/openid/providers/${provider.identifier}`;
  const flag = (isOn: boolean) => (isOn ? yes : no);
  const title = `${t.provider} ${provider.identifier}`;
  const clients = provider.clients.map(
    (client) => html`<a href="${view.url(`/openid/clients/${client}`)}">${client}</a>`,
  );
  const body = html`<h1>${title}</h1>
${doneMessage(view, done)}
${saved ? savedNote(view, saved) : nothing}
${provider.managed ? managedNote(view, provider.managed) : actions(view, path)}
${facts([
  [t.managedBy, managerOf(view, provider.managed)],
  [t.clients, clients.length === 0 ? own.noClients : list(clients)],
  [t.issuer, provider.issuer ?? none],
  ...endpointFieldNames.map((name) => {
    const url = provider.endpoints[endpointFields[name]];
    return [own.fields[name] ?? name, url === null ? none : html`<code>${url}</code>`] as const;
  }),
  [own.fields.oidc_use_pkce ?? "", flag(provider.usesPkce)],
  [own.fields.oidc_token_use_basic_auth ?? "", flag(provider.usesBasicAuth)],
  [own.fields.oidc_use_nonce ?? "", flag(provider.usesNonce)],
  [own.fields.oidc_nonce_size ?? "", String(provider.nonceSize)],
  [own.fields.oidc_state_size ?? "", String(provider.stateSize)],
  [own.fields.oidc_op_ca_file ?? "", provider.caFile ?? none],
  [own.fields.oidc_op_former_issuers ?? "", provider.formerIssuers.length === 0 ? none : list(provider.formerIssuers)],
])}
<h2>${own.keys.title}</h2>
<p>${own.keys.lead}</p>
${check ? checkResult(view, provider, check) : nothing}
<form method="post" action="${view.url(`${path}/check`)}">${csrf(view)}<button class="secondary">${own.keys.check}</button></form>
${moreLinks(view, { kind: "oidc_provider", key: provider.identifier })}
<p><a href="${view.url("/openid")}">${t.back}</a></p>`;
  return page(view, { title, body });
}

function actions(view: View, path: string): Html {
  const t = openidTexts[view.language];
  return html`<div class="actions"><a class="button" href="${view.url(`${path}/edit`)}">${t.edit}</a>
<a class="button secondary" href="${view.url(`${path}/delete`)}">${t.remove}</a></div>`;
}

/** What to know of what was saved: secrets that were cleared, and warnings. */
export function savedNote(view: View, { diagnostics, cleared }: Saved): Html {
  const t = openidTexts[view.language];
  const notices = noticesOf(diagnostics);
  const clearing = html`<p>${t.cleared(cleared.join(", "))}</p>`;
  return html`${message(html`<p>${t.done.changed}</p>`)}
${cleared.length === 0 ? nothing : message(clearing, "warning")}
${notices.length === 0 ? nothing : message(html`<h2>${t.notices}</h2><div lang="en">${list(notices)}</div>`, "warning")}`;
}

function checkResult(view: View, provider: StoredProvider, { preview, keys, checkedAt }: ProviderCheck): Html {
  const t = providerTexts[view.language].keys;
  const discovered = preview.kind === "nothing" ? nothing : previewBox(view, providerValues(provider), preview);
  if (preview.kind === "limited") return discovered;
  return html`<p role="status">${t.checkedAt(view.times.text(checkedAt))}</p>${discovered}${keysTable(view, keys)}`;
}

function keysTable(view: View, keys: PublishedKeys | undefined): Html {
  const t = providerTexts[view.language].keys;
  if (!keys) return message(html`<p>${t.noAddress}</p>`, "warning");
  if (keys.kind === "failed") return message(html`<p>${t.failed}</p><p lang="en">${keys.message}</p>`, "warning");
  return table(view, {
    caption: t.title,
    rows: keys.keys,
    columns: [
      { heading: t.name, cell: ({ name }) => name ?? t.unnamed },
      { heading: t.type, cell: ({ type }) => type },
      { heading: t.algorithm, cell: ({ algorithm }) => algorithm ?? commonTexts[view.language].unknown },
      {
        heading: t.state,
        cell: ({ ignored }) => (ignored === undefined ? t.used : (t.ignored[ignored] ?? t.weak)),
      },
    ],
  });
}
