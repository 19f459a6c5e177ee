import { prepareDatabaseStatus } from "../database/database-status.js";
import type { LiveDatabase } from "../database/live-database.js";
import { type ClientStatus, providerStatus } from "../oidc/provider-status.js";
import type { Vault } from "../secrets/vault.js";
import type { LoginStatus } from "./login.js";
import { openLoginClient } from "./login-client.js";
import { type LoginClientRow, type LoginProviders, readClientRow } from "./login-provider.js";

interface StatusOptions {
  readonly database: LiveDatabase;
  /** The client's identifier. */
  readonly identifier: string;
  readonly providers: LoginProviders;
  readonly vault: Vault;
  readonly now: () => number;
}

export function createLoginStatus(options: StatusOptions): () => Promise<LoginStatus> {
  const { identifier, providers, now } = options;
  const look = prepareDatabaseStatus(options.database, async () => ({
    row: await readClientRow(options.database, identifier),
  }));
  return async () => {
    const { database, read } = await look();
    const row = read?.row;
    const known = row && providers.known(row);
    return {
      isReady: database.isReachable,
      database,
      ...(read && { client: row ? clientStatus(row, options) : { client: identifier, state: "missing" } }),
      ...(row &&
        known && { provider: providerStatus(issuerOf(row, options), known.provider?.keys, known.health, now()) }),
    };
  };
}

function issuerOf(row: LoginClientRow, { providers }: StatusOptions): string {
  return providers.known(row)?.provider?.issuer ?? row.issuer ?? row.discovery_endpoint ?? "any issuer";
}

function clientStatus(row: LoginClientRow, options: StatusOptions): ClientStatus {
  const about = { client: row.identifier, provider: issuerOf(row, options) };
  if (row.enabled !== 1) return { ...about, state: "disabled" };
  const provider = options.providers.known(row)?.provider;
  if (!provider) return { ...about, state: "pending" };
  const opened = openLoginClient(row, provider, options.vault);
  if (opened.kind === "unusable") return { ...about, state: "unusable", message: opened.message };
  return { ...about, state: "usable", keySource: opened.access.keys.origin };
}
