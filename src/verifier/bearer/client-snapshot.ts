import { type Database, isFailure } from "../../database/database.js";
import { SetupError } from "../../errors.js";
import { type ClientRow, clientColumns, type OidcClient, type OpenAccess, openClient } from "../../oidc/client.js";
import { quoteForeign } from "../../oidc/foreign-text.js";
import type { JsonObject } from "../../oidc/jwt/json-object.js";
import type { CompactJws } from "../../oidc/jwt/jws.js";
import {
  createProvider,
  type KnownProvider,
  type Provider,
  type ProviderOptions,
  type ProviderRow,
  providerColumns,
} from "../../oidc/provider.js";
import type { Vault } from "../../secrets/vault.js";
import { readRevision } from "../../users/provision-user.js";
import type { OnBearerEvent } from "../event.js";
import type { ChoiceReason } from "../reasons.js";
import { matchesAudience, type TokenRules } from "./access-token.js";

interface LoadOptions extends Omit<ProviderOptions, "onEvent"> {
  readonly onEvent: OnBearerEvent;
  readonly database: Database;
  /** Identifiers of the clients whose tokens are accepted. */
  readonly clients: readonly string[];
  readonly vault: Vault;
  /** Groups that no claim can add a user to. */
  readonly reservedGroups: readonly string[];
  readonly rules: TokenRules;
}

/** Loads snapshots. Cached provider data outlives them. */
export interface Loader {
  /** Reads the configuration. Asks no provider. */
  readonly load: () => Promise<ClientSnapshot>;
  /** Drops all providers' keys and fetches them again. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
}

export function createLoader(options: LoadOptions): Loader {
  let known: ReadonlyMap<string, KnownProvider> = new Map();
  const reported = new Map<string, string | undefined>();

  const load = async (): Promise<ClientSnapshot> => {
    const { revision, rows } = await readRows(options.database, options.clients);
    const providers = new Map(
      rows.map((row) => {
        const key = providerKey(row);
        return [key, known.get(key) ?? createProvider(row, options)] as const;
      }),
    );
    known = providers;
    let isLocked = false;
    const onLocked = () => {
      isLocked = true;
    };
    const members = rows.flatMap((row): Member | readonly Member[] => {
      const provider = providers.get(providerKey(row));
      if (!provider) return [];
      const found = provider.current();
      const client = found && openBearerClient(row, found, { ...options, onLocked });
      return { identifier: row.identifier, isEnabled: row.enabled === 1, issuer: row.issuer, provider, client };
    });
    const clients = members.flatMap(({ client }) => client ?? []);
    const pending = members.flatMap(({ provider, client }) => (client ? [] : provider));
    const retryAtMs = isLocked ? options.now() + retryLockedMs : Number.POSITIVE_INFINITY;
    const configuration = { ...createSnapshot(revision, clients, pending, options.rules), members, retryAtMs };
    for (const client of clients) reportOnce(client, configuration);
    return configuration;
  };

  return {
    load,
    refreshKeys: async () => {
      await Promise.all([...known.values()].map((provider) => provider.refreshKeys()));
    },
  };

  function reportOnce(client: OidcClient, configuration: ClientSnapshot): void {
    const { identifier, mapping } = client;
    const message = messageOf(client, configuration);
    // Once, not with each change of a row.
    if (reported.has(identifier) && reported.get(identifier) === message) return;
    reported.set(identifier, message);
    if (message !== undefined) options.onEvent({ kind: "client_unusable", client: identifier, message });
    const fields = mapping.unknownFields;
    if (fields.length > 0) options.onEvent({ kind: "mapping_ignored", client: identifier, fields });
  }
}

/** The sealing key may be put in place later, which changes nothing in the database. */
const retryLockedMs = 1000;

/** @param onLocked called where its secrets can't be opened */
function openBearerClient(
  row: ClientRow,
  provider: Provider,
  { vault, reservedGroups, onLocked }: LoadOptions & { readonly onLocked: () => void },
): OidcClient {
  try {
    return openClient(row, provider, vault, reservedGroups);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    onLocked();
    const closed = openClient({ ...row, enabled: 0 }, provider, vault);
    return { ...closed, access: { kind: "unusable", reason: "not_configured", message: error.message } };
  }
}

/** The clients that accept bearer tokens, at one revision of the database. */
export interface ClientSnapshot {
  readonly revision: number;
  /** The clients of each issuer. */
  readonly byIssuer: ReadonlyMap<string, readonly OidcClient[]>;
  /** The only client, if its issuer is unknown. */
  readonly ofAnyIssuer: readonly OidcClient[];
  readonly clients: readonly OidcClient[];
  /** All clients of the database that were asked for, usable or not. */
  readonly members: readonly Member[];
  /** Whether at least one accepts tokens with `at_hash`. */
  readonly acceptsAtHash: boolean;
  /** The providers of the other clients, whose discovery documents are missing. */
  readonly pending: readonly KnownProvider[];
  /** The known issuers and each client's requirements, for a log. */
  readonly issuerNames: string;
  readonly expectations: ReadonlyMap<OidcClient, Expectation>;
  /** When to load it again, because a client's secrets could not be opened. */
  readonly retryAtMs: number;
}

interface Member {
  readonly identifier: string;
  readonly isEnabled: boolean;
  /** Its provider's in the database; null if it comes from the discovery document. */
  readonly issuer: string | null;
  readonly provider: KnownProvider;
  /** Undefined while the provider's discovery document is missing. */
  readonly client: OidcClient | undefined;
}

interface Expectation {
  readonly algorithm: string;
  readonly audience: string;
}

/** Reads the rows of the named clients with their providers. */
async function readRows({ kysely }: Database, clients: readonly string[]) {
  try {
    // Read first, so that the rows are at least as new.
    const revision = await readRevision(kysely);
    const rows =
      clients.length === 0
        ? []
        : await kysely
            .selectFrom("oidc_clients as c")
            .innerJoin("oidc_providers as p", "p.id", "c.provider_id")
            .select([...clientColumns, ...providerColumns])
            .where("c.identifier", "in", clients)
            .orderBy("c.identifier")
            .execute();
    return { revision, rows };
  } catch (error) {
    // Nothing has been applied to this database yet.
    if (isFailure(error, "table_missing")) return { revision: 0, rows: [] };
    throw error;
  }
}

/** Groups clients by issuer. Without a known issuer, only a single client is unambiguous. */
function createSnapshot(
  revision: number,
  clients: readonly OidcClient[],
  pending: readonly KnownProvider[],
  rules: TokenRules,
): Omit<ClientSnapshot, "members" | "retryAtMs"> {
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
    revision,
    byIssuer,
    ofAnyIssuer,
    clients,
    acceptsAtHash,
    pending,
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

/** Why a client accepts no tokens, for an operator. */
export function messageOf(
  { access, provider }: OidcClient,
  { ofAnyIssuer }: Pick<ClientSnapshot, "ofAnyIssuer">,
): string | undefined {
  if (access.kind === "unusable") return access.message;
  return provider.issuer === null && ofAnyIssuer.length === 0
    ? "its provider has no issuer, and there are other clients, so its tokens can't be recognized"
    : undefined;
}

/** The same for all rows of one provider. */
function providerKey({
  issuer,
  discovery_endpoint,
  userinfo_endpoint,
  introspection_endpoint,
  jwks_endpoint,
  token_use_basic_auth,
  ca_file,
}: ProviderRow): string {
  return JSON.stringify([
    issuer,
    discovery_endpoint,
    userinfo_endpoint,
    introspection_endpoint,
    jwks_endpoint,
    token_use_basic_auth,
    ca_file,
  ]);
}

export type Choice =
  | { readonly kind: "chosen"; readonly client: OidcClient; readonly access: OpenAccess }
  /** The token may be for a client whose provider's discovery document is missing. */
  | { readonly kind: "pending"; readonly provider: KnownProvider }
  /** `clients` are those for which the token passed most checks. */
  | { readonly kind: "rejected"; readonly reason: ChoiceReason; readonly clients: readonly OidcClient[] };

/** In the order of the checks, after that of the issuer. */
export const choiceReasons = [
  "not_configured",
  "weak_secret",
  "client_disabled",
  "wrong_algorithm",
  "wrong_audience",
] as const satisfies readonly ChoiceReason[];

/**
 * Chooses the client that a token claims to be for; the signature must prove it. Nothing is fetched for a token whose issuer,
 * algorithm or audience is no client's.
 */
export function chooseClient(configuration: ClientSnapshot, { header, claims }: CompactJws, rules: TokenRules): Choice {
  const { iss } = claims;
  if (typeof iss !== "string" || iss === "") return { kind: "rejected", reason: "wrong_issuer", clients: [] };
  const { byIssuer, ofAnyIssuer, clients, pending } = configuration;
  const candidates = byIssuer.get(iss) ?? ofAnyIssuer;
  let furthest = -1;
  let blamed: readonly OidcClient[] = [];
  for (const client of candidates) {
    const { access } = client;
    const reason = rejectionReason(client, header.alg, claims, rules);
    if (reason === undefined && access.kind === "open") return { kind: "chosen", client, access };
    const step = reason === undefined ? 0 : choiceReasons.indexOf(reason);
    if (step >= furthest) blamed = step === furthest ? [...blamed, client] : [client];
    furthest = Math.max(furthest, step);
  }
  const provider = pending.find(({ mayIssue }) => mayIssue(iss));
  if (provider) return { kind: "pending", provider };
  const isUnknown = candidates.length === 0 && clients.length + pending.length > 0;
  const reason = isUnknown ? "unknown_issuer" : (choiceReasons[furthest] ?? "not_configured");
  return { kind: "rejected", reason, clients: blamed };
}

function rejectionReason(
  client: OidcClient,
  algorithm: string,
  claims: JsonObject,
  rules: TokenRules,
): (typeof choiceReasons)[number] | undefined {
  const { access } = client;
  if (access.kind === "unusable") return access.reason;
  if (access.kind === "disabled") return "client_disabled";
  if (access.algorithm.name !== algorithm) return "wrong_algorithm";
  return matchesAudience(client, claims, rules) ? undefined : "wrong_audience";
}
