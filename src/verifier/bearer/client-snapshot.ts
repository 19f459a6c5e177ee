import type { Database } from "../../database/database.js";
import { SetupError } from "../../errors.js";
import { type ClientRow, createClient, type OidcClient } from "../../oidc/client.js";
import { createProvider, type KnownProvider, type Provider, type ProviderOptions } from "../../oidc/provider.js";
import type { Vault } from "../../secrets/vault.js";
import type { OnBearerEvent } from "../own-event.js";
import { type BearerConfiguration, configure, messageOf, providerKey, readRows } from "./configuration.js";
import type { TokenRules } from "./token-rules.js";

export interface LoadOptions extends Omit<ProviderOptions, "onEvent"> {
  readonly onEvent: OnBearerEvent;
  readonly database: Database;
  /** Identifiers of the clients whose tokens are accepted. */
  readonly clients: readonly string[];
  readonly vault: Vault;
  /** Groups that no claim may give. */
  readonly reservedGroups: readonly string[];
  readonly rules: TokenRules;
}

/** What it learned of the providers outlives a change of the rows. */
export interface Loader {
  /** Reads the configuration. Waits for no provider: a slow one would delay the users of all others. */
  readonly load: () => Promise<BearerConfiguration>;
  /** Forgets the keys of all providers and fetches them anew. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
}

export function createLoader(options: LoadOptions): Loader {
  let known: ReadonlyMap<string, KnownProvider> = new Map();
  const told = new Map<string, string | undefined>();

  const load = async (): Promise<BearerConfiguration> => {
    const { revision, rows } = await readRows(options.database, options.clients);
    const providers = new Map(
      rows.map((row) => {
        const key = providerKey(row);
        return [key, known.get(key) ?? createProvider(row, options)] as const;
      }),
    );
    known = providers;
    for (const provider of providers.values()) void provider.resolve(options.now());
    const clients = rows.flatMap((row) => {
      const provider = providers.get(providerKey(row))?.current();
      return provider ? openClient(row, provider, options) : [];
    });
    const pending = rows.flatMap((row) => {
      const provider = providers.get(providerKey(row));
      return provider && !provider.current() ? provider : [];
    });
    const configuration = configure(revision, clients, pending, options.rules);
    for (const client of clients) tell(client, configuration);
    return configuration;
  };

  return {
    load,
    refreshKeys: async () => {
      await Promise.all([...known.values()].map((provider) => provider.refreshKeys()));
    },
  };

  function tell(client: OidcClient, configuration: BearerConfiguration): void {
    const { identifier, rules } = client;
    const message = messageOf(client, configuration);
    // Once, and not with each change of a row.
    if (told.has(identifier) && told.get(identifier) === message) return;
    told.set(identifier, message);
    if (message !== undefined) options.onEvent({ kind: "client_unusable", client: identifier, message });
    const fields = rules.unknownFields;
    if (fields.length > 0) options.onEvent({ kind: "mapping_ignored", client: identifier, fields });
  }
}

function openClient(row: ClientRow, provider: Provider, { vault, reservedGroups }: LoadOptions): OidcClient {
  try {
    return createClient(row, provider, vault, reservedGroups);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const closed = createClient({ ...row, enabled: 0 }, provider, vault);
    return { ...closed, access: { kind: "unusable", reason: "not_configured", message: error.message } };
  }
}
