import type { DiscoveredProvider } from "../oidc/check-metadata.js";
import { configuredEndpoints, endpointsOf, fetchMetadata } from "../oidc/discovery.js";
import type { ProviderEntry } from "../resources/provider-lacks.js";
import { checkClientSecret } from "./client-secret.js";
import type { ProviderCheck, ProviderContext, ProviderOptions } from "./context.js";
import { checkInsecureUrls, checkIntrospection, checkUserinfo } from "./endpoints.js";
import {
  clientSubject,
  type Finding,
  failure,
  ok,
  providerSubject,
  type Subject,
  unreachable,
  warning,
} from "./finding.js";
import { checkKeys } from "./keys.js";
import { createProviderNetwork, type ProviderNetwork } from "./network.js";
import { checkOffers } from "./offers.js";
import type { OpenIdClient, OpenIdEntries } from "./openid.js";
import { checkRedirectUri } from "./redirect-uri.js";

const checks: readonly ProviderCheck[] = [
  { name: "url", asks: false, run: checkInsecureUrls },
  { name: "offers", asks: true, run: checkOffers },
  { name: "keys", asks: true, run: checkKeys },
  { name: "userinfo", asks: true, run: checkUserinfo },
  { name: "introspection", asks: true, run: checkIntrospection },
  { name: "secret", asks: true, run: checkClientSecret },
  { name: "redirect_uri", asks: true, run: checkRedirectUri },
];

/** Looks at a provider and its clients: first at its discovery document, then at everything else side by side. */
export async function examineProvider(
  { provider, clients }: OpenIdEntries,
  options: ProviderOptions,
): Promise<readonly Finding[]> {
  const { bounded, usesNetwork, redirectUris } = options;
  const subject = providerSubject(provider.key);
  const caFile = provider.attributes.ca_file;
  const network = createProviderNetwork({ ...options, caFile: typeof caFile === "string" ? caFile : undefined });
  let found: DiscoveredProvider | undefined;
  const discovery = usesNetwork
    ? await bounded(subject, "discovery", async () => {
        const discovered = await discover(subject, provider, network);
        found = discovered.found;
        return discovered.findings;
      })
    : [];
  const context: ProviderContext = {
    subject,
    provider: completed(provider, found),
    found,
    clients: clients.filter(({ entry }) => entry.attributes.enabled !== false),
    fetch: network.fetch,
    redirectUris,
  };
  const results = await Promise.all(
    checks
      .filter(({ asks }) => usesNetwork || !asks)
      .map(({ name, run }) => bounded(subject, name, async () => run(context))),
  );
  const disabled = clients.filter(({ entry }) => entry.attributes.enabled === false).map(reportDisabled);
  return [...network.findings(subject), ...discovery, ...results.flat(), ...disabled];
}

interface Discovered {
  readonly findings: readonly Finding[];
  readonly found: DiscoveredProvider | undefined;
}

async function discover(
  subject: Subject,
  { attributes, range }: ProviderEntry,
  { fetch, findings }: ProviderNetwork,
): Promise<Discovered> {
  const { discovery_endpoint: discoveryEndpoint, issuer, jwks_endpoint: jwks } = attributes;
  if (typeof discoveryEndpoint !== "string") return { findings: [], found: undefined };
  const request = {
    discoveryEndpoint,
    issuer: typeof issuer === "string" ? issuer : undefined,
    explicitJwks: typeof jwks === "string",
    unused: configuredEndpoints(attributes),
  };
  const result = await fetchMetadata(request, fetch);
  if (result.kind === "metadata") {
    const { checked } = result;
    return {
      findings: [ok(subject, "discovery", discoveryEndpoint), ok(subject, "issuer", checked.issuer)],
      found: checked,
    };
  }
  // Where no connection can be made, that is said of the server.
  if (findings(subject).some(({ status }) => status !== "ok" && status !== "warning")) {
    return { findings: [], found: undefined };
  }
  const { kind, message, hint, otherIssuer } = result;
  const position = range?.position;
  const finding =
    kind === "unreachable"
      ? unreachable(subject, "discovery", { code: "DISCOVERY_UNREACHABLE", message, hint, position })
      : failure(subject, otherIssuer === undefined ? "discovery" : "issuer", {
          code: "DISCOVERY_INVALID",
          message,
          hint,
          position,
        });
  return { findings: [finding], found: undefined };
}

function completed(provider: ProviderEntry, found: DiscoveredProvider | undefined): ProviderEntry {
  if (!found) return provider;
  const open = Object.entries(endpointsOf(found)).filter(
    ([name]) => (Reflect.get(provider.attributes, name) ?? null) === null,
  );
  return { ...provider, attributes: { ...provider.attributes, ...Object.fromEntries(open) } };
}

function reportDisabled({ entry: { key, range } }: OpenIdClient): Finding {
  return warning(clientSubject(key), "enabled", {
    code: "CLIENT_DISABLED",
    message: "this client is disabled, so nobody gets in through it",
    hint: "enable it with `enabled: true` in its file, or delete it with `state: absent`",
    position: range?.position,
  });
}
