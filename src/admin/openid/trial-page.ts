import type { LoginTrial } from "../../login/login.js";
import type { AdminContext } from "../context.js";
import { html } from "../html/html.js";
import { page } from "../html/layout.js";
import { facts } from "../html/parts.js";
import { type AdminRequest, answer, notFound } from "../routes.js";
import { createView } from "../view.js";
import { findAdminSession } from "../way-in/bootstrap-session.js";
import { openidTexts } from "./texts.js";

/** Shows what a sign-in that was tried out would do. Its claims are a person's, so only superusers see it. */
export async function trialPage(c: AdminRequest, context: AdminContext, { result }: LoginTrial): Promise<Response> {
  const { settings, now } = context;
  const session = await findAdminSession(c.req.header("cookie"), context);
  const { language, path } = c.get("view");
  const view = createView({ settings, language, path, session, now });
  if (!view.may("superuser")) return await notFound(c);
  const t = openidTexts[language];
  const claims = Object.entries(result.claims ?? {}).map(([name, value]) => [name, JSON.stringify(value)] as const);
  const body = html`<h1>${t.trial.title}</h1>
<p>${result.kind === "mapped" ? t.trial.works : t.trial.fails}</p>
<h2>${t.trial.claims}</h2>
${facts(claims)}`;
  return await answer(c, page(view, { title: t.trial.title, body }));
}
