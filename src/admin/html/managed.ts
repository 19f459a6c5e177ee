import type { Managed } from "../../operations/person.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { message } from "./fields.js";
import { type Html, html, nothing } from "./html.js";
import { badge } from "./parts.js";

/** The mark of an entry that a file manages; nothing for any other. */
export function managedBadge(view: View, owner: string | null): Html {
  return owner === null ? nothing : badge(commonTexts[view.language].managed.badge, "file");
}

/** What manages an entry, since when, and whom to ask for a change. */
export function managedNote(view: View, { owner, files, appliedAt }: Omit<Managed, "entries">): Html {
  const t = commonTexts[view.language].managed;
  const text = files.length === 0 ? t.textWithoutFiles(owner) : t.text(owner, files.join(", "));
  const applied = appliedAt === null ? nothing : html`<p>${t.applied} ${view.times.moment(appliedAt)}.</p>`;
  const ask = view.contact === undefined ? t.askAdministrator : t.ask(view.contact);
  return message(html`<h2>${t.title}</h2><p>${text}</p>${applied}<p>${ask}</p>`, "note");
}

/** On the page that takes access away from an entry of a file: without a change there, it may come back. */
export function fileShouldFollow(view: View): Html {
  return message(html`<p>${commonTexts[view.language].managed.follow}</p>`, "warning");
}
