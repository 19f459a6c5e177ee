import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as notices from "./notices.mjs";
import * as pages from "./pages.mjs";
import { faultText, readTokenForm, written } from "./token-form.mjs";

const style = readFileSync(new URL("style.css", import.meta.url), "utf8");

const contentPolicy = (formAction, more = "") =>
  `default-src 'none'; style-src 'self'; ${more}form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`;

const securityHeaders = {
  "Content-Security-Policy": contentPolicy("'self'"),
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** Presses the button of a page that is there to be sent on. */
const submit = `document.forms[0].submit();\n`;

/** What browsers send a form as; without a field, they may leave it out. */
const formTypes = new Set(["application/x-www-form-urlencoded", "multipart/form-data", ""]);

/** The pages. `onError` and `onRefusal` get what the person at the browser does not see. */
export function createApp({ login, tokens, onError, onRefusal }) {
  const app = new Hono();
  const smallOnly = bodyLimit({ maxSize: 16_384, onError: (c) => c.html(pages.notice(notices.tooLarge), 413) });

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) {
      if (!c.res.headers.has(name)) c.header(name, value);
    }
  });

  app.onError((error, c) => {
    onError(error);
    const isPassing = error.reason === "unavailable";
    if (isPassing) c.header("Retry-After", "5");
    return c.html(pages.notice(isPassing ? notices.unavailable : notices.failed), isPassing ? 503 : 500);
  });
  app.notFound((c) => c.html(pages.notice(notices.notFound), 404));

  // Before everything else, also before the session is checked.
  app.post("*", ownPagesOnly, readForm);

  app.get("/style.css", (c) => c.body(style, 200, { "Content-Type": "text/css", "Cache-Control": "max-age=3600" }));

  app.get("/submit.js", (c) =>
    c.body(submit, 200, { "Content-Type": "text/javascript", "Cache-Control": "max-age=3600" }),
  );

  // Signing in and out.

  app.get("/login", async (c) => {
    const cookieHeader = c.req.header("cookie");
    return answer(c, await login.start({ next: c.req.query("next"), cookieHeader }));
  });

  app.get("/oidc/callback", async (c) => answer(c, await login.finish(c.req.url, c.req.header("cookie"))));

  app.get("/noodtoegang", (c) => c.html(pages.emergency()));

  app.post("/noodtoegang", async (c) => {
    const { username, password } = c.get("form");
    const request = { username: written(username), password: written(password) };
    return answer(c, await login.signInWithPassword(request, c.req.header("cookie")));
  });

  app.get("/uitgelogd", (c) => c.html(pages.notice(notices.signedOut)));

  // From here on, only for who is signed in. Who is no longer staff, or not active any more, is not.

  app.use("*", async (c, next) => {
    const session = await login.session(c.req.header("cookie"));
    if (session) {
      c.set("session", session);
      return next();
    }
    if (c.req.path === "/") return c.html(pages.welcome());
    // A redirect to the provider would still count as this form's, which may only be sent to this server.
    if (c.req.method !== "GET") return refuseForm(c, "no_session", notices.sessionOver);
    return c.redirect(`/login?next=${encodeURIComponent(c.req.path)}`, 303);
  });

  app.post("*", (c, next) => {
    const isOwn = login.checkCsrf(c.get("session"), c.get("form").csrf);
    return isOwn ? next() : refuseForm(c, "wrong_csrf_token", notices.foreignForm);
  });

  app.get("/", async (c) => {
    const session = c.get("session");
    return c.html(pages.account({ session, account: await accountOf(session) }));
  });

  app.post("/uitloggen", async (c) => {
    const { location, form, cookies } = await login.logout(c.req.header("cookie"));
    setCookies(c, cookies);
    if (form) {
      const { origin } = new URL(form.action);
      c.header("Content-Security-Policy", contentPolicy(`'self' ${origin}`, "script-src 'self'; "));
      return c.html(pages.signingOut({ form }));
    }
    if (location.startsWith("/")) return c.redirect(location, 303);
    // A redirect would still count as this form's, which may only be sent to this server.
    return c.html(pages.signingOut({ location }));
  });

  app.get("/tokens", async (c) => c.html(await tokensPage(c)));

  app.post("/tokens", async (c) => {
    const { user } = c.get("session").principal;
    const form = readTokenForm(c.get("form"));
    const outcome = await tokens.create({ ...form, userId: user.id, actor: `login:${user.username}` });
    switch (outcome.kind) {
      case "created":
        return c.html(await tokensPage(c, { created: outcome }));
      case "taken":
        return c.html(await tokensPage(c, { faults: [pages.takenName] }), 409);
      default:
        return c.html(await tokensPage(c, { faults: outcome.errors.map(faultText) }), 422);
    }
  });

  app.get("/tokens/:identifier/intrekken", async (c) => {
    const session = c.get("session");
    const listed = await tokens.list(session.principal.user.id);
    const token = listed.find(({ identifier, isManaged }) => identifier === c.req.param("identifier") && !isManaged);
    return token ? c.html(pages.confirmRevocation({ session, token })) : c.notFound();
  });

  app.post("/tokens/:identifier/intrekken", async (c) => {
    const { user } = c.get("session").principal;
    const identifier = c.req.param("identifier");
    const outcome = await tokens.revoke({ userId: user.id, identifier, actor: `login:${user.username}` });
    if (outcome.kind === "revoked") return c.html(await tokensPage(c, { revoked: identifier }));
    return c.html(await tokensPage(c, { faults: outcome.errors.map(faultText) }), 409);
  });

  async function tokensPage(c, state = {}) {
    const session = c.get("session");
    const listed = await tokens.list(session.principal.user.id);
    return pages.tokens({ session, account: await accountOf(session), tokens: listed, form: c.get("form"), ...state });
  }

  function accountOf({ principal }) {
    return tokens.account(principal.user.id);
  }

  function answer(c, outcome) {
    setCookies(c, outcome.cookies);
    // To the provider: also from the callback, where it wants the login begun again.
    if (outcome.kind === "redirect") return c.redirect(outcome.location, 303);
    if (outcome.kind === "signed_in") return c.redirect(outcome.next, 303);
    return c.html(pages.notice(outcome), outcome.status);
  }

  function setCookies(c, cookies) {
    for (const cookie of cookies) c.header("Set-Cookie", cookie, { append: true });
  }

  function ownPagesOnly(c, next) {
    return login.isSameOrigin(c.req.raw.headers) ? next() : refuseForm(c, "foreign_origin", notices.foreignForm);
  }

  /** The fields of a form, whatever the browser sent them as. A body that is not a form is the sender's error, not ours. */
  async function readForm(c, next) {
    const [type] = (c.req.header("content-type") ?? "").split(";", 1);
    if (!formTypes.has(type.trim().toLowerCase())) return c.html(pages.notice(notices.noForm), 415);
    try {
      const tooLarge = await smallOnly(c, async () => c.set("form", await c.req.parseBody({ all: true })));
      if (tooLarge) return tooLarge;
    } catch {
      return c.html(pages.notice(notices.brokenForm), 400);
    }
    return next();
  }

  function refuseForm(c, reason, notice) {
    onRefusal({ kind: "form_refused", reason, path: c.req.path });
    return c.html(pages.notice(notice), 403);
  }

  return app;
}
