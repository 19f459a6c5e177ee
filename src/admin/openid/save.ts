import { randomUUID } from "node:crypto";
import { assertNever } from "../../errors.js";
import {
  changeEntries,
  type EntriesOutcome,
  type ExpectedRow,
  prepareEntries,
} from "../../operations/change-entries.js";
import type { Managed } from "../../operations/person.js";
import { readClients, readProviders, type StoredClient, type StoredProvider } from "../../operations/read-openid.js";
import type { RateLimit } from "../../rate-limit.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import { type FormError, message } from "../html/fields.js";
import { type Html, html } from "../html/html.js";
import { noticePage } from "../notice.js";
import { type AdminRequest, answer, goTo, personOf } from "../routes.js";
import { askToSignInAgain, hasFreshSignIn } from "../session.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import type { Redirects } from "./client-page.js";
import { errorsOf } from "./errors.js";
import { openidTexts } from "./texts.js";
import { storedSettings } from "./trials.js";

/** What the routes of OpenID share. */
export interface OpenIdContext extends AdminContext {
  /** How often a session may have a provider asked. */
  readonly discoveries: RateLimit;
}

interface SeenRow extends ExpectedRow {
  readonly kind: "oidc_provider" | "oidc_client";
}

interface EntryToSave {
  /** What is changed, as the person saw it. */
  readonly seen: SeenRow;
  /** As a file has it. */
  readonly entry: object;
}

/** Makes the database say what an entry says, through the same operation as files. */
export async function saveEntry(
  c: AdminRequest,
  context: AdminContext,
  { seen, entry }: EntryToSave,
): Promise<EntriesOutcome> {
  const { env, now } = context;
  const list = seen.kind === "oidc_provider" ? "providers" : "items";
  const options = { env, now: () => new Date(now()), newId: randomUUID };
  const prepared = await prepareEntries({ oidc_db_config_admin_auth: { [list]: [entry] } }, options);
  if (prepared.kind === "invalid") return prepared;
  const { entries } = prepared;
  return await context.change((tx, database, onRollback) => {
    const change = { ...recordOptions(context), database, env, onRollback, expected: [seen] };
    return changeEntries(tx, { entries }, personOf(c), change);
  });
}

/** What was done, for the address of the page that follows; undefined where that page has more to say. */
export function doneOf(
  { changes, cleared, diagnostics }: EntriesOutcome & { readonly kind: "changed" },
  isNew: boolean,
): "created" | "changed" | "unchanged" | undefined {
  if (cleared.length > 0 || diagnostics.some(({ severity }) => severity === "warning")) return undefined;
  if (changes.length === 0) return "unchanged";
  return isNew ? "created" : "changed";
}

/**
 * Deletes an entry, as its page asked.
 *
 * @param pageOf that page, with why the entry was not deleted
 */
export async function removeEntry(
  c: AdminRequest,
  context: AdminContext,
  { kind, key }: Pick<SeenRow, "kind" | "key">,
  pageOf: (errors: readonly FormError[]) => Html,
): Promise<Response> {
  const view = c.get("view");
  const seen = { kind, key, updatedAt: c.get("form").text("version") };
  const outcome = await saveEntry(c, context, { seen, entry: { identifier: key, state: "absent" } });
  switch (outcome.kind) {
    case "forbidden":
      return await answerForbidden(c, outcome);
    case "changed":
      return goTo(c, "/openid", { done: "removed" });
    case "conflict":
      return await answer(c, pageOf([{ text: openidTexts[view.language].conflict.title }]), 409);
    case "invalid":
      return await answer(c, pageOf(errorsOf(view, outcome.diagnostics)), 422);
    default:
      return assertNever(outcome);
  }
}

/** Takes one of the requests to providers that a session may have made. */
export function takeDiscovery(c: AdminRequest, { discoveries, now }: OpenIdContext) {
  return discoveries.take(c.get("session").csrfToken, now());
}

export async function findProvider(context: AdminContext, name: string): Promise<StoredProvider | undefined> {
  return (await readProviders(context)).find(({ identifier }) => identifier === name);
}

export async function findClient(context: AdminContext, name: string): Promise<StoredClient | undefined> {
  return (await readClients(context)).find(({ identifier }) => identifier === name);
}

/** Answers what a form could not do, before it is shown: change an entry of a file, or anything after a sign-in that is too long ago. */
export async function refuseForm(
  c: AdminRequest,
  context: AdminContext,
  managed: Managed | null = null,
): Promise<Response | undefined> {
  if (managed) return await answerManaged(c, managed);
  return hasFreshSignIn(c, context) ? undefined : await askToSignInAgain(c);
}

export function answerManaged(c: AdminRequest, managed: Managed): Promise<Response> {
  return answerForbidden(c, { kind: "forbidden", reason: "managed_by_file", ...managed });
}

/** Asks to sign in again in another window, above the form that was sent: what was typed stays, but secrets. */
export function freshNote(view: View): Html {
  const t = openidTexts[view.language];
  const href = view.url("/sign-in/again", { next: "/signed-in" });
  return message(
    html`<p>${t.freshNeeded} ${t.freshAgain}</p>
<p><a class="button" href="${href}" target="_blank" rel="noopener">${commonTexts[view.language].signInAgain.inNewWindow}</a></p>`,
    "warning",
  );
}

/** What a trial of a stored client is about. */
export async function digestOf(context: AdminContext, client: StoredClient): Promise<string> {
  const provider = await findProvider(context, client.provider);
  return context.trials.digestOf(provider ? storedSettings(client, provider) : [client.identifier]);
}

/** Whose trials count for a request. */
export function whoOf(c: AdminRequest): string {
  return c.get("session").principal.user.id;
}

export function tooMany(c: AdminRequest): Promise<Response> {
  const view = c.get("view");
  return answer(c, noticePage(view, openidTexts[view.language].tooMany), 429);
}

/** What is to be registered at the provider for signing in to these pages. */
export function redirectsOf({ settings: { publicUrl, basePath } }: AdminContext): Redirects {
  const base = publicUrl.origin + basePath;
  return { redirect: `${base}/oidc/callback`, logout: `${base}/signed-out` };
}
