import { algorithmNames } from "../../oidc/jwt/algorithm.js";
import type { StoredClient, StoredProvider } from "../../operations/read-openid.js";
import type { FormFields } from "../form.js";
import { checkbox, choices, errorSummary, type FormError, field, select, textArea } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { clientTexts } from "./client-texts.js";
import { type Conflict, conflictNote } from "./errors.js";

interface ClientForm {
  readonly form: FormFields;
  /** Undefined for a new one. */
  readonly stored: StoredClient | undefined;
  readonly providers: readonly StoredProvider[];
  /** What can be given as its redirect URI at the provider. */
  readonly redirects: Html;
  readonly errors?: readonly FormError[];
  readonly conflict?: Conflict;
  /** Above the form. */
  readonly note?: Html;
  /** Whether to offer saving without a trial. */
  readonly offersAnyway?: boolean;
}

/** The form of a client, with what was typed but its secret and key. */
export function clientFormPage(view: View, given: ClientForm): Html {
  const { form, stored, errors = [], conflict, note = nothing, offersAnyway = false, redirects } = given;
  const t = clientTexts[view.language];
  const common = commonTexts[view.language];
  const title = stored ? t.editTitle(stored.identifier) : t.newTitle;
  const back = stored ? `/openid/clients/${stored.identifier}` : "/openid";
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
${note}
${conflict ? conflictNote(view, conflict) : nothing}
${redirects}
<form method="post" action="${view.url(view.path)}">
${csrf(view)}
<input type="hidden" name="version" value="${stored?.updatedAt ?? ""}">
${stored ? nothing : identifierChoice(view, form, errors)}
${connection(view, given)}
${userSection(view, form, errors)}
${administrators(view, form, errors)}
${moreSection(view, given)}
${offersAnyway ? checkbox({ name: "anyway", label: t.anyway, errors }, form.isChecked("anyway")) : nothing}
<div class="actions"><button name="action" value="save">${common.save}</button>
<button name="action" value="try" class="secondary" formtarget="_blank">${t.tryUnsaved}</button>
<a href="${view.url(back)}">${common.cancel}</a></div>
</form>`;
  return page(view, { title, body, isRefused: errors.length > 0 });
}

function inputs(view: View, form: FormFields, errors: readonly FormError[]) {
  const t = clientTexts[view.language];
  const labelled = (name: string) => ({ name, label: t.fields[name] ?? name, hint: t.hints[name], errors });
  return {
    labelled,
    line: (name: string, isOptional = true) =>
      field(view, { ...labelled(name), value: form.written(name), isOptional }),
    lines: (name: string) => textArea(view, { ...labelled(name), value: form.written(name), isOptional: true }),
    box: (name: string) => checkbox(labelled(name), form.isChecked(name)),
  };
}

function identifierChoice(view: View, form: FormFields, errors: readonly FormError[]): Html {
  const t = clientTexts[view.language];
  const other = field(view, {
    name: "other_identifier",
    label: t.otherName,
    hint: t.otherNameHint,
    value: form.text("other_identifier"),
    errors,
    isOptional: true,
  });
  return html`${choices({
    type: "radio",
    name: "identifier",
    label: t.fields.identifier ?? "",
    options: Object.entries(t.identifiers).map(([value, label]) => ({ value, label })),
    chosen: [form.text("identifier") || "admin-oidc"],
    errors,
  })}
${other}`;
}

function connection(view: View, { form, stored, providers, errors = [] }: ClientForm): Html {
  const t = clientTexts[view.language];
  const { labelled, line, lines } = inputs(view, form, errors);
  const secretHint = !stored ? t.secretNew : stored.secret === "none" ? t.secretNone : t.secretStored;
  const options = [
    { value: "", label: t.choose },
    ...providers.map(({ identifier, issuer }) => ({
      value: identifier,
      label: issuer ? `${identifier} (${issuer})` : identifier,
    })),
  ];
  return html`<h2>${t.sections.connection}</h2>
${select(view, { ...labelled("oidc_provider_identifier"), value: form.text("oidc_provider_identifier"), options })}
${line("oidc_rp_client_id", false)}
${field(view, { ...labelled("secret"), hint: secretHint, type: "password", autocomplete: "new-password", isOptional: true })}
${stored && stored.secret !== "none" ? checkbox({ name: "remove_secret", label: t.removeSecret, errors }, form.isChecked("remove_secret")) : nothing}
${lines("oidc_rp_scopes_list")}`;
}

function userSection(view: View, form: FormFields, errors: readonly FormError[]): Html {
  const t = clientTexts[view.language];
  const { labelled, line, lines, box } = inputs(view, form, errors);
  const sources = Object.entries(t.sources).map(([value, label]) => ({ value, label }));
  return html`<h2>${t.sections.user}</h2>
${select(view, { ...labelled("userinfo_claims_source"), value: form.text("userinfo_claims_source"), options: sources })}
${line("claim_username", false)}
${box("username_case_sensitive")}
${box("allow_unverified_email")}
${line("claim_email")}
${line("claim_first_name")}
${line("claim_last_name")}
<h2>${t.sections.groups}</h2>
${line("groups_claim")}
${line("groups_sync_pattern", false)}
${box("groups_sync")}
${lines("default_groups")}
${line("groups_separator")}
${box("groups_strip_path")}
${box("groups_keep_on_overage")}`;
}

function administrators(view: View, form: FormFields, errors: readonly FormError[]): Html {
  const { box, lines } = inputs(view, form, errors);
  return html`<h2>${clientTexts[view.language].sections.administrators}</h2>
${box("make_users_staff")}
${lines("superuser_group_names")}`;
}

function moreSection(view: View, { form, stored, errors = [] }: ClientForm): Html {
  const t = clientTexts[view.language];
  const { labelled, line, lines, box } = inputs(view, form, errors);
  const pkce = Object.entries(t.pkce).map(([value, label]) => ({ value, label }));
  const algorithms = algorithmNames.map((name) => ({ value: name, label: name }));
  return html`<h2>${t.sections.more}</h2>
${select(view, { ...labelled("oidc_rp_sign_algo"), value: form.text("oidc_rp_sign_algo"), options: algorithms })}
${textArea(view, { ...labelled("sign_key"), isOptional: true })}
${stored && stored.signKey !== "none" ? checkbox({ name: "remove_sign_key", label: t.removeSignKey, errors }, form.isChecked("remove_sign_key")) : nothing}
${select(view, { ...labelled("oidc_use_pkce"), value: form.text("oidc_use_pkce"), options: pkce })}
${line("oidc_keycloak_idp_hint")}
${lines("oidc_audience")}
${box("check_op_availability")}
${box("accept_at_hash")}`;
}
