import { setMaxListeners } from "node:events";
import { backoff, retryWhile, type Wait } from "../retry.js";
import { parseDiscoveryEndpoint } from "./check-metadata.js";
import { type DiscoveryRequest, type DiscoveryResult, discoverProvider } from "./discovery.js";

/** One provider to discover; `key` identifies it in the result. */
export interface KeyedRequest extends Omit<DiscoveryRequest, "signal"> {
  readonly key: string;
}

export interface DiscoverAllOptions {
  /** How long to retry an unreachable provider. 0 for a single attempt each. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In milliseconds. */
  readonly now: () => number;
  /** From 0 to below 1. Defaults to `Math.random`. */
  readonly random?: (() => number) | undefined;
  readonly onWaiting?: ((what: string, wait: Wait) => void) | undefined;
}

/** Requests that share one response. */
type Question = readonly [KeyedRequest, ...KeyedRequest[]];

const pauseOfProvider = backoff(500, 10_000);
const maxAtOnce = 8;

/**
 * Discovers up to eight providers at once, with one request per endpoint at a time; equal requests are sent only once. Retries
 * unreachable providers at growing intervals until `waitMs` is over, and then once more.
 */
export async function discoverProviders(
  requests: readonly KeyedRequest[],
  options: DiscoverAllOptions,
): Promise<ReadonlyMap<string, DiscoveryResult>> {
  const byEndpoint = group(requests, ({ discoveryEndpoint }) => endpointName(discoveryEndpoint));
  const inTurn = createLimit(maxAtOnce);
  const stop = followSignal(options.signal);
  try {
    const each = { ...options, signal: stop.signal };
    const answers = await Promise.all(byEndpoint.map((same) => askEndpoint(same, { inTurn, ...each })));
    return new Map(answers.flat());
  } finally {
    stop.unfollow();
  }
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Limits how many run at once; the others follow in the order in which they came. */
function createLimit(max: number): InTurn {
  const waiting: (() => void)[] = [];
  let free = max;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((begin) => waiting.push(begin));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/** A signal that aborts with the caller's, and that accepts any number of listeners. */
function followSignal(signal: AbortSignal | undefined) {
  const follower = new AbortController();
  const abort = (): void => follower.abort(signal?.reason);
  setMaxListeners(0, follower.signal);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return { signal: follower.signal, unfollow: () => signal?.removeEventListener("abort", abort) };
}

async function askEndpoint(
  requests: Question,
  options: DiscoverAllOptions & { readonly inTurn: InTurn },
): Promise<readonly (readonly [string, DiscoveryResult])[]> {
  const { waitMs, inTurn, signal, sleep, now, random = Math.random, onWaiting } = options;
  const results = new Map<string, DiscoveryResult>();
  let open = group(requests, questionName);
  const ask = async () => {
    const unreachable: { readonly question: Question; readonly message: string }[] = [];
    for (const question of open) {
      const result = await inTurn(() => discoverProvider({ ...question[0], signal }));
      for (const { key } of question) results.set(key, result);
      if (result.kind === "unreachable") unreachable.push({ question, message: result.message });
    }
    open = unreachable.map(({ question }) => question);
    return unreachable;
  };
  await retryWhile((unreachable) => unreachable.length > 0, ask, {
    timeoutMs: waitMs,
    now,
    // Between half and all of the pause, so that replicas that started together don't ask together.
    pauseMs: (retries) => pauseOfProvider(retries) * (0.5 + random() / 2),
    sleep: (ms) => sleep(ms, signal),
    onRetry: (unreachable, wait) => {
      for (const { question, message } of unreachable) {
        onWaiting?.(`oidc_provider ${question.map(({ key }) => key).join(", ")}: ${message}`, wait);
      }
    },
  });
  return [...results];
}

function endpointName(discoveryEndpoint: string): string {
  return parseDiscoveryEndpoint(discoveryEndpoint)?.documentUrl.href ?? discoveryEndpoint;
}

function questionName({ discoveryEndpoint, issuer, caFile, explicitJwks = false, timeoutMs }: KeyedRequest): string {
  const bases = parseDiscoveryEndpoint(discoveryEndpoint)?.bases;
  return JSON.stringify([bases, issuer, caFile, explicitJwks, timeoutMs]);
}

function group(requests: readonly KeyedRequest[], name: (request: KeyedRequest) => string): readonly Question[] {
  const groups = new Map<string, [KeyedRequest, ...KeyedRequest[]]>();
  for (const request of requests) {
    const found = groups.get(name(request));
    if (found) found.push(request);
    else groups.set(name(request), [request]);
  }
  return [...groups.values()];
}
