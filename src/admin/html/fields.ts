import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { type Html, html, nothing } from "./html.js";

/** What is wrong with a form, and at which field. */
export interface FormError {
  /** The field's name; undefined where it is none of them. */
  readonly field?: string | undefined;
  readonly text: string;
}

interface Labelled {
  readonly name: string;
  readonly label: string;
  readonly hint?: string | Html | undefined;
  readonly errors?: readonly FormError[] | undefined;
  readonly isOptional?: boolean;
}

interface Field extends Labelled {
  readonly value?: string;
  /** A `password` is never filled in. */
  readonly type?: "text" | "email" | "url" | "date" | "number" | "search" | "password";
  readonly autocomplete?: string;
  readonly maxLength?: number;
  /** More attributes, as a piece of a page that begins with a space. */
  readonly attributes?: Html;
}

/** An input with its label, hint and error. */
export function field(view: View, { value = "", type = "text", autocomplete = "off", ...given }: Field): Html {
  const { name, maxLength, attributes = nothing } = given;
  const shown = type === "password" ? nothing : html` value="${value}"`;
  const limit = maxLength === undefined ? nothing : html` maxlength="${maxLength}"`;
  return wrapped(
    view,
    given,
    html`<input id="${name}" name="${name}" type="${type}"${shown} autocomplete="${autocomplete}" spellcheck="false"${limit}${described(given)}${attributes}>`,
  );
}

export function textArea(view: View, { value = "", ...given }: Labelled & { readonly value?: string }): Html {
  const { name } = given;
  return wrapped(
    view,
    given,
    html`<textarea id="${name}" name="${name}" rows="4" spellcheck="false"${described(given)}>${value}</textarea>`,
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly more?: Html | undefined;
}

export function select(
  view: View,
  { value = "", options, ...given }: Labelled & { readonly value?: string; readonly options: readonly Option[] },
): Html {
  const { name } = given;
  const items = options.map(
    (option) =>
      html`<option value="${option.value}"${option.value === value ? html` selected` : nothing}>${option.label}</option>`,
  );
  return wrapped(view, given, html`<select id="${name}" name="${name}"${described(given)}>${items}</select>`);
}

/** One box to tick. */
export function checkbox({ name, label, hint, errors }: Labelled, isChecked: boolean): Html {
  return html`<div class="field">
<label class="choice" for="${name}"><input id="${name}" name="${name}" type="checkbox" value="yes"${isChecked ? html` checked` : nothing}${described({ name, label, hint, errors })}> ${label}</label>
${hintAndError({ name, label, hint, errors })}
</div>`;
}

interface Choices extends Labelled {
  readonly type: "radio" | "checkbox";
  readonly options: readonly Option[];
  readonly chosen: readonly string[];
}

/** Several radio buttons or boxes under one heading. The first has the field's name as its id, for links to it. */
export function choices({ type, options, chosen, ...given }: Choices): Html {
  const { name, label } = given;
  const items = options.map((option, index) => {
    const id = index === 0 ? name : `${name}-${index}`;
    const hint = option.hint === undefined ? nothing : html`<span class="hint" id="${id}-hint">${option.hint}</span>`;
    const describedBy = option.hint === undefined ? nothing : html` aria-describedby="${id}-hint"`;
    const checked = chosen.includes(option.value) ? html` checked` : nothing;
    return html`<div class="choice"><label for="${id}"><input id="${id}" name="${name}" type="${type}" value="${option.value}"${checked}${describedBy}> ${option.label}</label>${hint}${option.more ?? nothing}</div>`;
  });
  return html`<fieldset${described({ ...given, name: `${name}-group` })}>
<legend>${label}</legend>
${hintAndError({ ...given, name: `${name}-group` })}
${items}
</fieldset>`;
}

function wrapped(view: View, { name, label, isOptional = false, ...given }: Labelled, input: Html): Html {
  const optional = isOptional ? html` <span class="optional">(${commonTexts[view.language].optional})</span>` : nothing;
  return html`<div class="field">
<label for="${name}">${label}${optional}</label>
${hintAndError({ name, label, ...given })}
${input}
</div>`;
}

function errorOf({ name, errors = [] }: Labelled): string | undefined {
  return errors.find(({ field: at }) => at === name.replace(/-group$/, ""))?.text;
}

function hintAndError(given: Labelled): Html {
  const { name, hint } = given;
  const error = errorOf(given);
  return html`${hint === undefined ? nothing : html`<span class="hint" id="${name}-hint">${hint}</span>`}
${error === undefined ? nothing : html`<span class="error" id="${name}-error">${error}</span>`}`;
}

function described(given: Labelled): Html {
  const { name, hint } = given;
  const error = errorOf(given);
  const ids = [hint === undefined ? "" : `${name}-hint`, error === undefined ? "" : `${name}-error`].filter(Boolean);
  if (ids.length === 0) return nothing;
  const invalid = error === undefined || name.endsWith("-group") ? nothing : html` aria-invalid="true"`;
  return html` aria-describedby="${ids.join(" ")}"${invalid}`;
}

/** What a form sends along unseen. */
export function hiddenFields(entries: readonly (readonly [name: string, value: string])[]): readonly Html[] {
  return entries.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
}

/** All errors of a form, above it; each links to its field. */
export function errorSummary(view: View, errors: readonly FormError[]): Html {
  if (errors.length === 0) return nothing;
  const items = errors.map(
    ({ field: name, text }) => html`<li>${name === undefined ? text : html`<a href="#${name}">${text}</a>`}</li>`,
  );
  return html`<div class="message errors" role="alert" tabindex="-1" autofocus aria-labelledby="errors-title">
<h2 id="errors-title">${commonTexts[view.language].errorsTitle}</h2>
<ul>${items}</ul>
</div>`;
}

/** What was done, or what to know. */
export function message(content: Html, kind: "done" | "warning" | "note" = "done"): Html {
  const role = kind === "done" ? html` role="status" tabindex="-1" autofocus` : nothing;
  return html`<div class="message ${kind}"${role}>${content}</div>`;
}
