import type { EntryDiagnostic } from "../../operations/change-entries.js";
import type { FormFields } from "../form.js";
import { type FormError, message } from "../html/fields.js";
import { type Html, html } from "../html/html.js";
import { table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { openidTexts } from "./texts.js";

/** The fields of the forms whose entry has another name for them. */
const otherNames: Readonly<Record<string, string>> = {
  oidc_rp_client_secret: "secret",
  oidc_rp_idp_sign_key: "sign_key",
  "options.user_settings.claim_mappings.username": "claim_username",
  "options.user_settings.claim_mappings.email": "claim_email",
  "options.user_settings.claim_mappings.first_name": "claim_first_name",
  "options.user_settings.claim_mappings.last_name": "claim_last_name",
  "options.groups_settings.claim_mapping": "groups_claim",
  "options.groups_settings.separator": "groups_separator",
  "options.groups_settings.sync_pattern": "groups_sync_pattern",
  "options.groups_settings.default_groups": "default_groups",
  "options.groups_settings.superuser_group_names": "superuser_group_names",
};

/** Below the namespace, the list and the position of the entry. */
const entryDepth = 3;

/** What is wrong with an entry, at the fields of its form, by their labels. */
export function errorsOf(
  view: View,
  diagnostics: readonly EntryDiagnostic[],
  labels: Readonly<Record<string, string>> = {},
): readonly FormError[] {
  const stops = diagnostics.filter(({ severity }) => severity === "error" || severity === "refusal");
  return stops.map((diagnostic) => {
    const field = fieldOf(diagnostic.path);
    const label = field === undefined ? undefined : labels[field];
    const text = explain(view, diagnostic, field);
    return { field, text: label === undefined ? text : `${label}: ${text}` };
  });
}

/** What is worth a look in an entry that was saved, in English. What a client's name is for, its page says itself. */
export function noticesOf(diagnostics: readonly EntryDiagnostic[]): readonly string[] {
  return diagnostics
    .filter(
      ({ severity, code, path }) => severity === "warning" && code !== "ESCALATION" && fieldOf(path) !== "identifier",
    )
    .map(({ message, hint }) => joined(message, hint));
}

function fieldOf(path: EntryDiagnostic["path"]): string | undefined {
  const names = path.slice(entryDepth).filter((part) => typeof part === "string");
  for (let length = names.length; length > 0; length -= 1) {
    const name = otherNames[names.slice(0, length).join(".")];
    if (name !== undefined) return name;
  }
  const [first, second] = names;
  return first === "endpoint_config" ? second : first;
}

/** Where it is not plain what a field expects, with the details that people who know files get. */
function explain(view: View, { code, message, hint }: EntryDiagnostic, field: string | undefined): string {
  const t = openidTexts[view.language];
  const isPlain = ["MISSING_FIELD", "INVALID_VALUE", "WRONG_TYPE"].includes(code);
  const expected = isPlain && field !== undefined ? t.expected[field] : undefined;
  return expected ?? `${t.codes[code] ?? t.otherCode} ${t.details}: ${joined(message, hint)}`;
}

function joined(message: string, hint: string | undefined): string {
  return [message, hint].filter(Boolean).join("; ");
}

/** Two people changed the same entry: what was typed, and what is stored by now. */
export interface Conflict {
  readonly typed: FormFields;
  readonly stored: FormFields;
  /** Every field of the form but secrets, with its label. */
  readonly labels: Readonly<Record<string, string>>;
}

export function conflictNote(view: View, { typed, stored, labels }: Conflict): Html {
  const t = openidTexts[view.language].conflict;
  const { none } = commonTexts[view.language];
  const different = Object.entries(labels)
    .map(([name, label]) => ({ label, yours: textOf(typed, name), theirs: textOf(stored, name) }))
    .filter(({ yours, theirs }) => yours !== theirs);
  const body = html`<h2>${t.title}</h2><p>${t.text}</p>
${table(view, {
  caption: t.title,
  rows: different,
  columns: [
    { heading: t.field, cell: ({ label }) => label },
    { heading: t.yours, cell: ({ yours }) => yours || none },
    { heading: t.theirs, cell: ({ theirs }) => theirs || none },
  ],
})}`;
  return message(body, "warning");
}

/** Browsers send line breaks in their own way. */
function textOf(form: FormFields, name: string): string {
  return form.text(name).replaceAll("\r\n", "\n");
}
