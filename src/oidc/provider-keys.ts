import { createBackOff } from "./back-off.js";
import type { OnProviderEvent } from "./event.js";
import { quoteForeign } from "./foreign-text.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import { parseJsonObject } from "./jwt/json-object.js";
import { type KeySet, readKeySet } from "./jwt/key-set.js";
import type { KeySource } from "./key-source.js";
import { boundedSeconds, fetchDocument, type RemoteAnswer } from "./remote-document.js";

type FetchedAnswer = RemoteAnswer & { readonly kind: "answer" };

export interface ProviderKeysOptions {
  readonly url: string;
  readonly fetch: GuardedFetch;
  /** In milliseconds. */
  readonly now: () => number;
  readonly onEvent: OnProviderEvent;
  /** Called when a key that was there is gone: whatever it signed is not to be believed any more. */
  readonly onRemoved: () => void;
}

const cooldownMs = 30_000;
const longestOutageMs = 24 * 3_600_000;
// Where the answer does not say how long it may be kept, or that it may not: asking for each request would be too much.
const usualLifeSeconds = 300;
const longestLifeSeconds = 3600;
const longestAllowed = Number.POSITIVE_INFINITY;
// Before they are too old to use without waiting, keys are fetched while requests go on.
const aheadShare = 0.1;

interface Fetched {
  readonly keys: KeySet;
  /** What they are called, for a log. */
  readonly names: string;
  readonly atMs: number;
  readonly staleAtMs: number;
}

/**
 * A provider's published keys: fetched when first needed, when they are older than their answer allowed, and, once a cooldown, when
 * a token names one that is not among them. While the provider can't be reached, the last ones serve for a day.
 */
export function createProviderKeys({ url, fetch, now, onEvent, onRemoved }: ProviderKeysOptions): KeySource {
  const backOff = createBackOff();
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
    // It may have been given before the key was disabled that somebody wants gone.
    if (begun !== refreshes) return join();
    const nowMs = now();
    const result = readAnswer(answer);
    if (typeof result === "string") {
      // From here on the back-off alone says when to ask.
      cooldownUntilMs = 0;
      onEvent({ kind: "provider_failed", url, message: result, retryAfterMs: backOff.failed(nowMs) });
      return false;
    }
    backOff.succeeded();
    const { keys, lifeSeconds } = result;
    const isRemoved = [...(fetched?.keys.fingerprints ?? [])].some((print) => !keys.fingerprints.has(print));
    const names = quoteForeign(keys.kids.join(", ") || "keys without names");
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
  const isTooOld = (nowMs: number) => fetched === undefined || nowMs - fetched.atMs > longestOutageMs;

  return {
    names: () => fetched?.names ?? "nothing",
    checksFor: (algorithm, kid) => fetched?.keys.checksFor(algorithm, kid) ?? [],
    prepare: (nowMs) => {
      if (fetched === undefined || isTooOld(nowMs)) {
        fetched = undefined;
        return backOff.isOver(nowMs) ? join() : flight;
      }
      const { atMs, staleAtMs } = fetched;
      if (nowMs < staleAtMs - (staleAtMs - atMs) * aheadShare || !backOff.isOver(nowMs)) return undefined;
      const refreshed = join();
      return nowMs < staleAtMs ? undefined : refreshed;
    },
    lookAgain: (nowMs) => {
      if (flight) return flight;
      if (!backOff.isOver(nowMs) || nowMs < cooldownUntilMs) return undefined;
      cooldownUntilMs = nowMs + cooldownMs;
      return join();
    },
    noteUnknown: (nowMs) => {
      cooldownUntilMs = nowMs + cooldownMs;
    },
    unavailableUntilMs: (nowMs) => (backOff.isOver(nowMs) && !isTooOld(nowMs) ? undefined : backOff.retryAtMs()),
    reliableUntilMs: () => Math.max(fetched?.staleAtMs ?? 0, backOff.retryAtMs()),
    refresh: async () => {
      refreshes += 1;
      fetched = undefined;
      flight = undefined;
      cooldownUntilMs = 0;
      backOff.succeeded();
      await join();
    },
  };
}

function readAnswer(answer: RemoteAnswer): { readonly keys: KeySet; readonly lifeSeconds: number } | string {
  if (answer.kind === "failed") return answer.message;
  if (answer.status !== 200) return `the provider's keys: it answered with status ${answer.status}`;
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(answer.contentType))
    return `the provider's keys are not of a JSON type (${quoteForeign(answer.contentType || undefined, 60)})`;
  const keys = readKeySet(parseJsonObject(answer.body));
  if (!keys) return "the provider's answer is not a set of at most 100 keys";
  return { keys, lifeSeconds: lifeOf(answer) };
}

/** How long an answer may be kept (RFC 9111 §5.2.2), less what a cache on the way has used up of it already. */
function lifeOf({ header }: FetchedAnswer): number {
  const directives = header("cache-control") ?? "";
  const allowed = boundedSeconds(/(?:^|[\s,])max-age="?(\d+)/i.exec(directives)?.[1], 0, longestAllowed) ?? 0;
  if (allowed === 0) return usualLifeSeconds;
  const used = boundedSeconds(header("age"), 0, longestAllowed) ?? 0;
  const isUnkept = /(?:^|[\s,])no-(?:cache|store)(?:$|[\s,])/i.test(directives);
  return Math.max(1, Math.min(allowed - used, isUnkept ? usualLifeSeconds : longestLifeSeconds));
}
