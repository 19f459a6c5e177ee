import type { Hono } from "hono";
import { changeOwnPassword, matchingHash } from "../../operations/own-password.js";
import { endSessionsAs, preparePassword } from "../../operations/person-users.js";
import { readUser, readUserSessions, type UserDetails, type UserSession } from "../../operations/user-details.js";
import { createRateLimit } from "../../rate-limit.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import { errorSummary, type FormError, field } from "../html/fields.js";
import { type Html, html } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf } from "../routes.js";
import type { View } from "../view.js";
import { confirmTexts, passwordTexts, userFormTexts } from "./form-texts.js";
import { formErrors } from "./forms.js";
import { sessionTable } from "./user-page.js";

/** What everybody who signs in here can do to the own account. */
export function addAccount(app: Hono<AdminEnv>, context: AdminContext): void {
  const { kysely } = context.database;
  // As at the sign-in: those who find a browser open do not get to guess.
  const attempts = createRateLimit({ attempts: 5, perMs: 5 * 60_000, restored: "at_once", maxKeys: 1024 });

  app.get("/account", (c) => show(c, 200, []));

  app.post("/account/end-sessions", async (c) => {
    const { user } = c.get("session").principal;
    const own = { usernames: [user.username] };
    const outcome = await context.change((tx) => endSessionsAs(tx, personOf(c), own, recordOptions(context)));
    return outcome.kind === "forbidden" ? await answerForbidden(c, outcome) : goTo(c, "/signed-out");
  });

  app.post("/account/password", async (c) => {
    const view = c.get("view");
    const t = passwordTexts[view.language];
    const form = c.get("form");
    const [current, password] = [form.secret("secret"), form.secret("password")];
    const missing = [
      ...(current ? [] : [{ field: "secret", text: t.missing }]),
      ...(password ? [] : [{ field: "password", text: t.missing }]),
    ];
    if (!current || !password) return await show(c, 422, missing);
    const { id } = c.get("session").principal.user;
    if (attempts.take(id, context.now()).kind === "exhausted") {
      return await show(c, 429, [{ field: "secret", text: t.account.tooMany }]);
    }
    const stored = await matchingHash(kysely, id, current);
    if (stored === undefined) return await show(c, 422, [{ field: "secret", text: t.account.wrong }]);
    const prepared = await preparePassword(password);
    if (prepared.kind === "invalid_password") {
      return await show(c, 422, formErrors(view, [{ ...prepared.mistake, field: "password" }]));
    }
    const hashes = { from: stored, to: prepared.hash };
    const outcome = await context.change((tx) => changeOwnPassword(tx, personOf(c), hashes, recordOptions(context)));
    switch (outcome.kind) {
      case "forbidden":
        return await answerForbidden(c, outcome);
      case "changed":
        attempts.forget(id);
        return goTo(c, "/signed-out");
      case "password_moved":
        return await show(c, 409, [{ field: "secret", text: t.account.wrong }]);
      case "refused": {
        const { code, message } = outcome.refusal;
        return await show(c, 422, [{ text: confirmTexts[view.language].errors[code] ?? message }]);
      }
      case "unknown_names":
      case "service_users":
        return await notFound(c);
    }
  });

  async function show(c: AdminRequest, status: 200 | 409 | 422 | 429, errors: readonly FormError[]): Promise<Response> {
    const { username } = c.get("session").principal.user;
    const user = await readUser(kysely, username, context.now());
    if (!user) return await notFound(c);
    const sessions = await readUserSessions(kysely, username, context.now());
    return await answer(c, accountPage(c.get("view"), { user, sessions, errors }), status);
  }
}

interface Account {
  readonly user: UserDetails;
  readonly sessions: readonly UserSession[];
  readonly errors: readonly FormError[];
}

function accountPage(view: View, { user, sessions, errors }: Account): Html {
  const t = passwordTexts[view.language].account;
  const hasPassword = user.hasPassword && user.link === null;
  const body = html`<h1>${t.title}</h1>
${errorSummary(view, errors)}
<h2>${t.sessions}</h2>
<p>${t.sessionsText}</p>
${sessionTable(view, sessions)}
<form method="post" action="${view.url("/account/end-sessions")}">${csrf(view)}
<p>${t.endText}</p>
<p class="actions"><button class="danger">${t.end}</button></p>
</form>
<h2>${t.password}</h2>
${hasPassword ? passwordForm(view, errors) : html`<p>${t.noPassword}</p>`}`;
  return page(view, { title: t.title, body, isRefused: errors.length > 0 });
}

function passwordForm(view: View, errors: readonly FormError[]): Html {
  const t = passwordTexts[view.language].account;
  const { passwordHint: hint } = userFormTexts[view.language];
  const type = "password";
  return html`<p>${t.passwordText}</p>
<form method="post" action="${view.url("/account/password")}">${csrf(view)}
${field(view, { name: "secret", label: t.current, type, autocomplete: "current-password", errors })}
${field(view, { name: "password", label: t.new, hint, type, autocomplete: "new-password", errors })}
<p class="actions"><button>${t.change}</button></p>
</form>`;
}
