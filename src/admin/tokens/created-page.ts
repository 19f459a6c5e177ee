import type { Secret } from "../../secrets/secret.js";
import { message } from "../html/fields.js";
import { type Html, html } from "../html/html.js";
import { page } from "../html/layout.js";
import { copyable } from "../html/parts.js";
import type { View } from "../view.js";
import { changeTexts } from "./change-texts.js";
import { tokenPath } from "./list-query.js";

interface NewValue {
  readonly identifier: string;
  readonly value: Secret;
  /** ISO 8601, UTC; null for a token that does not expire. */
  readonly expiresAt: string | null;
  readonly isRotated: boolean;
}

/** The only page that ever shows a token's value. No page may keep it in a field, which browsers store. */
export function createdPage(view: View, { identifier, value, expiresAt, isRotated }: NewValue): Html {
  const t = changeTexts[view.language].created;
  const title = (isRotated ? t.rotatedTitle : t.title)(identifier);
  const expires = expiresAt === null ? html`${t.never}` : html`${t.expires} ${view.times.moment(expiresAt)}.`;
  const body = html`<h1>${title}</h1>
${message(html`<p><strong>${t.once}</strong></p>`)}
<h2>${t.value}</h2>
${copyable(view, "new-token", value.reveal())}
<p>${expires}</p>
<h2>${t.use}</h2>
<p>${t.header}</p>
<pre>Authorization: Token ${view.language === "nl" ? "WAARDE" : "VALUE"}</pre>
<p>${t.curl}</p>
<pre>read -rs TOKEN
printf 'Authorization: Token %s' "$TOKEN" | curl -H @- https://api.example.nl/</pre>
<p><a class="button" href="${view.url(tokenPath(identifier))}">${t.toToken}</a></p>`;
  return page(view, { title, body });
}
