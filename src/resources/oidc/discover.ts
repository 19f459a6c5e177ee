import type { Offers } from "../../oidc/check-metadata.js";
import { discoverProviders } from "../../oidc/discover-all.js";
import { configuredEndpoints, type DiscoveryResult, endpointsOf } from "../../oidc/discovery.js";
import type { NetworkContext, Refusal } from "../../plan/kind.js";
import type { ResourceOf } from "../../plan/kind-shape.js";
import type { oidcProvider } from "../kinds.js";

type Provider = ResourceOf<typeof oidcProvider>;

export type Answer =
  | { readonly kind: "found"; readonly endpoints: Provider["attributes"]; readonly offers: Offers }
  | { readonly kind: "failed"; readonly refusal: Refusal };

const timeoutMs = 10_000;

/** Each provider's answer by its identifier, with the kind's attribute names. */
export async function discoverEndpoints(
  providers: readonly Provider[],
  { env, waitMs, signal, onWaiting, clock, sleep }: NetworkContext,
): Promise<ReadonlyMap<string, Answer>> {
  const requests = providers.map(({ key, attributes }) => ({
    key,
    discoveryEndpoint: String(attributes.discovery_endpoint),
    timeoutMs,
    signal,
    env,
    explicitJwks: typeof attributes.jwks_endpoint === "string",
    unused: configuredEndpoints(attributes),
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
      endpoints: endpointsOf(result),
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
