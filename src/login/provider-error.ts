import { parseJsonObject } from "../oidc/jwt/json-object.js";
import { describeAnswer, type WholeAnswer } from "../oidc/remote-document.js";
import { fault, type LoginClient, type LoginFault } from "./login-client.js";
import { type ReasonOf, refusalReasons } from "./refusal-reasons.js";

/** The pages whose reasons are words of providers (RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6). */
const pages = ["configuration_rejected", "provider_refused", "code_refused"] as const;
/** What stands before a provider says that it does not reach it (RFC 9110 §15.6). */
const gatewayStatus: ReadonlySet<number> = new Set([502, 503, 504]);

/** Why the provider sends a browser back without a code. `found` is what the log hears of it. */
export function judgeCallbackError(error: string, found: string, client: LoginClient): LoginFault {
  return judge(error, found, requestHints(client)) ?? fault("provider_failed", "unknown_error", { found });
}

/**
 * Why a token endpoint gives no tokens for a code.
 *
 * @param secrets what it was sent, which it may quote
 */
export function judgeTokenRefusal(answer: WholeAnswer, secrets: readonly string[], client: LoginClient): LoginFault {
  const { status, body } = answer;
  const found = describeAnswer(answer, secrets);
  const { error } = parseJsonObject(body) ?? {};
  // RFC 6749 §5.2: who authenticates in a header may be answered in one.
  const word = status === 401 && typeof error !== "string" ? "invalid_client" : error;
  if (typeof word === "string") {
    return judge(word, found, tokenHints(client)) ?? fault("provider_failed", "token_request_refused", { found });
  }
  if (gatewayStatus.has(status)) return fault("provider_unavailable", "token_endpoint_unavailable", { found });
  return fault("provider_failed", status >= 500 ? "token_endpoint_failed" : "token_answer_invalid", { found });
}

function judge(error: string, found: string, hints: Readonly<Record<string, string>>): LoginFault | undefined {
  // It did answer.
  if (error === "server_error") return fault("provider_failed", error, { found });
  if (error === "temporarily_unavailable") return fault("provider_unavailable", error, { found });
  const page = pages.find((code) => Object.hasOwn(refusalReasons[code], error));
  const hint = Object.hasOwn(hints, error) ? hints[error] : undefined;
  // It was found among the reasons of this page.
  return page && fault(page, error as ReasonOf<typeof page>, { found, ...(hint !== undefined && { hint }) });
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
