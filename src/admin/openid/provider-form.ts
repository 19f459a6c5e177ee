import type { StoredProvider } from "../../operations/read-openid.js";
import type { FormFields } from "../form.js";
import { checkbox, errorSummary, type FormError, field, textArea } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { type Conflict, conflictNote } from "./errors.js";
import { type Preview, previewBox } from "./preview.js";
import { providerTexts } from "./provider-texts.js";
import { endpointFieldNames } from "./provider-values.js";

interface ProviderForm {
  readonly form: FormFields;
  /** Undefined for a new one. */
  readonly stored: StoredProvider | undefined;
  readonly errors?: readonly FormError[];
  readonly preview?: Preview;
  readonly conflict?: Conflict;
  /** Above the form. */
  readonly note?: Html;
  /** The clients whose stored secret would be cleared. */
  readonly clears?: readonly string[];
}

/** The form of a provider, with what was typed. */
export function providerFormPage(view: View, given: ProviderForm): Html {
  const { form, stored, errors = [], preview, conflict, note = nothing, clears = [] } = given;
  const t = providerTexts[view.language];
  const common = commonTexts[view.language];
  const title = stored ? t.editTitle(stored.identifier) : t.newTitle;
  const input = (name: string, more: { readonly hint?: string; readonly isOptional?: boolean } = {}) =>
    field(view, { name, label: t.fields[name] ?? name, value: form.text(name), errors, isOptional: true, ...more });
  const box = (name: string, hint?: string) =>
    checkbox({ name, label: t.fields[name] ?? name, hint, errors }, form.isChecked(name));
  const discoveryHint = stored ? `${t.discoveryHint} ${t.discoveryMoved}` : t.discoveryHint;
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
${note}
${conflict ? conflictNote(view, conflict) : nothing}
${preview ? previewBox(view, form, preview) : nothing}
<form method="post" action="${view.url(view.path)}">
${csrf(view)}
<input type="hidden" name="version" value="${stored?.updatedAt ?? ""}">
${
  stored
    ? nothing
    : field(view, {
        name: "identifier",
        label: t.identifier,
        hint: t.identifierHint,
        value: form.text("identifier"),
        errors,
      })
}
${input("oidc_op_discovery_endpoint", { hint: discoveryHint })}
<p><button name="action" value="discover" class="secondary">${t.discover}</button></p>
${input("oidc_op_issuer", { hint: t.issuerHint })}
<h2>${t.endpoints}</h2>
<p>${t.endpointsHint}</p>
${endpointFieldNames.filter((name) => name !== "oidc_op_discovery_endpoint").map((name) => input(name))}
<h2>${t.more}</h2>
${box("oidc_use_pkce")}
${box("oidc_token_use_basic_auth", t.basicHint)}
${box("oidc_use_nonce")}
${input("oidc_nonce_size", { hint: t.sizeHint, isOptional: false })}
${input("oidc_state_size", { hint: t.sizeHint, isOptional: false })}
${input("oidc_op_ca_file", { hint: t.caHint })}
${textArea(view, {
  name: "oidc_op_former_issuers",
  label: t.fields.oidc_op_former_issuers ?? "",
  hint: t.formerHint,
  value: form.written("oidc_op_former_issuers"),
  errors,
  isOptional: true,
})}
${
  clears.length === 0
    ? nothing
    : checkbox({ name: "clears", label: t.clears(clears.join(", ")), errors }, form.isChecked("clears"))
}
<div class="actions"><button name="action" value="save">${common.save}</button>
<a href="${view.url(stored ? `/openid/providers/${stored.identifier}` : "/openid")}">${common.cancel}</a></div>
</form>`;
  return page(view, { title, body, isRefused: errors.length > 0 });
}
