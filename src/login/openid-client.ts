import type { ClientAuth, CustomFetch } from "openid-client";
import { quoteForeign } from "../oidc/foreign-text.js";
import type { GuardedFetch } from "../oidc/guarded-fetch.js";
import { parseJsonObject } from "../oidc/jwt/json-object.js";
import { FetchFailure, findFetchFailure } from "../oidc/network-error.js";
import { basicCredentials, readWhole, type WholeAnswer } from "../oidc/remote-document.js";
import { Secret } from "../secrets/secret.js";
import { explainTokenError } from "./callback.js";
import { type LoginClient, type LoginRejection, reject } from "./login-client.js";
import type { LoginState } from "./login-state.js";

export interface Tokens {
  readonly kind: "tokens";
  readonly accessToken: Secret;
  readonly idToken: Secret;
}

/** The parts of the token endpoint's response that the library does not return. */
interface CapturedAnswer {
  idToken?: Secret;
  errorAnswer?: WholeAnswer;
}

/**
 * Exchanges a code for tokens, once. Their content is not checked here, and the callback was checked before: openid-client's
 * `authorizationCodeGrant` would do both again, but only where the issuer is known, claims before the signature, and without our
 * reasons (docs/dependencies.md).
 */
export async function requestTokens(
  client: LoginClient,
  code: string,
  { verifier }: LoginState,
  redirectUri: string,
): Promise<Tokens | LoginRejection> {
  const { openid, configuration } = await configureOpenid(client);
  const captured: CapturedAnswer = {};
  configuration[openid.customFetch] = fetchBy(client.fetch, captured);
  try {
    const answer = await openid.genericGrantRequest(configuration, "authorization_code", {
      code,
      redirect_uri: redirectUri,
      ...(verifier !== null && { code_verifier: verifier }),
    });
    const accessToken = new Secret(answer.access_token);
    if (captured.idToken) return { kind: "tokens", accessToken, idToken: captured.idToken };
    return reject("identity_unverified", "no_id_token", {
      found: answer.scope ? `tokens for the scopes ${quoteForeign(answer.scope)}` : "tokens without an ID token",
    });
  } catch (error) {
    if (captured.errorAnswer) {
      return explainTokenError(captured.errorAnswer, [code, verifier ?? "", client.secret.reveal()], client);
    }
    const failure = findFetchFailure(error);
    if (failure?.retryable)
      return reject("provider_unavailable", "token_endpoint_unavailable", { found: failure.message });
    if (!failure && !(error instanceof openid.ClientError)) throw error;
    const found = failure?.message ?? "a response without the tokens of RFC 6749 §5.1";
    return reject("provider_failed", "token_answer_invalid", { found });
  }
}

/**
 * Sends requests through the guarded fetch, and takes the ID token out of the response: `verifyIdToken` works without a known
 * issuer, checks the signature as well, and has a reason for each rejection.
 */
function fetchBy(guardedFetch: GuardedFetch, captured: CapturedAnswer): CustomFetch {
  return async (url, { method, headers, body }) => {
    const response = await guardedFetch(url, { method, headers, body: String(body) });
    const whole = await readWhole(response);
    const { status } = whole;
    if (status !== 200) {
      captured.errorAnswer = whole;
      throw new FetchFailure(false, `the token endpoint answered with status ${status}`, "check its response");
    }
    const answer = parseJsonObject(whole.body);
    if (!answer) throw new FetchFailure(false, "the token endpoint's response is not a JSON object", "check its URL");
    const { id_token: idToken, ...rest } = answer;
    if (typeof idToken === "string") captured.idToken = new Secret(idToken);
    return new Response(JSON.stringify(rest), { status, headers: response.headers });
  };
}

/** Loads the OAuth 2 library, configured for a client and its provider. */
export async function configureOpenid({ row, provider, secret }: LoginClient) {
  // Loaded only for a login through a provider.
  const openid = await import("openid-client");
  const { authorizationEndpoint, tokenEndpoint } = provider;
  const server = {
    // The library requires an issuer, but never gets a token to compare it with.
    issuer: provider.issuer ?? new URL(tokenEndpoint).origin,
    authorization_endpoint: authorizationEndpoint,
    token_endpoint: tokenEndpoint,
  };
  const configuration = new openid.Configuration(server, row.client_id, {}, authenticateBy());
  // `apply` has warned about http.
  if ([authorizationEndpoint, tokenEndpoint].some((url) => !url.startsWith("https:"))) {
    openid.allowInsecureRequests(configuration);
  }
  return { openid, configuration };

  function authenticateBy(): ClientAuth {
    if (secret.reveal() === "") return openid.None();
    return row.token_use_basic_auth === 1
      ? (_server, _client, _body, headers) =>
          headers.set("authorization", basicCredentials(row.client_id, secret).reveal())
      : openid.ClientSecretPost(secret.reveal());
  }
}
