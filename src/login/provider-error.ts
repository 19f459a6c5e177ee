import { describeError } from "../provider/describe-answer.js";
import { fault, type LoginClient, type LoginFault } from "./login-client.js";
import type { RefusalCode } from "./refusal-code.js";

/** What a provider says is wrong (RFC 6749 §4.1.2.1 and §5.2). */
export interface ProviderError {
  readonly error: string;
  readonly description: unknown;
  /** What was sent along, which the description may quote. */
  readonly secrets: readonly string[];
}

/** The page for each error that may come with a callback (RFC 6749, OpenID Connect Core §3.1.2.6). */
const callbackPages: Readonly<Record<string, RefusalCode>> = {
  ...pagesOf("provider_refused", [
    ...["access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required"],
    "unmet_authentication_requirements",
  ]),
  ...pagesOf("provider_unavailable", ["temporarily_unavailable"]),
  // It did answer.
  ...pagesOf("provider_failed", ["server_error"]),
  ...pagesOf("configuration_rejected", [
    ...["invalid_request", "invalid_client", "unauthorized_client", "unsupported_response_type", "invalid_scope"],
    ...["unsupported_response_mode", "invalid_target", "request_not_supported", "request_uri_not_supported"],
    ...["invalid_request_object", "invalid_request_uri", "registration_not_supported"],
  ]),
};

/** The same of a token endpoint's errors. */
const tokenPages: Readonly<Record<string, RefusalCode>> = {
  ...pagesOf("code_refused", ["invalid_grant"]),
  ...pagesOf("provider_unavailable", ["temporarily_unavailable"]),
  ...pagesOf("provider_failed", ["server_error"]),
  ...pagesOf("configuration_rejected", [
    ...["invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"],
    "invalid_target",
  ]),
};

/** Why the provider sends a browser back without a code. */
export function judgeCallbackError(error: ProviderError, client: LoginClient): LoginFault {
  return judge(error, callbackPages, "unknown_error", requestHints(client));
}

/** Why a token endpoint gives no tokens for a code. */
export function judgeTokenError(error: ProviderError, client: LoginClient): LoginFault {
  return judge(error, tokenPages, "token_request_refused", tokenHints(client));
}

function judge(
  { error, description, secrets }: ProviderError,
  pages: Readonly<Record<string, RefusalCode>>,
  unknown: string,
  hints: Readonly<Record<string, string>>,
): LoginFault {
  const code = Object.hasOwn(pages, error) ? pages[error] : undefined;
  const hint = Object.hasOwn(hints, error) ? hints[error] : undefined;
  const found = describeError(error, description, secrets);
  return fault(code ?? "provider_failed", code ? error : unknown, { found, ...(hint && { hint }) });
}

/** What was sent, by the names that files use. */
function requestHints({ row, scopes, usesPkce }: LoginClient): Readonly<Record<string, string>> {
  const pkce = `\`oidc_use_pkce: ${usesPkce}\``;
  return {
    invalid_request: `compare the client at the provider with the redirect URI and ${pkce}, and do not demand pushed authorization requests (PAR) there`,
    invalid_client: `check \`oidc_rp_client_id\` (${row.client_id}) against the provider's`,
    unauthorized_client: `allow the client ${row.client_id} the authorization code flow at the provider ("Standard flow" in Keycloak)`,
    invalid_scope: `allow the client these scopes at the provider, or take those out of \`oidc_rp_scopes_list\` that it does not know: ${scopes.join(" ")}`,
  };
}

function tokenHints(client: LoginClient): Readonly<Record<string, string>> {
  const { row, secret, usesPkce } = client;
  const way = row.token_use_basic_auth === 1 ? "in a header" : "in the form";
  const sent =
    secret.reveal() === ""
      ? "no secret was sent, since `oidc_rp_client_secret` is empty"
      : `the secret was sent ${way}; for the other way, write \`oidc_token_use_basic_auth: ${row.token_use_basic_auth !== 1}\``;
  const credentials = `check \`oidc_rp_client_id\` (${row.client_id}) and \`oidc_rp_client_secret\` against the provider's; ${sent}`;
  return {
    ...requestHints(client),
    invalid_client: credentials,
    // Keycloak says so of a wrong secret.
    unauthorized_client: `${credentials}; allow the client the authorization code flow`,
    invalid_request: `compare the client at the provider with the redirect URI, \`oidc_use_pkce: ${usesPkce}\` and the way of its secret; ${sent}`,
  };
}

function pagesOf(code: RefusalCode, errors: readonly string[]): Readonly<Record<string, RefusalCode>> {
  return Object.fromEntries(errors.map((error) => [error, code]));
}
