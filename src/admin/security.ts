import type { MiddlewareHandler } from "hono";
import type { AdminContext } from "./context.js";
import type { FormRefused } from "./event.js";
import { emptyForm, type FormMistake, readForm } from "./form.js";
import { type Notice, noticePage } from "./notice.js";
import { type AdminEnv, type AdminRequest, answer } from "./routes.js";
import { commonTexts } from "./texts.js";

/** `form-action` also applies to redirects after a form. @param formAction more places that a page's forms may be sent to */
export function contentPolicy(formAction: readonly string[] = []): string {
  const action = ["'self'", ...formAction].join(" ");
  return `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action ${action}; base-uri 'none'; frame-ancestors 'none'`;
}

const headers = {
  "Content-Security-Policy": contentPolicy(),
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Cache-Control": "no-store",
} as const;

/** Sets the headers of every answer, unless its page set its own. */
export function securityHeaders({ settings }: AdminContext): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) if (!c.res.headers.has(name)) c.header(name, value);
    if (settings.isSecure) c.header("Strict-Transport-Security", "max-age=31536000");
  };
}

/**
 * On this machine alone, a page of another site could have its own host name point here (DNS rebinding): only the exact host is
 * accepted. A public server is protected by its certificate, and its proxy may use another name for it.
 */
export function exactHost(context: AdminContext): MiddlewareHandler<AdminEnv> {
  const { settings } = context;
  return async (c, next) => {
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    if (!settings.isLoopback || host.toLowerCase() === settings.publicUrl.host) return next();
    return await refuse(c, context, "wrong_host", 400);
  };
}

/** Requests that change data come from a page of this origin, and are forms. */
export function ownForms(context: AdminContext): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    c.set("form", emptyForm);
    if (c.req.method === "GET" || c.req.method === "HEAD") return next();
    if (!context.login.isSameOrigin(c.req.raw.headers)) return await refuse(c, context, "foreign_origin", 403);
    const form = await readForm(c);
    if (typeof form === "string") return await refuseForm(c, context, form);
    c.set("form", form);
    return next();
  };
}

function refuseForm(c: AdminRequest, context: AdminContext, mistake: FormMistake): Promise<Response> {
  if (mistake === "too_large") return refuse(c, context, "too_large", 413);
  return refuse(c, context, "not_a_form", mistake === "broken" ? 400 : 415);
}

/** Answers a request that is not accepted, and reports it. */
export function refuse(
  c: AdminRequest,
  { report }: AdminContext,
  reason: FormRefused["reason"],
  status: 400 | 403 | 413 | 415,
  more?: Notice["more"],
): Promise<Response> {
  const view = c.get("view");
  const [path = ""] = view.path.split("?", 1);
  report({ kind: "form_refused", reason, path });
  const t = commonTexts[view.language];
  const notices: Readonly<Record<FormRefused["reason"], Notice>> = {
    foreign_origin: t.foreignForm,
    wrong_csrf_token: t.resubmit,
    wrong_host: t.wrongHost,
    no_session: t.sessionOver,
    not_a_form: t.notAForm,
    too_large: t.tooLarge,
  };
  return answer(c, noticePage(view, { ...notices[reason], more }), status);
}
