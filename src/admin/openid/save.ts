import { randomUUID } from "node:crypto";
import {
  changeEntries,
  type EntriesOutcome,
  type ExpectedRow,
  prepareEntries,
} from "../../operations/change-entries.js";
import { readClients, readProviders, type StoredClient, type StoredProvider } from "../../operations/read-openid.js";
import type { RateLimit } from "../../rate-limit.js";
import { type AdminContext, recordOptions } from "../context.js";
import { message } from "../html/fields.js";
import { type Html, html } from "../html/html.js";
import { noticePage } from "../notice.js";
import { type AdminRequest, answer, personOf } from "../routes.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import type { Redirects } from "./client-page.js";
import { openidTexts } from "./texts.js";
import { storedSettings } from "./trials.js";

/** What the routes of OpenID share. */
export interface OpenIdContext extends AdminContext {
  /** How often a session may have a provider asked. */
  readonly discoveries: RateLimit;
}

interface EntryToSave {
  /** What is changed, as the person saw it. */
  readonly seen: ExpectedRow & { readonly kind: "oidc_provider" | "oidc_client" };
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
