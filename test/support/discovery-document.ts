import type { RequestListener } from "node:http";
import { type DiscoveryRequest, type DiscoveryResult, discoverProvider } from "../../src/oidc/discovery.js";
import { always, serve, type TestServer } from "./http-server.js";

export function discover(discoveryEndpoint: string, request: Partial<DiscoveryRequest> = {}): Promise<DiscoveryResult> {
  return discoverProvider({ discoveryEndpoint, timeoutMs: 5000, ...request });
}

/** A server whose discovery document depends on where it runs. */
export async function answering(
  document: (server: Pick<TestServer, "origin">) => object,
  certificate?: { readonly key: string; readonly cert: string },
  headers: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  let listener: RequestListener = () => {};
  const server = await serve((request, response) => listener(request, response), certificate);
  listener = always(200, document(server), headers);
  return server;
}

export function metadata(issuer: string): Readonly<Record<string, unknown>> {
  const base = issuer.endsWith("/") ? issuer.slice(0, -1) : issuer;
  return {
    issuer,
    authorization_endpoint: `${base}/auth`,
    token_endpoint: `${base}/token`,
    userinfo_endpoint: `${base}/me`,
    jwks_uri: `${base}/jwks`,
    end_session_endpoint: `${base}/logout`,
  };
}
