import type { Offers } from "../../oidc/check-metadata.js";
import { discoverProviders } from "../../oidc/discover-all.js";
import type { DiscoveryResult } from "../../oidc/discovery.js";
import type { NetworkContext, Refusal } from "../../plan/kind.js";
import type { Attributes, Resource } from "../../plan/resource.js";

export type Answer =
  | { readonly kind: "found"; readonly endpoints: Attributes; readonly offers: Offers }
  | { readonly kind: "failed"; readonly refusal: Refusal };

const timeoutMs = 10_000;

/** The attributes, with their names in a discovery document. */
const endpointNames = [
  ["authorization_endpoint", "authorization_endpoint"],
  ["token_endpoint", "token_endpoint"],
  ["userinfo_endpoint", "userinfo_endpoint"],
  ["introspection_endpoint", "introspection_endpoint"],
  ["logout_endpoint", "end_session_endpoint"],
] as const;

/** Each provider's answer by its identifier, in the terms of the kind's attributes. */
export async function discoverEndpoints(
  providers: readonly Resource[],
  { env, waitMs, signal, onWaiting, clock, sleep }: NetworkContext,
): Promise<ReadonlyMap<string, Answer>> {
  const requests = providers.map(({ key, attributes }) => ({
    key,
    discoveryEndpoint: String(attributes.discovery_endpoint),
    timeoutMs,
    signal,
    env,
    explicitJwks: typeof attributes.jwks_endpoint === "string",
    unused: endpointNames.filter(([name]) => attributes[name] !== undefined).map(([, theirs]) => theirs),
    ...(typeof attributes.issuer === "string" && { issuer: attributes.issuer }),
    ...(typeof attributes.ca_file === "string" && { caFile: attributes.ca_file }),
  }));
  const results = await discoverProviders(requests, { waitMs, signal, onWaiting, now: clock, sleep });
  return new Map([...results].map(([key, result]) => [key, answerFor(key, result)]));
}

function answerFor(key: string, result: DiscoveryResult): Answer {
  if (result.kind === "found") {
    return {
      kind: "found",
      offers: result.offers ?? {},
      endpoints: {
        issuer: result.issuer,
        authorization_endpoint: result.authorizationEndpoint ?? null,
        token_endpoint: result.tokenEndpoint ?? null,
        userinfo_endpoint: result.userinfoEndpoint ?? null,
        introspection_endpoint: result.introspectionEndpoint ?? null,
        jwks_endpoint: result.jwksEndpoint ?? null,
        logout_endpoint: result.logoutEndpoint ?? null,
      },
    };
  }
  const isUnreachable = result.kind === "unreachable";
  return {
    kind: "failed",
    refusal: {
      reason: isUnreachable ? "unavailable" : "invalid",
      code: isUnreachable ? "DISCOVERY_UNREACHABLE" : "DISCOVERY_INVALID",
      message: `oidc_provider ${key}: ${result.message}`,
      hint: result.hint,
    },
  };
}
