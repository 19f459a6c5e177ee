import type { Database } from "../../database/database.js";
import type { OidcClient } from "../../oidc/client.js";
import { quoteForeign } from "../../oidc/foreign-text.js";
import type { KnownProvider, ProviderRow } from "../../oidc/provider.js";
import { readRevision } from "../../users/provision-user.js";
import type { TokenRules } from "./token-rules.js";

/** The clients that bearer tokens may be meant for, at one revision of the database. */
export interface BearerConfiguration {
  readonly revision: number;
  /** The clients of each issuer. */
  readonly byIssuer: ReadonlyMap<string, readonly OidcClient[]>;
  /** The one client, where it alone is configured and its issuer is not known. */
  readonly ofAnyIssuer: readonly OidcClient[];
  readonly clients: readonly OidcClient[];
  /** For one of them, at least, `at_hash` tells no ID token. */
  readonly acceptsAtHash: boolean;
  /** The providers of further clients, whose discovery documents are missing. */
  readonly pending: readonly KnownProvider[];
  /** For a log: the issuers that are known, and what a token of each client has to have. */
  readonly issuerNames: string;
  readonly expectations: ReadonlyMap<OidcClient, Expectation>;
}

interface Expectation {
  readonly algorithm: string;
  readonly audience: string;
}

/** Reads the rows of the named clients with their providers. */
export async function readRows({ kysely, isMissingTable }: Database, clients: readonly string[]) {
  try {
    // First, so that the rows are at least as new.
    const revision = await readRevision(kysely);
    const rows =
      clients.length === 0
        ? []
        : await kysely
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
              ...(["c.sign_key", "c.userinfo_claims_source", "c.audience", "c.options", "c.accept_at_hash"] as const),
              ...(["p.issuer", "p.discovery_endpoint", "p.userinfo_endpoint"] as const),
              ...(["p.introspection_endpoint", "p.token_use_basic_auth"] as const),
              ...(["p.jwks_endpoint", "p.ca_file"] as const),
            ])
            .where("c.identifier", "in", clients)
            .orderBy("c.identifier")
            .execute();
    return { revision, rows };
  } catch (error) {
    // A database that nothing was applied to yet.
    if (isMissingTable(error)) return { revision: 0, rows: [] };
    throw error;
  }
}

/** Sorts clients by who issues their tokens. Without a known issuer there must be no doubt about which one is meant. */
export function configure(
  revision: number,
  clients: readonly OidcClient[],
  pending: readonly KnownProvider[],
  rules: TokenRules,
): BearerConfiguration {
  const byIssuer = new Map<string, OidcClient[]>();
  for (const client of clients) {
    const { issuer } = client.provider;
    if (issuer !== null) byIssuer.set(issuer, [...(byIssuer.get(issuer) ?? []), client]);
  }
  const isAlone = clients.length === 1 && pending.length === 0;
  const ofAnyIssuer = isAlone ? clients.filter(({ provider }) => provider.issuer === null) : [];
  const acceptsAtHash = clients.some((client) => client.acceptsAtHash);
  const issuers = [...byIssuer.keys(), ...pending.map(({ issuer }) => issuer)];
  return {
    ...{ revision, byIssuer, ofAnyIssuer, clients, acceptsAtHash, pending },
    issuerNames: quoteForeign(isAlone && issuers.length === 0 ? "any issuer" : issuers.join(" or ")),
    expectations: new Map(clients.map((client) => [client, expectationOf(client, rules)])),
  };
}

function expectationOf({ access, audience, clientId }: OidcClient, { isStrict }: TokenRules): Expectation {
  const names = audience.length > 0 ? audience : [clientId];
  const places = audience.length > 0 || isStrict ? "aud" : "aud, azp or client_id";
  return {
    algorithm: access.kind === "open" ? access.algorithm.name : "",
    audience: `${quoteForeign(names.join(" or "))} in ${places}`,
  };
}

/** Why a client lets nobody in, for an operator. */
export function messageOf({ access, provider }: OidcClient, { ofAnyIssuer }: BearerConfiguration): string | undefined {
  if (access.kind === "unusable") return access.message;
  return provider.issuer === null && ofAnyIssuer.length === 0
    ? "its provider has no issuer, and it is not the only client: which tokens are its own can't be told"
    : undefined;
}

/** One provider, whatever row it is in. */
export function providerKey({
  issuer,
  discovery_endpoint,
  userinfo_endpoint,
  introspection_endpoint,
  jwks_endpoint,
  token_use_basic_auth,
  ca_file,
}: ProviderRow): string {
  return JSON.stringify([
    ...[issuer, discovery_endpoint, userinfo_endpoint, introspection_endpoint, jwks_endpoint],
    ...[token_use_basic_auth, ca_file],
  ]);
}
