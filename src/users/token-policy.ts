/** What an owner's policy demands of API tokens, as stored. */
export interface TokenPolicy {
  readonly owner: string;
  readonly requireExpiry: boolean;
  /** Of a value, from its start; null without a limit, as for the others. */
  readonly maxLifetimeSeconds: number | null;
  readonly warnBeforeSeconds: number | null;
  readonly unusedAfterSeconds: number | null;
  /** ISO 8601, UTC: no time before it counts as unused. */
  readonly firstAppliedAt: string;
}

/** When a token's value began and ends, as its row says. Times are ISO 8601 in UTC. */
export interface TokenTimes {
  /** When it became the token's value. */
  readonly since: string;
  readonly validFrom: string | null;
  readonly expiresAt: string | null;
}

/** The policies of a token: its owner's, or all of them for a token without an owner, so that the strictest decides. */
export function policiesFor(owner: string | null, all: readonly TokenPolicy[]): readonly TokenPolicy[] {
  return owner === null || all.length === 0 ? all : all.filter((policy) => policy.owner === owner);
}

/** When a value's maximum lifetime is over, in milliseconds; `Infinity` without one. */
export function lifetimeEndMs(
  policies: readonly TokenPolicy[],
  { since, validFrom }: Pick<TokenTimes, "since" | "validFrom">,
): number {
  const longestMs = maxLifetimeMs(policies);
  // Without a limit, nothing is parsed: most databases have no policy.
  return longestMs === Number.POSITIVE_INFINITY ? longestMs : latestMs([since, validFrom]) + longestMs;
}

/** When a value ends, by its own expiry or by the policies; `Infinity` if never. */
export function expiryMs(policies: readonly TokenPolicy[], times: TokenTimes): number {
  const writtenMs = times.expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(times.expiresAt);
  return Math.min(writtenMs, lifetimeEndMs(policies, times));
}

/** {@link expiryMs} as ISO 8601 in UTC; null if never. */
export function expiryOf(policies: readonly TokenPolicy[], times: TokenTimes): string | null {
  return momentOf(expiryMs(policies, times));
}

/** A time in milliseconds as ISO 8601 in UTC; null for one that never comes. */
export function momentOf(atMs: number): string | null {
  return atMs <= lastMomentMs ? new Date(atMs).toISOString() : null;
}

// The last that a date can hold.
const lastMomentMs = 8_640_000_000_000_000;

/** The minimum interval between writes of a token's last use. */
export const lastUsedEveryMs = 60_000;

/**
 * When a token ends that nobody uses any more, in milliseconds; `Infinity` if never. A use within a minute of the noted one is
 * not noted, so that minute is added.
 *
 * @param activeMs the latest of its creation, its latest value, its start and the last noted use of any value
 */
export function unusedEndMs(policies: readonly TokenPolicy[], activeMs: number): number {
  let endMs = Number.POSITIVE_INFINITY;
  for (const { unusedAfterSeconds, firstAppliedAt } of policies) {
    if (unusedAfterSeconds === null) continue;
    endMs = Math.min(
      endMs,
      Math.max(activeMs + lastUsedEveryMs, Date.parse(firstAppliedAt)) + unusedAfterSeconds * 1000,
    );
  }
  return endMs;
}

/** How long before a token's end to warn of it, in milliseconds; 0 for never. */
export function warnBeforeMs(policies: readonly TokenPolicy[]): number {
  return policies.reduce((longest, { warnBeforeSeconds }) => Math.max(longest, (warnBeforeSeconds ?? 0) * 1000), 0);
}

function maxLifetimeMs(policies: readonly TokenPolicy[]): number {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (const { maxLifetimeSeconds } of policies) {
    if (maxLifetimeSeconds !== null) shortestMs = Math.min(shortestMs, maxLifetimeSeconds * 1000);
  }
  return shortestMs;
}

/** A token's value, and when it was last active: see {@link unusedEndMs}; its start need not be in it. */
type ActiveTimes = Pick<TokenTimes, "since" | "validFrom"> & { readonly activeMs: number };

/** Which policy has ended a token by now, and by which rule; undefined if none has. */
export function findEnding(
  policies: readonly TokenPolicy[],
  times: ActiveTimes,
  nowMs: number,
): { readonly owner: string; readonly rule: "max_lifetime" | "unused_after" } | undefined {
  for (const policy of policies) {
    const { owner } = policy;
    if (!(nowMs < lifetimeEndMs([policy], times))) return { owner, rule: "max_lifetime" };
    // Nobody could use it before it started to work.
    const activeMs = Math.max(times.activeMs, latestMs([times.validFrom]));
    if (!(nowMs < unusedEndMs([policy], activeMs))) return { owner, rule: "unused_after" };
  }
  return undefined;
}

/** The latest of these times in milliseconds, ISO 8601 in UTC each. */
export function latestMs(times: readonly (string | null)[]): number {
  return times.reduce((latest, time) => (time === null ? latest : Math.max(latest, Date.parse(time))), 0);
}

/** Which of its policies a token does not comply with, and why. */
export interface PolicyViolation {
  /** The owner whose policy it is. */
  readonly owner: string;
  readonly rule: "require_expiry" | "max_lifetime";
  /** For `max_lifetime`, the latest time that the policy allows: ISO 8601, UTC. */
  readonly latest: string | null;
}

/** The first violation of a token with these times; undefined where it complies. */
export function findViolation(policies: readonly TokenPolicy[], times: TokenTimes): PolicyViolation | undefined {
  for (const policy of policies) {
    const { owner } = policy;
    const latest = expiryOf([policy], { ...times, expiresAt: null });
    if (times.expiresAt === null) {
      if (policy.requireExpiry) return { owner, rule: "require_expiry", latest };
    } else if (Date.parse(times.expiresAt) > lifetimeEndMs([policy], times)) {
      return { owner, rule: "max_lifetime", latest };
    }
  }
  return undefined;
}

/** What is wrong with a token, to follow its name, and what to do. */
export function violationText({ owner, rule, latest }: PolicyViolation): {
  readonly message: string;
  readonly hint: string;
} {
  const until = latest === null ? "" : `, ${latest} at the latest`;
  if (rule === "require_expiry") {
    return {
      message: `has no expiry, which the policy of the owner ${owner} requires`,
      hint: `say when it expires${until}`,
    };
  }
  return {
    message: `expires later than the \`max_lifetime\` of the policy of the owner ${owner} allows`,
    hint: `write an earlier time${until}`,
  };
}
