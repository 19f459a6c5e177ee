import type { UserDetails } from "../../operations/user-details.js";
import { type Html, html, nothing } from "../html/html.js";
import { list } from "../html/parts.js";
import type { View } from "../view.js";
import { userTexts } from "./texts.js";

/** The page of a user, or one below it. */
export function userPath(username: string, page = ""): string {
  return `/users/${encodeURIComponent(username)}${page === "" ? "" : `/${page}`}`;
}

/** The page of a group, or one below it. */
export function groupPath(name: string, page = ""): string {
  return `/groups/${encodeURIComponent(name)}${page === "" ? "" : `/${page}`}`;
}

/** What can be done to a user; each is a page below the user's. */
export type UserAction =
  | "edit"
  | "groups"
  | "password"
  | "deactivate"
  | "activate"
  | "end-sessions"
  | "unlink"
  | "delete";

/** What makes sense for a user. Whether the person may do it, the operation decides. */
export function actionsFor({ isService, owner, state, link, sessions }: UserDetails): readonly UserAction[] {
  if (isService) return [];
  const isByHand = owner === null;
  return [
    ...(isByHand ? (["edit"] as const) : []),
    "groups",
    ...(link === null ? (["password"] as const) : []),
    state === "deactivated" ? "activate" : "deactivate",
    ...(sessions.count > 0 ? (["end-sessions"] as const) : []),
    ...(link === null ? [] : (["unlink"] as const)),
    ...(isByHand ? (["delete"] as const) : []),
  ];
}

export function actionLinks(view: View, user: UserDetails): Html {
  const actions = actionsFor(user);
  if (!view.may("change_users") || actions.length === 0) return nothing;
  const t = userTexts[view.language].actions;
  const links = actions.map((action) => html`<a href="${view.url(userPath(user.username, action))}">${t[action]}</a>`);
  return html`<h2>${t.title}</h2>
${list(links)}`;
}
