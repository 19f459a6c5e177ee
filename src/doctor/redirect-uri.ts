import { randomBytes } from "node:crypto";
import { parseUrl } from "../characters.js";
import { setupError } from "../errors.js";
import { apiClient, loginClient } from "../resources/kinds.js";
import type { ProviderContext } from "./context.js";
import { clientSubject, type Finding, failure, ok } from "./finding.js";
import type { OpenIdClient } from "./openid.js";

/**
 * Redirect URIs by their client, each written as `URI`, for the client that logs people in, or as `CLIENT=URI`.
 *
 * @throws SetupError `COMMAND_LINE` (usage)
 */
export function readRedirectUris(given: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    given.map((text) => {
      const [, client = loginClient, uri = ""] = /^(?:([\w-]+)=)?(https?:\/\/.+)$/.exec(text) ?? [];
      if (parseUrl(uri)) return [client, uri];
      const hint = "write --redirect-uri https://HOST/oidc/callback, or CLIENT=https://HOST/oidc/callback";
      throw setupError("usage", "COMMAND_LINE", "a redirect URI is not an absolute http or https URL", hint);
    }),
  );
}

/**
 * Whether the provider knows the redirect URIs that were given, as far as can be seen from outside: it is asked for a sign-in that
 * must not show a page (`prompt=none`), and sends the browser to such a URI only if it is registered. No secret is sent, nothing is
 * begun, and no redirect is followed.
 */
export async function checkRedirectUri(context: ProviderContext): Promise<readonly Finding[]> {
  const results = await Promise.all(context.clients.map((client) => tryRedirectUri(context, client)));
  return results.flat();
}

async function tryRedirectUri(
  { provider, fetch, redirectUris }: ProviderContext,
  { entry: { key, attributes, range } }: OpenIdClient,
): Promise<readonly Finding[]> {
  const check = "redirect_uri";
  const subject = clientSubject(key);
  const redirectUri = redirectUris.get(key);
  const endpoint = parseUrl(provider.attributes.authorization_endpoint ?? "");
  if (redirectUri === undefined || !endpoint || key === apiClient) return [];
  const request = {
    response_type: "code",
    prompt: "none",
    client_id: attributes.client_id ?? "",
    redirect_uri: redirectUri,
    scope: attributes.scopes?.join(" ") || "openid",
    state: randomBytes(16).toString("base64url"),
    nonce: randomBytes(16).toString("base64url"),
    // The verifier of this challenge exists nowhere, so that a code could not be used.
    code_challenge: randomBytes(32).toString("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(request)) endpoint.searchParams.set(name, value);
  const response = await fetch(endpoint.href, { redirect: "manual" }).catch(() => undefined);
  // It is said of the server.
  if (!response) return [];
  const { status, headers } = response;
  const location = headers.get("location");
  if (location?.split("?")[0]?.split("#")[0] === redirectUri.split("?")[0]) return [ok(subject, check, redirectUri)];
  // Providers must not redirect to a URI that they don't know (RFC 6749 §4.1.2.1).
  if (status >= 400 && status < 500) {
    return [
      failure(subject, check, {
        code: "REDIRECT_URI_REFUSED",
        message: `the provider does not accept a sign-in with the redirect URI ${redirectUri} (status ${status})`,
        hint: "register it at the provider for this client, byte for byte; a client id that is not known there gets the same answer",
        position: range?.position,
      }),
    ];
  }
  return [ok(subject, check, `can't be seen from outside (status ${status})`)];
}
