import { parseUrl } from "../characters.js";
import { quoteDescription } from "../oidc/foreign-text.js";
import { parseJsonObject } from "../oidc/jwt/json-object.js";
import { describeAnswer, describeError, type WholeAnswer } from "../oidc/remote-document.js";
import { type LoginClient, type LoginRejection, reject } from "./login-client.js";
import { digest, type LoginState } from "./login-state.js";
import { type ReasonOf, rejectionReasons } from "./rejection-reasons.js";

/** The parameters of a callback (RFC 6749 §4.1.2, RFC 9207). */
export interface Callback {
  readonly kind: "callback";
  readonly state: string;
  readonly code: string | undefined;
  /** The provider's error code; may be any text. */
  readonly error: string | undefined;
  /** The provider's description of the error; may be any text of any length. */
  readonly errorDescription: string | undefined;
  readonly issuer: string | undefined;
}

const names = ["state", "code", "error", "iss"] as const;
const maxLength = 4096;

/**
 * Parses a callback's query.
 *
 * @param url the request's URL, or its path and query
 * @param base resolves a path
 */
export function readCallback(url: string, base: URL): Callback | LoginRejection {
  const searchParams = parseUrl(url, base.href)?.searchParams;
  if (!searchParams) return reject("callback_invalid", "no_url");
  const values = names.map((name) => searchParams.getAll(name));
  // Another parser could take the other value.
  const twice = names.find((_, index) => (values[index]?.length ?? 0) > 1);
  if (twice) return reject("callback_invalid", "ambiguous", { found: `\`${twice}\` twice` });
  const [state, code, error, issuer] = values.map(([value]) => value);
  const errorDescription = searchParams.get("error_description") ?? undefined;
  if (!state) {
    const found = error === undefined ? "no `state`" : `no \`state\`, ${describeError(error, errorDescription, [])}`;
    return reject("state_invalid", "no_state", { found });
  }
  const long = names.find((_, index) => (values[index]?.[0]?.length ?? 0) > maxLength);
  if (long) return reject("callback_invalid", "too_long", { found: `\`${long}\` of over ${maxLength} characters` });
  if (code !== undefined && error !== undefined) {
    return reject("callback_invalid", "ambiguous", { found: "both `code` and `error`" });
  }
  return { kind: "callback", state, code, error, errorDescription, issuer };
}

type CallbackResult =
  | { readonly kind: "code"; readonly code: string }
  /** The provider may know the user, and requires a new request. */
  | { readonly kind: "begin_again"; readonly reason: "authentication_expired" }
  | LoginRejection;

// A user waits or signs in between restarts, so few are needed; a provider that always requires one must not cause a loop.
const maxRestarts = 3;

/** Returns the code, if the callback answers the login that its state belongs to. */
export function checkCallback(callback: Callback, loginState: LoginState, client: LoginClient): CallbackResult {
  const { code, error, errorDescription, issuer } = callback;
  const { provider } = client;
  const secrets = [loginState.state, loginState.nonce ?? "", loginState.verifier ?? "", code ?? ""];
  const current = provider.issuer === null ? null : digest(provider.issuer);
  // The configured provider changed during the login.
  if (loginState.issuer !== null && loginState.issuer !== current) {
    return reject("issuer_mismatch", "provider_changed", { found: provider.issuer ?? "an unknown issuer" });
  }
  if (issuer !== undefined && provider.issuer !== null && issuer !== provider.issuer) {
    return reject("issuer_mismatch", "wrong_issuer_parameter", {
      found: quoteDescription(issuer, secrets),
      expected: provider.issuer,
    });
  }
  // An error grants nothing, so it may lack the `iss` that codes must have: Keycloak 23 leaves it out.
  if (error !== undefined) {
    if (error !== "temporarily_unavailable" || errorDescription !== "authentication_expired") {
      return explainCallbackError(error, describeError(error, errorDescription, secrets), client);
    }
    if (loginState.restarts >= maxRestarts) {
      return reject("state_expired", "authentication_expired", {
        found: `${loginState.restarts + 1} times in one login`,
      });
    }
    return { kind: "begin_again", reason: "authentication_expired" };
  }
  if (issuer === undefined && provider.sendsIssuer) {
    return reject("issuer_mismatch", "no_issuer_parameter", {
      found: "no `iss`",
      expected: provider.issuer ?? "an `iss`",
    });
  }
  return code ? { kind: "code", code } : reject("callback_invalid", "no_code", { found: "neither `code` nor `error`" });
}

/** The pages whose reasons are error codes of providers (RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6). */
const pages = ["configuration_rejected", "provider_refused", "code_refused"] as const;
/** How a gateway reports that it can't reach the provider (RFC 9110 §15.6). */
const gatewayStatus: ReadonlySet<number> = new Set([502, 503, 504]);

/** Why the provider returned an error instead of a code. `found` is for the log. */
function explainCallbackError(error: string, found: string, client: LoginClient): LoginRejection {
  return explainErrorCode(error, found, requestHints(client)) ?? reject("provider_failed", "unknown_error", { found });
}

/**
 * Why a token endpoint returned no tokens for a code.
 *
 * @param secrets values of the request, which the response may quote
 */
export function explainTokenError(
  answer: WholeAnswer,
  secrets: readonly string[],
  client: LoginClient,
): LoginRejection {
  const { status, body } = answer;
  const found = describeAnswer(answer, secrets);
  const { error } = parseJsonObject(body) ?? {};
  // RFC 6749 §5.2: the answer to a client that authenticates in a header may be in a header too.
  const word = status === 401 && typeof error !== "string" ? "invalid_client" : error;
  if (typeof word === "string") {
    return (
      explainErrorCode(word, found, tokenHints(client)) ?? reject("provider_failed", "token_request_refused", { found })
    );
  }
  if (gatewayStatus.has(status)) return reject("provider_unavailable", "token_endpoint_unavailable", { found });
  return reject("provider_failed", status >= 500 ? "token_endpoint_failed" : "token_answer_invalid", { found });
}

function explainErrorCode(
  error: string,
  found: string,
  hints: Readonly<Record<string, string>>,
): LoginRejection | undefined {
  // The provider answered, so it is not unavailable.
  if (error === "server_error") return reject("provider_failed", error, { found });
  if (error === "temporarily_unavailable") return reject("provider_unavailable", error, { found });
  const page = pages.find((code) => Object.hasOwn(rejectionReasons[code], error));
  const hint = Object.hasOwn(hints, error) ? hints[error] : undefined;
  // The look-up above found it among this page's reasons.
  return page && reject(page, error as ReasonOf<typeof page>, { found, ...(hint !== undefined && { hint }) });
}

/** The request's values, by their names in files. */
function requestHints({ row, scopes, usesPkce }: LoginClient): Readonly<Record<string, string>> {
  const pkce = `\`oidc_use_pkce: ${usesPkce}\``;
  return {
    invalid_request: `compare the client at the provider with the redirect URI and ${pkce}, and do not require pushed authorization requests (PAR) there`,
    invalid_client: `check \`oidc_rp_client_id\` (${row.client_id}) against the client at the provider`,
    unauthorized_client: `enable the authorization code flow ("Standard flow" in Keycloak) for the client ${row.client_id} at the provider`,
    invalid_scope: `allow these scopes for the client at the provider, or remove those that it does not know from \`oidc_rp_scopes_list\`: ${scopes.join(" ")}`,
  };
}

function tokenHints(client: LoginClient): Readonly<Record<string, string>> {
  const { row, secret, usesPkce } = client;
  const method = row.token_use_basic_auth === 1 ? "in a header" : "in the body";
  const sent =
    secret.reveal() === ""
      ? "no secret was sent, because `oidc_rp_client_secret` is empty"
      : `the secret was sent ${method}; to change that, write \`oidc_token_use_basic_auth: ${row.token_use_basic_auth !== 1}\``;
  const credentials = `check \`oidc_rp_client_id\` (${row.client_id}) and \`oidc_rp_client_secret\` against the client at the provider; ${sent}`;
  return {
    ...requestHints(client),
    invalid_client: credentials,
    // Keycloak's response to a wrong secret.
    unauthorized_client: `${credentials}; enable the authorization code flow for the client`,
    invalid_request: `compare the client at the provider with the redirect URI, \`oidc_use_pkce: ${usesPkce}\` and how it sends its secret; ${sent}`,
  };
}
