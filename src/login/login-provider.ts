import type { Database } from "../database/database.js";
import { clientColumns } from "../oidc/client.js";
import { completeRow, configuredEndpoints, createMetadataSource } from "../oidc/discovery.js";
import { createProvider, healthOf, type Provider, type ProviderOptions, providerColumns } from "../oidc/provider.js";
import type { EndpointHealth } from "../oidc/provider-status.js";

/** A provider, with what a login needs. */
export interface LoginProvider extends Provider {
  readonly kind: "known";
  readonly jwksEndpoint: string | null;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly logoutEndpoint: string | null;
  /** Its metadata promises `iss` in every callback (RFC 9207). */
  readonly sendsIssuer: boolean;
  /** Its metadata lists PKCE methods without S256. */
  readonly lacksS256: boolean;
}

/** `incomplete`: endpoints are missing from row and discovery. `unavailable`: discovery is needed, but failed. */
type LoginProviderResult =
  | LoginProvider
  | { readonly kind: "incomplete" | "unavailable"; readonly details: { readonly found: string } };

/** Resolves the provider of a client's row. Metadata is cached until the row changes. */
export interface LoginProviders {
  /** @param isThorough fetches the discovery document even where the row has every endpoint */
  readonly resolve: (row: LoginClientRow, isThorough: boolean) => Promise<LoginProviderResult>;
  /** What is known of the row's provider without asking it; undefined before the first sign-in through it. */
  readonly known: (row: LoginClientRow) => KnownLoginProvider | undefined;
  /** Drops its keys and fetches them again. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
}

interface KnownLoginProvider {
  /** Undefined while what only its discovery document has is missing. */
  readonly provider: Provider | undefined;
  readonly health: readonly EndpointHealth[];
}

type LoginProviderOptions = Omit<ProviderOptions, keyof typeof ignoredEvents>;

const freshMs = 3_600_000;
// Each sign-in resolves the provider again, so these events have no use.
const ignoredEvents = { onKeysRemoved: () => {}, onResolved: () => {} };

export function createLoginProviders(options: LoginProviderOptions): LoginProviders {
  let known: (LoginProviders & { readonly key: string }) | undefined;
  return {
    resolve: (row, isThorough) => {
      const key = providerKey(row);
      if (known?.key !== key) known = { key, ...createLoginProvider(row, options) };
      return known.resolve(row, isThorough);
    },
    known: (row) => (known?.key === providerKey(row) ? known.known(row) : undefined),
    refreshKeys: async () => known?.refreshKeys(),
  };
}

function providerKey(row: LoginClientRow): string {
  const { issuer, discovery_endpoint, authorization_endpoint, token_endpoint } = row;
  const { userinfo_endpoint, jwks_endpoint, logout_endpoint, ca_file } = row;
  return JSON.stringify([
    issuer,
    discovery_endpoint,
    authorization_endpoint,
    token_endpoint,
    userinfo_endpoint,
    jwks_endpoint,
    logout_endpoint,
    ca_file,
  ]);
}

/** For one provider whose endpoints do not change. */
function createLoginProvider(first: LoginClientRow, options: LoginProviderOptions): LoginProviders {
  const { fetchFor, now, onEvent } = options;
  const { discovery_endpoint: discovery } = first;
  const source =
    discovery === null
      ? undefined
      : createMetadataSource(
          {
            discoveryEndpoint: discovery,
            issuer: first.issuer ?? undefined,
            explicitJwks: first.jwks_endpoint !== null,
            unused: ["introspection_endpoint", ...configuredEndpoints(first)],
          },
          { fetch: fetchFor(first.ca_file, "discovery"), now, onEvent },
        );
  let created: { readonly key: string; readonly provider: Provider | undefined } | undefined;

  const createFrom = (complete: LoginClientRow): Provider | undefined => {
    const { issuer, userinfo_endpoint, jwks_endpoint, token_use_basic_auth, ca_file } = complete;
    const row = {
      issuer,
      userinfo_endpoint,
      jwks_endpoint,
      token_use_basic_auth,
      ca_file,
      // Its discovery document is merged here already, and no opaque token is introspected.
      discovery_endpoint: null,
      introspection_endpoint: null,
    };
    const key = JSON.stringify(row);
    if (created?.key !== key) {
      created = { key, provider: createProvider(row, { ...options, ...ignoredEvents }).current() };
    }
    return created.provider;
  };

  const resolve: LoginProviders["resolve"] = async (row, isThorough) => {
    const isComplete = [row.issuer, row.authorization_endpoint, row.token_endpoint, row.jwks_endpoint].every(
      (value) => value !== null,
    );
    const isWorthAsking = isThorough || (!isComplete && !source?.current());
    if (source && isWorthAsking && (!source.current() || now() >= source.foundAtMs() + freshMs)) await source.refresh();
    const metadata = source?.current();
    const complete = completeRow(row, metadata?.checked);
    const provider = createFrom(complete);
    // Then the document's other values are missing as well.
    if (source && !isComplete && !metadata) {
      return { kind: "unavailable", details: { found: `${discovery}: ${source.lastFailure()?.message ?? ""}` } };
    }
    const { authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint } = complete;
    if (!provider || !authorizationEndpoint || !tokenEndpoint) {
      const missing = [
        ...(authorizationEndpoint ? [] : ["oidc_op_authorization_endpoint"]),
        ...(tokenEndpoint ? [] : ["oidc_op_token_endpoint"]),
      ];
      return { kind: "incomplete", details: { found: `no ${missing.map((name) => `\`${name}\``).join(", ")}` } };
    }
    const methods = metadata?.checked.offers?.pkceMethods;
    return {
      ...provider,
      kind: "known",
      jwksEndpoint: complete.jwks_endpoint,
      authorizationEndpoint,
      tokenEndpoint,
      logoutEndpoint: complete.logout_endpoint,
      sendsIssuer: metadata?.document.authorization_response_iss_parameter_supported === true,
      lacksS256: methods !== undefined && !methods.includes("S256"),
    };
  };
  return {
    resolve,
    known: () => ({ provider: created?.provider, health: healthOf(source, created?.provider) }),
    refreshKeys: async () => created?.provider?.keys?.refresh(),
  };
}

/** A client's row with its provider's; undefined if there is no such client. */
export function readClientRow({ kysely }: Database, identifier: string) {
  return kysely
    .selectFrom("oidc_clients as c")
    .innerJoin("oidc_providers as p", "p.id", "c.provider_id")
    .select(clientColumns)
    .select(["c.scopes", "c.idp_hint", "c.check_op_availability", "c.use_pkce as client_use_pkce"])
    .select(providerColumns)
    .select(["p.authorization_endpoint", "p.token_endpoint", "p.logout_endpoint"])
    .select(["p.use_pkce", "p.use_nonce", "p.nonce_size", "p.state_size"])
    .where("c.identifier", "=", identifier)
    .executeTakeFirst();
}

export type LoginClientRow = NonNullable<Awaited<ReturnType<typeof readClientRow>>>;
