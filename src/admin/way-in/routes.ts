import type { Hono } from "hono";
import type { LoginRedirect, LoginRefusal, LoginSuccess, LoginTrial } from "../../login/login.js";
import { hasBootstrapCode } from "../../operations/bootstrap.js";
import type { AdminContext } from "../context.js";
import { errorSummary, type FormError, field, hiddenFields } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { noticePage } from "../notice.js";
import { trialPage } from "../openid/trial-page.js";
import { type AdminEnv, type AdminRequest, answer, goTo, pathOf, setCookies } from "../routes.js";
import { contentPolicy } from "../security.js";
import type { View } from "../view.js";
import { endBootstrap } from "./bootstrap-session.js";
import { createAttemptLimit } from "./limits.js";
import { wayInTexts } from "./texts.js";

/** Signing in, for people who are not signed in. */
export function addSignIn(app: Hono<AdminEnv>, context: AdminContext): void {
  const { login, settings } = context;
  const attempts = createAttemptLimit("password", 20, context);

  app.get("/sign-in", async (c) => {
    const view = c.get("view");
    const isEnabled = await login.isEnabled();
    const password = !isEnabled || settings.passwordSignIn === "always" ? "form" : "link";
    const hasCode = settings.bootstrap && (await hasBootstrapCode(context.database.kysely, context.now()));
    const ways = { provider: isEnabled, password, hasCode } as const;
    return await answer(c, signInPage(view, ways, pathOf(c.req.query("next"))));
  });

  app.get("/sign-in/password", (c) =>
    answer(c, passwordPage(c.get("view"), { next: pathOf(c.req.query("next")), isAgain: false })),
  );

  app.get("/sign-in/start", async (c) => outcomeOf(c, await login.start(startOf(c))));

  app.get("/oidc/callback", async (c) => {
    const { language } = c.get("view");
    return outcomeOf(c, await login.finish(c.req.url, c.req.header("cookie"), { language }));
  });

  app.post("/sign-in/password", async (c) => {
    const form = c.get("form");
    const view = c.get("view");
    const limited = await attempts.take(c);
    if (limited) return limited;
    const [username, password, next] = [form.text("username"), form.written("password"), pathOf(form.written("next"))];
    // Others sign in at the provider then, which may ask for more than a password.
    const superusersOnly = settings.passwordSignIn === "emergency" && (await login.isEnabled());
    const request = { username, password, next: view.url(next), superusersOnly, language: view.language };
    const outcome = await login.signInWithPassword(request, c.req.header("cookie"));
    if (outcome.kind === "signed_in") {
      attempts.giveBack(c);
      return outcomeOf(c, outcome);
    }
    const isAgain = form.isChecked("again");
    return await answer(c, passwordPage(view, { username, next, isAgain, refusal: outcome }), outcome.status);
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

  // The same way as before: with the password, or at the provider, which must then ask and say when it did.
  app.get("/sign-in/again", async (c) => {
    const session = await login.session(c.req.header("cookie"));
    if (session?.signedInWith !== "password")
      return outcomeOf(c, await login.start({ ...startOf(c), prompt: "login" }));
    const { username } = session.principal.user;
    return await answer(c, passwordPage(c.get("view"), { username, next: pathOf(c.req.query("next")), isAgain: true }));
  });
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
      const fields = hiddenFields(Object.entries(form.fields));
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
  readonly password: "form" | "link";
  /** A one-time code can be typed. */
  readonly hasCode: boolean;
}

function signInPage(view: View, ways: Ways, next: string): Html {
  const t = wayInTexts[view.language];
  const query = { next: next === "/" ? undefined : next };
  const provider = html`<p><a class="button" href="${view.url("/sign-in/start", query)}">${t.withProvider}</a></p>`;
  const link = html`<p><a href="${view.url("/sign-in/password", query)}">${t.inEmergency}</a></p>`;
  const form = html`${ways.provider ? html`<h2>${t.withPassword}</h2>` : nothing}${passwordForm(view, { next, isAgain: false })}`;
  const code = html`<p><a href="${view.url("/bootstrap")}">${t.toCode}</a></p>`;
  const body = html`<h1>${t.title}</h1>
<p>${t.lead}</p>
${ways.provider ? provider : nothing}
${ways.password === "form" ? form : link}
${ways.hasCode ? code : nothing}`;
  return page(view, { title: t.title, body });
}

interface PasswordForm {
  readonly username?: string;
  readonly next: string;
  /** For someone who is signed in, and proves it. */
  readonly isAgain: boolean;
  readonly refusal?: LoginRefusal;
}

function passwordForm(view: View, { username = "", next, isAgain, refusal }: PasswordForm): Html {
  const t = wayInTexts[view.language];
  const errors = errorsOf(refusal);
  return html`<form method="post" action="${view.url("/sign-in/password")}">
<input type="hidden" name="next" value="${next}">${isAgain ? html`<input type="hidden" name="again" value="yes">` : nothing}
${field(view, { name: "username", label: t.username, value: username, autocomplete: "username" })}
${field(view, { name: "password", label: t.password, type: "password", autocomplete: "current-password", errors })}
<button>${isAgain ? t.tryAgain : t.withPassword}</button>
</form>`;
}

function errorsOf(refusal: LoginRefusal | undefined): readonly FormError[] {
  return refusal ? [{ field: "password", text: `${refusal.text} ${refusal.action}` }] : [];
}

/** The password form alone: what was typed survives a refusal, but the password. */
function passwordPage(view: View, given: PasswordForm): Html {
  const t = wayInTexts[view.language];
  const { isAgain, refusal } = given;
  const title = isAgain ? t.tryAgain : t.withPassword;
  const errors = errorsOf(refusal);
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
<p>${isAgain ? t.again : t.emergency}</p>
${passwordForm(view, given)}`;
  return page(view, { title, body, isRefused: errors.length > 0 });
}

function refusalPage(view: View, { title, text, action, next }: LoginRefusal): Html {
  const t = wayInTexts[view.language];
  const path = next?.startsWith(view.url("/")) ? next.slice(view.url("").length) : undefined;
  const href = view.url("/sign-in", { next: path === "/" ? undefined : path });
  const link = html`<p><a class="button" href="${href}">${t.tryAgain}</a></p>`;
  return noticePage(view, { title, text, action, more: next === undefined ? undefined : link });
}
