import { createSecretKey } from "node:crypto";
import type { Secret } from "../secrets/secret.js";
import type { Vault } from "../secrets/vault.js";
import { type ClaimMapping, readStoredMapping } from "../users/claim-mapping.js";
import { type Algorithm, algorithms, isSymmetric, minSecretBytes } from "./jwt/algorithm.js";
import { parseJson } from "./jwt/json-object.js";
import { prepareSignatureCheck } from "./jwt/jws.js";
import { importWrittenKey, isFor, keySetOf } from "./jwt/key-set.js";
import type { Provider } from "./provider.js";
import { fixedKeys, type KeySource } from "./provider-keys.js";
import type { UserinfoReader } from "./userinfo.js";

/** A client's columns in the database. */
export interface ClientRow {
  readonly id: string;
  readonly identifier: string;
  readonly provider_id: string;
  readonly enabled: 0 | 1;
  readonly client_id: string;
  readonly client_secret: string;
  readonly sign_algo: string;
  readonly sign_key: string | null;
  readonly userinfo_claims_source: string;
  readonly audience: string;
  readonly accept_at_hash: 0 | 1;
  readonly options: string;
}

/** The columns of {@link ClientRow}, in a query of `oidc_clients as c`. */
export const clientColumns = [
  "c.id",
  "c.identifier",
  "c.provider_id",
  "c.enabled",
  "c.client_id",
  "c.client_secret",
  "c.sign_algo",
  "c.sign_key",
  "c.userinfo_claims_source",
  "c.audience",
  "c.accept_at_hash",
  "c.options",
] as const;

/** A client that accepts tokens. */
export interface OidcClient {
  /** The id of its row. */
  readonly id: string;
  readonly identifier: string;
  readonly clientId: string;
  /** The configured audiences; if empty, tokens must name the client itself. */
  readonly audience: readonly string[];
  /** The client id and the configured audiences. */
  readonly names: readonly string[];
  /** Whether tokens with `at_hash`, such as Dex's, are accepted as access tokens. */
  readonly acceptsAtHash: boolean;
  readonly asksUserinfo: boolean;
  readonly mapping: ClaimMapping;
  readonly provider: Provider;
  /** The id of the provider's row. */
  readonly providerId: string;
  readonly access: ClientAccess;
  /** @throws SetupError if the sealing key is missing or wrong; clients that need no secret work without it */
  readonly openSecret: () => Secret;
}

/** The keys to verify signatures with, or why the client accepts no tokens. */
type ClientAccess =
  | { readonly kind: "open"; readonly algorithm: Algorithm; readonly keys: KeySource }
  | { readonly kind: "disabled" }
  | { readonly kind: "unusable"; readonly reason: "not_configured" | "weak_secret"; readonly message: string };

export type OpenAccess = ClientAccess & { readonly kind: "open" };

/**
 * Opens a client, with its sealed secrets, from its row. `access` says if the row is unusable.
 *
 * @param reservedGroups groups that no claim can add a user to
 */
export function openClient(
  row: ClientRow,
  provider: Provider,
  vault: Vault,
  reservedGroups: readonly string[] = [],
): OidcClient {
  const audience = textsOf(parseJson(row.audience));
  return {
    id: row.id,
    identifier: row.identifier,
    clientId: row.client_id,
    audience,
    names: [row.client_id, ...audience],
    acceptsAtHash: row.accept_at_hash === 1,
    asksUserinfo: row.userinfo_claims_source === "userinfo_endpoint",
    mapping: readStoredMapping(row.options, reservedGroups),
    provider,
    providerId: row.provider_id,
    access: row.enabled === 1 ? accessOf(row, audience, provider, vault) : { kind: "disabled" },
    openSecret: () => openSecret(row, vault),
  };
}

function accessOf(row: ClientRow, audience: readonly string[], provider: Provider, vault: Vault): ClientAccess {
  const algorithm = algorithms.get(row.sign_algo);
  if (!algorithm) return unusable("its signature algorithm is not supported");
  if (row.client_id === "" && audience.length === 0) return unusable("it has neither a client id nor an audience");
  // A symmetric algorithm's key is always the client's secret, never a published key.
  if (isSymmetric(algorithm)) return secretAccess(row, algorithm, vault);
  if (row.sign_key !== null) return writtenAccess(row.id, row.sign_key, algorithm, vault);
  if (!provider.keys) return unusable("it has no key to verify signatures with, and its provider publishes none");
  return { kind: "open", algorithm, keys: provider.keys };
}

function secretAccess(row: ClientRow, algorithm: Algorithm, vault: Vault): ClientAccess {
  const secret = openSecret(row, vault).reveal();
  if (secret === "") return unusable("it has no secret to verify signatures with");
  const minBytes = minSecretBytes(algorithm);
  const bytes = Buffer.from(secret);
  if (bytes.length < minBytes) {
    // Anyone with one token could find the secret by brute force, and forge tokens.
    return unusable(`its secret is shorter than the ${minBytes} bytes that ${algorithm.name} requires`, "weak_secret");
  }
  const check = prepareSignatureCheck(createSecretKey(bytes), algorithm);
  return { kind: "open", algorithm, keys: fixedKeys({ checksFor: () => [check] }) };
}

function openSecret(row: ClientRow, vault: Vault): Secret {
  return vault.open(row.client_secret, `oidc_clients/${row.id}/client_secret`);
}

function writtenAccess(id: string, sealed: string, algorithm: Algorithm, vault: Vault): ClientAccess {
  const written = importWrittenKey(vault.open(sealed, `oidc_clients/${id}/sign_key`).reveal());
  if (written.kind === "ignored") return unusable(`its sign key is not valid (${written.reason})`);
  if (!isFor(written.key, algorithm)) return unusable("its sign key is not for its signature algorithm");
  const keys = keySetOf([written.key]);
  // With a single key, the key id does not matter.
  return {
    kind: "open",
    algorithm,
    keys: fixedKeys({ checksFor: (requested) => keys.checksFor(requested, undefined) }),
  };
}

function unusable(message: string, reason: "not_configured" | "weak_secret" = "not_configured"): ClientAccess {
  return { kind: "unusable", reason, message };
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** What verifying a client's signed userinfo response requires. */
export function readerOf({ clientId, provider }: OidcClient, { algorithm, keys }: OpenAccess): UserinfoReader {
  return { clientId, issuer: provider.issuer, algorithm, keys };
}
