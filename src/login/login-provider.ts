import type { Database } from "../database/database.js";
import { createProvider, type Provider, type ProviderOptions } from "../oidc/provider.js";
import { fetchMetadata } from "../oidc/remote-document.js";
import { createCircuitBreaker } from "../retry.js";

/** A provider with what a login needs. */
export interface LoginProvider extends Provider {
  readonly kind: "known";
  readonly jwksEndpoint: string | null;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly logoutEndpoint: string | null;
  /** Its metadata says that it adds its issuer to every answer (RFC 9207). */
  readonly sendsIssuer: boolean;
  /** Its metadata lists PKCE methods without S256. */
  readonly lacksS256: boolean;
}

/** `incomplete`: its endpoints are configured nowhere. `unavailable`: discovery has them, but does not answer. */
type LoginProviderResult =
  | LoginProvider
  | { readonly kind: "incomplete" | "unavailable"; readonly details: { readonly found: string } };

/** Finds the provider of a client's row. Cached metadata lasts as long as the row does. */
export interface LoginProviders {
  /** @param isThorough fetches the discovery document even where the row has every endpoint */
  readonly resolve: (row: LoginClientRow, isThorough: boolean) => Promise<LoginProviderResult>;
  /** Drops its keys and fetches them again. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
}

type LoginProviderOptions = Omit<ProviderOptions, keyof typeof ignoredEvents>;

type Metadata = Exclude<Awaited<ReturnType<typeof fetchMetadata>>, string>;

const freshMs = 3_600_000;
/** The endpoints that the row may have, with their names in a discovery document. */
const configurable = [
  ["authorization_endpoint", "authorization_endpoint"],
  ["token_endpoint", "token_endpoint"],
  ["userinfo_endpoint", "userinfo_endpoint"],
  ["logout_endpoint", "end_session_endpoint"],
] as const;
// Each sign-in asks again, so these events are of no use.
const ignoredEvents = { onKeysRemoved: () => {}, onResolved: () => {} };

export function createLoginProviders(options: LoginProviderOptions): LoginProviders {
  let known: (LoginProviders & { readonly key: string }) | undefined;
  return {
    resolve: (row, isThorough) => {
      const { issuer, discovery_endpoint, authorization_endpoint, token_endpoint } = row;
      const { userinfo_endpoint, jwks_endpoint, logout_endpoint, ca_file } = row;
      const key = JSON.stringify([
        ...[issuer, discovery_endpoint, authorization_endpoint, token_endpoint],
        ...[userinfo_endpoint, jwks_endpoint, logout_endpoint, ca_file],
      ]);
      if (known?.key !== key) known = { key, ...createLoginProvider(options) };
      return known.resolve(row, isThorough);
    },
    refreshKeys: async () => known?.refreshKeys(),
  };
}

/** For one provider whose row does not change. */
function createLoginProvider(options: LoginProviderOptions): LoginProviders {
  const { fetchFor, now, onEvent } = options;
  const breaker = createCircuitBreaker();
  let metadata: Metadata | undefined;
  let failure = "";
  let freshUntilMs = 0;
  let flight: Promise<void> | undefined;
  let created: { readonly key: string; readonly provider: Provider | undefined } | undefined;

  const discover = async (row: LoginClientRow, endpoint: string): Promise<void> => {
    const unused = configurable.flatMap(([name, theirs]) => (row[name] === null ? [] : [theirs]));
    const fetch = fetchFor(row.ca_file);
    const found = await fetchMetadata(row, endpoint, fetch, ["introspection_endpoint", ...unused]);
    if (typeof found === "string") {
      const retryAfterMs = breaker.failed(now());
      failure = found;
      return onEvent({ kind: "provider_failed", url: endpoint, message: found, retryAfterMs });
    }
    breaker.succeeded();
    metadata = found;
    freshUntilMs = now() + freshMs;
  };

  const createFrom = (row: LoginClientRow): Provider | undefined => {
    const { checked } = metadata ?? {};
    const complete = {
      issuer: row.issuer ?? checked?.issuer ?? null,
      // Its discovery document is merged here already.
      discovery_endpoint: null,
      userinfo_endpoint: row.userinfo_endpoint ?? checked?.userinfoEndpoint ?? null,
      // No opaque token is introspected here.
      introspection_endpoint: null,
      jwks_endpoint: row.jwks_endpoint ?? checked?.jwksEndpoint ?? null,
      token_use_basic_auth: row.token_use_basic_auth,
      ca_file: row.ca_file,
    };
    const key = JSON.stringify(complete);
    if (created?.key !== key) {
      created = { key, provider: createProvider(complete, { ...options, ...ignoredEvents }).current() };
    }
    return created.provider;
  };

  const resolve: LoginProviders["resolve"] = async (row, isThorough) => {
    const { discovery_endpoint: discovery } = row;
    const isComplete = [row.issuer, row.authorization_endpoint, row.token_endpoint, row.jwks_endpoint].every(
      (value) => value !== null,
    );
    const isWorthAsking = isThorough || (!isComplete && !metadata);
    if (discovery !== null && isWorthAsking && now() >= freshUntilMs && (flight || breaker.isClosed(now()))) {
      flight ??= discover(row, discovery).finally(() => {
        flight = undefined;
      });
      await flight;
    }
    const authorizationEndpoint = row.authorization_endpoint ?? metadata?.checked.authorizationEndpoint;
    const tokenEndpoint = row.token_endpoint ?? metadata?.checked.tokenEndpoint;
    const provider = createFrom(row);
    // Without an answer, the other values of the document are missing as well.
    if (discovery !== null && !isComplete && !metadata) {
      return { kind: "unavailable", details: { found: `${discovery}: ${failure}` } };
    }
    if (!provider || !authorizationEndpoint || !tokenEndpoint) {
      const missing = [
        ...(authorizationEndpoint ? [] : ["oidc_op_authorization_endpoint"]),
        ...(tokenEndpoint ? [] : ["oidc_op_token_endpoint"]),
      ];
      return { kind: "incomplete", details: { found: `no ${missing.map((name) => `\`${name}\``).join(", ")}` } };
    }
    const methods = metadata?.document.code_challenge_methods_supported;
    return {
      ...provider,
      kind: "known",
      jwksEndpoint: row.jwks_endpoint ?? metadata?.checked.jwksEndpoint ?? null,
      authorizationEndpoint,
      tokenEndpoint,
      logoutEndpoint: row.logout_endpoint ?? metadata?.checked.logoutEndpoint ?? null,
      sendsIssuer: metadata?.document.authorization_response_iss_parameter_supported === true,
      lacksS256: Array.isArray(methods) && !methods.includes("S256"),
    };
  };
  return { resolve, refreshKeys: async () => created?.provider?.keys?.refresh() };
}

/** The row of a client with its provider; undefined where there is no such client. */
export function readClientRow({ kysely }: Database, identifier: string) {
  return kysely
    .selectFrom("oidc_clients as c")
    .innerJoin("oidc_providers as p", "p.id", "c.provider_id")
    .select([
      ...([
        "c.id",
        "c.identifier",
        "c.provider_id",
        "c.enabled",
        "c.client_id",
        "c.client_secret",
        "c.sign_algo",
      ] as const),
      ...(["c.sign_key", "c.scopes", "c.idp_hint", "c.userinfo_claims_source", "c.audience", "c.options"] as const),
      ...(["c.check_op_availability", "c.accept_at_hash", "c.use_pkce as client_use_pkce"] as const),
      ...(["p.issuer", "p.discovery_endpoint", "p.authorization_endpoint", "p.token_endpoint"] as const),
      ...(["p.userinfo_endpoint", "p.jwks_endpoint", "p.logout_endpoint", "p.ca_file", "p.use_pkce"] as const),
      ...(["p.token_use_basic_auth", "p.use_nonce", "p.nonce_size", "p.state_size"] as const),
    ])
    .where("c.identifier", "=", identifier)
    .executeTakeFirst();
}

export type LoginClientRow = NonNullable<Awaited<ReturnType<typeof readClientRow>>>;
