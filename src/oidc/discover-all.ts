import { setMaxListeners } from "node:events";
import { parseDiscoveryEndpoint } from "./check-metadata.js";
import { type DiscoveryRequest, type DiscoveryResult, discoverProvider } from "./discovery.js";

/** One provider to ask; the `key` is what it is called in the result. */
export interface KeyedRequest extends Omit<DiscoveryRequest, "signal"> {
  readonly key: string;
}

export interface DiscoverAllOptions {
  /** How long a provider that can't be reached is asked again. 0: each is asked once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In milliseconds. */
  readonly now: () => number;
  /** From 0 to below 1; `Math.random` unless told. */
  readonly random?: (() => number) | undefined;
  readonly onWaiting?: ((message: string) => void) | undefined;
}

/** Requests that one answer serves. */
type Question = readonly [KeyedRequest, ...KeyedRequest[]];

const firstPauseMs = 500;
const maxPauseMs = 10_000;
const maxAtOnce = 8;

/**
 * Asks up to eight providers at once, each endpoint only one thing at a time, and the same thing only once. What can't be
 * reached is asked again, less and less often, until `waitMs` is over, and once more then.
 */
export async function discoverProviders(
  requests: readonly KeyedRequest[],
  options: DiscoverAllOptions,
): Promise<ReadonlyMap<string, DiscoveryResult>> {
  const deadline = options.now() + options.waitMs;
  const byEndpoint = group(requests, ({ discoveryEndpoint }) => endpointName(discoveryEndpoint));
  const inTurn = createLimit(maxAtOnce);
  const stop = followSignal(options.signal);
  try {
    const each = { ...options, signal: stop.signal };
    const answers = await Promise.all(byEndpoint.map((same) => askEndpoint(same, { deadline, inTurn, ...each })));
    return new Map(answers.flat());
  } finally {
    stop.unfollow();
  }
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets so many work at once; the others follow in the order in which they came. */
function createLimit(most: number): InTurn {
  const waiting: (() => void)[] = [];
  let free = most;
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

/** A signal that aborts with the caller's, and that any number of requests may listen to. */
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
  options: DiscoverAllOptions & { readonly deadline: number; readonly inTurn: InTurn },
): Promise<readonly (readonly [string, DiscoveryResult])[]> {
  const { deadline, inTurn, signal, sleep, now, random = Math.random, onWaiting } = options;
  const results = new Map<string, DiscoveryResult>();
  let open = group(requests, questionName);
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
    const unreachable: { readonly question: Question; readonly message: string }[] = [];
    for (const question of open) {
      const result = await inTurn(() => discoverProvider({ ...question[0], signal }));
      for (const { key } of question) results.set(key, result);
      if (result.kind === "unreachable") unreachable.push({ question, message: result.message });
    }
    const remainingMs = deadline - now();
    if (unreachable.length === 0 || remainingMs <= 0) return [...results];
    for (const { question, message } of unreachable) {
      onWaiting?.(`waiting for oidc_provider ${question.map(({ key }) => key).join(", ")}: ${message}`);
    }
    // Between half and all of it, so that replicas that started together don't ask together.
    await sleep(Math.min(pauseMs * (0.5 + random() / 2), remainingMs), signal);
    open = unreachable.map(({ question }) => question);
  }
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
