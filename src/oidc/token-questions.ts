import { createLruCache } from "../lru-cache.js";
import type { MaybePromise } from "../maybe-promise.js";
import { type CallFailure, createCircuitBreaker } from "../retry.js";
import type { OnProviderEvent } from "./event.js";
import type { JsonObject } from "./jwt/json-object.js";
import { boundedSeconds, type RemoteAnswer, secondsUntil } from "./remote-document.js";

/** A provider's answer about a token. */
export type TokenAnswer = KnownClaims | RejectedToken | UnavailableAnswer;

interface TokenClaims {
  readonly kind: "claims";
  readonly claims: JsonObject;
  /** Until when it is valid. */
  readonly untilMs: number;
}

interface KnownClaims extends TokenClaims {
  /** When the provider answered. */
  readonly readAtMs: number;
}

interface RejectedToken {
  readonly kind: "rejected";
  readonly reason: TokenAnswerReason;
  /** The provider's answer, for a log. */
  readonly found?: string;
}

type TokenAnswerReason =
  | "api_token"
  | "userinfo_refused"
  | "userinfo_invalid"
  | "token_inactive"
  | "introspection_invalid";

interface UnavailableAnswer {
  readonly kind: "unavailable";
  readonly reason: "userinfo_unavailable" | "introspection_unavailable";
  readonly retryAfterSeconds: number;
  /** Caused by the token, or by how many tokens its source sends. */
  readonly isCausedByCaller: boolean;
  /** The actual response, for a log; undefined if no request was sent. */
  readonly found?: string | undefined;
}

/** An answer about the token, or a message why there is none. */
export type TokenReply =
  | TokenClaims
  | RejectedToken
  | { readonly kind: "failed"; readonly message: string; readonly isCausedByCaller: boolean };

export interface TokenQuestion {
  /** Cache key; not the token itself, which is not kept. */
  readonly key: string;
  /** The client that sent the token. */
  readonly source: string;
  /** Returns a reason to reject the token without a request; called just before it. */
  readonly precheck?: (() => Promise<TokenAnswerReason | undefined>) | undefined;
  /** Sends the request. Never rejects. */
  readonly ask: () => Promise<RemoteAnswer>;
  readonly read: (answer: RemoteAnswer & { readonly kind: "answer" }) => MaybePromise<TokenReply>;
}

interface TokenQuestions extends QuestionedEndpoint {
  /** Synchronous if the answer is cached. Rejects only if `precheck` does. */
  readonly ask: (question: TokenQuestion) => MaybePromise<TokenAnswer>;
}

/** How an endpoint that is asked about tokens does. */
export interface QuestionedEndpoint {
  /** How many answers are cached. */
  readonly cached: () => number;
  readonly lastFailure: () => CallFailure | undefined;
  readonly retryAtMs: () => number;
}

export interface TokenQuestionsOptions {
  readonly endpoint: "userinfo" | "introspection";
  readonly url: string;
  /** The reason to return if there is no answer. */
  readonly unavailable: UnavailableAnswer["reason"];
  readonly now: () => number;
  readonly onEvent: OnProviderEvent;
  /** How many answers are cached, and how many failures. */
  readonly cacheSize: number;
}

const limits = { maxAtOnce: 50, maxAtOnceOfSource: 25, maxWaiting: 1000, maxWaitingOfSource: 100, maxWaitMs: 10_000 };
const noLimit = Number.POSITIVE_INFINITY;
const noneOfSources = { maxAtOnceOfSource: noLimit, maxWaiting: noLimit, maxWaitingOfSource: noLimit };
const firstMemoryMs = 1000;
const maxMemoryMs = 30_000;

/** A failure, and how long it is repeated without a new request: twice as long each time. */
interface Failure {
  readonly answer: Exclude<TokenAnswer, { readonly kind: "claims" }>;
  readonly untilMs: number;
  readonly memoryMs: number;
}

/**
 * Sends requests about tokens to an endpoint, and caches the answers. It pauses only if no connection can be established: a failure
 * for one token concerns only that token, which may have been crafted to cause it.
 */
export function createTokenQuestions(options: TokenQuestionsOptions): TokenQuestions {
  const { url, now, onEvent, cacheSize } = options;
  const kept = createLruCache<KnownClaims>(cacheSize);
  // A separate cache, so that invalid tokens never evict a valid one.
  const failures = createLruCache<Failure>(cacheSize);
  const flights = new Map<string, Promise<TokenAnswer>>();
  const breaker = createCircuitBreaker();
  let connections = 0;
  const strangers = createTurns({ ...limits, now });
  // For tokens with an earlier answer, which unknown tokens never delay. The cache bounds their number.
  const acquaintances = createTurns({ ...limits, ...noneOfSources, now });

  const unavailable = (untilMs: number, isCausedByCaller: boolean, found?: string): UnavailableAnswer => ({
    kind: "unavailable",
    reason: options.unavailable,
    isCausedByCaller,
    found,
    retryAfterSeconds: secondsUntil(untilMs, now()),
  });

  const remember = (key: string, answer: Failure["answer"], minMs = firstMemoryMs): TokenAnswer => {
    const doubled = 2 * (failures.get(key)?.memoryMs ?? 0);
    const memoryMs = Math.max(minMs, Math.min(doubled, maxMemoryMs));
    failures.set(key, { answer, untilMs: now() + memoryMs, memoryMs });
    if (answer.kind === "rejected") kept.delete(key);
    return answer;
  };

  const askNow = async (question: TokenQuestion): Promise<TokenAnswer> => {
    const { key } = question;
    // The provider may have become unavailable while this request waited.
    if (!breaker.isClosed(now())) return unavailable(breaker.retryAtMs(), false);
    const refused = await question.precheck?.();
    if (refused !== undefined) return remember(key, { kind: "rejected", reason: refused });
    const before = connections;
    const answer = await question.ask();
    const isConnected = answer.kind === "answer" || answer.isConnected;
    // If other requests got a connection, the provider is not down: a flood may keep this machine too busy.
    if (!isConnected && before === connections) {
      const retryAfterMs = breaker.failed(now(), answer.message);
      onEvent({ kind: "provider_failed", endpoint: options.endpoint, url, message: answer.message, retryAfterMs });
      return unavailable(now() + retryAfterMs, false, answer.message);
    }
    if (isConnected) {
      connections += 1;
      breaker.succeeded();
    }
    const reply: TokenReply =
      answer.kind === "answer"
        ? await question.read(answer)
        : { kind: "failed", message: answer.message, isCausedByCaller: isConnected };
    if (reply.kind === "rejected") return remember(key, reply);
    if (reply.kind === "failed") {
      breaker.noted(now(), reply.message);
      onEvent({ kind: "token_unanswered", url, message: reply.message });
      const requested = answer.kind === "answer" ? boundedSeconds(answer.header("retry-after"), 1, 60) : undefined;
      const memoryMs = requested === undefined ? firstMemoryMs : requested * 1000;
      return remember(key, unavailable(now() + memoryMs, reply.isCausedByCaller, reply.message), memoryMs);
    }
    const answered: KnownClaims = { ...reply, readAtMs: now() };
    kept.set(key, answered);
    failures.delete(key);
    return answered;
  };

  return {
    cached: kept.size,
    lastFailure: breaker.lastFailure,
    retryAtMs: breaker.retryAtMs,
    ask: (question) => {
      const { key, source } = question;
      const nowMs = now();
      const known = kept.get(key);
      if (known && nowMs < known.untilMs) return known;
      const flying = flights.get(key);
      if (flying) return flying;
      const failure = failures.get(key);
      if (failure && nowMs < failure.untilMs) {
        const { answer, untilMs } = failure;
        return answer.kind === "rejected" ? answer : unavailable(untilMs, answer.isCausedByCaller, answer.found);
      }
      if (!breaker.isClosed(nowMs)) return unavailable(breaker.retryAtMs(), false);
      const turns = known ? acquaintances : strangers;
      const flight = turns
        .run<TokenAnswer>(
          source,
          () => askNow(question),
          (isCausedBySource) => unavailable(now() + firstMemoryMs, isCausedBySource),
        )
        .finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
  };
}

/**
 * Shares the concurrent requests among sources, so that none waits for another's: each has its own queue, and the source with the
 * fewest running requests is next.
 */
interface Turns {
  /**
   * Runs the work when it is its source's turn.
   *
   * @param turnAway returns the result if the queue is full or the wait too long, and whether the source itself is the cause
   */
  readonly run: <T>(source: string, work: () => Promise<T>, turnAway: (isCausedBySource: boolean) => T) => Promise<T>;
}

interface TurnsOptions {
  readonly maxAtOnce: number;
  readonly maxAtOnceOfSource: number;
  readonly maxWaiting: number;
  readonly maxWaitingOfSource: number;
  readonly maxWaitMs: number;
  readonly now: () => number;
}

interface Waiting {
  readonly sinceMs: number;
  readonly begin: () => void;
  readonly giveUp: (isCausedBySource: boolean) => void;
}

interface Source {
  running: number;
  readonly waiting: Waiting[];
}

function createTurns(options: TurnsOptions): Turns {
  const { maxAtOnce, maxAtOnceOfSource, maxWaiting, maxWaitingOfSource, maxWaitMs, now } = options;
  // Sources with something running or waiting; the one whose turn was longest ago comes first.
  const sources = new Map<string, Source>();
  let running = 0;
  let waiting = 0;

  const sourceOf = (name: string): Source => {
    const known = sources.get(name);
    if (known) return known;
    const source = { running: 0, waiting: [] };
    sources.set(name, source);
    return source;
  };

  const start = (name: string, source: Source, work: () => Promise<unknown>): void => {
    running += 1;
    source.running += 1;
    void work().finally(() => {
      running -= 1;
      source.running -= 1;
      if (source.running === 0 && source.waiting.length === 0) sources.delete(name);
      startWaiting();
    });
  };

  const startWaiting = (): void => {
    if (waiting === 0) return;
    for (const source of sources.values()) dropStale(source);
    while (running < maxAtOnce) {
      const next = nextSource();
      if (!next) return;
      const [name, source] = next;
      // Moves it behind the sources with as few running.
      sources.delete(name);
      sources.set(name, source);
      waiting -= 1;
      source.waiting.shift()?.begin();
    }
  };

  const dropStale = ({ waiting: line }: Source): void => {
    const staleAtMs = now() - maxWaitMs;
    while ((line[0]?.sinceMs ?? Number.POSITIVE_INFINITY) <= staleAtMs) {
      waiting -= 1;
      line.shift()?.giveUp(false);
    }
  };

  const nextSource = (): readonly [string, Source] | undefined => {
    let best: readonly [string, Source] | undefined;
    for (const candidate of sources) {
      const [, source] = candidate;
      if (source.waiting.length === 0 || source.running >= maxAtOnceOfSource) continue;
      if (!best || source.running < best[1].running) best = candidate;
    }
    return best;
  };

  /** When all slots are taken, the longest queue drops its last request. */
  const makeRoomFor = (source: Source): boolean => {
    if (waiting < maxWaiting) return true;
    let longest = source;
    for (const other of sources.values()) if (other.waiting.length > longest.waiting.length) longest = other;
    if (longest === source) return false;
    waiting -= 1;
    longest.waiting.pop()?.giveUp(true);
    return true;
  };

  return {
    run: (name, work, turnAway) =>
      new Promise((resolve, reject) => {
        const source = sourceOf(name);
        const begin = () => start(name, source, () => work().then(resolve, reject));
        const giveUp = (isCausedBySource: boolean) => resolve(turnAway(isCausedBySource));
        if (running < maxAtOnce && source.running < maxAtOnceOfSource && source.waiting.length === 0) begin();
        else if (source.waiting.length >= maxWaitingOfSource) giveUp(true);
        else if (!makeRoomFor(source)) giveUp(source.waiting.length > 0);
        else {
          source.waiting.push({ sinceMs: now(), begin, giveUp });
          waiting += 1;
        }
      }),
  };
}
