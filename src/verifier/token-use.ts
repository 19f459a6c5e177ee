import { createLruCache } from "../lru-cache.js";
import { quoteForeign } from "../oidc/foreign-text.js";
import { type Budget, takeEvenly } from "../rate-limit.js";
import { createAddressCheck, parseRate, type Rate } from "../users/token-restrictions.js";
import { addressOf, type RequestContext } from "./verifier.js";

/** Where a token may be used from, and how often. */
export interface Restrictions {
  readonly isAllowed: ((address: string) => boolean) | undefined;
  /** The allowed addresses, for a log. */
  readonly expected: string;
  readonly rate: Rate | undefined;
}

// Of what can't be parsed, since its author wanted some limit.
const strictest: Rate = { attempts: 1, perMs: 3_600_000 };

/** Parses a token's restrictions, once; undefined where it has none. */
export function restrictionsOf(
  allowedIps: readonly string[] | null,
  rateLimit: string | null,
): Restrictions | undefined {
  if (allowedIps === null && rateLimit === null) return undefined;
  return {
    isAllowed: allowedIps === null ? undefined : createAddressCheck(allowedIps),
    expected: quoteForeign(allowedIps?.join(", ")),
    rate: rateLimit === null ? undefined : (parseRate(rateLimit) ?? strictest),
  };
}

/** What is left of tokens' rates, by identifier: new values and a changed database don't restore it. */
export interface TokenRates {
  /** Takes a request; returns how long to wait where none is left. */
  readonly take: (identifier: string, rate: Rate, nowMs: number) => { readonly retryAfterSeconds: number } | undefined;
}

interface TokenBudget extends Budget {
  readonly rate: Rate;
}

/** @param maxTokens how many are remembered: those used last */
export function createTokenRates(maxTokens: number): TokenRates {
  const budgets = createLruCache<TokenBudget>(maxTokens);
  return {
    take: (identifier, rate, nowMs) => {
      let budget = budgets.get(identifier);
      if (budget?.rate.attempts !== rate.attempts || budget.rate.perMs !== rate.perMs) {
        budget = { rate, left: rate.attempts, atMs: nowMs };
        budgets.set(identifier, budget);
      }
      const taken = takeEvenly(budget, rate, nowMs);
      return taken.kind === "taken" ? undefined : taken;
    },
  };
}

/** Why a token is not accepted for this request. */
export type RefusedUse =
  | {
      readonly kind: "rejected";
      readonly reason: "source_not_allowed";
      readonly found: string;
      readonly expected: string;
      readonly hint: string;
    }
  | { readonly kind: "throttled"; readonly retryAfterSeconds: number };

const unknownSource =
  "pass the client's address: `source` of `requireAuth`, or of the request's context without an adapter";
const otherSource =
  "add it to `allowed_ips` if the client has this address; if a proxy has it, have the framework trust that proxy";

/** Judges a request with a valid token. Only an accepted one counts for its rate. */
export function refuseUse(
  { isAllowed, expected, rate }: Restrictions,
  rates: TokenRates,
  identifier: string,
  request: RequestContext | undefined,
  nowMs: number,
): RefusedUse | undefined {
  if (isAllowed) {
    const address = addressOf(request);
    if (address === undefined || !isAllowed(address)) {
      const hint = address === undefined ? unknownSource : otherSource;
      return { kind: "rejected", reason: "source_not_allowed", found: quoteForeign(address), expected, hint };
    }
  }
  const exhausted = rate && rates.take(identifier, rate, nowMs);
  return exhausted && { kind: "throttled", retryAfterSeconds: exhausted.retryAfterSeconds };
}
