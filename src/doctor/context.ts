import type { DiscoveredProvider } from "../oidc/check-metadata.js";
import type { GuardedFetch } from "../oidc/guarded-fetch.js";
import type { ProviderEntry } from "../resources/provider-lacks.js";
import type { Bounded } from "./bounds.js";
import type { Finding, Subject } from "./finding.js";
import type { NetworkOptions } from "./network.js";
import type { OpenIdClient } from "./openid.js";

export interface ProviderOptions extends Omit<NetworkOptions, "caFile"> {
  readonly bounded: Bounded;
  /** False: nothing is asked. */
  readonly usesNetwork: boolean;
  /** By the identifiers of clients. */
  readonly redirectUris: ReadonlyMap<string, string>;
}

/** What the checks of a provider and its clients get. */
export interface ProviderContext {
  readonly subject: Subject;
  /** With what its discovery document adds. */
  readonly provider: ProviderEntry;
  /** Undefined where the provider has no discovery document, or none that can be used. */
  readonly found: DiscoveredProvider | undefined;
  /** Those that are enabled. */
  readonly clients: readonly OpenIdClient[];
  readonly fetch: GuardedFetch;
  readonly redirectUris: ProviderOptions["redirectUris"];
}

/** A check of a provider and its enabled clients. */
export interface ProviderCheck {
  readonly name: string;
  /** Whether it asks the provider's servers. */
  readonly asks: boolean;
  readonly run: (context: ProviderContext) => Promise<readonly Finding[]> | readonly Finding[];
}
