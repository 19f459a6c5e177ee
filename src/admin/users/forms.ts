import { randomUUID } from "node:crypto";
import type { Database } from "../../database/database.js";
import type { EntriesOptions, EntryDiagnostic } from "../../operations/change-entries.js";
import { readKnownPermissions } from "../../operations/read-access.js";
import type { AdminContext } from "../context.js";
import { choices, type FormError, textArea } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { list } from "../html/parts.js";
import type { Texts } from "../language.js";
import type { AdminRequest } from "../routes.js";
import type { View } from "../view.js";
import { userFormTexts } from "./form-texts.js";

/** The name in the address. No database has NUL in a text, so nothing has such a name. */
export function nameIn(c: AdminRequest): string {
  return (c.req.param("name") ?? "").replaceAll("\0", "");
}

/** Users and groups need nothing of the network. */
export function entriesOptions({ env, now }: AdminContext): EntriesOptions {
  return { env, now: () => new Date(now()), newId: randomUUID, offline: true };
}

const nl = {
  fields: {
    username:
      "Vul een gebruikersnaam in van 1 tot 150 tekens, zonder spaties aan het begin of einde en zonder onzichtbare tekens.",
    name: "Vul een naam in van 1 tot 150 tekens, zonder spaties aan het begin of einde en zonder onzichtbare tekens.",
    email: "Vul een e-mailadres in van hoogstens 254 tekens, zoals naam@example.nl.",
    first_name: "De voornaam is te lang.",
    last_name: "De achternaam is te lang.",
    sign_in: "Kies een inlogdienst die er is. Een superuser met een wachtwoord kan er geen hebben.",
    password:
      "Kies een wachtwoord van 8 tot 1024 tekens dat niemand kan raden. Gebruik geen regeleinden en geen bekend voorbeeld.",
    permissions: "Vul rechten in zoals taken.view_taak: namen van letters, cijfers, _ en -, met punten ertussen.",
    until: "Kies een dag die nog moet komen.",
  } as Readonly<Record<string, string>>,
  codes: {
    RESOURCE_IN_USE: "Dit is nog in gebruik, en kan daarom niet weg.",
    PROTECTED: "Dit is beschermd tegen verwijderen, zolang een bestand dat zegt.",
    not_by_hand:
      "Dit komt uit een bestand of van de inlogdienst. Pas het daar aan, want anders komt het vanzelf terug.",
    group_not_found: "Deze groep bestaat niet meer.",
    user_not_found: "Deze gebruiker bestaat niet, of hoort bij één API-token.",
  } as Readonly<Record<string, string>>,
};

const en: typeof nl = {
  fields: {
    username: "Fill in a username of 1 to 150 characters, without spaces at its ends and without invisible characters.",
    name: "Fill in a name of 1 to 150 characters, without spaces at its ends and without invisible characters.",
    email: "Fill in an e-mail address of at most 254 characters, such as name@example.nl.",
    first_name: "The first name is too long.",
    last_name: "The last name is too long.",
    sign_in: "Choose a sign-in service that exists. A superuser with a password can't have one.",
    password:
      "Choose a password of 8 to 1024 characters that nobody can guess. Use no line breaks, and no well-known example.",
    permissions: "Fill in rights such as taken.view_taak: names of letters, digits, _ and -, with dots between them.",
    until: "Choose a day in the future.",
  },
  codes: {
    RESOURCE_IN_USE: "This is still in use, so it can't go.",
    PROTECTED: "This is protected from being deleted, as long as a file says so.",
    not_by_hand: "This comes from a file or from the sign-in service. Change it there, since it would come back.",
    group_not_found: "This group no longer exists.",
    user_not_found: "This user does not exist, or belongs to one API token.",
  },
};

const texts: Texts<typeof nl> = { nl, en };

interface FieldError {
  readonly code: string;
  readonly field: string;
  readonly message: string;
}

/** What is wrong with a form, for people who never saw a file; in the program's own words where there are no others. */
export function formErrors(
  view: View,
  found: readonly (Pick<EntryDiagnostic, "code" | "message" | "path" | "severity"> | FieldError)[],
): readonly FormError[] {
  const t = texts[view.language];
  return found.flatMap((one): readonly FormError[] => {
    if ("severity" in one && one.severity !== "error" && one.severity !== "refusal") return [];
    const field = "path" in one ? String(one.path[3] ?? "") : one.field;
    return [{ field: field || undefined, text: t.codes[one.code] ?? t.fields[field] ?? one.message }];
  });
}

/** The permissions that a person can give. */
export interface Offered {
  readonly names: readonly string[];
  /** A superuser may also give one that nothing in the database has yet. */
  readonly mayType: boolean;
}

/** Those that the person has; a superuser has all. */
export async function offeredTo({ session }: View, kysely: Database["kysely"]): Promise<Offered> {
  if (session?.principal.user.isSuperuser) return { names: await readKnownPermissions(kysely), mayType: true };
  return { names: [...(session?.principal.permissions ?? [])].sort(), mayType: false };
}

interface PermissionFields {
  readonly offered: Offered;
  readonly held: readonly string[];
  readonly chosen: readonly string[];
  readonly typed: string;
  readonly errors: readonly FormError[];
  readonly isForGroup?: boolean;
}

/** Boxes for what the person can give; what it can't is shown, and stays. */
export function permissionFields(
  view: View,
  { offered, held, chosen, typed, errors, isForGroup }: PermissionFields,
): Html {
  const t = userFormTexts[view.language];
  const [label, hint] = isForGroup ? [t.rights, t.ownAlone] : [t.permissions, `${t.ownAlone} ${t.permissionsHint}`];
  const kept = held.filter((permission) => !offered.names.includes(permission));
  const options = offered.names.map((name) => ({ value: name, label: name }));
  const boxes =
    options.length === 0
      ? html`<p>${t.nothingToGive}</p>`
      : html`<div class="field" hidden><label for="find-permission">${t.findPermission}</label>
<input id="find-permission" type="search" data-filter="permission-list" autocomplete="off"></div>
<div id="permission-list">${choices({ type: "checkbox", name: "permissions", label, hint, options, chosen, errors })}</div>`;
  return html`${boxes}
${kept.length > 0 ? html`<p>${t.kept}</p>${list(kept)}` : nothing}
${offered.mayType ? textArea(view, { name: "other_permissions", label: t.otherPermissions, hint: t.otherPermissionsHint, value: typed, isOptional: true, errors: errors.map((error) => (error.field === "permissions" ? { ...error, field: "other_permissions" } : error)) }) : nothing}`;
}

/** The permissions in a field that has one on each line. */
export function splitTyped(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((part) => part !== "");
}
