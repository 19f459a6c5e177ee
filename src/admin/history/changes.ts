import type { JournalEntry, JournalField, JournalRun } from "../../operations/read-journal.js";
import { type Drift, type FieldChange, isPersonal } from "../../plan/resource.js";
import { renderValue, shownFields } from "../../report/changes.js";
import { shown } from "../../report/table.js";
import { type Html, html, nothing } from "../html/html.js";
import { facts } from "../html/parts.js";
import type { View } from "../view.js";
import { historyTexts, throughName } from "./texts.js";

/** The old and new values of a change's fields, as `vtb-setup plan` shows them. */
export function changedFields(view: View, { action, fields }: Pick<JournalEntry, "action" | "fields">): Html {
  const items = shownFields({ action, fields }).map(
    (field) =>
      html`<li><strong>${shown(field.name)}</strong>: ${values(view, action, field)}${undone(view, field)}</li>`,
  );
  return items.length === 0 ? nothing : html`<ul>${items}</ul>`;
}

function values(view: View, action: JournalEntry["action"], field: FieldChange): Html | string {
  const t = historyTexts[view.language];
  if (!("after" in field)) {
    if (isPersonal(field)) return action === "create" ? t.personalSet : t.personal;
    return action === "create" ? t.secretSet : t.secret;
  }
  const after = renderValue(field.after);
  if (action === "create") return after;
  return html`<del>${renderValue(field.before)}</del> → <ins>${after}</ins>`;
}

function undone(view: View, field: FieldChange | JournalField): Html {
  const drift = "drift" in field ? field.drift : undefined;
  if (drift === undefined) return nothing;
  const t = historyTexts[view.language];
  const who = changedBy(view, drift);
  return html` <span class="hint">${drift.at === null ? t.undidUnknown(who) : t.undid(view.times.text(drift.at), who)}</span>`;
}

/** Who changed something at run time, and through what. */
export function changedBy({ language }: Pick<View, "language">, { by, through }: Drift): string {
  if (by === null) return historyTexts[language].nobody;
  return through === null ? shown(by) : `${shown(by)} (${throughName(through, language)})`;
}

/** Who did it, and for whom they said to do it. */
export function actorOf(view: View, { actor, actorUserId, claimedActor }: JournalRun): Html {
  const name =
    actorUserId === null
      ? html`${shown(actor)}`
      : html`<a href="${view.url("/history", { user: actorUserId })}">${shown(actor)}</a>`;
  if (claimedActor === null) return name;
  return html`${name}, ${historyTexts[view.language].actingFor(shown(claimedActor))}`;
}

/** What else is known of a run. */
export function runDetails({ language }: View, { id, owners, files, version }: JournalRun): Html {
  const t = historyTexts[language];
  const named = files.map(({ file, sha256 }) => html`<li>${shown(file)}<br><small>SHA-256 ${sha256}</small></li>`);
  return html`<details><summary>${t.run}</summary>
${facts([
  [t.runId, id],
  [t.owner, owners.length === 0 ? undefined : owners.map(shown).join(", ")],
  [t.files, named.length === 0 ? undefined : html`<ul>${named}</ul>`],
  [t.version, version],
])}
</details>`;
}
