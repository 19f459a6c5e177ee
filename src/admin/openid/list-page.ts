import type { StoredClient, StoredProvider } from "../../operations/read-openid.js";
import type { ResourceName } from "../../plan/resource.js";
import { historyUrl, yamlUrl } from "../history/links.js";
import { message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { managedBadge } from "../html/managed.js";
import { badge, table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { openidTexts } from "./texts.js";

interface Listed {
  readonly providers: readonly StoredProvider[];
  readonly clients: readonly StoredClient[];
  /** The client that people sign in to these pages with. */
  readonly own: string;
  readonly done: string | undefined;
}

export type OpenIdUse = "here" | "login" | "api" | "other";

/** What a client is used for, as far as its name says. */
export function useOf(identifier: string, own: string): OpenIdUse {
  if (identifier === own) return "here";
  if (identifier === "admin-oidc") return "login";
  return identifier === "api-oidc" ? "api" : "other";
}

/** What was done, by the code that an address has; nothing for any other text. */
export function doneMessage(view: View, done: string | undefined): Html {
  const texts: Readonly<Record<string, string>> = openidTexts[view.language].done;
  return done !== undefined && Object.hasOwn(texts, done) ? message(html`<p>${texts[done]}</p>`) : nothing;
}

export function stateBadge(view: View, isEnabled: boolean): Html {
  const t = openidTexts[view.language];
  return isEnabled ? badge(t.enabled, "good") : badge(t.disabled, "bad");
}

/** Where a stored secret can't be opened; nothing where all can. */
export function unreadableNote(view: View, clients: readonly StoredClient[]): Html {
  const isUnreadable = clients.some(({ secret, signKey }) => [secret, signKey].includes("unreadable"));
  return isUnreadable ? message(html`<p>${openidTexts[view.language].unreadable}</p>`, "warning") : nothing;
}

type Named = Pick<StoredClient, "identifier" | "managed">;

/** The providers and clients, with what they are for and whether they work. */
export function listPage(view: View, { providers, clients, own, done }: Listed): Html {
  const t = openidTexts[view.language];
  const common = commonTexts[view.language];
  const nameColumn = (path: string) => ({
    heading: t.name,
    cell: ({ identifier, managed }: Named) =>
      html`<a href="${view.url(`${path}/${identifier}`)}">${identifier}</a> ${managedBadge(view, managed?.owner ?? null)}`,
  });
  const managerColumn = { heading: t.managedBy, cell: ({ managed }: Named) => managerOf(view, managed) };
  const body = html`<h1>${t.title}</h1>
${doneMessage(view, done)}
<p>${t.lead}</p>
${clients.length === 0 ? html`<p>${t.steps}</p>` : nothing}
${unreadableNote(view, clients)}
<h2>${t.clients}</h2>
${table(view, {
  caption: t.clients,
  rows: clients,
  empty: t.noClients,
  columns: [
    nameColumn("/openid/clients"),
    { heading: t.state, cell: ({ isEnabled }) => stateBadge(view, isEnabled) },
    { heading: t.usedFor, cell: ({ identifier }) => t.uses[useOf(identifier, own)] },
    {
      heading: t.provider,
      cell: ({ provider }) => html`<a href="${view.url(`/openid/providers/${provider}`)}">${provider}</a>`,
    },
    managerColumn,
    {
      heading: t.lastUsed,
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? common.never : view.times.moment(lastUsedAt)),
    },
  ],
})}
<p><a class="button" href="${view.url("/openid/new-client")}">${t.newClient}</a></p>
<h2>${t.providers}</h2>
${table(view, {
  caption: t.providers,
  rows: providers,
  empty: t.noProviders,
  columns: [
    nameColumn("/openid/providers"),
    { heading: t.issuer, cell: ({ issuer }) => issuer ?? common.unknown },
    { heading: t.clients, cell: (provider) => provider.clients.join(", ") || common.none },
    managerColumn,
  ],
})}
<p><a class="button" href="${view.url("/openid/new-provider")}">${t.newProvider}</a></p>`;
  return page(view, { title: t.title, body });
}

export function managerOf(view: View, managed: StoredClient["managed"]): string {
  const t = openidTexts[view.language];
  return managed === null ? t.byHand : t.owner(managed.owner, managed.files.join(", "));
}

/** Links to an entry's history, and to the entry as YAML for a file. */
export function moreLinks(view: View, name: ResourceName): Html {
  const t = openidTexts[view.language];
  const [history, yaml] = [historyUrl(view, name), yamlUrl(view, name)];
  return html`<p class="actions">${history === undefined ? nothing : html`<a href="${history}">${t.history}</a>`}
${yaml === undefined ? nothing : html`<a href="${yaml}">${t.yaml}</a>`}</p>`;
}
