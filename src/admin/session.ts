import type { MiddlewareHandler } from "hono";
import { isFresh } from "../operations/rights.js";
import type { AdminContext } from "./context.js";
import { hiddenFields } from "./html/fields.js";
import { type Html, html, nothing } from "./html/html.js";
import { csrf } from "./html/layout.js";
import { noticePage } from "./notice.js";
import { type AdminEnv, type AdminRequest, answer } from "./routes.js";
import { refuse } from "./security.js";
import { commonTexts } from "./texts.js";
import { createView, type View } from "./view.js";
import { findAdminSession } from "./way-in/bootstrap-session.js";

/** From here on, only for people who are signed in; forms only with their session's CSRF token. */
export function signedIn(context: AdminContext): MiddlewareHandler<AdminEnv> {
  const { login } = context;
  return async (c, next) => {
    const session = await findAdminSession(c.req.header("cookie"), context);
    const view = c.get("view");
    if (!session) {
      if (c.req.method === "GET" || c.req.method === "HEAD") {
        return c.redirect(view.url("/sign-in", { next: view.path === "/" ? undefined : view.path }), 303);
      }
      // A redirect to the provider would still count as this form's, which may only be sent to this server.
      const link = html`<p><a class="button" href="${view.url("/sign-in")}">${commonTexts[view.language].signInAgain.button}</a></p>`;
      return await refuse(c, context, "no_session", 403, link);
    }
    c.set("session", session);
    c.set("view", createView(context, { ...view, session }));
    if (c.req.method === "GET" || c.req.method === "HEAD") return next();
    if (login.checkCsrf(session, c.get("form").written("csrf"))) return next();
    return await refuse(c, context, "wrong_csrf_token", 403, sendAgain(c));
  };
}

/** Whether the person proved recently who it is. */
export function hasFreshSignIn(c: AdminRequest, { now }: AdminContext): boolean {
  const { isBootstrap, authenticatedAt } = c.get("session");
  // It lasts an hour, and proves who looks after the server.
  return isBootstrap === true || isFresh(authenticatedAt?.getTime(), now());
}

/**
 * Asks to sign in again: before a form is shown, in this window; for a form that was sent, in a new one, and what was typed is kept.
 */
export function askToSignInAgain(c: AdminRequest): Promise<Response> {
  const view = c.get("view");
  const t = commonTexts[view.language].signInAgain;
  const isForm = c.req.method === "POST";
  const href = view.url("/sign-in/again", { next: isForm ? "/signed-in" : view.path });
  const target = isForm ? html` target="_blank" rel="noopener"` : nothing;
  const link = html`<p><a class="button" href="${href}"${target}>${isForm ? t.inNewWindow : t.button}</a></p>`;
  const more = html`${link}${isForm ? html`<p>${t.afterwards}</p>${sendAgain(c)}` : nothing}`;
  const hasTime = c.get("session").authenticatedAt !== undefined;
  return answer(
    c,
    noticePage(view, { title: t.title, text: t.text, action: hasTime ? undefined : t.provider, more }),
    403,
  );
}

/** The form as it was sent, without its secrets, to send it again. */
function sendAgain(c: AdminRequest): Html {
  const view: View = c.get("view");
  return html`<form method="post" action="${view.url(view.path)}">${csrf(view)}
${hiddenFields(c.get("form").entries())}
<button>${commonTexts[view.language].resubmit.send}</button></form>`;
}
