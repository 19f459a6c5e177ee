import type { CustomFetch } from "openid-client";
import { parseJsonObject } from "../jwt/json-object.js";
import { FetchFailure, findFetchFailure } from "../oidc/fetch-failure.js";
import type { GuardedFetch } from "../oidc/guarded-fetch.js";
import { Secret } from "../secrets/secret.js";
import type { Attempt } from "./attempt.js";
import { fault, type LoginClient, type LoginFault } from "./login-client.js";
import { configureOpenid } from "./openid.js";
import { judgeTokenError } from "./provider-error.js";

export interface Tokens {
  readonly kind: "tokens";
  readonly accessToken: Secret;
  readonly idToken: Secret;
}

/** Exchanges a code for tokens, once. What they say is not looked at here. */
export async function requestTokens(
  client: LoginClient,
  code: string,
  { verifier }: Attempt,
  redirectUri: string,
): Promise<Tokens | LoginFault> {
  const { openid, configuration } = await configureOpenid(client);
  let idToken: Secret | undefined;
  configuration[openid.customFetch] = fetchBy(client.fetch, (found) => {
    idToken = found;
  });
  try {
    const answer = await openid.genericGrantRequest(configuration, "authorization_code", {
      ...{ code, redirect_uri: redirectUri },
      ...(verifier !== null && { code_verifier: verifier }),
    });
    const accessToken = new Secret(answer.access_token);
    return idToken ? { kind: "tokens", accessToken, idToken } : fault("identity_unverified", "no_id_token");
  } catch (error) {
    if (error instanceof openid.ResponseBodyError) return refusedWith(error.error, error.error_description);
    if (error instanceof openid.WWWAuthenticateChallengeError) return refusedWith("invalid_client", undefined);
    const failure = findFetchFailure(error);
    if (failure?.retryable) return fault("provider_unavailable", "token_endpoint_unavailable");
    if (failure || error instanceof openid.ClientError) return fault("provider_failed", "token_answer_invalid");
    throw error;
  }

  function refusedWith(error: string, description: string | undefined): LoginFault {
    return judgeTokenError({ error, description, secrets: [code, verifier ?? "", client.secret.reveal()] }, client);
  }
}

/**
 * Asks through the guarded fetch, and takes the ID token out of the answer: it is checked in one place, which needs no known
 * issuer, looks at the signature as well, and has a word for everything that can be wrong.
 */
function fetchBy(guardedFetch: GuardedFetch, keep: (idToken: Secret) => void): CustomFetch {
  return async (url, { method, headers, body }) => {
    const response = await guardedFetch(url, { method, headers, body: String(body) });
    if (response.status >= 500) {
      throw new FetchFailure(true, `the token endpoint answered with status ${response.status}`, "try again later");
    }
    if (response.status !== 200) return response;
    const answer = parseJsonObject(Buffer.from(await response.arrayBuffer()));
    if (!answer) throw new FetchFailure(false, "the token endpoint's answer is not a JSON object", "check its URL");
    const { id_token: idToken, ...rest } = answer;
    if (typeof idToken === "string") keep(new Secret(idToken));
    return new Response(JSON.stringify(rest), { status: response.status, headers: response.headers });
  };
}
