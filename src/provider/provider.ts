import type { GuardedFetch } from "../oidc/guarded-fetch.js";
import { createBackOff } from "./back-off.js";
import type { OnProviderEvent } from "./event.js";
import { fetchMetadata } from "./fetch-metadata.js";
import type { KeySource } from "./key-source.js";
import { createProviderKeys } from "./provider-keys.js";
import { createUserinfo, type Userinfo } from "./userinfo.js";

/** What the database says of a provider. */
export interface ProviderRow {
  readonly issuer: string | null;
  readonly discovery_endpoint: string | null;
  readonly userinfo_endpoint: string | null;
  readonly jwks_endpoint: string | null;
  readonly ca_file: string | null;
}

/** What is needed to check a provider's tokens. */
export interface Provider {
  /** Null where nobody knows it. */
  readonly issuer: string | null;
  /** Undefined where the provider publishes none. */
  readonly keys: KeySource | undefined;
  readonly userinfo: Userinfo | undefined;
}

export interface ProviderOptions {
  readonly fetchFor: (caFile: string | null) => GuardedFetch;
  readonly now: () => number;
  readonly onEvent: OnProviderEvent;
  readonly onKeysRemoved: () => void;
}

/** A provider that configuration may name again and again: what is known of it stays. */
export interface KnownProvider {
  /** Undefined while its discovery document can't be had. */
  readonly resolve: (nowMs: number) => Promise<Provider | undefined>;
  readonly retryAtMs: () => number;
}

interface Endpoints {
  readonly issuer: string | null;
  readonly jwks: string | null;
  readonly userinfo: string | null;
}

/** A provider by its row. Where the row was written without asking the provider (`--offline`), that is done here. */
export function createProvider(row: ProviderRow, options: ProviderOptions): KnownProvider {
  const fetch = options.fetchFor(row.ca_file);
  const backOff = createBackOff();
  let provider: Provider | undefined;
  let flight: Promise<Provider | undefined> | undefined;

  const build = ({ issuer, jwks, userinfo }: Endpoints): Provider => ({
    issuer,
    keys:
      jwks === null
        ? undefined
        : createProviderKeys({ ...options, url: jwks, fetch, onRemoved: options.onKeysRemoved }),
    userinfo: userinfo === null ? undefined : createUserinfo({ ...options, url: userinfo, fetch }),
  });
  const discover = async (discoveryEndpoint: string): Promise<Provider | undefined> => {
    const found = await discoverEndpoints(row, discoveryEndpoint, fetch);
    if (typeof found !== "string") return build(found);
    const retryAfterMs = backOff.failed(options.now());
    options.onEvent({ kind: "provider_failed", url: discoveryEndpoint, message: found, retryAfterMs });
    return undefined;
  };

  return {
    retryAtMs: backOff.retryAtMs,
    resolve: async (nowMs) => {
      const { issuer, jwks_endpoint: jwks, userinfo_endpoint: userinfo, discovery_endpoint: discovery } = row;
      if (discovery === null || (issuer !== null && jwks !== null)) provider ??= build({ issuer, jwks, userinfo });
      else if (!provider && (flight || backOff.isOver(nowMs))) {
        flight ??= discover(discovery).finally(() => {
          flight = undefined;
        });
        provider = await flight;
      }
      return provider;
    },
  };
}

/** Nothing is sent to these from here. */
const signInEndpoints = ["authorization_endpoint", "token_endpoint", "end_session_endpoint"] as const;

/** The endpoints by the discovery document, where the row has none; or why they can't be had. */
async function discoverEndpoints(row: ProviderRow, discoveryEndpoint: string, fetch: GuardedFetch) {
  const unused = row.userinfo_endpoint === null ? signInEndpoints : [...signInEndpoints, "userinfo_endpoint" as const];
  const found = await fetchMetadata(row, discoveryEndpoint, fetch, unused);
  if (typeof found === "string") return found;
  return {
    issuer: found.checked.issuer,
    jwks: row.jwks_endpoint ?? found.checked.jwksEndpoint,
    userinfo: row.userinfo_endpoint ?? found.checked.userinfoEndpoint ?? null,
  };
}
