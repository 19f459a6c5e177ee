import type { Hono } from "hono";
import { type Html, html } from "../html/html.js";
import { page } from "../html/layout.js";
import { facts, list } from "../html/parts.js";
import type { Texts } from "../language.js";
import { type AdminEnv, answer } from "../routes.js";
import type { View } from "../view.js";
import { bootstrapHome } from "../way-in/bootstrap.js";

const nl = {
  title: "Start",
  rights: "Uw rechten",
  username: "Gebruikersnaam",
  superuser: "U bent superuser en mag alles.",
  noRights: "U hebt geen rechten.",
  until: "Zonder nieuwe aanvraag wordt u uitgelogd op",
};

const en: typeof nl = {
  title: "Start",
  rights: "Your rights",
  username: "Username",
  superuser: "You are a superuser and may do everything.",
  noRights: "You have no rights.",
  until: "Without another request, you will be signed out on",
};

const texts: Texts<typeof nl> = { nl, en };

/** The start page: who is signed in, and what they may. */
export function addHome(app: Hono<AdminEnv>): void {
  app.get("/", (c) => {
    const view = c.get("view");
    if (c.get("session").isBootstrap) return answer(c, bootstrapHome(view));
    return answer(c, page(view, { title: texts[view.language].title, body: homeBody(view, c.get("session")) }));
  });
}

function homeBody(view: View, { principal, expiresAt }: AdminEnv["Variables"]["session"]): Html {
  const t = texts[view.language];
  const rights = [...principal.permissions].sort();
  return html`<h1>${t.title}</h1>
${facts([
  [t.username, principal.user.username],
  [t.until, view.times.moment(expiresAt.toISOString())],
])}
<h2>${t.rights}</h2>
${principal.user.isSuperuser ? html`<p>${t.superuser}</p>` : rights.length > 0 ? list(rights) : html`<p>${t.noRights}</p>`}`;
}
