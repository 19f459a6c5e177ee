import { checkNewToken } from "../../operations/create-token.js";
import type { CreateTokenOutcome, TokenError } from "../../operations/outcome.js";
import type { TokenRequest } from "../../operations/person-tokens.js";
import type { FormFields } from "../form.js";
import { choices, errorSummary, type FormError, field, textArea } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { splitTyped } from "../users/forms.js";
import type { View } from "../view.js";
import { chosenExpiry, type ExpiryChoices, type ExpiryName } from "./expiry.js";
import { newTokenTexts } from "./new-texts.js";

export const tokenHolders = ["self", "user", "service_user"] as const;

export type TokenHolder = (typeof tokenHolders)[number];

/** What the form of a new token offers to this person. */
export interface Offer {
  readonly holder: TokenHolder;
  readonly holders: readonly TokenHolder[];
  readonly isSuperuser: boolean;
  /** That the person can give. */
  readonly permissions: readonly string[];
  readonly expiry: ExpiryChoices;
  /** Filled in at first. */
  readonly contact: { readonly name: string; readonly email: string };
}

/** @param form what was sent; undefined for a form that is shown for the first time */
export function newTokenPage(
  view: View,
  offer: Offer,
  form: FormFields | undefined,
  errors: readonly FormError[],
): Html {
  const t = newTokenTexts[view.language];
  const { holder, contact } = offer;
  const given = (name: string, otherwise = ""): string => (form ? form.text(name) : otherwise);
  const isOther = holder === "user";
  const contactHint = isOther ? t.contactOfUser : undefined;
  const line = (name: "organization" | "application" | "administration"): Html =>
    field(view, { name, label: t[name], value: given(name), isOptional: true, maxLength: 200, errors });
  const body = html`<h1>${t.title}</h1>
${errorSummary(view, errors)}
${holderLinks(view, offer)}
${holder === "service_user" ? html`<p>${t.serviceText}</p>` : nothing}
<form method="post" action="${view.url("/tokens/new")}">${csrf(view)}
<input type="hidden" name="for" value="${holder}">
${isOther ? field(view, { name: "username", label: t.username, hint: t.usernameHint, value: given("username"), errors }) : nothing}
${field(view, { name: "identifier", label: t.name, hint: t.nameHint, value: given("identifier"), maxLength: 50, errors })}
${field(view, { name: "description", label: t.description, value: given("description"), isOptional: true, maxLength: 1000, errors })}
${permissionFields(view, offer, form, errors)}
${expiryFields(view, offer.expiry, form, errors)}
${field(view, {
  name: "contactPerson",
  label: t.contact,
  hint: contactHint,
  value: given("contactPerson", isOther ? "" : contact.name),
  isOptional: isOther,
  maxLength: 200,
  errors,
})}
${field(view, {
  name: "email",
  label: t.email,
  hint: contactHint,
  type: "email",
  value: given("email", isOther ? "" : contact.email),
  isOptional: isOther,
  maxLength: 254,
  errors,
})}
${line("organization")}
${line("application")}
${line("administration")}
<button>${t.button}</button>
</form>`;
  return page(view, { title: t.title, body, isRefused: errors.length > 0 });
}

function holderLinks(view: View, { holder, holders }: Offer): Html {
  const t = newTokenTexts[view.language];
  if (holders.length === 1) return nothing;
  const items = holders.map((other) => {
    const current = other === holder ? html` aria-current="page"` : nothing;
    return html`<li><a href="${view.url("/tokens/new", { for: other })}"${current}>${t.kinds[other]}</a></li>`;
  });
  return html`<nav aria-label="${t.whose}"><ul>${items}</ul></nav>`;
}

/** What a token may: permissions by name, or everything that its user may. */
function permissionFields(
  view: View,
  { holder, isSuperuser, permissions }: Offer,
  form: FormFields | undefined,
  errors: readonly FormError[],
): Html {
  const t = newTokenTexts[view.language];
  const mayGiveAll = holder === "self" || (holder === "user" && isSuperuser);
  const scope = choices({
    type: "radio",
    name: "scope",
    label: t.scope,
    chosen: [form ? form.text("scope") : "listed"],
    errors,
    options: [
      { value: "listed", label: t.scopes.listed },
      { value: "all", label: t.scopes.all, hint: t.allHint },
    ],
  });
  const more = textArea(view, {
    name: "more",
    label: t.more,
    hint: t.moreHint,
    value: form?.written("more") ?? "",
    isOptional: true,
  });
  return html`${mayGiveAll ? scope : html`<input type="hidden" name="scope" value="listed">`}
${permissionBoxes(view, permissions, form?.list("permissions") ?? [], errors)}
${isSuperuser ? more : nothing}`;
}

function permissionBoxes(
  view: View,
  permissions: readonly string[],
  chosen: readonly string[],
  errors: readonly FormError[],
): Html {
  const t = newTokenTexts[view.language];
  const error = errors.find(({ field: at }) => at === "permissions")?.text;
  const shownError = error === undefined ? nothing : html`<span class="error" id="permissions-error">${error}</span>`;
  if (permissions.length === 0) return html`<p id="permissions">${t.noPermissions}</p>${shownError}`;
  const groups = new Map<string, string[]>();
  for (const permission of permissions) {
    const [part = ""] = permission.split(".", 1);
    groups.set(part, [...(groups.get(part) ?? []), permission]);
  }
  const checked = new Set(chosen);
  const box = (permission: string): Html => {
    const id = permission === permissions[0] ? "permissions" : `permission-${permission}`;
    const mark = checked.has(permission) ? html` checked` : nothing;
    return html`<div class="choice"><label for="${id}"><input id="${id}" name="permissions" type="checkbox" value="${permission}"${mark}> ${permission}</label></div>`;
  };
  const sets = [...groups].map(([part, names]) => html`<fieldset><legend>${part}</legend>${names.map(box)}</fieldset>`);
  return html`<fieldset aria-describedby="permissions-hint">
<legend>${t.permissions}</legend>
<span class="hint" id="permissions-hint">${t.permissionsOwn}</span>${shownError}
<div class="field" hidden><label for="permission-search">${t.searchPermissions}</label>
<input id="permission-search" type="search" autocomplete="off" data-filter="permission-list"></div>
<div id="permission-list" class="searched">${sets}</div>
</fieldset>`;
}

function expiryFields(
  view: View,
  { choices: offered, byDefault, limit, requiredBy }: ExpiryChoices,
  form: FormFields | undefined,
  errors: readonly FormError[],
): Html {
  const t = newTokenTexts[view.language];
  const { times } = view;
  const labels: Readonly<Record<ExpiryName, (days: number) => string>> = {
    "30": t.days,
    "90": t.days,
    "365": t.days,
    max: t.max,
    date: () => t.date,
    none: () => t.never,
  };
  const options = offered.map(({ name, days = 0, expiresAt }) => ({
    value: name,
    label: labels[name](days),
    hint:
      expiresAt !== undefined
        ? t.until(times.text(expiresAt))
        : name === "none" && limit
          ? t.neverButLimited
          : undefined,
  }));
  const why = [
    ...(limit ? [t.limitedBy(limit.owner, times.text(limit.latest))] : []),
    ...(requiredBy === undefined ? [] : [t.requiredBy(requiredBy)]),
  ];
  const chosen = [form ? form.text("expires") : byDefault];
  const hint = why.length === 0 ? undefined : why.join(" ");
  return html`${choices({ type: "radio", name: "expires", label: t.expires, hint, chosen, options, errors })}
${field(view, {
  name: "date",
  label: t.dateLabel,
  hint: t.dateHint(times.zone),
  type: "date",
  value: form?.text("date") ?? "",
  isOptional: true,
  errors,
})}`;
}

/** A form that can be sent on to the operation, or what is wrong with it. */
type ReadForm =
  | { readonly kind: "request"; readonly request: TokenRequest }
  | { readonly kind: "errors"; readonly errors: readonly FormError[] };

export function readNewToken(view: View, form: FormFields, { holder, expiry }: Offer): ReadForm {
  const t = newTokenTexts[view.language];
  const errors: FormError[] = [];
  const expires = chosenExpiry(expiry, view.times, form.text("expires"), form.text("date"));
  if (expires.kind === "mistake") {
    const missing = expires.field === "date" ? t.chooseDate : t.chooseExpiry;
    errors.push({ field: expires.field, text: expires.mistake === "too_late" ? t.tooLate : missing });
  }
  const chosen = form.list("permissions").filter((name) => name !== "");
  const listed = [...chosen, ...splitTyped(form.written("more"))];
  const scope = form.text("scope");
  if (scope !== "listed" && scope !== "all") errors.push({ field: "scope", text: t.chooseScope });
  else if (scope === "listed" && listed.length === 0) errors.push({ field: "permissions", text: t.noneChosen });
  const isOther = holder === "user";
  if (errors.length > 0 || expires.kind === "mistake") {
    return { kind: "errors", errors: [...textErrors(view, form, isOther), ...errors] };
  }
  const contact = (name: "contactPerson" | "email") => (isOther ? form.text(name) || undefined : form.text(name));
  return {
    kind: "request",
    request: {
      for: isOther ? { kind: "user", username: form.text("username") } : { kind: holder },
      identifier: form.text("identifier"),
      description: form.text("description"),
      permissions: scope === "all" ? "all" : listed,
      expiresAt: expires.expiresAt,
      contactPerson: contact("contactPerson"),
      email: contact("email"),
      organization: form.text("organization"),
      application: form.text("application"),
      administration: form.text("administration"),
    },
  };
}

/** What is wrong with the texts of a form that is refused already, so that all mistakes are seen at once. */
function textErrors(view: View, form: FormFields, isOther: boolean): readonly FormError[] {
  const t = newTokenTexts[view.language].errors;
  const { text } = form;
  const checked = checkNewToken(
    {
      userId: "",
      actor: "",
      identifier: text("identifier"),
      contactPerson: text("contactPerson"),
      email: text("email"),
      organization: text("organization"),
      application: text("application"),
      administration: text("administration"),
      description: text("description"),
    },
    0,
  );
  // Left empty, these are taken from the user.
  const isFilled = (field: string): boolean =>
    !(isOther && (field === "contactPerson" || field === "email") && text(field) === "");
  return checked.flatMap(({ field = "" }) =>
    Object.hasOwn(t, field) && isFilled(field) ? [{ field, text: t[field as keyof typeof t] }] : [],
  );
}

type Refused = Exclude<CreateTokenOutcome, { readonly kind: "created" }>;

/** What an operation refused, at the fields of the form. */
export function newTokenErrors(view: View, refused: Refused, form: FormFields): readonly FormError[] {
  const t = newTokenTexts[view.language].errors;
  if (refused.kind === "taken") return [{ field: "identifier", text: t.taken }];
  const expiryField = form.text("expires") === "date" ? "date" : "expires";
  return refused.errors.map(({ code, field: at }: TokenError): FormError => {
    switch (code) {
      case "policy_violated":
        return { field: expiryField, text: t.policy };
      case "permission_not_held":
        return { field: "permissions", text: t.notHeld };
      case "all_not_allowed":
        return { field: "scope", text: t.all };
      case "user_not_active":
      case "not_found":
        return { field: form.text("for") === "user" ? "username" : undefined, text: t.username };
      case "in_the_past":
        return { field: expiryField, text: t.expiresAt };
      default:
        return at === "expiresAt" || at === "validFrom"
          ? { field: expiryField, text: t.expiresAt }
          : { field: at, text: at !== undefined && Object.hasOwn(t, at) ? t[at as keyof typeof t] : t.other };
    }
  });
}
