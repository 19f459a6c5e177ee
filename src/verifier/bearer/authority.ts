import { setMaxListeners } from "node:events";
import type { Database } from "../../database/database.js";
import { createWriter } from "../../database/live-database.js";
import type { MaybePromise } from "../../maybe-promise.js";
import { createGuardedFetch, type GuardedFetch } from "../../oidc/guarded-fetch.js";
import { Secret } from "../../secrets/secret.js";
import { digestToken } from "../../secrets/token.js";
import type { Vault } from "../../secrets/vault.js";
import type { BearerAuthority, BearerOutcome } from "../bearer-authority.js";
import type { OnBearerEvent } from "../event.js";
import { readTokenRules, type TokenRuleOptions } from "./access-token.js";
import { createLoader } from "./client-snapshot.js";
import { createVerifyOpaqueToken } from "./opaque-token.js";
import { type BearerRequest, createAskUserinfo, createProvisionFromClaims } from "./provision.js";
import { createVerdictCache, type Verdict, type VerdictCache } from "./verdict.js";
import { createVerifyCredential } from "./verify-credential.js";

export interface BearerAuthorityOptions extends TokenRuleOptions {
  /** Only read. The caller closes it. */
  readonly database: Database;
  /** Opens the same database for writing users; called when needed, and closed soon after. */
  readonly openWriter: () => Promise<Database>;
  /** Identifiers of the clients whose tokens are accepted. */
  readonly clients: readonly string[];
  /** Opens client secrets and sign keys; only used where a client needs one. */
  readonly vault: Vault;
  /** Replaces the guarded fetch for providers' keys, userinfo and discovery. */
  readonly fetch?: GuardedFetch | undefined;
  /** In milliseconds. */
  readonly now: () => number;
  readonly onEvent: OnBearerEvent;
  /** Groups that no claim can add a user to. Defaults to none. */
  readonly reservedGroups?: readonly string[] | undefined;
  /** Whether to create a missing user. Defaults to true. */
  readonly createsUsers?: boolean | undefined;
  /** The maximum number of cached tokens, people of a client and answers of a provider, each. Defaults to 10,000. */
  readonly cacheSize?: number | undefined;
}

const timeoutMs = 5000;
const maxAttempts = 3;

/**
 * Authenticates bearer tokens by the configuration in the database (RFC 6750, RFC 8725, RFC 9068).
 *
 * @throws RangeError for a leeway outside 0 to 300 s, or another invalid rule
 */
export async function createBearerAuthority(options: BearerAuthorityOptions): Promise<BearerAuthority> {
  const { database, clients, vault, now, onEvent, reservedGroups = [], createsUsers = true } = options;
  const { cacheSize = 10_000 } = options;
  const rules = readTokenRules(options);
  const stopped = new AbortController();
  // Every pending request listens to it.
  setMaxListeners(0, stopped.signal);
  const writer = createWriter(options.openWriter);
  let cache: VerdictCache | undefined;
  let generation = 0;
  let loading: Promise<VerdictCache> | undefined;

  const loader = createLoader({
    ...{ database, clients, vault, now, onEvent, reservedGroups, cacheSize, rules },
    fetchFor: (caFile) =>
      options.fetch ?? createGuardedFetch({ caFile: caFile ?? undefined, timeoutMs, signal: stopped.signal }),
    onKeysRemoved: () => dropConclusions(),
    onResolved: () => reload(),
  });
  const provisionFromClaims = createProvisionFromClaims({ database, writer, now, onEvent, createsUsers });
  const askUserinfo = createAskUserinfo(provisionFromClaims, now);
  const verifyOpaqueToken = createVerifyOpaqueToken({
    database,
    provisionFromClaims,
    askUserinfo,
    onEvent,
    now,
    rules,
  });
  const verifyCredential = createVerifyCredential({ provisionFromClaims, askUserinfo, verifyOpaqueToken, now, rules });

  const dropConclusions = (): void => {
    if (cache) cache = createVerdictCache(cache.configuration, cacheSize);
  };

  const reload = (): void => {
    generation += 1;
    cache = undefined;
  };

  const authenticate: BearerAuthority["authenticate"] = (credential, nowMs, context) => {
    const digest = digestToken(new Secret(credential));
    if (!cache) return attempt({ credential, digest, context }, maxAttempts);
    const known = cache.accepted.get(digest) ?? cache.rejected.get(digest);
    if (known && nowMs < known.keepUntilMs) return known.outcome;
    const request = { credential, digest, context };
    return conclude(cache, verifyCredential(cache, request, nowMs), request, maxAttempts);
  };

  /** Repeats the verification if the configuration changed during it. */
  const conclude = (
    under: VerdictCache,
    verdict: MaybePromise<Verdict>,
    request: BearerRequest,
    attempts: number,
  ): MaybePromise<BearerOutcome> => {
    if (!(verdict instanceof Promise)) return remember(under, verdict, request);
    return verdict.then((found) => {
      const isOutdated = under !== cache && attempts > 0 && !stopped.signal.aborted;
      return isOutdated ? attempt(request, attempts - 1) : remember(under, found, request);
    });
  };

  const attempt = async (request: BearerRequest, attempts: number): Promise<BearerOutcome> => {
    if (stopped.signal.aborted) return { kind: "unavailable", reason: "closed", retryAfterSeconds: 1 };
    const under = cache ?? (await loadCache());
    return conclude(under, verifyCredential(under, request, now()), request, attempts);
  };

  const loadCache = (): Promise<VerdictCache> => {
    loading ??= loadCurrent().finally(() => {
      loading = undefined;
    });
    return loading;
  };

  const loadCurrent = async (): Promise<VerdictCache> => {
    for (let attempts = maxAttempts; ; attempts -= 1) {
      const begun = generation;
      const loaded = createVerdictCache(await loader.load(), cacheSize);
      if (begun === generation) cache = loaded;
      // If rows keep changing, the last read ones are used.
      if (begun === generation || attempts === 0) return loaded;
    }
  };

  await loadCache();
  return {
    authenticate,
    reload,
    refreshKeys: () => {
      const refreshed = loader.refreshKeys();
      dropConclusions();
      return refreshed;
    },
    close: async () => {
      stopped.abort(new Error("the verifier was closed"));
      cache = undefined;
      await loading?.catch(() => {});
      await writer.close();
    },
  };
}

function remember({ accepted, rejected }: VerdictCache, verdict: Verdict, { digest }: BearerRequest): BearerOutcome {
  const { outcome, keepUntilMs } = verdict;
  const isAccepted = outcome.kind === "accepted";
  if (!isAccepted) accepted.delete(digest);
  if (keepUntilMs > 0) (isAccepted ? accepted : rejected).set(digest, verdict);
  return outcome;
}
