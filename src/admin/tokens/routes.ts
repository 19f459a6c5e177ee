import type { Hono } from "hono";
import { contactOf } from "../../operations/create-token.js";
import { createTokenAs } from "../../operations/person-tokens.js";
import { countTokens, findTokenByValue, readTokenOwners, readTokenPage } from "../../operations/token-page.js";
import { createRateLimit } from "../../rate-limit.js";
import { Secret } from "../../secrets/secret.js";
import { readPolicies } from "../../users/read-token-policies.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import { type FormError, message } from "../html/fields.js";
import { type Html, html } from "../html/html.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf } from "../routes.js";
import { askToSignInAgain, hasFreshSignIn } from "../session.js";
import { offeredTo } from "../users/forms.js";
import { addTokenChanges, seenUserId, tokenOf } from "./change-routes.js";
import { createdPage } from "./created-page.js";
import { expiryChoices } from "./expiry.js";
import { factsPage } from "./facts-page.js";
import { doneMessage, listPage } from "./list-page.js";
import { countedSpans, filterOf, pageOf, readListQuery, tokenPath } from "./list-query.js";
import { newTokenErrors, newTokenPage, type Offer, readNewToken, type TokenHolder, tokenHolders } from "./new-form.js";
import { missingRight } from "./rights.js";
import { tokenTexts } from "./texts.js";

/** API tokens: the list, each of them, new ones, and what can be done to them. */
export function addTokens(app: Hono<AdminEnv>, context: AdminContext): void {
  addList(app, context);
  addFinding(app, context);
  addNew(app, context);
  addTokenChanges(app, context);

  app.get("/tokens/:name", async (c) => {
    const token = await tokenOf(c, context);
    if (!token) return await notFound(c);
    const { done, found } = c.req.query();
    return await answer(c, factsPage(c.get("view"), token, { done, found }));
  });
}

interface Reported {
  readonly notice?: Html;
  readonly errors?: readonly FormError[];
}

async function list(c: AdminRequest, { database, now }: AdminContext, reported: Reported = {}): Promise<Html> {
  const view = c.get("view");
  const { kysely } = database;
  const query = readListQuery(c.req.method === "GET" ? c.req.query() : {});
  const userId = seenUserId(view);
  const seen = userId === undefined ? {} : { userId };
  const found = await readTokenPage(database, { ...filterOf(query), ...seen }, pageOf(query), now());
  const counts = await countTokens(kysely, seen, countedSpans, now());
  const owners = await readTokenOwners(kysely);
  return listPage(view, { query, found, counts, owners, ...reported });
}

function addList(app: Hono<AdminEnv>, context: AdminContext): void {
  app.get("/tokens", async (c) => {
    const notice = doneMessage(c.get("view"), c.req.query("done"));
    return await answer(c, await list(c, context, { notice }));
  });
}

/** How often a session may look up values: enough for a list of leaked ones, and too little to guess. */
const lookUps = { attempts: 30, perMs: 10 * 60_000, restored: "evenly", maxKeys: 10_000 } as const;

function addFinding(app: Hono<AdminEnv>, context: AdminContext): void {
  const { database, now } = context;
  const limit = createRateLimit(lookUps);

  app.post("/tokens/find", async (c) => {
    const view = c.get("view");
    const t = tokenTexts[view.language].find;
    const refuse = async (text: string, status: 422 | 429) =>
      await answer(c, await list(c, context, { errors: [{ field: "token", text }] }), status);
    const value = pastedToken(c.get("form").secret("token"));
    if (!value) return await refuse(t.empty, 422);
    // Each session has its own.
    const taken = limit.take(c.get("session").csrfToken, now());
    if (taken.kind === "exhausted") {
      c.header("Retry-After", String(taken.retryAfterSeconds));
      return await refuse(t.tooOften(Math.ceil(taken.retryAfterSeconds / 60)), 429);
    }
    const found = await findTokenByValue(database.kysely, value);
    const userId = seenUserId(view);
    // The same as for an unknown value, so that nobody learns of others' tokens.
    if (!found || (userId !== undefined && found.userId !== userId)) return await refuse(t.unknown, 422);
    if (found.userId !== null) return goTo(c, tokenPath(found.identifier), { found: found.kind });
    const notice = message(html`<p>${t.gone(found.identifier)}</p>`);
    return await answer(c, await list(c, context, { notice }));
  });
}

/** A value as people paste it: with spaces around it, or with the header that it was in. */
function pastedToken(pasted: Secret | undefined): Secret | undefined {
  const value = pasted
    ?.reveal()
    .trim()
    .replace(/^(?:authorization:\s*)?(?:token\s+)?/i, "");
  return value ? new Secret(value) : undefined;
}

function addNew(app: Hono<AdminEnv>, context: AdminContext): void {
  const { change } = context;

  app.get("/tokens/new", async (c) => {
    const holder = holderOf(c, c.req.query("for"));
    if (!holder) return await answerForbidden(c, missingRight("change_tokens"));
    if (holder !== "self" && !hasFreshSignIn(c, context)) return await askToSignInAgain(c);
    return await answer(c, newTokenPage(c.get("view"), await offerFor(c, context, holder), undefined, []));
  });

  app.post("/tokens/new", async (c) => {
    const view = c.get("view");
    const form = c.get("form");
    const holder = holderOf(c, form.text("for"));
    if (!holder) return await answerForbidden(c, missingRight("change_tokens"));
    const offer = await offerFor(c, context, holder);
    const refuse = (errors: readonly FormError[]) => answer(c, newTokenPage(view, offer, form, errors), 422);
    const read = readNewToken(view, form, offer);
    if (read.kind === "errors") return await refuse(read.errors);
    const { request } = read;
    const outcome = await change((tx) => createTokenAs(tx, personOf(c), request, recordOptions(context)));
    if (outcome.kind === "forbidden") return await answerForbidden(c, outcome);
    if (outcome.kind !== "created") return await refuse(newTokenErrors(view, outcome, form));
    const { identifier, token: value } = outcome;
    const expiresAt = request.expiresAt?.toISOString() ?? offer.expiry.limit?.latest ?? null;
    return await answer(c, createdPage(view, { identifier, value, expiresAt, isRotated: false }));
  });
}

/** For whom a person may make a token; undefined where not for that one. */
function holderOf(c: AdminRequest, asked: string | undefined): TokenHolder | undefined {
  return holdersFor(c).find((holder) => holder === (asked || "self"));
}

function holdersFor(c: AdminRequest): readonly TokenHolder[] {
  return c.get("view").may("change_tokens") ? tokenHolders : ["self"];
}

async function offerFor(c: AdminRequest, { database, now }: AdminContext, holder: TokenHolder): Promise<Offer> {
  const { kysely } = database;
  const { user } = c.get("session").principal;
  return {
    holder,
    holders: holdersFor(c),
    isSuperuser: user.isSuperuser,
    permissions: (await offeredTo(c.get("view"), kysely)).names,
    expiry: expiryChoices(await readPolicies(kysely), c.get("view").times, now()),
    contact: await contactOf(kysely, user.id),
  };
}
