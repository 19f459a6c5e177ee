import { createLruCache } from "./lru-cache.js";

export interface RateLimitOptions {
  readonly attempts: number;
  readonly perMs: number;
  /** How spent attempts are restored: evenly, or all at once when `perMs` has passed since the first of them. */
  readonly restored: "evenly" | "at_once";
  /** How many keys are remembered: those of the most recent attempts. */
  readonly maxKeys: number;
}

/** Limits the attempts of each key, such as an address. Times are in milliseconds. */
export interface RateLimit {
  /** Takes an attempt in advance. */
  readonly take: (key: string, nowMs: number) => TakenAttempt;
  /** Restores an attempt that does not count. */
  readonly giveBack: (key: string) => void;
  /** Restores all attempts. */
  readonly forget: (key: string) => void;
}

export type TakenAttempt =
  | { readonly kind: "taken" }
  /** None is left; there is one again after these seconds. */
  | { readonly kind: "exhausted"; readonly retryAfterSeconds: number };

const taken: TakenAttempt = { kind: "taken" };

/** What is left of a rate. */
export interface Budget {
  left: number;
  /** When `left` was restored last. */
  atMs: number;
}

/** Takes an attempt from a budget that is restored evenly. A clock that went back restores nothing, and takes nothing away. */
export function takeEvenly(
  budget: Budget,
  { attempts, perMs }: Pick<RateLimitOptions, "attempts" | "perMs">,
  nowMs: number,
): TakenAttempt {
  budget.left = Math.min(attempts, budget.left + (Math.max(0, nowMs - budget.atMs) * attempts) / perMs);
  budget.atMs = nowMs;
  return takeFrom(budget, ((1 - budget.left) * perMs) / attempts);
}

function takeFrom(budget: Budget, waitMs: number): TakenAttempt {
  if (budget.left < 1) return { kind: "exhausted", retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
  budget.left -= 1;
  return taken;
}

export function createRateLimit({ attempts, perMs, restored, maxKeys }: RateLimitOptions): RateLimit {
  const budgets = createLruCache<Budget>(maxKeys);

  const budgetOf = (key: string, nowMs: number): Budget => {
    const known = budgets.get(key);
    if (known && !(restored === "at_once" && nowMs >= known.atMs + perMs)) return known;
    const fresh = { left: attempts, atMs: nowMs };
    budgets.set(key, fresh);
    return fresh;
  };

  return {
    take: (key, nowMs) => {
      const budget = budgetOf(key, nowMs);
      return restored === "evenly"
        ? takeEvenly(budget, { attempts, perMs }, nowMs)
        : takeFrom(budget, budget.atMs + perMs - nowMs);
    },
    giveBack: (key) => {
      const budget = budgets.get(key);
      if (budget) budget.left = Math.min(attempts, budget.left + 1);
    },
    forget: (key) => void budgets.delete(key),
  };
}
