import type { Hono } from "hono";
import { hasAdministrator, spendBootstrapCode } from "../../operations/bootstrap.js";
import type { AdminContext } from "../context.js";
import { recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import { errorSummary, type FormError, field } from "../html/fields.js";
import { type Html, html } from "../html/html.js";
import { page } from "../html/layout.js";
import { noticePage } from "../notice.js";
import { type AdminEnv, type AdminRequest, answer, goTo, setCookies } from "../routes.js";
import type { View } from "../view.js";
import { bootstrapCookie, endBootstrap } from "./bootstrap-session.js";
import { bootstrapTexts } from "./bootstrap-texts.js";
import { createAttemptLimit } from "./limits.js";

/** What the session of a one-time code may see: how the first administrator signs in. */
const openPaths = /^\/(?:$|first-administrator$|sign-out$|openid(?:\/|$))/;

/** Typing the one-time code. A GET never spends it: programs that look at links would. */
export function addBootstrap(app: Hono<AdminEnv>, context: AdminContext): void {
  const { database, jar, change, report } = context;
  const attempts = createAttemptLimit("code", 10, context);

  app.get("/bootstrap", async (c) => {
    if (await hasAdministrator(database.kysely)) return await overPage(c, context, 200);
    return await answer(c, codePage(c.get("view"), []));
  });

  app.post("/bootstrap", async (c) => {
    const t = bootstrapTexts[c.get("view").language].code;
    const typed = c.get("form").secret("code");
    if (typed === undefined) return await answer(c, codePage(c.get("view"), [{ field: "code", text: t.empty }]), 422);
    const limited = await attempts.take(c);
    if (limited) return limited;
    const spent = await change((tx) => spendBootstrapCode(tx, typed, recordOptions(context)));
    if (spent.kind !== "spent") {
      report({ kind: "bootstrap_refused", reason: spent.kind, address: c.env.address });
      if (spent.kind === "bootstrap_over") return await overPage(c, context, 403);
      return await answer(c, codePage(c.get("view"), [{ field: "code", text: t.wrong }]), 422);
    }
    attempts.giveBack(c);
    report({ kind: "bootstrap_started", runId: spent.runId });
    setCookies(c, [bootstrapCookie(jar, spent.sessionId, spent.session)]);
    return goTo(c, "/");
  });
}

/** Keeps the session of a one-time code to what it is for, and ends it once there is an administrator. */
export function keepBootstrapSmall(app: Hono<AdminEnv>, context: AdminContext): void {
  app.use(async (c, next) => {
    if (!c.get("session").isBootstrap) return next();
    const isForm = c.req.method === "POST";
    if (await hasAdministrator(context.database.kysely)) return await overPage(c, context, isForm ? 403 : 200);
    if (openPaths.test(c.req.path)) return next();
    return await answerForbidden(c, { kind: "forbidden", reason: "bootstrap_only" });
  });
}

/** There is an administrator: ends the code's session, if the browser has one, and asks to sign in. */
async function overPage(c: AdminRequest, context: AdminContext, status: 200 | 403): Promise<Response> {
  const cookies = await endBootstrap(c.req.header("cookie"), context);
  if (cookies.length > 0) context.report({ kind: "bootstrap_ended", reason: "bootstrap_over" });
  setCookies(c, cookies);
  const view = { ...c.get("view"), session: undefined };
  const t = bootstrapTexts[view.language].over;
  const more = html`<p><a class="button" href="${view.url("/sign-in")}">${t.signIn}</a></p>`;
  return await answer(c, noticePage(view, { title: t.title, text: t.text, action: t.action, more }), status);
}

function codePage(view: View, errors: readonly FormError[]): Html {
  const t = bootstrapTexts[view.language].code;
  const body = html`<h1>${t.title}</h1>
${errorSummary(view, errors)}
<p>${t.lead}</p>
<form method="post" action="${view.url("/bootstrap")}">
${field(view, { name: "code", label: t.label, hint: t.hint, type: "text", autocomplete: "one-time-code", maxLength: 40, errors })}
<button>${t.send}</button>
</form>`;
  return page(view, { title: t.title, body, isRefused: errors.length > 0 });
}

/** The start page of a one-time code's session. */
export function bootstrapHome(view: View): Html {
  const t = bootstrapTexts[view.language].home;
  const endsAt = view.session?.expiresAt.toISOString() ?? "";
  const body = html`<h1>${t.title}</h1>
<p>${t.lead}</p>
<h2>${t.password}</h2>
<p>${t.passwordText}</p>
<p><a class="button" href="${view.url("/first-administrator")}">${t.toForm}</a></p>
<h2>${t.openid}</h2>
<p>${t.openidText}</p>
<p><a class="button secondary" href="${view.url("/openid")}">${t.toOpenid}</a></p>
<p>${t.until} ${view.times.moment(endsAt)}.</p>`;
  return page(view, { title: t.title, body });
}
