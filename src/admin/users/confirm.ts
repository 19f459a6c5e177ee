import type { Hono } from "hono";
import { changeEntries, type Entries, prepareEntries } from "../../operations/change-entries.js";
import { activateUsersAs, deactivateUsersAs, endSessionsAs, unlinkUsersAs } from "../../operations/person-users.js";
import { readTokenPage, type TokenPage } from "../../operations/token-page.js";
import { readUser, readUserSessions, type UserDetails, type UserSession } from "../../operations/user-details.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import { errorSummary, type FormError } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { fileShouldFollow } from "../html/managed.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf, requireRight } from "../routes.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { confirmTexts } from "./form-texts.js";
import { entriesOptions, nameIn } from "./forms.js";
import { seen } from "./list-page.js";
import { actionsFor, userPath } from "./paths.js";
import { recentTokens, sessionTable, tokenTable } from "./user-page.js";

const simple = {
  deactivate: { run: deactivateUsersAs, done: "deactivated" },
  activate: { run: activateUsersAs, done: "activated" },
  "end-sessions": { run: endSessionsAs, done: "ended" },
  unlink: { run: unlinkUsersAs, done: "unlinked" },
} as const;

/** What is done to a user after a question: each action has a page that asks, and a form that does it. */
export function addConfirmedActions(app: Hono<AdminEnv>, context: AdminContext): void {
  for (const [action, { run, done }] of Object.entries(simple) as [
    keyof typeof simple,
    (typeof simple)[keyof typeof simple],
  ][]) {
    app.get(`/users/:name/${action}`, requireRight("change_users"), (c) => ask(c, action));

    app.post(`/users/:name/${action}`, async (c) => {
      const username = nameIn(c);
      const outcome = await context.change((tx) =>
        run(tx, personOf(c), { usernames: [username] }, recordOptions(context)),
      );
      switch (outcome.kind) {
        case "forbidden":
          return await answerForbidden(c, outcome);
        case "changed":
          return goTo(c, userPath(username), { done: outcome.changes.length > 0 ? done : "unchanged" });
        case "refused":
          return await ask(c, action, outcome.refusal);
        case "unknown_names":
        case "service_users":
          return await notFound(c);
      }
    });
  }

  app.get("/users/:name/delete", requireRight("change_users"), (c) => ask(c, "delete"));

  app.post("/users/:name/delete", async (c) => {
    const username = nameIn(c);
    const prepared = await prepareEntries(absent(username), entriesOptions(context));
    if (prepared.kind === "invalid") return await ask(c, "delete", prepared.diagnostics[0]);
    const outcome = await context.change((tx, database, onRollback) =>
      changeEntries(tx, prepared, personOf(c), {
        ...recordOptions(context),
        database,
        env: context.env,
        onRollback,
      }),
    );
    if (outcome.kind === "forbidden") return await answerForbidden(c, outcome);
    if (outcome.kind === "invalid") return await ask(c, "delete", outcome.diagnostics[0]);
    if (outcome.kind === "conflict" || outcome.changes.length === 0) return await notFound(c);
    return goTo(c, "/users", { done: "deleted" });
  });

  /** @param refusal why it was not done, after the form was sent */
  async function ask(
    c: AdminRequest,
    action: ConfirmedAction,
    refusal?: { readonly code: string; readonly message: string },
  ): Promise<Response> {
    const { kysely } = context.database;
    const username = nameIn(c);
    const nowMs = context.now();
    const user = await readUser(kysely, username, nowMs);
    if (!user) return await notFound(c);
    const view = c.get("view");
    const text = refusal && (confirmTexts[view.language].errors[refusal.code] ?? refusal.message);
    if (!refusal && !actionsFor(user).includes(action)) return goTo(c, userPath(username));
    const working = { user: username, state: "active" } as const;
    const tokens = await readTokenPage(context.database, working, recentTokens, nowMs);
    const sessions = await readUserSessions(kysely, username, nowMs);
    const errors = text === undefined ? [] : [{ text }];
    return await answer(c, confirmPage(view, { action, user, tokens, sessions, errors }), refusal ? 422 : 200);
  }
}

function absent(username: string): Entries {
  return { default_user_configuration_config: { users: [{ username, state: "absent" }] } };
}

/** What is asked about on a separate page before it is done. */
type ConfirmedAction = keyof (typeof confirmTexts)["nl"]["actions"];

interface Confirmation {
  readonly action: ConfirmedAction;
  readonly user: UserDetails;
  /** Those that still work. */
  readonly tokens: TokenPage;
  readonly sessions: readonly UserSession[];
  /** Why it was refused. */
  readonly errors?: readonly FormError[];
}

const takesAccess: ReadonlySet<ConfirmedAction> = new Set(["deactivate", "unlink"]);
const stopsTokens: ReadonlySet<ConfirmedAction> = new Set(["deactivate", "delete"]);

/** Says what will stop working, and when it was last used. */
function confirmPage(view: View, { action, user, tokens, sessions, errors = [] }: Confirmation): Html {
  const t = confirmTexts[view.language];
  const { username } = user;
  const { title, text, button, isDangerous } = t.actions[action];
  const isRefused = errors.length > 0;
  const body = html`<h1>${title(username)}</h1>
${errorSummary(view, errors)}
<p>${text}</p>
${takesAccess.has(action) && user.owner !== null ? fileShouldFollow(view) : nothing}
${stopsTokens.has(action) ? stoppedTokens(view, tokens) : nothing}
${action === "activate" ? nothing : stoppedSessions(view, sessions)}
<form method="post" action="${view.url(userPath(username, action))}">${csrf(view)}
<p class="actions"><button${isDangerous ? html` class="danger"` : nothing}>${button}</button>
<a href="${view.url(userPath(username))}">${commonTexts[view.language].cancel}</a></p>
</form>`;
  return page(view, { title: title(username), body, isRefused });
}

function stoppedTokens(view: View, page: TokenPage): Html {
  const t = confirmTexts[view.language];
  const { tokens, total } = page;
  const [latest] = tokens;
  if (latest === undefined) return html`<p>${t.noTokens}</p>`;
  return html`<h2>${t.tokens(total)}</h2>
${view.may("view_tokens") ? tokenTable(view, page) : html`<p>${t.lastUse} ${seen(view, latest.lastUsedAt)}.</p>`}`;
}

function stoppedSessions(view: View, sessions: readonly UserSession[]): Html {
  const t = confirmTexts[view.language];
  if (sessions.length === 0) return html`<p>${t.noSessions}</p>`;
  return html`<h2>${t.sessions(sessions.length)}</h2>
${sessionTable(view, sessions)}`;
}
