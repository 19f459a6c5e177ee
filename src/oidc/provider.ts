import { parseDiscoveryEndpoint, withoutSlash } from "./check-metadata.js";
import type { OnProviderEvent } from "./event.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import { createIntrospection, type Introspection } from "./introspection.js";
import { createProviderKeys, type KeySource } from "./provider-keys.js";
import { createBackOff, fetchMetadata } from "./remote-document.js";
import { createUserinfo, type Userinfo } from "./userinfo.js";

/** What the database says of a provider. */
export interface ProviderRow {
  readonly issuer: string | null;
  readonly discovery_endpoint: string | null;
  readonly userinfo_endpoint: string | null;
  readonly introspection_endpoint: string | null;
  readonly jwks_endpoint: string | null;
  readonly token_use_basic_auth: 0 | 1;
  readonly ca_file: string | null;
}

/** What is needed to check a provider's tokens. */
export interface Provider {
  /** Null where nobody knows it. */
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
  /** Called when a provider whose discovery document was missing has it. */
  readonly onResolved: () => void;
  /** How many answers about tokens each endpoint's memory holds. */
  readonly cacheSize: number;
}

/** A provider that configuration may name again and again: what is known of it stays. */
export interface KnownProvider {
  /** Undefined as long as its discovery document is needed and was not had. */
  readonly current: () => Provider | undefined;
  /** Asks for the discovery document where it is needed, at most one time at once. Never rejects. */
  readonly resolve: (nowMs: number) => Promise<Provider | undefined>;
  readonly retryAtMs: () => number;
  /** Whether a token's `iss` may be the provider's, also before the discovery document is there. */
  readonly mayIssue: (issuer: string) => boolean;
  /** What its tokens' `iss` is expected to be, for a log; also before the discovery document is there. */
  readonly issuer: string;
  /** Forgets its keys and fetches them anew. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
}

interface Endpoints {
  readonly issuer: string | null;
  readonly jwks: string | null;
  readonly userinfo: string | null;
  readonly introspection: string | null;
}

/** A provider by its row. Where the row was written without asking the provider (`--offline`), that is done here. */
export function createProvider(row: ProviderRow, options: ProviderOptions): KnownProvider {
  const { issuer, discovery_endpoint: discovery, jwks_endpoint: jwks } = row;
  const fetch = options.fetchFor(row.ca_file);
  const backOff = createBackOff();
  const bases = parseDiscoveryEndpoint(discovery ?? "")?.bases ?? [];
  let provider: Provider | undefined;
  let flight: Promise<Provider | undefined> | undefined;

  const build = (endpoints: Endpoints): Provider => {
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
      provider = build(found);
      options.onResolved();
      return provider;
    }
    const retryAfterMs = backOff.failed(options.now());
    options.onEvent({ kind: "provider_failed", url: discoveryEndpoint, message: found, retryAfterMs });
    return undefined;
  };

  if (discovery === null || (issuer !== null && jwks !== null)) {
    const { userinfo_endpoint: userinfo, introspection_endpoint: introspection } = row;
    provider = build({ issuer, jwks, userinfo, introspection });
  }

  return {
    current: () => provider,
    retryAtMs: backOff.retryAtMs,
    refreshKeys: async () => provider?.keys?.refresh(),
    // What the discovery document is held against.
    issuer: issuer ?? bases[0] ?? "any issuer",
    mayIssue: (wanted) => (issuer === null ? bases.includes(withoutSlash(wanted)) : wanted === issuer),
    resolve: (nowMs) => {
      const isAskable = discovery !== null && !provider && (flight || backOff.isOver(nowMs));
      if (!isAskable) return Promise.resolve(provider);
      flight ??= discover(discovery).finally(() => {
        flight = undefined;
      });
      return flight;
    },
  };
}

/** Nothing is sent to these from here. */
const signInEndpoints = ["authorization_endpoint", "token_endpoint", "end_session_endpoint"] as const;

/** The endpoints by the discovery document, where the row has none; or why they can't be had. */
async function discoverEndpoints(row: ProviderRow, discoveryEndpoint: string, fetch: GuardedFetch) {
  const written = (["userinfo_endpoint", "introspection_endpoint"] as const).filter((name) => row[name] !== null);
  const found = await fetchMetadata(row, discoveryEndpoint, fetch, [...signInEndpoints, ...written]);
  if (typeof found === "string") return found;
  return {
    issuer: found.checked.issuer,
    jwks: row.jwks_endpoint ?? found.checked.jwksEndpoint ?? null,
    userinfo: row.userinfo_endpoint ?? found.checked.userinfoEndpoint ?? null,
    introspection: row.introspection_endpoint ?? found.checked.introspectionEndpoint ?? null,
  };
}
