import { clickThrough } from "../../support/click-through.js";
import { type OpenIdProvider, startOpenIdProvider } from "../../support/openid-provider.js";

export const audience = "https://api.example.nl";
const redirectUri = "http://127.0.0.1/callback";

export interface RealProvider extends OpenIdProvider {
  /** The tokens of a person who signed in with a browser: with `resource`, a JWT for it; without, an opaque one. */
  readonly signIn: (
    login: string,
    more?: { resource?: string; nonce?: string; client_id?: string },
  ) => Promise<Record<string, string>>;
  /** The request of the manual's page, with one field more where a resource is named. */
  readonly clientCredentials: (resource?: string) => Promise<Record<string, string>>;
}

/**
 * A real provider with the clients `api` (client credentials), `app` and `weather-widget` (people), whose access tokens may be JWTs.
 * Each may ask about the tokens of all.
 */
export async function startRealProvider(): Promise<RealProvider> {
  const provider = await startOpenIdProvider({
    configuration: {
      clients: [
        {
          client_id: "api",
          client_secret: "secret-of-api",
          grant_types: ["client_credentials"],
          redirect_uris: [],
          response_types: [],
          token_endpoint_auth_method: "client_secret_post",
        },
        ...["app", "weather-widget"].map((id) => ({
          client_id: id,
          client_secret: `secret-of-${id}`,
          redirect_uris: [redirectUri],
          token_endpoint_auth_method: "client_secret_post",
        })),
      ],
      pkce: { required: () => false },
      claims: { openid: ["sub"], email: ["email"] },
      conformIdTokenClaims: false,
      findAccount: (_context: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.nl` }),
      }),
      features: {
        devInteractions: { enabled: true },
        clientCredentials: { enabled: true },
        introspection: { enabled: true, allowedPolicy: () => true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => undefined,
          useGrantedResource: () => true,
          getResourceServerInfo: (_context: unknown, resource: string) => ({
            scope: "openid api",
            audience: resource,
            accessTokenFormat: "jwt",
            accessTokenTTL: 600,
            jwt: { sign: { alg: "RS256" } },
          }),
        },
      },
    },
  });

  const token = async (fields: Readonly<Record<string, string>>): Promise<Record<string, string>> => {
    const response = await fetch(`${provider.issuer}/token`, { method: "POST", body: new URLSearchParams(fields) });
    // The provider's own answer; a test that expects another fails on it.
    return (await response.json()) as Record<string, string>;
  };

  return {
    ...provider,
    clientCredentials: (resource) =>
      token({
        client_id: "api",
        client_secret: "secret-of-api",
        grant_type: "client_credentials",
        scope: "openid",
        ...(resource !== undefined && { resource }),
      }),
    signIn: async (login, more = {}) => {
      const query = new URLSearchParams({
        client_id: "app",
        response_type: "code",
        redirect_uri: redirectUri,
        scope: "openid email",
        ...more,
      });
      const callback = await clickThrough(`${provider.issuer}/auth?${query}`, login);
      const code = callback.searchParams.get("code") ?? "";
      return token({
        client_id: query.get("client_id") ?? "",
        grant_type: "authorization_code",
        code,
        client_secret: `secret-of-${query.get("client_id")}`,
        redirect_uri: redirectUri,
      });
    },
  };
}
