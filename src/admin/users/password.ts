import type { Hono } from "hono";
import { preparePassword, setPasswordAs } from "../../operations/person-users.js";
import { readUser } from "../../operations/user-details.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import { errorSummary, type FormError, field } from "../html/fields.js";
import { type Html, html } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf, requireRight } from "../routes.js";
import { askToSignInAgain, hasFreshSignIn } from "../session.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { confirmTexts, passwordTexts, userFormTexts } from "./form-texts.js";
import { formErrors, nameIn } from "./forms.js";
import { userPath } from "./paths.js";

/** Giving a user another password. Who sets it can sign in with it, so it needs a recent sign-in. */
export function addPasswordForm(app: Hono<AdminEnv>, context: AdminContext): void {
  app.get("/users/:name/password", requireRight("change_users"), async (c) =>
    hasFreshSignIn(c, context) ? await ask(c) : await askToSignInAgain(c),
  );

  app.post("/users/:name/password", requireRight("change_users"), async (c) => {
    const view = c.get("view");
    const username = nameIn(c);
    const missing = { field: "password", text: passwordTexts[view.language].missing };
    const password = c.get("form").secret("password");
    if (!password) return await ask(c, [missing]);
    if (!hasFreshSignIn(c, context)) return await askToSignInAgain(c);
    const prepared = await preparePassword(password);
    if (prepared.kind === "invalid_password") {
      return await ask(c, formErrors(view, [{ ...prepared.mistake, field: "password" }]));
    }
    const input = { username, hash: prepared.hash };
    const outcome = await context.change((tx) => setPasswordAs(tx, personOf(c), input, recordOptions(context)));
    switch (outcome.kind) {
      case "forbidden":
        return await answerForbidden(c, outcome);
      case "changed":
        return goTo(c, userPath(username), { done: "password" });
      case "refused": {
        const { code, message } = outcome.refusal;
        return await ask(c, [{ text: confirmTexts[view.language].errors[code] ?? message }]);
      }
      case "unknown_names":
      case "service_users":
        return await notFound(c);
    }
  });

  async function ask(c: AdminRequest, errors: readonly FormError[] = []): Promise<Response> {
    const user = await readUser(context.database.kysely, nameIn(c), context.now());
    if (!user || user.isService) return await notFound(c);
    return await answer(c, passwordPage(c.get("view"), user.username, errors), errors.length > 0 ? 422 : 200);
  }
}

function passwordPage(view: View, username: string, errors: readonly FormError[]): Html {
  const t = passwordTexts[view.language];
  const { password: label, passwordHint: hint } = userFormTexts[view.language];
  const title = t.title(username);
  const input = { name: "password", label, hint, type: "password", autocomplete: "new-password", errors } as const;
  const body = html`<h1>${title}</h1>
${errorSummary(view, errors)}
<p>${t.text}</p>
<form method="post" action="${view.url(userPath(username, "password"))}">${csrf(view)}
${field(view, input)}
<p class="actions"><button>${t.button}</button> <a href="${view.url(userPath(username))}">${commonTexts[view.language].cancel}</a></p>
</form>`;
  return page(view, { title, body, isRefused: errors.length > 0 });
}
