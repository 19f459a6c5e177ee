import { prepareDatabaseStatus } from "../database/database-status.js";
import type { LiveDatabase } from "../database/live-database.js";
import type { KnownProvider } from "../oidc/provider.js";
import { type ClientStatus, providerStatus } from "../oidc/provider-status.js";
import type { VerifierContext } from "./authenticate.js";
import { currentCache } from "./bearer/authenticate.js";
import { type ClientSnapshot, messageOf } from "./bearer/client-snapshot.js";
import type { VerdictCache } from "./bearer/verdict.js";
import type { CacheUsage, VerifierStatus } from "./verifier.js";

interface StatusOptions {
  readonly database: LiveDatabase;
  /** Identifiers of the clients whose bearer tokens are accepted. */
  readonly clients: readonly string[];
  readonly now: () => number;
}

export function createStatus(verifier: VerifierContext, options: StatusOptions): () => Promise<VerifierStatus> {
  const { bearer } = verifier;
  const look = prepareDatabaseStatus(options.database, (state) => currentCache(bearer, state));
  return async () => {
    const { database, read } = await look();
    const cache = read ?? bearer.cache;
    const members = cache?.configuration.members ?? [];
    const providers = [...new Set(members.map(({ provider }) => provider))];
    const nowMs = options.now();
    return {
      isReady: database.isReachable,
      database,
      clients: cache ? options.clients.map((client) => clientStatus(client, cache.configuration)) : [],
      providers: providers.map((provider) => {
        const current = provider.current();
        return providerStatus(issuerOf(provider), current?.keys, provider.health(), nowMs);
      }),
      caches: cachesOf(verifier, cache, providers),
      expiringTokens: expiringOf(verifier.tokens.expiries.ends(nowMs)),
    };
  };
}

function issuerOf(provider: KnownProvider): string {
  return provider.current()?.issuer ?? provider.issuer;
}

function clientStatus(identifier: string, snapshot: ClientSnapshot): ClientStatus {
  const member = snapshot.members.find((one) => one.identifier === identifier);
  if (!member) return { client: identifier, state: "missing" };
  const { client } = member;
  const about = { client: identifier, provider: issuerOf(member.provider) };
  if (!client) return { ...about, state: "pending" };
  const message = messageOf(client, snapshot);
  if (message !== undefined) return { ...about, state: "unusable", message };
  const { access } = client;
  if (access.kind !== "open") return { ...about, state: "disabled" };
  return { ...about, state: "usable", keySource: access.keys.origin };
}

function expiringOf(ends: readonly number[]): VerifierStatus["expiringTokens"] {
  const next = ends.reduce((first, end) => Math.min(first, end), Number.POSITIVE_INFINITY);
  return { count: ends.length, ...(ends.length > 0 && { next: new Date(next).toISOString() }) };
}

function cachesOf(
  { tokens, users, bearer: { cacheSize } }: VerifierContext,
  cache: VerdictCache | undefined,
  providers: readonly KnownProvider[],
): readonly CacheUsage[] {
  const people = [...(cache?.identities.values() ?? [])].map(({ size }) => size());
  const endpoints = providers
    .map((provider) => provider.current())
    .flatMap((found) => [found?.userinfo, found?.introspection]);
  const answers = endpoints.flatMap((endpoint) => endpoint?.cached() ?? []);
  const usage = (name: CacheUsage["name"], sizes: readonly number[]): CacheUsage => ({
    name,
    size: sizes.reduce((sum, size) => sum + size, 0),
    max: cacheSize * sizes.length,
  });
  return [
    usage("tokens", [tokens.known.size()]),
    usage("users", [users.known.size()]),
    usage("accepted_bearer_tokens", [cache?.accepted.size() ?? 0]),
    usage("rejected_bearer_tokens", [cache?.rejected.size() ?? 0]),
    usage("people", people),
    usage("answers", answers),
  ];
}
