import type { Database } from "../database/database.js";
import type { CurrentResource } from "../plan/kind.js";
import type { KindShape } from "../plan/kind-shape.js";
import type { Attributes, Resource } from "../plan/resource.js";
import { oidcClient, oidcProvider } from "../resources/kinds.js";
import type { ClientEntry, Entry, ProviderEntry } from "../resources/provider-lacks.js";
import { coreKinds } from "../resources/registry.js";
import { Secret } from "../secrets/secret.js";
import { openVault, type Vault } from "../secrets/vault.js";

/** A provider with its clients: as they are or, where files declare them, as they would be. */
export interface OpenIdEntries {
  readonly provider: ProviderEntry;
  readonly clients: readonly OpenIdClient[];
}

export interface OpenIdClient {
  readonly entry: ClientEntry;
  /**
   * The only URL that its secret may be sent to, where the secret is the database's and the provider a file's: that of the
   * database. Who may write a file must not learn a secret by naming another server. Null for nowhere, undefined for any.
   */
  readonly secretGoesTo: string | null | undefined;
}

interface Sources {
  readonly database: Database | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the files declare. */
  readonly desired: readonly Resource[];
}

/** The providers of the database and of the files, in the order of their identifiers. */
export async function readOpenIdEntries({ database, env, desired }: Sources): Promise<readonly OpenIdEntries[]> {
  const providerRows = await readRows(database, env, oidcProvider);
  const clientRows = await readRows(database, env, oidcClient);
  const providers = merge(providerRows, oidcProvider.resourcesOf(desired), leftToDiscovery);
  const clients = merge(clientRows, oidcClient.resourcesOf(desired), () => []);
  return providers.map(({ entry: provider, row, given }) => ({
    provider,
    clients: clients
      .filter(({ entry }) => entry.attributes.provider === provider.key)
      .map((client) => {
        const isOfDatabase = !client.given.includes("client_secret") && given.length > 0;
        const stored = row?.attributes.token_endpoint;
        return {
          entry: client.entry,
          secretGoesTo: isOfDatabase ? (typeof stored === "string" ? stored : null) : undefined,
        };
      }),
  }));
}

const discovered = [
  "issuer",
  "authorization_endpoint",
  "token_endpoint",
  "userinfo_endpoint",
  "introspection_endpoint",
  "jwks_endpoint",
  "logout_endpoint",
] as const;

/** What `apply` would look up again: what is stored may come from an earlier discovery document. */
function leftToDiscovery({ discovery_endpoint: discovery }: Attributes): readonly string[] {
  return typeof discovery === "string" ? discovered : [];
}

interface Merged<A extends Attributes> {
  readonly entry: Entry<A>;
  readonly row: CurrentResource<A> | undefined;
  /** The attributes that a file gives. */
  readonly given: readonly string[];
}

/** @param notKept the stored attributes that an entry of a file does not keep, by all its attributes */
function merge<A extends Attributes>(
  rows: readonly CurrentResource<A>[],
  desired: readonly Resource<A>[],
  notKept: (attributes: Attributes) => readonly string[],
): readonly Merged<A>[] {
  const merged = new Map<string, Merged<A>>();
  // What a column decodes is the value of the attribute with its name.
  const entryOf = ({ key, attributes }: CurrentResource<A>) => ({ key, attributes }) as Entry<A>;
  for (const row of rows) merged.set(row.key, { entry: entryOf(row), row, given: [] });
  for (const { key, renamedFrom = key, present, ignored = [], attributes, range, rangeIn } of desired) {
    const row = rows.find((each) => each.key === key) ?? rows.find((each) => each.key === renamedFrom);
    merged.delete(row?.key ?? key);
    if (!present) continue;
    const given = Object.keys(attributes).filter(
      (name) => attributes[name] !== undefined && !(row && ignored.includes(name)),
    );
    const all: Record<string, unknown> = { ...row?.attributes };
    for (const name of given) all[name] = attributes[name];
    for (const name of notKept(all as Attributes)) if (!given.includes(name)) delete all[name];
    merged.set(key, {
      entry: { key, attributes: all as Entry<A>["attributes"], range, ...(rangeIn && { rangeIn }) },
      row,
      given,
    });
  }
  return [...merged.values()].sort((one, other) => (one.entry.key < other.entry.key ? -1 : 1));
}

async function readRows<A extends Attributes>(
  database: Database | undefined,
  env: Sources["env"],
  { name }: KindShape<A>,
): Promise<readonly CurrentResource<A>[]> {
  if (!database) return [];
  const vault = withoutUnreadable(openVault({ env, keyFile: database.keyFile }));
  const kind = coreKinds.find((each) => each.name === name);
  // The kind of this name has this shape.
  return ((await kind?.read({ db: database.kysely, vault })) ?? []) as readonly CurrentResource<A>[];
}

/** Opens what it can: the check of the key says what can't be opened. */
function withoutUnreadable(vault: Vault): Vault {
  return {
    ...vault,
    open: (sealed, purpose) => {
      try {
        return vault.open(sealed, purpose);
      } catch {
        return new Secret("");
      }
    },
  };
}
