import { createHash } from "node:crypto";
import type { Connection, Database } from "../database/database.js";
import { parseList } from "../database/tables.js";
import type { PlainValue } from "../plan/resource.js";
import { oidcClient, oidcProvider } from "../resources/kinds.js";
import { type LazyVault, openVault } from "../secrets/vault.js";
import type { Managed } from "./person.js";
import { lastRunOf } from "./record.js";

/** Where a row comes from. */
interface Origin {
  readonly identifier: string;
  /** What manages it; null for what was made at run time. */
  readonly managed: Managed | null;
  /** To notice that someone else was first: ISO 8601, UTC. */
  readonly updatedAt: string;
  /** Changes with all that a sign-in depends on, its secrets among it. */
  readonly settings: string;
}

/** An OpenID provider as it is stored; null for what it does not have. */
export interface StoredProvider extends Origin {
  readonly issuer: string | null;
  readonly endpoints: Readonly<Record<ProviderEndpoint, string | null>>;
  readonly formerIssuers: readonly string[];
  readonly caFile: string | null;
  readonly usesPkce: boolean;
  readonly usesNonce: boolean;
  readonly nonceSize: number;
  readonly stateSize: number;
  readonly usesBasicAuth: boolean;
  /** The identifiers of its clients. */
  readonly clients: readonly string[];
}

export type ProviderEndpoint =
  | "discovery_endpoint"
  | "authorization_endpoint"
  | "token_endpoint"
  | "userinfo_endpoint"
  | "introspection_endpoint"
  | "jwks_endpoint"
  | "logout_endpoint";

/** Whether a secret is stored, and can be opened with the sealing key that this program has. */
type SecretState = "none" | "stored" | "unreadable";

/** A client as it is stored. */
export interface StoredClient extends Origin {
  readonly id: string;
  readonly provider: string;
  readonly isEnabled: boolean;
  readonly clientId: string;
  readonly secret: SecretState;
  readonly signKey: SecretState;
  readonly signAlgorithm: string;
  readonly scopes: readonly string[];
  readonly idpHint: string;
  readonly userinfoSource: string;
  readonly checksAvailability: boolean;
  /** Null for the provider's setting. */
  readonly usesPkce: boolean | null;
  readonly audience: readonly string[];
  readonly acceptsAtHash: boolean;
  readonly options: { readonly [key: string]: PlainValue };
  /** When claims last came through it: ISO 8601, UTC; null if they never did, as far as is known. */
  readonly lastUsedAt: string | null;
}

/** A database, and where the key of its secrets is looked up. */
export interface OpenIdSource {
  readonly database: Database;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** All providers, in the order of their names. */
export async function readProviders({ database: { kysely } }: OpenIdSource): Promise<readonly StoredProvider[]> {
  const rows = await kysely.selectFrom("oidc_providers").selectAll().orderBy("identifier").execute();
  const clients = await kysely
    .selectFrom("oidc_clients")
    .select(["identifier", "provider_id"])
    .orderBy("identifier")
    .execute();
  const managedBy = createManaged(kysely);
  return Promise.all(
    rows.map(async (row) => ({
      identifier: row.identifier,
      managed: await managedBy(oidcProvider.name, row),
      updatedAt: row.updated_at,
      settings: settingsOf(row),
      issuer: row.issuer,
      endpoints: {
        discovery_endpoint: row.discovery_endpoint,
        authorization_endpoint: row.authorization_endpoint,
        token_endpoint: row.token_endpoint,
        userinfo_endpoint: row.userinfo_endpoint,
        introspection_endpoint: row.introspection_endpoint,
        jwks_endpoint: row.jwks_endpoint,
        logout_endpoint: row.logout_endpoint,
      },
      formerIssuers: parseList(row.former_issuers),
      caFile: row.ca_file,
      usesPkce: row.use_pkce === 1,
      usesNonce: row.use_nonce === 1,
      nonceSize: row.nonce_size,
      stateSize: row.state_size,
      usesBasicAuth: row.token_use_basic_auth === 1,
      clients: clients.flatMap(({ identifier, provider_id: id }) => (id === row.id ? [identifier] : [])),
    })),
  );
}

/** All clients, in the order of their names. */
export async function readClients({ database, env }: OpenIdSource): Promise<readonly StoredClient[]> {
  const { kysely } = database;
  const rows = await kysely
    .selectFrom("oidc_clients as c")
    .innerJoin("oidc_providers as p", "p.id", "c.provider_id")
    .selectAll("c")
    .select("p.identifier as provider")
    .orderBy("c.identifier")
    .execute();
  const vault = openVault({ env, keyFile: database.keyFile });
  const lastUses = await readLastUses(kysely);
  const managedBy = createManaged(kysely);
  return Promise.all(
    rows.map(async ({ provider, ...row }) => ({
      id: row.id,
      identifier: row.identifier,
      managed: await managedBy(oidcClient.name, row),
      updatedAt: row.updated_at,
      settings: settingsOf(row),
      provider,
      isEnabled: row.enabled === 1,
      clientId: row.client_id,
      secret: stateOf(vault, row.client_secret, `oidc_clients/${row.id}/client_secret`),
      signKey: stateOf(vault, row.sign_key, `oidc_clients/${row.id}/sign_key`),
      signAlgorithm: row.sign_algo,
      scopes: parseList(row.scopes),
      idpHint: row.idp_hint,
      userinfoSource: row.userinfo_claims_source,
      checksAvailability: row.check_op_availability === 1,
      usesPkce: row.use_pkce === null ? null : row.use_pkce === 1,
      audience: parseList(row.audience),
      acceptsAtHash: row.accept_at_hash === 1,
      options: parseOptions(row.options),
      lastUsedAt: lastUses.get(row.id) ?? null,
    })),
  );
}

/** Secrets are in it as they are stored: sealed, and so different with every change. */
function settingsOf(row: object): string {
  const columns = Object.entries({ ...row, owner: null, updated_at: "", enabled: 1 });
  const sorted = columns.sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("base64url");
}

function createManaged(db: Connection) {
  const runs = new Map<string, ReturnType<typeof lastRunOf>>();
  return async (kind: string, row: { readonly owner: string | null; readonly identifier: string }) => {
    const { owner, identifier: key } = row;
    if (owner === null) return null;
    const run = runs.get(owner) ?? lastRunOf(db, owner);
    runs.set(owner, run);
    return { entries: [{ kind, key }], owner, ...(await run) };
  };
}

/** When claims were last applied, or a session last began, through each client. */
async function readLastUses(db: Connection): Promise<ReadonlyMap<string, string>> {
  const claims = await db
    .selectFrom("applied_claims")
    .select((eb) => ["client_id", eb.fn.max("said_at").as("at")])
    .groupBy("client_id")
    .execute();
  const sessions = await db
    .selectFrom("login_sessions")
    .select((eb) => ["client_id", eb.fn.max("created_at").as("at")])
    .where("client_id", "is not", null)
    .groupBy("client_id")
    .execute();
  const found = new Map<string, string>();
  for (const { client_id: id, at } of [...claims, ...sessions]) {
    if (id !== null && at > (found.get(id) ?? "")) found.set(id, at);
  }
  return found;
}

function stateOf(vault: LazyVault, sealed: string | null, purpose: string): SecretState {
  if (sealed === null) return "none";
  try {
    return vault.open(sealed, purpose).reveal() === "" ? "none" : "stored";
  } catch {
    return "unreadable";
  }
}

function parseOptions(json: string): StoredClient["options"] {
  // Written by this program alone, and never as anything but an object; a damaged one is shown as empty.
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as StoredClient["options"])
      : {};
  } catch {
    return {};
  }
}
