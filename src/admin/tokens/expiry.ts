import { policiesFor, type TokenPolicy } from "../../users/token-policy.js";
import type { Times } from "../times.js";

const dayMs = 86_400_000;
const presets = [30, 90, 365] as const;

export type ExpiryName = "30" | "90" | "365" | "max" | "date" | "none";

/** A way to say when a new token expires. */
interface ExpiryChoice {
  readonly name: ExpiryName;
  /** In days, for a preset. */
  readonly days?: number;
  /** When the token would expire: ISO 8601, UTC. */
  readonly expiresAt?: string;
}

/** What the policies of all owners leave to choose from for a token that no file manages. */
export interface ExpiryChoices {
  readonly choices: readonly ExpiryChoice[];
  readonly byDefault: ExpiryName;
  /** The owner whose policy limits the lifetime most, and the last moment that it allows. */
  readonly limit: { readonly owner: string; readonly days: number; readonly latest: string } | undefined;
  /** The owner whose policy requires an expiry. */
  readonly requiredBy: string | undefined;
}

export function expiryChoices(all: readonly TokenPolicy[], times: Times, nowMs: number): ExpiryChoices {
  const policies = policiesFor(null, all);
  const limit = limitOf(policies, nowMs);
  const latestMs = limit === undefined ? Number.POSITIVE_INFINITY : Date.parse(limit.latest);
  const requiredBy = policies.find(({ requireExpiry }) => requireExpiry)?.owner;
  const offered = presets
    .filter((days) => nowMs + days * dayMs <= latestMs)
    .map((days): ExpiryChoice => {
      const day = times.dayOf(new Date(nowMs + days * dayMs).toISOString());
      const endMs = Math.min(times.endOfDay(day).getTime(), latestMs);
      return { name: String(days) as ExpiryName, days, expiresAt: new Date(endMs).toISOString() };
    });
  const hasLongest = limit === undefined || offered.some(({ days }) => days === limit.days) || limit.days > 365;
  const longest: readonly ExpiryChoice[] = hasLongest
    ? []
    : [{ name: "max", days: limit.days, expiresAt: limit.latest }];
  const choices: readonly ExpiryChoice[] = [
    ...offered,
    ...longest,
    { name: "date" },
    ...(requiredBy === undefined ? [{ name: "none" } as const] : []),
  ];
  const wished: readonly ExpiryName[] = ["90", "max", "30", "date"];
  const byDefault = wished.find((wish) => choices.some(({ name }) => name === wish)) ?? "date";
  return { choices, byDefault, limit, requiredBy };
}

function limitOf(policies: readonly TokenPolicy[], nowMs: number): ExpiryChoices["limit"] {
  let shortest: ExpiryChoices["limit"];
  for (const { owner, maxLifetimeSeconds } of policies) {
    if (maxLifetimeSeconds === null) continue;
    const latest = new Date(nowMs + maxLifetimeSeconds * 1000).toISOString();
    const days = Math.floor(maxLifetimeSeconds / 86_400);
    if (shortest === undefined || latest < shortest.latest) shortest = { owner, days, latest };
  }
  return shortest;
}

/** What a form says of the expiry. */
export type ChosenExpiry =
  | { readonly kind: "chosen"; readonly expiresAt: Date | undefined }
  /** At the field with this name. */
  | { readonly kind: "mistake"; readonly field: "expires" | "date"; readonly mistake: "missing" | "too_late" };

/** @param date a day, for the choice `date`: the token works until its end */
export function chosenExpiry(
  { choices, limit }: ExpiryChoices,
  times: Times,
  name: string,
  date: string,
): ChosenExpiry {
  const choice = choices.find((offered) => offered.name === name);
  if (!choice) return { kind: "mistake", field: "expires", mistake: "missing" };
  if (choice.name === "none") return { kind: "chosen", expiresAt: undefined };
  if (choice.expiresAt !== undefined) return { kind: "chosen", expiresAt: new Date(choice.expiresAt) };
  const end = times.endOfDay(date);
  if (Number.isNaN(end.getTime())) return { kind: "mistake", field: "date", mistake: "missing" };
  if (limit === undefined || end.toISOString() <= limit.latest) return { kind: "chosen", expiresAt: end };
  // On the last day that the policy allows, the token ends when it says.
  if (times.dayOf(limit.latest) === date) return { kind: "chosen", expiresAt: new Date(limit.latest) };
  return { kind: "mistake", field: "date", mistake: "too_late" };
}
