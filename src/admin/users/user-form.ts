import type { UserForm } from "../../operations/person-users.js";
import type { UserDetails } from "../../operations/user-details.js";
import type { FormFields } from "../form.js";
import { checkbox, choices, errorSummary, type FormError, field, message, select } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { table } from "../html/parts.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { userFormTexts } from "./form-texts.js";
import { type Offered, permissionFields, splitTyped } from "./forms.js";
import { userPath } from "./paths.js";

/** What a form about a user says. */
export interface UserValues {
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  /** A provider's identifier; empty for none. */
  readonly provider: string;
  readonly subject: string;
  /** How a new user signs in. */
  readonly way: "password" | "provider" | "none";
  readonly permissions: readonly string[];
  readonly otherPermissions: string;
}

export const newUser: UserValues = {
  username: "",
  firstName: "",
  lastName: "",
  email: "",
  isStaff: false,
  isSuperuser: false,
  provider: "",
  subject: "",
  way: "none",
  permissions: [],
  otherPermissions: "",
};

/** The same as it is stored. */
export function valuesOf(user: UserDetails): UserValues {
  return {
    ...newUser,
    username: user.username,
    firstName: user.firstName,
    lastName: user.lastName,
    email: user.email,
    isStaff: user.isStaff,
    isSuperuser: user.isSuperuser,
    provider: user.signIn?.provider ?? "",
    subject: user.signIn?.subject ?? "",
    permissions: permissionsByHand(user),
  };
}

export function permissionsByHand({ permissions, owner }: UserDetails): readonly string[] {
  const byHand = permissions.filter(({ source }) => source === "manual" || (source === "config" && owner === null));
  return [...new Set(byHand.map(({ permission }) => permission))];
}

/** @param before what the form does not show keeps that value */
export function readUserForm(form: FormFields, before: UserValues, view: View): UserValues {
  const way = form.text("way");
  return {
    username: before.username || form.text("username"),
    firstName: form.text("first_name"),
    lastName: form.text("last_name"),
    email: form.text("email"),
    isStaff: form.isChecked("is_staff"),
    isSuperuser: view.may("superuser") ? form.isChecked("is_superuser") : before.isSuperuser,
    provider: form.text("sign_in"),
    subject: form.text("subject"),
    way: way === "password" || way === "provider" ? way : "none",
    permissions: form.list("permissions"),
    otherPermissions: form.written("other_permissions"),
  };
}

/** What the operation gets; a new user signs in the way that was chosen. */
export function toUserForm(values: UserValues, isNew: boolean): UserForm {
  const { provider, subject, way } = values;
  const hasSignIn = provider !== "" && (!isNew || way === "provider");
  const { username, firstName, lastName, email, isStaff, isSuperuser } = values;
  const signIn = hasSignIn ? { provider, ...(subject !== "" && { subject }) } : null;
  return { username, firstName, lastName, email, isStaff, isSuperuser, signIn };
}

/** The permissions that the user has afterwards: those that the form does not offer stay. */
export function wantedPermissions(
  { permissions, otherPermissions }: UserValues,
  held: readonly string[],
  { names }: Offered,
): ReadonlySet<string> {
  const kept = held.filter((permission) => !names.includes(permission));
  return new Set([...kept, ...permissions, ...splitTyped(otherPermissions)]);
}

export interface UserFormPage {
  /** Undefined for a new user. */
  readonly version: string | undefined;
  readonly values: UserValues;
  readonly offered: Offered;
  /** The user's own so far. */
  readonly held: readonly string[];
  readonly providers: readonly string[];
  readonly errors?: readonly FormError[];
  /** What someone else saved since the form was opened. */
  readonly stored?: UserValues | undefined;
}

export function userFormPage(view: View, data: UserFormPage): Html {
  const t = userFormTexts[view.language];
  const { version, values, errors = [], stored } = data;
  const isNew = version === undefined;
  const title = isNew ? t.newTitle : t.editTitle(values.username);
  const action = isNew ? "/new-user" : userPath(values.username, "edit");
  const back = isNew ? "/users" : userPath(values.username);
  const username = { name: "username", label: t.username, hint: t.usernameHint, value: values.username, errors };
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
${stored ? conflict(view, values, stored) : nothing}
<form method="post" action="${view.url(action)}">${csrf(view)}
${isNew ? field(view, { ...username, maxLength: 150 }) : html`<input type="hidden" name="version" value="${version}">`}
${field(view, { name: "first_name", label: t.firstName, value: values.firstName, isOptional: true, errors })}
${field(view, { name: "last_name", label: t.lastName, value: values.lastName, isOptional: true, errors })}
${field(view, { name: "email", label: t.email, type: "email", value: values.email, isOptional: true, errors })}
${isNew ? waysIn(view, data) : provider(view, data)}
${checkbox({ name: "is_staff", label: t.isStaff, hint: t.isStaffHint, errors }, values.isStaff)}
${view.may("superuser") ? checkbox({ name: "is_superuser", label: t.isSuperuser, hint: t.isSuperuserHint, errors }, values.isSuperuser) : nothing}
${permissionFields(view, { offered: data.offered, held: data.held, chosen: values.permissions, typed: values.otherPermissions, errors })}
<p class="actions"><button>${isNew ? t.create : commonTexts[view.language].save}</button>
<a href="${view.url(back)}">${commonTexts[view.language].cancel}</a></p>
</form>`;
  return page(view, { title, body, isRefused: errors.length > 0 || stored !== undefined });
}

function waysIn(view: View, data: UserFormPage): Html {
  const t = userFormTexts[view.language];
  const { values, errors, providers } = data;
  const password = field(view, {
    name: "password",
    label: t.password,
    hint: t.passwordHint,
    type: "password",
    autocomplete: "new-password",
    isOptional: true,
    errors,
  });
  const options = [
    { value: "none", label: t.ways.none, hint: t.ways.noneHint },
    ...(providers.length > 0 ? [{ value: "provider", label: t.ways.provider, more: provider(view, data) }] : []),
    { value: "password", label: t.ways.password, more: password },
  ];
  return choices({ type: "radio", name: "way", label: t.ways.title, options, chosen: [values.way], errors });
}

function provider(view: View, { values, errors, providers }: UserFormPage): Html {
  const t = userFormTexts[view.language];
  if (providers.length === 0) return nothing;
  const options = [{ value: "", label: t.noProvider }, ...providers.map((name) => ({ value: name, label: name }))];
  return html`${select(view, { name: "sign_in", label: t.signIn, hint: t.signInHint, value: values.provider, options, errors })}
${field(view, { name: "subject", label: t.subject, hint: t.subjectHint, value: values.subject, isOptional: true, errors })}`;
}

/** What the form says, beside what is stored by now, where they differ. */
function conflict(view: View, values: UserValues, stored: UserValues): Html {
  const t = userFormTexts[view.language];
  const c = commonTexts[view.language];
  const flag = (value: boolean) => (value ? c.yes : c.no);
  const rows = [
    [t.firstName, values.firstName, stored.firstName],
    [t.lastName, values.lastName, stored.lastName],
    [t.email, values.email, stored.email],
    [t.signIn, values.provider, stored.provider],
    [t.subject, values.subject, stored.subject],
    [t.isStaff, flag(values.isStaff), flag(stored.isStaff)],
    [t.isSuperuser, flag(values.isSuperuser), flag(stored.isSuperuser)],
    [t.permissions, [...values.permissions].sort().join(", "), [...stored.permissions].sort().join(", ")],
  ] as const;
  return bothValues(view, rows);
}

/** Both values of what differs, of a form that someone else was faster with. */
export function bothValues(
  view: View,
  rows: readonly (readonly [name: string, typed: string, stored: string])[],
): Html {
  const t = userFormTexts[view.language].conflict;
  const none = commonTexts[view.language].none;
  return message(
    html`<h2>${t.title}</h2><p>${t.text}</p>
${table(view, {
  caption: t.caption,
  rows: rows.filter(([, typed, stored]) => typed !== stored),
  empty: t.same,
  columns: [
    { heading: t.field, cell: ([name]) => name },
    { heading: t.stored, cell: ([, , stored]) => stored || none },
    { heading: t.typed, cell: ([, typed]) => typed || none },
  ],
})}`,
    "warning",
  );
}
