import type { MaybePromise } from "../maybe-promise.js";
import { type CallFailure, createCircuitBreaker } from "../retry.js";
import type { OnProviderEvent } from "./event.js";
import { quoteForeign } from "./foreign-text.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import type { Algorithm } from "./jwt/algorithm.js";
import { parseJsonObject } from "./jwt/json-object.js";
import type { CompactJws, SignatureCheck } from "./jwt/jws.js";
import { type KeySet, readKeySet } from "./jwt/key-set.js";
import { boundedSeconds, fetchDocument, type RemoteAnswer, secondsUntil } from "./remote-document.js";

type FetchedAnswer = RemoteAnswer & { readonly kind: "answer" };

interface ProviderKeysOptions {
  readonly url: string;
  readonly fetch: GuardedFetch;
  /** In milliseconds. */
  readonly now: () => number;
  readonly onEvent: OnProviderEvent;
  /** Called when the provider has removed a key, whose signatures are no longer valid. */
  readonly onRemoved: () => void;
}

const cooldownMs = 30_000;
const maxOutageMs = 24 * 3_600_000;
// For a response without a lifetime, or that forbids caching, since a fetch for each request would be too much.
const usualLifeSeconds = 300;
const maxLifeSeconds = 3600;
const maxAllowed = Number.POSITIVE_INFINITY;
// In the last part of their life, keys are fetched in the background, so that requests don't wait.
const aheadShare = 0.1;

interface Fetched {
  readonly keys: KeySet;
  /** Their ids, for a log. */
  readonly names: string;
  readonly atMs: number;
  readonly staleAtMs: number;
}

/**
 * A provider's published keys. Fetched when first needed, when their response has expired, and, once per cooldown, for a token with
 * an unknown key. While the provider is unreachable, the last keys stay in use for a day.
 */
export function createProviderKeys({ url, fetch, now, onEvent, onRemoved }: ProviderKeysOptions): ProviderKeys {
  const breaker = createCircuitBreaker();
  let fetched: Fetched | undefined;
  let flight: Promise<boolean> | undefined;
  let cooldownUntilMs = 0;
  let refreshes = 0;

  const fetchOnce = async (): Promise<boolean> => {
    const isFirst = fetched === undefined;
    const begun = refreshes;
    const answer = await fetchDocument(fetch, url, {
      headers: { accept: "application/jwk-set+json, application/json" },
    });
    // A refresh began during this request, whose response may still have the key that the refresh should remove.
    if (begun !== refreshes) return join();
    const nowMs = now();
    const result = readAnswer(answer);
    if (result.kind === "failed") {
      // From here on, only the breaker decides when to ask.
      cooldownUntilMs = 0;
      const retryAfterMs = breaker.failed(nowMs, result.message);
      onEvent({ kind: "provider_failed", endpoint: "keys", url, message: result.message, retryAfterMs });
      return false;
    }
    breaker.succeeded();
    const { keys, lifeSeconds } = result;
    const isRemoved = [...(fetched?.keys.fingerprints ?? [])].some((print) => !keys.fingerprints.has(print));
    const names = quoteForeign(keys.kids.join(", ") || "keys without ids");
    fetched = { keys, names, atMs: nowMs, staleAtMs: nowMs + lifeSeconds * 1000 };
    if (isRemoved) onRemoved();
    onEvent({ kind: "keys_fetched", url, keys: keys.fingerprints.size, ignored: keys.ignored });
    return isFirst;
  };
  const join = (): Promise<boolean> => {
    if (flight) return flight;
    const own = fetchOnce().finally(() => {
      if (flight === own) flight = undefined;
    });
    flight = own;
    return own;
  };
  const isTooOld = (nowMs: number) => fetched === undefined || nowMs - fetched.atMs > maxOutageMs;

  return {
    origin: "fetched",
    fetched: (nowMs) =>
      fetched && !isTooOld(nowMs) ? { count: fetched.keys.fingerprints.size, atMs: fetched.atMs } : undefined,
    lastFailure: breaker.lastFailure,
    retryAtMs: breaker.retryAtMs,
    names: () => fetched?.names ?? "nothing",
    checksFor: (algorithm, kid) => fetched?.keys.checksFor(algorithm, kid) ?? [],
    prepare: (nowMs) => {
      if (fetched === undefined || isTooOld(nowMs)) {
        fetched = undefined;
        return breaker.isClosed(nowMs) ? join() : flight;
      }
      const { atMs, staleAtMs } = fetched;
      if (nowMs < staleAtMs - (staleAtMs - atMs) * aheadShare || !breaker.isClosed(nowMs)) return undefined;
      const refreshed = join();
      return nowMs < staleAtMs ? undefined : refreshed;
    },
    lookAgain: (nowMs) => {
      if (flight) return flight;
      if (!breaker.isClosed(nowMs) || nowMs < cooldownUntilMs) return undefined;
      cooldownUntilMs = nowMs + cooldownMs;
      return join();
    },
    noteUnknown: (nowMs) => {
      cooldownUntilMs = nowMs + cooldownMs;
    },
    unavailableUntilMs: (nowMs) => (breaker.isClosed(nowMs) && !isTooOld(nowMs) ? undefined : breaker.retryAtMs()),
    reliableUntilMs: () => Math.max(fetched?.staleAtMs ?? 0, breaker.retryAtMs()),
    refresh: async () => {
      refreshes += 1;
      fetched = undefined;
      flight = undefined;
      cooldownUntilMs = 0;
      breaker.succeeded();
      await join();
    },
  };
}

type KeysAnswer =
  | { readonly kind: "keys"; readonly keys: KeySet; readonly lifeSeconds: number }
  | { readonly kind: "failed"; readonly message: string };

function readAnswer(answer: RemoteAnswer): KeysAnswer {
  if (answer.kind === "failed") return failed(answer.message);
  if (answer.status !== 200) return failed(`the request for the provider's keys got status ${answer.status}`);
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(answer.contentType))
    return failed(`the provider's keys are not JSON (${quoteForeign(answer.contentType || undefined, 60)})`);
  const keys = readKeySet(parseJsonObject(answer.body));
  if (!keys) return failed("the provider's response is not a set of at most 100 keys");
  return { kind: "keys", keys, lifeSeconds: lifeOf(answer) };
}

function failed(message: string): KeysAnswer {
  return { kind: "failed", message };
}

/** How long a response may be cached (RFC 9111 §5.2.2), less its age in other caches. */
function lifeOf({ header }: FetchedAnswer): number {
  const directives = header("cache-control") ?? "";
  const allowed = boundedSeconds(/(?:^|[\s,])max-age="?(\d+)/i.exec(directives)?.[1], 0, maxAllowed) ?? 0;
  if (allowed === 0) return usualLifeSeconds;
  const used = boundedSeconds(header("age"), 0, maxAllowed) ?? 0;
  const isUnkept = /(?:^|[\s,])no-(?:cache|store)(?:$|[\s,])/i.test(directives);
  return Math.max(1, Math.min(allowed - used, isUnkept ? usualLifeSeconds : maxLifeSeconds));
}

/** Where a client's keys come from. Times are in milliseconds. */
export interface KeySource {
  readonly origin: "fetched" | "configured";
  /** The checks for a token, by the currently known keys. */
  readonly checksFor: (algorithm: Algorithm, kid: string | undefined) => readonly SignatureCheck[];
  /** The ids of the currently known keys, for a log. */
  readonly names: () => string;
  /** A promise if keys must be fetched first; resolves to true if these are the first, and never rejects. */
  readonly prepare: (nowMs: number) => Promise<boolean> | undefined;
  /** A promise if the keys are fetched for a token with an unknown key; never rejects. */
  readonly lookAgain: (nowMs: number) => Promise<unknown> | undefined;
  /** Call if the first keys lack a token's key: that fetch counts as the one for the unknown key. */
  readonly noteUnknown: (nowMs: number) => void;
  /** When an unknown key may become known, while the provider is unavailable; undefined while it is available. */
  readonly unavailableUntilMs: (nowMs: number) => number | undefined;
  /** Until when a result of these keys stays valid. */
  readonly reliableUntilMs: () => number;
  /** Drops the fetched keys, even if they can't be fetched again, since one may be disabled. Never rejects. */
  readonly refresh: () => Promise<void>;
}

/** The keys that a provider publishes. */
export interface ProviderKeys extends KeySource {
  /** Undefined while there are none that a signature may be checked with. */
  readonly fetched: (nowMs: number) => { readonly count: number; readonly atMs: number } | undefined;
  readonly lastFailure: () => CallFailure | undefined;
  readonly retryAtMs: () => number;
}

/** The keys in a client's configuration. */
export function fixedKeys(keys: Pick<KeySet, "checksFor">): KeySource {
  return {
    origin: "configured",
    checksFor: keys.checksFor,
    names: () => "the configured key",
    prepare: () => undefined,
    lookAgain: () => undefined,
    noteUnknown: () => {},
    unavailableUntilMs: () => undefined,
    reliableUntilMs: () => Number.POSITIVE_INFINITY,
    refresh: () => Promise.resolve(),
  };
}

export type SignatureResult =
  | { readonly kind: "valid" }
  | { readonly kind: "rejected"; readonly reason: "bad_signature" | "unknown_key" }
  | { readonly kind: "unavailable"; readonly reason: "keys_unavailable"; readonly retryAfterSeconds: number };

const valid: SignatureResult = { kind: "valid" };
const badSignature: SignatureResult = { kind: "rejected", reason: "bad_signature" };
/** Never cached, since the next fetch may return the key. */
export const unknownKey = { kind: "rejected", reason: "unknown_key" } as const satisfies SignatureResult;

/** Verifies a signature with the known keys, and fetches keys if that may help. Never rejects. */
export function checkSignature(
  jws: CompactJws,
  algorithm: Algorithm,
  source: KeySource,
  now: () => number,
): MaybePromise<SignatureResult> {
  const keysToCome = source.prepare(now());
  if (keysToCome === undefined) {
    const result = tryKeys(jws, algorithm, source);
    // The usual result.
    return result === valid ? valid : lookAgain(result, jws, algorithm, source, now, 2);
  }
  return keysToCome.then((areFirst) => {
    const result = tryKeys(jws, algorithm, source);
    if (areFirst && result === unknownKey) source.noteUnknown(now());
    return lookAgain(result, jws, algorithm, source, now, 2);
  });
}

function lookAgain(
  result: SignatureResult,
  jws: CompactJws,
  algorithm: Algorithm,
  source: KeySource,
  now: () => number,
  times: number,
): MaybePromise<SignatureResult> {
  // Without a `kid`, a signature that does not match may be by a new key.
  const isSettled = result === valid || (result === badSignature && jws.header.kid !== undefined);
  const again = isSettled || times === 0 ? undefined : source.lookAgain(now());
  // Twice, since a fetch that was already under way may have started before the key was published.
  return again
    ? again.then(() => lookAgain(tryKeys(jws, algorithm, source), jws, algorithm, source, now, times - 1))
    : settle(result, source, now());
}

function tryKeys({ header, signed, signature }: CompactJws, algorithm: Algorithm, source: KeySource): SignatureResult {
  const checks = source.checksFor(algorithm, header.kid);
  if (checks.length === 0) return unknownKey;
  for (const check of checks) if (check(signed, signature)) return valid;
  return badSignature;
}

/** While the provider is unavailable, an unknown key may still be valid. */
function settle(result: SignatureResult, source: KeySource, nowMs: number): SignatureResult {
  const untilMs = result === unknownKey ? source.unavailableUntilMs(nowMs) : undefined;
  if (untilMs === undefined) return result;
  return { kind: "unavailable", reason: "keys_unavailable", retryAfterSeconds: secondsUntil(untilMs, nowMs) };
}
