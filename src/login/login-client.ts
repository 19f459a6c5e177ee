import type { Database } from "../database/database.js";
import { SetupError } from "../errors.js";
import { type OidcClient, type OpenAccess, openClient } from "../oidc/client.js";
import type { GuardedFetch } from "../oidc/guarded-fetch.js";
import type { FetchFor, Provider } from "../oidc/provider.js";
import type { Secret } from "../secrets/secret.js";
import type { Vault } from "../secrets/vault.js";
import type { LoginEvent, RejectionDetails } from "./event.js";
import { type LoginClientRow, type LoginProvider, type LoginProviders, readClientRow } from "./login-provider.js";
import type { RefusalCode } from "./refusal-codes.js";
import { type ReasonOf, rejectionReasons } from "./rejection-reasons.js";

/** A client as currently configured, with what a login needs. */
export interface LoginClient {
  readonly row: LoginClientRow;
  readonly scopes: readonly string[];
  readonly usesPkce: boolean;
  readonly provider: LoginProvider;
  readonly oidc: OidcClient;
  readonly access: OpenAccess;
  readonly secret: Secret;
  readonly fetch: GuardedFetch;
}

/** Why a login is rejected: the code of the user's page, and a reason for the log. */
export interface LoginRejection extends RejectionDetails {
  readonly kind: "rejected";
  readonly code: RefusalCode;
  readonly reason: string;
}

export type LoadClient = (isThorough: boolean) => Promise<({ readonly kind: "loaded" } & LoginClient) | LoginRejection>;

export interface LoadClientOptions {
  readonly database: Database;
  readonly identifier: string;
  readonly providers: LoginProviders;
  readonly vault: Vault;
  readonly reservedGroups: readonly string[];
  readonly fetchFor: FetchFor;
  readonly report: (event: LoginEvent) => void;
}

/** Reads the client for each login, so that changes apply at once. */
export function createLoadClient(options: LoadClientOptions): LoadClient {
  const { database, identifier, providers, vault, reservedGroups, fetchFor, report } = options;
  const reported = new Set<string>();

  const reportOnce = (event: LoginEvent): void => {
    const text = JSON.stringify(event);
    if (reported.has(text)) return;
    reported.add(text);
    report(event);
  };

  return async (isThorough) => {
    const row = await readClientRow(database, identifier);
    if (!row) return reject("not_configured", "unknown_client", { expected: identifier });
    if (row.enabled !== 1) return reject("client_disabled", "client_disabled");
    return openLogin(row, isThorough, { providers, vault, reservedGroups, fetchFor, reportOnce });
  };
}

type OpenLoginOptions = Omit<LoadClientOptions, "database" | "identifier" | "report"> & {
  readonly reportOnce: (event: LoginEvent) => void;
};

/** Opens a client for a login, from its row, which says that it is enabled. */
export async function openLogin(
  row: LoginClientRow,
  isThorough: boolean,
  { providers, vault, reservedGroups, fetchFor, reportOnce }: OpenLoginOptions,
): ReturnType<LoadClient> {
  const { identifier } = row;
  const provider = await providers.resolve(row, isThorough);
  if (provider.kind !== "known") {
    const { kind, details } = provider;
    return kind === "unavailable"
      ? reject("provider_unavailable", "provider_unavailable", details)
      : reject("not_configured", "client_incomplete", details);
  }
  if (row.client_id === "") return reject("not_configured", "client_incomplete", { found: "no `oidc_rp_client_id`" });
  const opened = openLoginClient(row, provider, vault, reservedGroups);
  if (opened.kind === "unusable") {
    reportOnce({ kind: "client_unusable", client: identifier, message: opened.message });
    return reject("not_configured", opened.reason, { found: opened.message });
  }
  const usesPkce = (row.client_use_pkce ?? row.use_pkce) === 1;
  for (const message of weaknesses(row, provider, usesPkce)) {
    reportOnce({ kind: "weakened", client: identifier, message });
  }
  const fields = opened.oidc.mapping.unknownFields;
  if (fields.length > 0) reportOnce({ kind: "mapping_ignored", client: identifier, fields });
  // `apply` wrote the column: a list of strings.
  const scopes = JSON.parse(row.scopes) as readonly string[];
  return { ...opened, kind: "loaded", row, scopes, usesPkce, provider, fetch: fetchFor(row.ca_file, "token") };
}

type OpenLoginClient =
  | { readonly kind: "opened"; readonly oidc: OidcClient; readonly access: OpenAccess; readonly secret: Secret }
  /** `message` is for an operator. */
  | { readonly kind: "unusable"; readonly reason: "client_unusable" | "weak_secret"; readonly message: string };

/** Opens the client's secrets. */
export function openLoginClient(
  row: LoginClientRow,
  provider: Provider,
  vault: Vault,
  reservedGroups: readonly string[] = [],
): OpenLoginClient {
  try {
    const oidc = openClient(row, provider, vault, reservedGroups);
    const { access } = oidc;
    if (access.kind === "disabled")
      return { kind: "unusable", reason: "client_unusable", message: "the client is disabled" };
    if (access.kind === "unusable") {
      const reason = access.reason === "weak_secret" ? access.reason : "client_unusable";
      return { kind: "unusable", reason, message: access.message };
    }
    return { kind: "opened", oidc, access, secret: oidc.openSecret() };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { kind: "unusable", reason: "client_unusable", message: error.message };
  }
}

function weaknesses(row: LoginClientRow, { lacksS256 }: LoginProvider, usesPkce: boolean): readonly string[] {
  return [
    ...(usesPkce ? [] : ["logins don't use PKCE: write `oidc_use_pkce: true`"]),
    ...(usesPkce && lacksS256 ? ["the provider does not list the PKCE method S256, which logins use"] : []),
    ...(row.use_nonce === 1 ? [] : ["logins don't use a nonce: write `oidc_use_nonce: true`"]),
  ];
}

/** @param details whose `hint`, if any, replaces the reason's */
export function reject<C extends RefusalCode>(
  code: C,
  reason: ReasonOf<C>,
  details?: RejectionDetails,
): LoginRejection {
  const hints: Readonly<Record<string, string>> = rejectionReasons[code];
  return { kind: "rejected", code, reason, hint: hints[reason] ?? "", ...details };
}
