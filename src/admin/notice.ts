import { type Html, html, nothing } from "./html/html.js";
import { page } from "./html/layout.js";
import { commonTexts } from "./texts.js";
import type { View } from "./view.js";

/** What happened, and what to do about it. */
export interface Notice {
  readonly title: string;
  readonly text: string;
  readonly action?: string | undefined;
  /** What to show below, such as a button. */
  readonly more?: Html | undefined;
}

/** A page that only reports what happened, and what to do. */
export function noticePage(view: View, { title, text, action, more = nothing }: Notice): Html {
  const t = commonTexts[view.language];
  const body = html`<h1>${title}</h1>
<p>${text}</p>
${action === undefined ? nothing : html`<p>${action}</p>`}
${more}
<p><a href="${view.url("/")}">${t.toStart}</a></p>`;
  return page(view, { title, body });
}
