import type { Hono } from "hono";
import { groupNames } from "../../operations/list-groups.js";
import type { Forbidden } from "../../operations/person.js";
import { changeMembershipsAs, type MembershipsRequest, type SetRefusal } from "../../operations/person-memberships.js";
import type { EntriesChanged } from "../../operations/record.js";
import { readUserVersion, readVersionedUser, type UserDetails } from "../../operations/user-details.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import type { FormFields } from "../form.js";
import { groupTexts } from "../groups/texts.js";
import { errorSummary, type FormError, field, hiddenFields, message, select } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { table } from "../html/parts.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf, requireRight } from "../routes.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { userFormTexts } from "./form-texts.js";
import { formErrors, nameIn } from "./forms.js";
import { groupPath, userPath } from "./paths.js";
import { userTexts } from "./texts.js";
import { endOf, sourceOf } from "./user-page.js";

type Outcome = EntriesChanged | SetRefusal | Forbidden | { readonly kind: "conflict" };

/** The groups of one user, by hand. */
export function addMembershipForms(app: Hono<AdminEnv>, context: AdminContext): void {
  const { kysely } = context.database;

  app.get("/users/:name/groups", requireRight("change_users"), (c) => show(c, 200, []));

  app.post("/users/:name/groups", requireRight("change_users"), async (c) => {
    const form = c.get("form");
    const username = nameIn(c);
    const request = membershipsRequest(c, { username, group: form.text("group") });
    const outcome = await context.change<Outcome>(async (tx) => {
      const isSeen = (await readUserVersion(tx, username)) === form.text("version");
      if (!isSeen) return { commit: false, value: { kind: "conflict" } };
      return await changeMembershipsAs(tx, personOf(c), request, recordOptions(context));
    });
    const view = c.get("view");
    switch (outcome.kind) {
      case "forbidden":
        return await answerForbidden(c, outcome);
      case "conflict":
        return await show(c, 409, [{ text: userFormTexts[view.language].conflict.groups }]);
      case "refused":
        return await show(c, 422, formErrors(view, outcome.errors));
      case "changed":
        return goTo(c, userPath(username, "groups"), { done: "yes" });
    }
  });

  async function show(c: AdminRequest, status: 200 | 409 | 422, errors: readonly FormError[]): Promise<Response> {
    const username = nameIn(c);
    const found = await readVersionedUser(kysely, username, context.now());
    if (!found) return await notFound(c);
    const form: FormFields = c.get("form");
    const typed = { group: form.text("group"), until: form.text("until") };
    const isDone = c.req.query("done") === "yes" && errors.length === 0;
    const page = { ...found, groups: await groupNames(kysely), typed, errors, isDone };
    return await answer(c, membershipsPage(c.get("view"), page), status);
  }
}

/** What a form says: `do` is `add`, up to the end of a day or for good, or `remove`. */
export function membershipsRequest(
  c: AdminRequest,
  { username, group }: { readonly username: string; readonly group: string },
): MembershipsRequest {
  const form = c.get("form");
  if (form.text("do") === "remove") return { username, remove: [group] };
  const day = form.text("until");
  if (day === "") return { username, add: [{ group }] };
  const last = c.get("view").times.endOfDay(day).getTime();
  // The membership counts up to the last second of the day. An invalid date stays one, and is refused.
  return { username, add: [{ group, until: new Date(last + 1000) }] };
}

interface MembershipsPage {
  readonly user: UserDetails;
  /** Of the user, by which it is seen whether someone else was faster. */
  readonly version: string;
  /** The names of all groups. */
  readonly groups: readonly string[];
  readonly typed?: { readonly group: string; readonly until: string };
  readonly errors?: readonly FormError[];
  readonly isDone?: boolean;
}

/** A user's groups: those by hand can be ended, changed and added, also where a file manages the user. */
function membershipsPage(view: View, data: MembershipsPage): Html {
  const { user, version, groups, typed, errors = [], isDone = false } = data;
  const t = groupTexts[view.language].memberships;
  const u = userTexts[view.language];
  const { username, owner } = user;
  const title = t.title(username);
  const action = view.url(userPath(username, "groups"));
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
${isDone ? message(html`<p>${t.done}</p>`) : nothing}
${owner === null ? nothing : message(html`<p>${t.ofFile}</p>`, "note")}
${table(view, {
  caption: u.groups.title,
  rows: user.groups,
  empty: u.groups.none,
  columns: [
    { heading: u.group, cell: ({ name }) => html`<a href="${view.url(groupPath(name))}">${name}</a>` },
    { heading: u.groups.source, cell: ({ source }) => u.groups.sources[sourceOf(source, owner)] },
    { heading: u.groups.until, cell: ({ until }) => endOf(view, until) },
    {
      heading: t.remove,
      cell: ({ name, source }) =>
        sourceOf(source, owner) === "hand"
          ? removeButton(view, { action, fields: { group: name, version }, what: name })
          : t.notHere,
    },
  ],
})}
<h2>${t.addTitle}</h2>
<form method="post" action="${action}">${csrf(view)}<input type="hidden" name="do" value="add"><input type="hidden" name="version" value="${version}">
${select(view, { name: "group", label: u.group, value: typed?.group ?? "", options: groups.map((name) => ({ value: name, label: name })), errors: errors.map((error) => (error.field === "groups" ? { ...error, field: "group" } : error)) })}
${field(view, { name: "until", label: t.until, hint: t.untilHint(view.times.zone), type: "date", value: typed?.until ?? "", isOptional: true, errors })}
<p class="actions"><button>${t.add}</button> <a href="${view.url(userPath(username))}">${commonTexts[view.language].back}</a></p>
</form>`;
  return page(view, { title, body, isRefused: errors.length > 0 });
}

interface RemoveButton {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  /** What it removes, which is a part of its name for those who do not see where it stands. */
  readonly what: string;
}

export function removeButton(view: View, { action, fields, what }: RemoveButton): Html {
  const t = groupTexts[view.language].memberships;
  const hidden = hiddenFields(Object.entries({ do: "remove", ...fields }));
  return html`<form method="post" action="${action}">${csrf(view)}${hidden}
<button class="secondary">${t.remove}<span class="spoken"> ${what}</span></button></form>`;
}
