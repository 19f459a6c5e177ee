import type { UnsavedClient } from "../../login/trial-result.js";
import type { StoredClient, StoredProvider } from "../../operations/read-openid.js";
import type { Secret } from "../../secrets/secret.js";
import type { AdminContext } from "../context.js";
import type { FormFields } from "../form.js";
import { type Html, html } from "../html/html.js";
import { page } from "../html/layout.js";
import { type AdminRequest, answer, setCookies } from "../routes.js";
import type { View } from "../view.js";
import { optionsOf, pkceOf } from "./client-values.js";
import { linesOf } from "./lines.js";
import { trialPage } from "./trial-page.js";
import { trialTexts } from "./trial-texts.js";

interface TryOut {
  readonly client: string | UnsavedClient;
  /** Where the result leads back to. */
  readonly path: string;
  /** What is remembered as tried if it works. */
  readonly digest: string;
  readonly prompt?: "login" | undefined;
}

/** Starts a sign-in that saves nothing, in the window of this request. */
export async function startTrial(c: AdminRequest, context: AdminContext, tried: TryOut): Promise<Response> {
  const view = c.get("view");
  const outcome = await context.login.tryOut(tried.client, {
    next: view.url(tried.path, { tried: tried.digest }),
    cookieHeader: c.req.header("cookie"),
    language: view.language,
    prompt: tried.prompt,
  });
  setCookies(c, outcome.cookies);
  if (outcome.kind === "tried") return await trialPage(c, context, outcome);
  return await answer(c, toProviderPage(view, outcome.location));
}

/** A redirect would still count as the form's, which may only be sent to this server. */
function toProviderPage(view: View, location: string): Html {
  const t = trialTexts[view.language].toProvider;
  const head = html`<meta http-equiv="refresh" content="0; url=${location}">`;
  const body = html`<h1>${t.title}</h1><p>${t.text}</p><p><a class="button" href="${location}">${t.link}</a></p>`;
  return page(view, { title: t.title, head, body });
}

/** The client that a form describes, as a login takes it. */
export function unsavedClient(
  form: FormFields,
  secret: Secret,
  { stored, provider }: { readonly stored: StoredClient | undefined; readonly provider: StoredProvider },
): UnsavedClient {
  const { endpoints } = provider;
  return {
    client: {
      client_id: form.text("oidc_rp_client_id"),
      client_secret: secret,
      sign_algo: form.text("oidc_rp_sign_algo"),
      sign_key: form.secret("sign_key"),
      scopes: linesOf(form.written("oidc_rp_scopes_list")),
      idp_hint: form.text("oidc_keycloak_idp_hint"),
      userinfo_claims_source: form.text("userinfo_claims_source") === "id_token" ? "id_token" : "userinfo_endpoint",
      use_pkce: pkceOf(form),
      options: optionsOf(form, stored?.options ?? {}),
    },
    provider: {
      issuer: provider.issuer ?? undefined,
      discovery_endpoint: endpoints.discovery_endpoint ?? undefined,
      authorization_endpoint: endpoints.authorization_endpoint ?? undefined,
      token_endpoint: endpoints.token_endpoint ?? undefined,
      userinfo_endpoint: endpoints.userinfo_endpoint ?? undefined,
      jwks_endpoint: endpoints.jwks_endpoint ?? undefined,
      token_use_basic_auth: provider.usesBasicAuth,
      use_nonce: provider.usesNonce,
      nonce_size: provider.nonceSize,
      state_size: provider.stateSize,
      use_pkce: provider.usesPkce,
      ca_file: provider.caFile ?? undefined,
    },
  };
}

/** What a trial of an unsaved client is about; only for {@link TrialMemory.digestOf}. */
export function unsavedSettings(tried: UnsavedClient): readonly unknown[] {
  const { client_secret: secret, sign_key: key } = tried.client;
  return ["unsaved", tried, secret.reveal(), key?.reveal() ?? null];
}
