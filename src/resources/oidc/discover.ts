import type { Offers } from "../../oidc/check-metadata.js";
import { discoverProviders } from "../../oidc/discover-all.js";
import { configuredEndpoints, type DiscoveryResult, endpointsOf } from "../../oidc/discovery.js";
import type { NetworkContext, Refusal } from "../../plan/kind.js";
import type { ResourceOf } from "../../plan/kind-shape.js";
import { rangeOf } from "../../plan/resource.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import type { oidcClient, oidcProvider } from "../kinds.js";
import { apiClient, loginClient } from "../kinds.js";

type Provider = ResourceOf<typeof oidcProvider>;
type Client = ResourceOf<typeof oidcClient>;

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

/** What a client requests that its provider, completed by its discovery document, does not offer. */
export function findLacks(client: Client, provider: Provider, offers: Offers): readonly RawDiagnostic[] {
  const diagnostics: RawDiagnostic[] = [];
  const { attributes: asked } = client;
  const { attributes: known } = provider;
  const lack = (attribute: string, what: string, hint: string, severity: "error" | "warning" = "warning"): void => {
    const message = `oidc_client ${client.key}: oidc_provider ${provider.key} offers no ${what}`;
    diagnostics.push({ severity, code: "PROVIDER_LACKS", message, hint, range: rangeOf(client, attribute) });
  };
  if (asked.userinfo_claims_source === "userinfo_endpoint" && !known.userinfo_endpoint) {
    const hint = "write `userinfo_claims_source: id_token`, or the provider's `oidc_op_user_endpoint`";
    lack("userinfo_claims_source", "userinfo endpoint, where this client's claims come from", hint, "error");
  }
  // Any client but the login's may be one that a verifier is configured to use.
  if (offers.accessTokenIssuer !== undefined && client.key !== loginClient) {
    diagnostics.push(otherIssuer(client, provider, offers.accessTokenIssuer));
  }
  const algorithm = String(asked.sign_algo);
  if (offers.signAlgorithms && !sameAlgorithms(algorithm).some((name) => offers.signAlgorithms?.includes(name))) {
    lack("sign_algo", `tokens signed with ${algorithm}`, `write one of ${shown(offers.signAlgorithms)}`);
  }
  const method = known.token_use_basic_auth === true ? "client_secret_basic" : "client_secret_post";
  const lackMethod = (endpoint: string, offered: readonly string[] | undefined): void => {
    if (!offered || offered.includes(method)) return;
    const other = String(known.token_use_basic_auth !== true);
    const hint = `write \`oidc_token_use_basic_auth: ${other}\` at the provider; it offers ${shown(offered)}`;
    lack("", `${method} at its ${endpoint} endpoint`, hint);
  };
  if (client.key === apiClient) {
    if (known.introspection_endpoint) lackMethod("introspection", offers.introspectionAuthMethods);
    return diagnostics;
  }
  if (!known.authorization_endpoint || !known.token_endpoint) {
    const hint =
      "ignore this if the client only guards an API, or write `oidc_op_authorization_endpoint` and `oidc_op_token_endpoint` in its `endpoint_config`";
    // A verifier may be configured to use another one.
    const severity = client.key === loginClient ? "error" : "warning";
    lack("provider", "authorization endpoint and token endpoint, which sign-in needs", hint, severity);
    return diagnostics;
  }
  lackMethod("token", offers.authMethods);
  if ((asked.use_pkce ?? known.use_pkce) !== false && offers.pkceMethods && !offers.pkceMethods.includes("S256")) {
    lack("use_pkce", "PKCE with S256", "write `oidc_use_pkce: false`, or enable it at the provider");
  }
  const scopes = Array.isArray(asked.scopes) ? asked.scopes.flatMap((scope) => String(scope).split(" ")) : [];
  const missing = scopes.filter((scope) => scope !== "" && offers.scopes && !offers.scopes.includes(scope));
  if (missing.length > 0) {
    lack(
      "scopes",
      `scope ${missing.join(", ")}`,
      "remove the scopes that it does not offer, or add them at the provider",
    );
  }
  if (!known.logout_endpoint) {
    const hint = "users who sign out stay signed in at the provider; write its `oidc_op_logout_endpoint` if it has one";
    lack("", "end-session endpoint", hint);
  }
  return diagnostics;
}

function otherIssuer(client: Client, provider: Provider, issuer: string): RawDiagnostic {
  return {
    severity: "warning",
    code: "ACCESS_TOKEN_ISSUER",
    message: `oidc_client ${client.key}: oidc_provider ${provider.key} signs access tokens as ${issuer}, so its bearer tokens are rejected`,
    hint: `declare another provider for this client, with \`oidc_op_issuer: ${issuer}\` and with the endpoints in \`endpoint_config\`, \`oidc_op_jwks_endpoint\` among them, without \`oidc_op_discovery_endpoint\``,
    range: rangeOf(client, "provider"),
  };
}

/** RFC 9864 gave Ed25519 its own name. */
function sameAlgorithms(name: string): readonly string[] {
  return name === "Ed25519" || name === "EdDSA" ? ["Ed25519", "EdDSA"] : [name];
}

/** A foreign server may put anything there. */
function shown(names: readonly string[]): string {
  return (
    names
      .filter((name) => /^[\w.-]{1,40}$/.test(name))
      .slice(0, 20)
      .join(", ") || "nothing"
  );
}
