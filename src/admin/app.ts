import { Hono } from "hono";
import { SetupError } from "../errors.js";
import { readCookies } from "../login/cookies.js";
import { addAccess } from "./access/routes.js";
import { assets } from "./assets.js";
import type { AdminContext } from "./context.js";
import { addGroups } from "./groups/routes.js";
import { addHistory } from "./history/routes.js";
import { addHome } from "./home/routes.js";
import { languageOf } from "./language.js";
import { noticePage } from "./notice.js";
import { addOpenId } from "./openid/routes.js";
import { type AdminEnv, answer, goTo, notFound, pathOf, setCookies } from "./routes.js";
import { exactHost, ownForms, securityHeaders } from "./security.js";
import { signedIn } from "./session.js";
import { commonTexts } from "./texts.js";
import { addTokens } from "./tokens/routes.js";
import { addUsers } from "./users/routes.js";
import { createView } from "./view.js";
import { addBootstrap, keepBootstrapSmall } from "./way-in/bootstrap.js";
import { addFirstAdministrator } from "./way-in/first-administrator.js";
import { addSignIn, addSignOut } from "./way-in/routes.js";

/** The pages. What comes first applies to all that follows. */
export function createApp(context: AdminContext): Hono<AdminEnv> {
  const { settings, jar, report } = context;
  // A proxy may strip the path that the pages are under, or not.
  const app = new Hono<AdminEnv>({
    getPath: (request) => withoutBase(new URL(request.url).pathname, settings.basePath),
  });

  app.use(async (c, next) => {
    const language = languageOf(
      readCookies(c.req.header("cookie")).get(jar.nameOf("language")),
      c.req.header("accept-language"),
    );
    const path = c.req.path + new URL(c.req.url).search;
    c.set("view", createView(context, { language, path, session: undefined }));
    await next();
  });
  app.use(securityHeaders(context));
  app.onError(async (error, c) => {
    const view = c.get("view");
    const isPassing = error instanceof SetupError && error.reason === "unavailable";
    report({ kind: "admin_failed", path: c.req.path, error });
    const t = commonTexts[view.language];
    if (isPassing) c.header("Retry-After", "5");
    return await answer(c, noticePage(view, isPassing ? t.unavailable : t.failed), isPassing ? 503 : 500);
  });
  app.notFound(notFound);
  app.use(exactHost(context));
  // No name has NUL in it, which a database server refuses to look for.
  app.use((c, next) => (c.req.path.includes("%00") ? notFound(c) : next()));
  for (const { path, type, text } of Object.values(assets)) {
    const cached = { "Content-Type": type, "Cache-Control": "public, max-age=31536000, immutable" };
    app.get(path, (c) => c.body(text, 200, cached));
  }
  app.use(ownForms(context));
  app.post("/language", (c) => {
    const form = c.get("form");
    const chosen = form.text("language") === "en" ? "en" : "nl";
    setCookies(c, [jar.set(jar.nameOf("language"), chosen, 31_536_000)]);
    return goTo(c, pathOf(form.written("next")));
  });
  addSignIn(app, context);
  if (settings.bootstrap) addBootstrap(app, context);
  app.use(signedIn(context));
  if (settings.bootstrap) {
    keepBootstrapSmall(app, context);
    addFirstAdministrator(app, context);
  }
  addSignOut(app, context);
  addHome(app, context);
  addTokens(app, context);
  addUsers(app, context);
  addGroups(app, context);
  addAccess(app, context);
  addHistory(app, context);
  addOpenId(app, context);
  return app;
}

function withoutBase(path: string, basePath: string): string {
  if (basePath === "" || !(path === basePath || path.startsWith(`${basePath}/`))) return path;
  return path.slice(basePath.length) || "/";
}
