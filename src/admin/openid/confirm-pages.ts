import type { StoredClient, StoredProvider } from "../../operations/read-openid.js";
import { checkbox, errorSummary, type FormError, message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { fileShouldFollow } from "../html/managed.js";
import { list } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { givenBy, tryForm } from "./client-page.js";
import { openidTexts } from "./texts.js";

interface Confirmation {
  readonly title: string;
  readonly content: Html;
  readonly button: string;
  readonly back: string;
  readonly isDanger?: boolean;
  readonly version?: string;
  readonly errors?: readonly FormError[];
  readonly fields?: Html;
}

function confirmation(view: View, given: Confirmation): Html {
  const { title, content, button, back, isDanger = false, version, errors = [], fields = nothing } = given;
  const style = isDanger ? html` class="danger"` : nothing;
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
${content}
<form method="post" action="${view.url(view.path)}">
${csrf(view)}
${version === undefined ? nothing : html`<input type="hidden" name="version" value="${version}">`}
${fields}
<div class="actions"><button${style}>${button}</button> <a href="${view.url(back)}">${commonTexts[view.language].cancel}</a></div>
</form>`;
  return page(view, { title, body, isRefused: errors.length > 0 });
}

export function deleteProviderPage(
  view: View,
  { identifier, clients, updatedAt }: StoredProvider,
  errors: readonly FormError[] = [],
): Html {
  const t = openidTexts[view.language];
  const title = t.confirm.remove(identifier);
  const back = `/openid/providers/${identifier}`;
  if (clients.length > 0) {
    const body = html`<h1>${title}</h1><p>${t.confirm.inUse(clients.join(", "))}</p>
<p><a href="${view.url(back)}">${commonTexts[view.language].back}</a></p>`;
    return page(view, { title, body });
  }
  const content = html`<p>${t.confirm.removeProvider}</p>`;
  return confirmation(view, { title, content, button: t.remove, back, isDanger: true, version: updatedAt, errors });
}

export function deleteClientPage(view: View, client: StoredClient, errors: readonly FormError[] = []): Html {
  const t = openidTexts[view.language];
  const content = html`<p>${t.confirm.removeClient}</p>${lastUse(view, client)}`;
  const title = t.confirm.remove(client.identifier);
  const back = `/openid/clients/${client.identifier}`;
  return confirmation(view, {
    title,
    content,
    button: t.remove,
    back,
    isDanger: true,
    version: client.updatedAt,
    errors,
  });
}

export function disablePage(view: View, client: StoredClient): Html {
  const t = openidTexts[view.language];
  const content = html`<p>${t.confirm.disableText}</p>${lastUse(view, client)}
${client.managed ? fileShouldFollow(view) : nothing}`;
  const title = t.confirm.disable(client.identifier);
  const back = `/openid/clients/${client.identifier}`;
  return confirmation(view, { title, content, button: t.disable, back, isDanger: true });
}

interface Enabling {
  readonly client: StoredClient;
  /** The person tried out signing in with these settings, and it worked. */
  readonly isTried: boolean;
  readonly errors?: readonly FormError[];
}

export function enablePage(view: View, { client, isTried, errors = [] }: Enabling): Html {
  const t = openidTexts[view.language];
  const untried = html`${message(html`<p>${t.confirm.untried}</p><p>${t.confirm.tryFirst}</p>`, "warning")}
${tryForm(view, client.identifier)}`;
  const content = html`<p>${t.confirm.enableText}</p>
${list(givenBy(view, client))}
${isTried ? message(html`<p>${t.confirm.tried}</p>`, "note") : untried}`;
  return confirmation(view, {
    title: t.confirm.enable(client.identifier),
    content,
    button: t.enable,
    back: `/openid/clients/${client.identifier}`,
    version: client.updatedAt,
    errors,
    fields: isTried ? nothing : checkbox({ name: "anyway", label: t.confirm.anyway, errors }, false),
  });
}

function lastUse(view: View, { lastUsedAt }: StoredClient): Html {
  const at = lastUsedAt === null ? commonTexts[view.language].never : view.times.moment(lastUsedAt);
  return html`<p>${openidTexts[view.language].lastUsed}: ${at}</p>`;
}
