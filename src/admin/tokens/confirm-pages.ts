import type { ListedToken } from "../../operations/list-tokens.js";
import { overlapSeconds } from "../../operations/person-tokens.js";
import type { FormFields } from "../form.js";
import { choices, errorSummary, type FormError, message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { fileShouldFollow, managedBadge } from "../html/managed.js";
import { list } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { changeTexts } from "./change-texts.js";
import { used } from "./list-page.js";
import { tokenPath } from "./list-query.js";

const dayMs = 86_400_000;

export const revocationReasons = ["leaked", "compromised", "superseded", "unused", "other"] as const;

interface Confirmation {
  readonly title: string;
  readonly text: string;
  readonly button: string;
  /** Where the form goes, and where one goes back to. */
  readonly action: string;
  readonly back: string;
  readonly isDangerous: boolean;
  /** What to say about the tokens. */
  readonly about: Html;
  readonly fields: Html;
  readonly errors: readonly FormError[];
}

function confirmation(view: View, given: Confirmation): Html {
  const { title, text, button, action, back, isDangerous, about, fields, errors } = given;
  const kind = isDangerous ? html` class="danger"` : nothing;
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
<p>${text}</p>
${about}
<form method="post" action="${view.url(action)}">${csrf(view)}
${fields}
<p class="actions"><button${kind}>${button}</button> <a href="${back}">${commonTexts[view.language].cancel}</a></p>
</form>`;
  return page(view, { title, body, isRefused: errors.length > 0 });
}

/** What stops working where these tokens or their values do, and when that was last used. */
function affected(view: View, tokens: readonly ListedToken[], nowMs: number): Html {
  const t = changeTexts[view.language].affected;
  const items = users(view, tokens, nowMs, t.item);
  const isManaged = tokens.some(({ owner }) => owner !== null);
  return html`${message(html`<h2>${t.title}</h2>${list(items)}`, "warning")}
${isManaged ? fileShouldFollow(view) : nothing}`;
}

/** What uses tokens, one for each. */
function users(
  view: View,
  tokens: readonly ListedToken[],
  nowMs: number,
  item: (name: string) => string,
): readonly Html[] {
  const t = changeTexts[view.language].affected;
  return tokens.map((token) => {
    const { identifier, owner, lastUsedAt, contactPerson, email } = token;
    const parts = [token.organization, token.application, token.administration].filter(Boolean).join(", ");
    const isRecent = lastUsedAt !== null && nowMs - Date.parse(lastUsedAt) < dayMs;
    return html`<strong>${identifier}</strong> ${managedBadge(view, owner)}${parts === "" ? nothing : html` (${parts})`}<br>
${item(identifier)}<br>
${t.used} ${lastUsedAt === null ? t.never : used(view, lastUsedAt)}.${isRecent ? html` <strong>${t.recent}</strong>` : nothing}<br>
${t.contact} ${contactPerson}, ${email}`;
  });
}

interface Shown {
  readonly tokens: readonly ListedToken[];
  readonly form?: FormFields | undefined;
  readonly errors?: readonly FormError[] | undefined;
  readonly nowMs: number;
}

/** Before tokens are revoked for good. */
export function revokePage(view: View, { tokens, form, errors = [], nowMs }: Shown): Html {
  const t = changeTexts[view.language].revoke;
  const [first] = tokens;
  const names = tokens.map(({ identifier }) => html`<input type="hidden" name="name" value="${identifier}">`);
  const reasons = choices({
    type: "radio",
    name: "reason",
    label: t.reason,
    chosen: [form?.text("reason") ?? ""],
    options: revocationReasons.map((value) => ({ value, label: t.reasons[value] })),
    errors,
  });
  return confirmation(view, {
    title: t.title(tokens.length, first?.identifier ?? ""),
    text: t.text,
    button: t.button,
    action: "/tokens/revoke",
    back: view.url(tokens.length === 1 && first ? tokenPath(first.identifier) : "/tokens"),
    isDangerous: true,
    about: affected(view, tokens, nowMs),
    fields: html`${names}${reasons}`,
    errors,
  });
}

/** Before a token is disabled, or enabled again. */
export function switchPage(view: View, token: ListedToken, enabled: boolean, shown: Omit<Shown, "tokens">): Html {
  const t = changeTexts[view.language][enabled ? "enable" : "disable"];
  const path = tokenPath(token.identifier);
  return confirmation(view, {
    title: t.title(token.identifier),
    text: t.text,
    button: t.button,
    action: `${path}/${enabled ? "enable" : "disable"}`,
    back: view.url(path),
    isDangerous: !enabled,
    about: enabled ? nothing : affected(view, [token], shown.nowMs),
    fields: nothing,
    errors: shown.errors ?? [],
  });
}

/** Before a token gets a new value. */
export function rotatePage(view: View, token: ListedToken, { form, errors = [], nowMs }: Omit<Shown, "tokens">): Html {
  const t = changeTexts[view.language].rotate;
  const { rotated } = changeTexts[view.language].affected;
  const path = tokenPath(token.identifier);
  const options = overlapSeconds.map((seconds) => ({
    value: String(seconds),
    label: t.overlaps[`${seconds}`],
    hint: seconds === 0 ? undefined : t.until(view.times.text(new Date(nowMs + seconds * 1000).toISOString())),
  }));
  const chosen = [form ? form.text("overlap") : "86400"];
  return confirmation(view, {
    title: t.title(token.identifier),
    text: t.text,
    button: t.button,
    action: `${path}/rotate`,
    back: view.url(path),
    isDangerous: false,
    about: message(html`<h2>${rotated.title}</h2>${list(users(view, [token], nowMs, rotated.item))}`, "note"),
    fields: choices({ type: "radio", name: "overlap", label: t.overlap, chosen, options, errors }),
    errors,
  });
}
