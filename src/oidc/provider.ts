import { parseDiscoveryEndpoint, withoutSlash } from "./check-metadata.js";
import { completeRow, configuredEndpoints, createMetadataSource } from "./discovery.js";
import type { OnProviderEvent } from "./event.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import { createIntrospection, type Introspection } from "./introspection.js";
import { createProviderKeys, type ProviderKeys } from "./provider-keys.js";
import type { EndpointHealth } from "./provider-status.js";
import type { ProviderEndpoint } from "./request-observer.js";
import { createUserinfo, type Userinfo } from "./userinfo.js";

/** A provider's columns in the database. */
export interface ProviderRow {
  readonly issuer: string | null;
  readonly discovery_endpoint: string | null;
  readonly userinfo_endpoint: string | null;
  readonly introspection_endpoint: string | null;
  readonly jwks_endpoint: string | null;
  readonly token_use_basic_auth: 0 | 1;
  readonly ca_file: string | null;
}

/** The columns of {@link ProviderRow}, in a query of `oidc_providers as p`. */
export const providerColumns = [
  "p.issuer",
  "p.discovery_endpoint",
  "p.userinfo_endpoint",
  "p.introspection_endpoint",
  "p.jwks_endpoint",
  "p.token_use_basic_auth",
  "p.ca_file",
] as const;

/** What verifying a provider's tokens requires. */
export interface Provider {
  /** Null if it is unknown. */
  readonly issuer: string | null;
  /** Undefined if the provider publishes none. */
  readonly keys: ProviderKeys | undefined;
  readonly userinfo: Userinfo | undefined;
  readonly introspection: Introspection | undefined;
}

/** Creates the `fetch` for an endpoint of a provider with such certificates. */
export type FetchFor = (caFile: string | null, endpoint: ProviderEndpoint) => GuardedFetch;

export interface ProviderOptions {
  readonly fetchFor: FetchFor;
  readonly now: () => number;
  readonly onEvent: OnProviderEvent;
  readonly onKeysRemoved: () => void;
  /** Called when a missing discovery document has been fetched. */
  readonly onResolved: () => void;
  /** How many answers about tokens are cached per endpoint. */
  readonly cacheSize: number;
}

/** A provider, which outlives changes of the configuration. */
export interface KnownProvider {
  /** Undefined while its discovery document is needed and has not been fetched. */
  readonly current: () => Provider | undefined;
  /** Fetches the discovery document if it is needed, with at most one request at a time. Never rejects. */
  readonly resolve: () => Promise<Provider | undefined>;
  readonly retryAtMs: () => number;
  /** Whether a token's `iss` may be the provider's; also works before the discovery document is fetched. */
  readonly mayIssue: (issuer: string) => boolean;
  /** The expected `iss` of its tokens, for a log; also set before the discovery document is fetched. */
  readonly issuer: string;
  /** Drops its keys and fetches them again. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
  /** How its endpoints do that were asked, or may be. */
  readonly health: () => readonly EndpointHealth[];
}

/** Creates a provider from its row. If the row was written without discovery (`--offline`), it is discovered later. */
export function createProvider(row: ProviderRow, options: ProviderOptions): KnownProvider {
  const { issuer, discovery_endpoint: discovery, jwks_endpoint: jwks } = row;
  const fetchAt = (endpoint: ProviderEndpoint): GuardedFetch => options.fetchFor(row.ca_file, endpoint);
  const bases = parseDiscoveryEndpoint(discovery ?? "")?.bases ?? [];
  let provider: Provider | undefined;

  const createFrom = (complete: ProviderRow): Provider => {
    const { jwks_endpoint: keysUrl, userinfo_endpoint: userinfo, introspection_endpoint: introspection } = complete;
    const usesBasicAuth = row.token_use_basic_auth === 1;
    return {
      issuer: complete.issuer,
      keys:
        keysUrl === null
          ? undefined
          : createProviderKeys({
              ...options,
              url: keysUrl,
              fetch: fetchAt("keys"),
              onRemoved: options.onKeysRemoved,
            }),
      userinfo:
        userinfo === null ? undefined : createUserinfo({ ...options, url: userinfo, fetch: fetchAt("userinfo") }),
      introspection:
        introspection === null
          ? undefined
          : createIntrospection({
              ...options,
              url: introspection,
              fetch: fetchAt("introspection"),
              usesBasicAuth,
            }),
    };
  };

  const source =
    discovery === null
      ? undefined
      : createMetadataSource(
          {
            discoveryEndpoint: discovery,
            issuer: issuer ?? undefined,
            explicitJwks: jwks !== null,
            unused: [...signInEndpoints, ...configuredEndpoints(row)],
          },
          {
            fetch: fetchAt("discovery"),
            now: options.now,
            onEvent: options.onEvent,
            onFound: (found) => {
              provider = createFrom(completeRow(row, found));
              options.onResolved();
            },
          },
        );
  if (!source || (issuer !== null && jwks !== null)) provider = createFrom(row);

  return {
    current: () => provider,
    retryAtMs: source?.retryAtMs ?? (() => 0),
    refreshKeys: async () => provider?.keys?.refresh(),
    health: () => healthOf(source, provider),
    // The discovery document must have this issuer.
    issuer: issuer ?? bases[0] ?? "any issuer",
    mayIssue: (requested) => (issuer === null ? bases.includes(withoutSlash(requested)) : requested === issuer),
    resolve: async () => {
      if (!provider) await source?.refresh();
      return provider;
    },
  };
}

/** How a provider's endpoints do. */
export function healthOf(
  source: Omit<EndpointHealth, "endpoint"> | undefined,
  provider: Provider | undefined,
): readonly EndpointHealth[] {
  const { keys, userinfo, introspection } = provider ?? {};
  const endpoints = Object.entries({ discovery: source, keys, userinfo, introspection });
  return endpoints.flatMap(([endpoint, found]) =>
    found ? { endpoint, lastFailure: found.lastFailure, retryAtMs: found.retryAtMs } : [],
  );
}

/** The verifier sends no requests to these. */
const signInEndpoints = ["authorization_endpoint", "token_endpoint", "end_session_endpoint"] as const;
