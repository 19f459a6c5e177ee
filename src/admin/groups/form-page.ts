import { errorSummary, type FormError, field } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { commonTexts } from "../texts.js";
import { userFormTexts } from "../users/form-texts.js";
import { type Offered, permissionFields, splitTyped } from "../users/forms.js";
import { groupPath } from "../users/paths.js";
import { bothValues } from "../users/user-form.js";
import type { View } from "../view.js";
import { groupTexts } from "./texts.js";

export interface GroupFormPage {
  /** Empty for a group that is to be made. */
  readonly name: string;
  /** Undefined for a group that is to be made. */
  readonly version: string | undefined;
  readonly members: number;
  readonly offered: Offered;
  /** The group's permissions so far. */
  readonly held: readonly string[];
  readonly chosen: readonly string[];
  readonly typed: string;
  readonly errors: readonly FormError[];
  /** What someone else saved since the form was opened. */
  readonly stored: readonly string[] | undefined;
}

export const newGroup: GroupFormPage = {
  name: "",
  version: undefined,
  members: 0,
  offered: { names: [], mayType: false },
  held: [],
  chosen: [],
  typed: "",
  errors: [],
  stored: undefined,
};

export function groupFormPage(view: View, data: GroupFormPage): Html {
  const t = groupTexts[view.language].form;
  const c = commonTexts[view.language];
  const { name, version, members, offered, held, chosen, typed, errors, stored } = data;
  const isNew = version === undefined;
  const title = isNew ? t.newTitle : t.editTitle(name);
  const nameField = { name: "name", label: t.name, hint: t.nameHint, value: name, maxLength: 150, errors };
  const mine = [...new Set([...chosen, ...splitTyped(typed)])].sort().join(", ");
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
${stored ? bothValues(view, [[userFormTexts[view.language].permissions, mine, [...stored].sort().join(", ")]]) : nothing}
${members > 0 ? html`<p>${t.allMembers(members)}</p>` : nothing}
<form method="post" action="${view.url(isNew ? "/new-group" : groupPath(name, "edit"))}">${csrf(view)}
${isNew ? field(view, nameField) : html`<input type="hidden" name="version" value="${version}">`}
${permissionFields(view, { offered, held, chosen, typed, errors, isForGroup: true })}
<p class="actions"><button>${isNew ? t.create : c.save}</button>
<a href="${view.url(isNew ? "/groups" : groupPath(name))}">${c.cancel}</a></p>
</form>`;
  return page(view, { title, body, isRefused: errors.length > 0 || stored !== undefined });
}
