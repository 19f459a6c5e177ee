import type { Context, MiddlewareHandler } from "hono";
import { readNextPath } from "../login/same-origin.js";
import type { Person } from "../operations/person.js";
import { type AdminRight, permissionOf } from "../users/admin-rights.js";
import type { Peer } from "./admin.js";
import type { FormFields } from "./form.js";
import type { Html } from "./html/html.js";
import { noticePage } from "./notice.js";
import { commonTexts } from "./texts.js";
import type { View } from "./view.js";
import type { AdminSession } from "./way-in/bootstrap-session.js";

/** What a request carries from one handler to the next. */
export interface AdminEnv {
  readonly Bindings: Peer;
  readonly Variables: {
    readonly view: View;
    readonly form: FormFields;
    readonly session: AdminSession;
  };
}

export type AdminRequest = Context<AdminEnv>;

type Status = 200 | 400 | 403 | 404 | 409 | 410 | 413 | 415 | 422 | 429 | 500 | 502 | 503;

/** Answers with a page. */
export async function answer(c: AdminRequest, page: Html, status: Status = 200): Promise<Response> {
  return c.html(await page, status);
}

/** Sends the browser to a page of this server after a form was accepted. */
export function goTo(c: AdminRequest, path: string, query?: Readonly<Record<string, string | undefined>>): Response {
  return c.redirect(c.get("view").url(path, query), 303);
}

// Only for what a path is relative to: the path of the callback, where nobody is sent, is the same below every public URL.
const insideUrl = new URL("https://pages.invalid/oidc/callback");

/** A requested path inside the pages, such as of a field; the start page for anything else, whatever its disguise. */
export function pathOf(requested: string | undefined): string {
  return readNextPath(requested, insideUrl);
}

export function setCookies(c: AdminRequest, cookies: readonly string[]): void {
  for (const cookie of cookies) c.header("Set-Cookie", cookie, { append: true });
}

/** Who acts: the operation decides what they may. */
export function personOf(c: AdminRequest): Person {
  const { principal, authenticatedAt, isBootstrap } = c.get("session");
  if (isBootstrap) return { kind: "bootstrap" };
  const { id: userId, username } = principal.user;
  return { kind: "user", userId, username, authenticatedAtMs: authenticatedAt?.getTime() };
}

/** Shows a page to those alone who have one of these rights. What they write, the operation decides about. */
export function requireRight(...rights: readonly (AdminRight | "superuser")[]): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const view = c.get("view");
    if (rights.some(view.may)) return next();
    const t = commonTexts[view.language];
    const names = rights.map((right) => (right === "superuser" ? right : permissionOf(right)));
    return await answer(c, noticePage(view, { ...t.notAllowed, action: t.notAllowed.action(names) }), 403);
  };
}

export function notFound(c: AdminRequest): Promise<Response> {
  const view = c.get("view");
  return answer(c, noticePage(view, commonTexts[view.language].notFound), 404);
}
