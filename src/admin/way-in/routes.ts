import type { Hono } from "hono";
import type { LoginRedirect, LoginRefusal, LoginSuccess, LoginTrial } from "../../login/login.js";
import type { AdminContext } from "../context.js";
import { field } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { noticePage } from "../notice.js";
import { trialPage } from "../openid/trial-page.js";
import { type AdminEnv, type AdminRequest, answer, goTo, pathOf, setCookies } from "../routes.js";
import { contentPolicy } from "../security.js";
import type { View } from "../view.js";
import { endBootstrap } from "./bootstrap-session.js";
import { wayInTexts } from "./texts.js";

/** Signing in, for people who are not signed in. */
export function addSignIn(app: Hono<AdminEnv>, context: AdminContext): void {
  const { login, settings } = context;
  const mayUsePassword = async (): Promise<boolean> =>
    settings.passwordSignIn === "always" || !(await login.isEnabled());

  app.get("/sign-in", async (c) => {
    const view = c.get("view");
    const ways = { provider: await login.isEnabled(), password: await mayUsePassword() };
    return await answer(c, signInPage(view, ways, c.req.query("next")));
  });

  app.get("/sign-in/start", async (c) => outcomeOf(c, await login.start(startOf(c))));

  app.get("/oidc/callback", async (c) => {
    const { language } = c.get("view");
    return outcomeOf(c, await login.finish(c.req.url, c.req.header("cookie"), { language }));
  });

  app.post("/sign-in/password", async (c) => {
    const form = c.get("form");
    if (!(await mayUsePassword())) return goTo(c, "/sign-in");
    const next = c.get("view").url(pathOf(form.written("next")));
    const request = { username: form.text("username"), password: form.written("password"), next };
    const { language } = c.get("view");
    return outcomeOf(c, await login.signInWithPassword({ ...request, language }, c.req.header("cookie")));
  });

  app.get("/signed-out", (c) => {
    const view = c.get("view");
    const t = wayInTexts[view.language];
    const more = html`<p><a class="button" href="${view.url("/sign-in")}">${t.tryAgain}</a></p>`;
    return answer(c, noticePage(view, { ...t.signedOut, more }));
  });

  function startOf(c: AdminRequest) {
    const view = c.get("view");
    const next = view.url(pathOf(c.req.query("next")));
    return { next, cookieHeader: c.req.header("cookie"), language: view.language };
  }

  async function outcomeOf(
    c: AdminRequest,
    outcome: LoginRedirect | LoginSuccess | LoginRefusal | LoginTrial,
  ): Promise<Response> {
    setCookies(c, outcome.cookies);
    switch (outcome.kind) {
      case "redirect":
        return c.redirect(outcome.location, 303);
      case "signed_in":
        // What is lost on the way becomes `/`, which may be another program's.
        return outcome.next === "/" ? goTo(c, "/") : c.redirect(outcome.next, 303);
      case "tried":
        return await trialPage(c, context, outcome);
      case "refused":
        return await answer(c, refusalPage(c.get("view"), outcome), outcome.status);
    }
  }

  app.get("/sign-in/again", async (c) => outcomeOf(c, await login.start({ ...startOf(c), prompt: "login" })));
}

/** Signing out, and what only people who are signed in see of signing in. */
export function addSignOut(app: Hono<AdminEnv>, context: AdminContext): void {
  const { login, report } = context;
  app.get("/signed-in", (c) => answer(c, noticePage(c.get("view"), wayInTexts[c.get("view").language].signedInAgain)));

  app.post("/sign-out", async (c) => {
    const { location, form, cookies } = await login.logout(c.req.header("cookie"));
    setCookies(c, [...cookies, ...(await endBootstrap(c.req.header("cookie"), context))]);
    if (c.get("session").isBootstrap) report({ kind: "bootstrap_ended", reason: "logout" });
    const view = c.get("view");
    const t = wayInTexts[view.language];
    if (form) {
      const { origin } = new URL(form.action);
      c.header("Content-Security-Policy", contentPolicy([origin]));
      const fields = Object.entries(form.fields).map(
        ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
      );
      const more = html`<form method="post" action="${form.action}" data-submit>${fields}<button>${t.alsoAtProvider}</button></form>`;
      return await answer(
        c,
        noticePage({ ...view, session: undefined }, { ...t.signedOut, title: t.signedOutHere, more }),
      );
    }
    if (location.startsWith("/")) return goTo(c, "/signed-out");
    // A redirect would still count as this form's, which may only be sent to this server.
    const head = html`<meta http-equiv="refresh" content="0; url=${location}">`;
    const body = html`<h1>${t.signedOutHere}</h1><p><a href="${location}">${t.alsoAtProvider}</a></p>`;
    return await answer(c, page({ ...view, session: undefined }, { title: t.signedOutHere, head, body }));
  });
}

interface Ways {
  readonly provider: boolean;
  readonly password: boolean;
}

function signInPage(view: View, ways: Ways, next: string | undefined): Html {
  const t = wayInTexts[view.language];
  const provider = html`<p><a class="button" href="${view.url("/sign-in/start", { next })}">${t.withProvider}</a></p>`;
  const password = html`<h2>${t.withPassword}</h2>
${ways.provider ? html`<p>${t.emergency}</p>` : nothing}
<form method="post" action="${view.url("/sign-in/password")}">
<input type="hidden" name="next" value="${next ?? "/"}">
${field(view, { name: "username", label: t.username, autocomplete: "username" })}
${field(view, { name: "password", label: t.password, type: "password", autocomplete: "current-password" })}
<button>${t.withPassword}</button>
</form>`;
  const body = html`<h1>${t.title}</h1>
<p>${t.lead}</p>
${ways.provider ? provider : nothing}
${ways.password ? password : nothing}`;
  return page(view, { title: t.title, body });
}

function refusalPage(view: View, { title, text, action, next }: LoginRefusal): Html {
  const t = wayInTexts[view.language];
  const link = html`<p><a class="button" href="${view.url("/sign-in")}">${t.tryAgain}</a></p>`;
  return noticePage(view, { title, text, action, more: next === undefined ? undefined : link });
}
