import type { Database } from "../database/database.js";
import { SetupError } from "../errors.js";
import { type OidcClient, type OpenAccess, openClient } from "../oidc/client.js";
import type { GuardedFetch } from "../oidc/guarded-fetch.js";
import type { Secret } from "../secrets/secret.js";
import type { Vault } from "../secrets/vault.js";
import type { LoginEvent, RejectionDetails } from "./event.js";
import type { RefusalCode } from "./login.js";
import { type LoginClientRow, type LoginProvider, type LoginProviders, readClientRow } from "./login-provider.js";
import { type ReasonOf, rejectionReasons } from "./rejection-reasons.js";

/** A client as configured now, and what it needs for a login. */
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

/** Why a login fails: the page for the user, and a reason for the log. */
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
  readonly fetchFor: (caFile: string | null) => GuardedFetch;
  readonly report: (event: LoginEvent) => void;
}

/** Creates the function that reads the client again for each login, so that a change counts at once. */
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
    // The client's schema wrote the column: a list of texts.
    const scopes = JSON.parse(row.scopes) as readonly string[];
    return { ...opened, kind: "loaded", row, scopes, usesPkce, provider, fetch: fetchFor(row.ca_file) };
  };
}

type OpenLoginClient =
  | { readonly kind: "opened"; readonly oidc: OidcClient; readonly access: OpenAccess; readonly secret: Secret }
  /** `message` is for an operator. */
  | { readonly kind: "unusable"; readonly reason: "client_unusable" | "weak_secret"; readonly message: string };

/** The client with its secrets opened. */
function openLoginClient(
  row: LoginClientRow,
  provider: LoginProvider,
  vault: Vault,
  reservedGroups: readonly string[],
): OpenLoginClient {
  try {
    const oidc = openClient(row, provider, vault, reservedGroups);
    const { access } = oidc;
    if (access.kind === "disabled") return { kind: "unusable", reason: "client_unusable", message: "it is disabled" };
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
    ...(usesPkce ? [] : ["logins do without PKCE: write `oidc_use_pkce: true`"]),
    ...(usesPkce && lacksS256 ? ["the provider does not say that it knows S256, which PKCE needs"] : []),
    ...(row.use_nonce === 1 ? [] : ["logins do without a nonce: write `oidc_use_nonce: true`"]),
  ];
}

/** @param details a hint among them replaces the reason's own */
export function reject<C extends RefusalCode>(
  code: C,
  reason: ReasonOf<C>,
  details?: RejectionDetails,
): LoginRejection {
  const hints: Readonly<Record<string, string>> = rejectionReasons[code];
  return { kind: "rejected", code, reason, hint: hints[reason] ?? "", ...details };
}
