import type { Hono } from "hono";
import type { TokenError } from "../../operations/outcome.js";
import type { Forbidden } from "../../operations/person.js";
import { overlapSeconds, revokeTokensAs, rotateTokenAs, switchTokensAs } from "../../operations/person-tokens.js";
import { readTokenInContext, type TokenInContext } from "../../operations/token-facts.js";
import { readNamedTokens } from "../../operations/token-page.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import type { FormError } from "../html/fields.js";
import type { Html } from "../html/html.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf } from "../routes.js";
import { askToSignInAgain, hasFreshSignIn } from "../session.js";
import type { View } from "../view.js";
import { changeTexts } from "./change-texts.js";
import { revocationReasons, revokePage, rotatePage, switchPage } from "./confirm-pages.js";
import { createdPage } from "./created-page.js";
import { identifierIn, tokenPath } from "./list-query.js";
import { isOwn, mayChange, mayRevoke, missingRight, rightsFor, type TokenAction } from "./rights.js";

/** The token that a path names, for people who may see it; undefined for anybody else. */
export async function tokenOf(c: AdminRequest, { database, now }: AdminContext): Promise<TokenInContext | undefined> {
  const view = c.get("view");
  const token = await readTokenInContext(database.kysely, identifierIn(c.req.param("name") ?? ""), now());
  return token && (view.may("view_tokens") || isOwn(view, token)) ? token : undefined;
}

/** Whose tokens a person may see: undefined for everybody's. */
export function seenUserId(view: View): string | undefined {
  return view.may("view_tokens") ? undefined : view.session?.principal.user.id;
}

/** Revoking, disabling, enabling and rotating, each with a page that asks first. */
export function addTokenChanges(app: Hono<AdminEnv>, context: AdminContext): void {
  addRevoking(app, context);
  addSwitching(app, context);
  addRotating(app, context);
}

const maxNames = 500;

function addRevoking(app: Hono<AdminEnv>, context: AdminContext): void {
  const { change, database, now } = context;
  const tokensNamed = (c: AdminRequest, names: readonly string[]) =>
    readNamedTokens(
      database.kysely,
      { names: names.slice(0, maxNames).map(identifierIn), userId: seenUserId(c.get("view")) },
      now(),
    );

  app.get("/tokens/revoke", async (c) => {
    const names = c.req.queries("name") ?? [];
    if (names.length === 0) return goTo(c, "/tokens", { done: "none-chosen" });
    const tokens = await tokensNamed(c, names);
    if (tokens.length === 0) return await notFound(c);
    if (!mayRevoke(c.get("view"), tokens)) return await answerForbidden(c, missingRight(rightsFor.revoke));
    return await answer(c, revokePage(c.get("view"), { tokens, nowMs: now() }));
  });

  app.post("/tokens/revoke", async (c) => {
    const form = c.get("form");
    const view = c.get("view");
    const identifiers = form.list("name").slice(0, maxNames);
    const tokens = await tokensNamed(c, identifiers);
    if (tokens.length === 0) return await notFound(c);
    const t = changeTexts[view.language].revoke;
    const refuse = (errors: readonly FormError[]) =>
      answer(c, revokePage(view, { tokens, form, errors, nowMs: now() }), 422);
    if (tokens.length < new Set(identifiers).size) return await refuse([{ text: t.gone }]);
    const reason = revocationReasons.find((name) => name === form.text("reason"));
    if (!reason) return await refuse([{ field: "reason", text: t.noReason }]);
    const outcome = await change((tx) =>
      revokeTokensAs(tx, personOf(c), { identifiers, reason }, recordOptions(context)),
    );
    if (outcome.kind === "forbidden") return await answerForbidden(c, outcome);
    if (outcome.kind === "refused") return await refuse([{ text: t.gone }]);
    const [only, ...others] = tokens;
    return goTo(c, only && others.length === 0 ? tokenPath(only.identifier) : "/tokens", { done: "revoked" });
  });
}

function addSwitching(app: Hono<AdminEnv>, context: AdminContext): void {
  const { change, now } = context;
  for (const enabled of [true, false]) {
    const action = enabled ? "enable" : "disable";

    app.get(`/tokens/:name/${action}`, (c) =>
      withToken(c, context, action, ({ token }) =>
        answer(c, switchPage(c.get("view"), token, enabled, { nowMs: now() })),
      ),
    );

    app.post(`/tokens/:name/${action}`, (c) =>
      withToken(c, context, action, async ({ token }) => {
        const { identifier } = token;
        const outcome = await change((tx) =>
          switchTokensAs(tx, personOf(c), { identifiers: [identifier], enabled }, recordOptions(context)),
        );
        const show = (errors: readonly FormError[]) =>
          switchPage(c.get("view"), token, enabled, { errors, nowMs: now() });
        if (outcome.kind !== "changed") return await answerRefused(c, outcome, show);
        return goTo(c, tokenPath(identifier), { done: `${action}d` });
      }),
    );
  }
}

function addRotating(app: Hono<AdminEnv>, context: AdminContext): void {
  const { change, now } = context;

  app.get("/tokens/:name/rotate", (c) =>
    withToken(c, context, "rotate", (found) => {
      const view = c.get("view");
      // A new value of someone else's token is as good as a new token of theirs.
      if (!isOwn(view, found) && !hasFreshSignIn(c, context)) return askToSignInAgain(c);
      return answer(c, rotatePage(view, found.token, { nowMs: now() }));
    }),
  );

  app.post("/tokens/:name/rotate", (c) =>
    withToken(c, context, "rotate", async ({ token }) => {
      const view = c.get("view");
      const form = c.get("form");
      const show = (errors: readonly FormError[]) => rotatePage(view, token, { form, errors, nowMs: now() });
      const overlap = overlapSeconds.find((seconds) => String(seconds) === form.text("overlap"));
      if (overlap === undefined) {
        return await answer(c, show([{ field: "overlap", text: changeTexts[view.language].rotate.noOverlap }]), 422);
      }
      const { identifier } = token;
      const outcome = await change((tx) =>
        rotateTokenAs(tx, personOf(c), { identifier, overlap }, recordOptions(context)),
      );
      if (outcome.kind !== "rotated") return await answerRefused(c, outcome, show);
      const { expiresAt } = (await tokenOf(c, context))?.token ?? token;
      return await answer(c, createdPage(view, { identifier, value: outcome.token, expiresAt, isRotated: true }));
    }),
  );
}

/** Does something with the token that a path names, for people to whom that may be offered; the operation decides all the same. */
async function withToken(
  c: AdminRequest,
  context: AdminContext,
  action: TokenAction,
  work: (found: TokenInContext) => Response | Promise<Response>,
): Promise<Response> {
  const found = await tokenOf(c, context);
  if (!found) return await notFound(c);
  if (mayChange(c.get("view"), found, action)) return await work(found);
  return await answerForbidden(c, missingRight(rightsFor[action]));
}

function answerRefused(
  c: AdminRequest,
  outcome: Forbidden | { readonly kind: "refused"; readonly errors: readonly TokenError[] },
  show: (errors: readonly FormError[]) => Html,
): Promise<Response> {
  if (outcome.kind === "forbidden") return answerForbidden(c, outcome);
  const t = changeTexts[c.get("view").language].errors;
  const texts: Readonly<Partial<Record<TokenError["code"], string>>> = {
    policy_violated: t.policy,
    not_found: t.notFound,
    all_not_allowed: t.notAll,
  };
  const errors = [...new Set(outcome.errors.map(({ code }) => texts[code] ?? t.failed))].map((text) => ({ text }));
  return answer(c, show(errors), 422);
}
