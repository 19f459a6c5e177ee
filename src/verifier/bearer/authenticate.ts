import { setMaxListeners } from "node:events";
import type { Database } from "../../database/database.js";
import type { SignRun } from "../../database/journal-chain.js";
import { createWriter, type DatabaseState, type Writer } from "../../database/live-database.js";
import { andThen, type MaybePromise } from "../../maybe-promise.js";
import { createGuardedFetch, type GuardedFetch } from "../../oidc/guarded-fetch.js";
import { createJwsParser } from "../../oidc/jwt/jws.js";
import { observeFetch } from "../../oidc/request-observer.js";
import { Secret } from "../../secrets/secret.js";
import { digestToken } from "../../secrets/token.js";
import type { Vault } from "../../secrets/vault.js";
import type { BearerOutcome } from "../bearer-outcome.js";
import type { CheckTrace } from "../check-trace.js";
import type { OnBearerEvent } from "../event.js";
import type { LookupCounts, VerifierObserver } from "../observer.js";
import type { RequestContext } from "../verifier.js";
import { readTokenRules, type TokenRuleOptions } from "./access-token.js";
import { createLoader, type Loader } from "./client-snapshot.js";
import type { BearerRequest } from "./provision.js";
import { createVerdictCache, type Verdict, type VerdictCache } from "./verdict.js";
import { type VerifyContext, verifyCredential } from "./verify-credential.js";

/** How bearer credentials are verified: by the clients in the database, as they were last loaded. */
export interface BearerContext extends VerifyContext {
  readonly loader: Loader;
  readonly writer: Writer;
  readonly cacheSize: number;
  /** Undefined where nobody counts. */
  readonly lookups: LookupCounts | undefined;
  readonly stopped: AbortController;
  /** The state of the database that the clients are loaded for. */
  loadedFor: DatabaseState;
  /** What was concluded under the current clients; undefined until they are loaded. */
  cache: VerdictCache | undefined;
  /** Counts reloads. */
  generation: number;
  loading: Promise<VerdictCache> | undefined;
}

const maxAttempts = 3;

/**
 * Verifies a bearer credential and provisions its user (RFC 6750, RFC 8725, RFC 9068); synchronous if the result is cached.
 *
 * @param state the database's current one
 */
export function verifyBearer(
  state: DatabaseState,
  bearer: BearerContext,
  credential: string,
  context: RequestContext | undefined,
): MaybePromise<BearerOutcome> {
  const nowMs = bearer.now();
  reloadIfStale(bearer, state, nowMs);
  const digest = digestToken(new Secret(credential));
  const { cache } = bearer;
  const known = cache?.accepted.get(digest) ?? cache?.rejected.get(digest);
  if (known && nowMs < known.keepUntilMs) {
    if (bearer.lookups) bearer.lookups.hits.count += 1;
    return known.outcome;
  }
  if (bearer.lookups) bearer.lookups.misses.count += 1;
  if (!cache) return loadAndVerify(bearer, { credential, digest, context }, maxAttempts);
  const request = { credential, digest, context };
  resolveProviders(cache);
  return andThen(verifyCredential(bearer, cache, request, nowMs), conclude, bearer, cache, request, maxAttempts);
}

/** Repeats the verification if the configuration changed during it. */
function conclude(
  verdict: Verdict,
  bearer: BearerContext,
  under: VerdictCache,
  request: BearerRequest,
  attempts: number,
): MaybePromise<BearerOutcome> {
  const isOutdated = under !== bearer.cache && attempts > 0 && !bearer.stopped.signal.aborted;
  return isOutdated ? loadAndVerify(bearer, request, attempts - 1) : remember(under, verdict, request);
}

async function loadAndVerify(bearer: BearerContext, request: BearerRequest, attempts: number): Promise<BearerOutcome> {
  if (bearer.stopped.signal.aborted) return { kind: "unavailable", reason: "closed", retryAfterSeconds: 1 };
  const under = bearer.cache ?? (await loadCache(bearer));
  resolveProviders(under);
  return andThen(verifyCredential(bearer, under, request, bearer.now()), conclude, bearer, under, request, attempts);
}

function remember({ accepted, rejected }: VerdictCache, verdict: Verdict, { digest }: BearerRequest): BearerOutcome {
  const { outcome, keepUntilMs } = verdict;
  const isAccepted = outcome.kind === "accepted";
  if (!isAccepted) accepted.delete(digest);
  if (keepUntilMs > 0) (isAccepted ? accepted : rejected).set(digest, verdict);
  return outcome;
}

function reloadIfStale(bearer: BearerContext, state: DatabaseState, nowMs: number): void {
  const retryAtMs = bearer.cache?.configuration.retryAtMs ?? Number.POSITIVE_INFINITY;
  if (state !== bearer.loadedFor || nowMs >= retryAtMs) reload(bearer, state);
}

/**
 * What is known under the clients in this state of the database, which are read again where they are stale. Asks no provider.
 */
export async function currentCache(bearer: BearerContext, state: DatabaseState): Promise<VerdictCache> {
  reloadIfStale(bearer, state, bearer.now());
  return bearer.cache ?? (await loadCache(bearer));
}

/** Fetches missing discovery documents, without waiting for them: a slow provider would delay the users of all others. */
function resolveProviders({ configuration }: VerdictCache): void {
  for (const provider of configuration.pending) void provider.resolve();
}

function loadCache(bearer: BearerContext): Promise<VerdictCache> {
  bearer.loading ??= loadCurrent(bearer).finally(() => {
    bearer.loading = undefined;
  });
  return bearer.loading;
}

async function loadCurrent(bearer: BearerContext): Promise<VerdictCache> {
  for (let attempts = maxAttempts; ; attempts -= 1) {
    const begun = bearer.generation;
    const loaded = createVerdictCache(await bearer.loader.load(), bearer.cacheSize);
    if (begun === bearer.generation) bearer.cache = loaded;
    // If rows keep changing, the last read ones are used.
    if (begun === bearer.generation || attempts === 0) return loaded;
  }
}

/** Drops the clients, whose rows or discovery documents may have changed. */
export function reload(bearer: BearerContext, state: DatabaseState): void {
  bearer.loadedFor = state;
  bearer.generation += 1;
  bearer.cache = undefined;
}

function dropConclusions(bearer: BearerContext): void {
  if (bearer.cache) bearer.cache = createVerdictCache(bearer.cache.configuration, bearer.cacheSize);
}

/** Drops all providers' keys, with the results that depend on them, and fetches them again. Never rejects. */
export function refreshKeys(bearer: BearerContext): Promise<void> {
  const refreshed = bearer.loader.refreshKeys();
  dropConclusions(bearer);
  return refreshed;
}

export async function closeBearer(bearer: BearerContext): Promise<void> {
  bearer.stopped.abort(new Error("the verifier was closed"));
  bearer.cache = undefined;
  await bearer.loading?.catch(() => {});
  await bearer.writer.close();
}

export interface BearerOptions extends TokenRuleOptions {
  /** Only read. The caller closes it. */
  readonly database: Database;
  /** Opens the same database for writing users; called when needed, and closed soon after. */
  readonly openWriter: () => Promise<Database>;
  /** Identifiers of the clients whose tokens are accepted. */
  readonly clients: readonly string[];
  /** Opens client secrets and sign keys; only used where a client needs one. */
  readonly vault: Vault;
  /** Signs what sign-ins change, in the journal. */
  readonly sign: SignRun;
  /** Replaces the guarded fetch for providers' keys, userinfo and discovery. */
  readonly fetch?: GuardedFetch | undefined;
  /** In milliseconds. */
  readonly now: () => number;
  readonly onEvent: OnBearerEvent;
  readonly observer?: VerifierObserver | undefined;
  /** Groups that no claim can add a user to. Defaults to none. */
  readonly reservedGroups?: readonly string[] | undefined;
  /** Whether to create a missing user. Defaults to true. */
  readonly createsUsers?: boolean | undefined;
  readonly trace?: CheckTrace | undefined;
  /** The maximum number of cached tokens, people of a client and answers of a provider, each. Defaults to 10,000. */
  readonly cacheSize?: number | undefined;
}

const timeoutMs = 5000;

/**
 * Loads the clients.
 *
 * @param state the database's current one
 * @throws RangeError for a leeway outside 0 to 300 s, or another invalid rule
 */
export async function createBearer(options: BearerOptions, state: DatabaseState): Promise<BearerContext> {
  const { database, clients, vault, now, sign, onEvent, reservedGroups = [], createsUsers = true } = options;
  const { cacheSize = 10_000 } = options;
  const rules = readTokenRules(options);
  const stopped = new AbortController();
  // Every pending request listens to it.
  setMaxListeners(0, stopped.signal);
  const loader = createLoader({
    database,
    clients,
    vault,
    now,
    onEvent,
    reservedGroups,
    cacheSize,
    rules,
    fetchFor: (caFile, endpoint) => {
      const { fetch = createGuardedFetch({ caFile: caFile ?? undefined, timeoutMs, signal: stopped.signal }) } =
        options;
      return observeFetch(fetch, endpoint, options.observer);
    },
    onKeysRemoved: () => dropConclusions(bearer),
    onResolved: () => reload(bearer, bearer.loadedFor),
  });
  const bearer: BearerContext = {
    database,
    now,
    sign,
    onEvent,
    trace: options.trace,
    createsUsers,
    rules,
    cacheSize,
    lookups: options.observer?.lookups.bearerTokens,
    loader,
    stopped,
    writer: createWriter(options.openWriter),
    parse: createJwsParser(),
    secrets: new WeakMap(),
    loadedFor: state,
    cache: undefined,
    generation: 0,
    loading: undefined,
  };
  resolveProviders(await loadCache(bearer));
  return bearer;
}
