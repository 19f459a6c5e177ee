import type { ClientAuth } from "openid-client";
import { basicCredentials } from "../oidc/remote-document.js";
import type { LoginClient } from "./login-client.js";

/** The library that speaks OAuth 2, set up for a client and its provider. */
export async function configureOpenid({ row, provider, secret }: LoginClient) {
  // Only needed by those who log in.
  const openid = await import("openid-client");
  const { authorizationEndpoint, tokenEndpoint } = provider;
  const server = {
    // It wants one, but is never shown a token that it would compare it with.
    issuer: provider.issuer ?? new URL(tokenEndpoint).origin,
    authorization_endpoint: authorizationEndpoint,
    token_endpoint: tokenEndpoint,
  };
  const configuration = new openid.Configuration(server, row.client_id, {}, authenticateBy());
  // Whoever configured an http provider was warned then.
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
