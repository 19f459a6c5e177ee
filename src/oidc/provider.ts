import { createCircuitBreaker } from "../retry.js";
import { parseDiscoveryEndpoint, withoutSlash } from "./check-metadata.js";
import type { OnProviderEvent } from "./event.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import { createIntrospection, type Introspection } from "./introspection.js";
import { createProviderKeys, type KeySource } from "./provider-keys.js";
import { fetchMetadata } from "./remote-document.js";
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

/** What checking a provider's tokens needs. */
export interface Provider {
  /** Null where it is unknown. */
  readonly issuer: string | null;
  /** Undefined where the provider publishes none. */
  readonly keys: KeySource | undefined;
  readonly userinfo: Userinfo | undefined;
  readonly introspection: Introspection | undefined;
}

export interface ProviderOptions {
  readonly fetchFor: (caFile: string | null) => GuardedFetch;
  readonly now: () => number;
  readonly onEvent: OnProviderEvent;
  readonly onKeysRemoved: () => void;
  /** Called when a provider's missing discovery document has been fetched. */
  readonly onResolved: () => void;
  /** How many answers about tokens are cached per endpoint. */
  readonly cacheSize: number;
}

/** A provider whose known state survives changes of the configuration. */
export interface KnownProvider {
  /** Undefined while its discovery document is needed and has not been fetched. */
  readonly current: () => Provider | undefined;
  /** Fetches the discovery document if it is needed, with at most one request at a time. Never rejects. */
  readonly resolve: (nowMs: number) => Promise<Provider | undefined>;
  readonly retryAtMs: () => number;
  /** Whether a token's `iss` may be the provider's; also works before the discovery document is fetched. */
  readonly mayIssue: (issuer: string) => boolean;
  /** The expected `iss` of its tokens, for a log; also set before the discovery document is fetched. */
  readonly issuer: string;
  /** Drops its keys and fetches them again. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
}

interface Endpoints {
  readonly issuer: string | null;
  readonly jwks: string | null;
  readonly userinfo: string | null;
  readonly introspection: string | null;
}

/** Creates a provider from its row. If the row was written without discovery (`--offline`), it does that later. */
export function createProvider(row: ProviderRow, options: ProviderOptions): KnownProvider {
  const { issuer, discovery_endpoint: discovery, jwks_endpoint: jwks } = row;
  const fetch = options.fetchFor(row.ca_file);
  const breaker = createCircuitBreaker();
  const bases = parseDiscoveryEndpoint(discovery ?? "")?.bases ?? [];
  let provider: Provider | undefined;
  let flight: Promise<Provider | undefined> | undefined;

  const createFrom = (endpoints: Endpoints): Provider => {
    const { jwks: keysUrl, userinfo, introspection } = endpoints;
    const usesBasicAuth = row.token_use_basic_auth === 1;
    return {
      issuer: endpoints.issuer,
      keys:
        keysUrl === null
          ? undefined
          : createProviderKeys({ ...options, url: keysUrl, fetch, onRemoved: options.onKeysRemoved }),
      userinfo: userinfo === null ? undefined : createUserinfo({ ...options, url: userinfo, fetch }),
      introspection:
        introspection === null
          ? undefined
          : createIntrospection({ ...options, url: introspection, fetch, usesBasicAuth }),
    };
  };

  const discover = async (discoveryEndpoint: string): Promise<Provider | undefined> => {
    const found = await discoverEndpoints(row, discoveryEndpoint, fetch);
    if (typeof found !== "string") {
      provider = createFrom(found);
      options.onResolved();
      return provider;
    }
    const retryAfterMs = breaker.failed(options.now());
    options.onEvent({ kind: "provider_failed", url: discoveryEndpoint, message: found, retryAfterMs });
    return undefined;
  };

  if (discovery === null || (issuer !== null && jwks !== null)) {
    const { userinfo_endpoint: userinfo, introspection_endpoint: introspection } = row;
    provider = createFrom({ issuer, jwks, userinfo, introspection });
  }

  return {
    current: () => provider,
    retryAtMs: breaker.retryAtMs,
    refreshKeys: async () => provider?.keys?.refresh(),
    // What the discovery document is checked against.
    issuer: issuer ?? bases[0] ?? "any issuer",
    mayIssue: (wanted) => (issuer === null ? bases.includes(withoutSlash(wanted)) : wanted === issuer),
    resolve: (nowMs) => {
      const isAskable = discovery !== null && !provider && (flight || breaker.isClosed(nowMs));
      if (!isAskable) return Promise.resolve(provider);
      flight ??= discover(discovery).finally(() => {
        flight = undefined;
      });
      return flight;
    },
  };
}

/** Nothing here sends requests to these. */
const signInEndpoints = ["authorization_endpoint", "token_endpoint", "end_session_endpoint"] as const;

/** The endpoints from the discovery document, where the row has none; or why they are unavailable. */
async function discoverEndpoints(row: ProviderRow, discoveryEndpoint: string, fetch: GuardedFetch) {
  const configured = (["userinfo_endpoint", "introspection_endpoint"] as const).filter((name) => row[name] !== null);
  const found = await fetchMetadata(row, discoveryEndpoint, fetch, [...signInEndpoints, ...configured]);
  if (typeof found === "string") return found;
  return {
    issuer: found.checked.issuer,
    jwks: row.jwks_endpoint ?? found.checked.jwksEndpoint ?? null,
    userinfo: row.userinfo_endpoint ?? found.checked.userinfoEndpoint ?? null,
    introspection: row.introspection_endpoint ?? found.checked.introspectionEndpoint ?? null,
  };
}
