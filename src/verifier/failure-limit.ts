import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { createLruCache } from "../oidc/lru-cache.js";
import type { RequestContext } from "./verifier.js";

export interface FailureLimitOptions {
  /** The number of failed attempts that a source has per minute; they are restored evenly. */
  readonly perMinute: number;
}

/** Counts failed attempts of the most recent sources. Times are in milliseconds. */
export interface FailureLimit {
  /** Takes an attempt in advance. Returns the seconds until the next one, where none is left. */
  readonly take: (source: string, nowMs: number) => number | undefined;
  /** Restores an attempt that did not fail. */
  readonly giveBack: (source: string) => void;
}

const rememberedSources = 10_000;
const minuteMs = 60_000;

interface Budget {
  left: number;
  atMs: number;
}

/** @throws RangeError for a limit that is not at least 1 */
export function createFailureLimit({ perMinute }: FailureLimitOptions): FailureLimit {
  if (!(perMinute >= 1 && Number.isFinite(perMinute)))
    throw new RangeError("the failure limit must be at least 1 a minute");
  const budgets = createLruCache<Budget>(rememberedSources);

  const budgetOf = (source: string, nowMs: number): Budget => {
    const known = budgets.get(source);
    if (!known) {
      const fresh = { left: perMinute, atMs: nowMs };
      budgets.set(source, fresh);
      return fresh;
    }
    // A clock that went back restores nothing.
    known.left = Math.min(perMinute, known.left + (Math.max(0, nowMs - known.atMs) * perMinute) / minuteMs);
    known.atMs = nowMs;
    return known;
  };

  return {
    take: (source, nowMs) => {
      const budget = budgetOf(source, nowMs);
      if (budget.left < 1) return Math.max(1, Math.ceil(((1 - budget.left) * minuteMs) / perMinute / 1000));
      budget.left -= 1;
      return undefined;
    },
    giveBack: (source) => {
      const budget = budgets.get(source);
      if (budget) budget.left = Math.min(perMinute, budget.left + 1);
    },
  };
}

const groupsOfNetwork = 4;

/** The source that a request counts for; empty where it is unknown. */
export function sourceOf(context: RequestContext | undefined): string {
  const source = typeof context?.source === "function" ? context.source() : context?.source;
  return source === undefined ? "" : sourceKey(source);
}

/** The key of a source: an IPv4 address, or the /64 network of an IPv6 address, which one customer has. */
export function sourceKey(source: string): string {
  const address = source.replace(/%.*$/s, "");
  if (!isIPv6(address)) return source;
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  return parsed.parts
    .slice(0, groupsOfNetwork)
    .map((group) => group.toString(16))
    .join(":");
}
