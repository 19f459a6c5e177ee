import { sql } from "kysely";
import type { DatabaseState, LiveDatabase } from "../database/live-database.js";
import { andThen, type MaybePromise, orElse } from "../maybe-promise.js";
import { latestMs, type TokenPolicy } from "../users/token-policy.js";
import { trustedForMs } from "./authenticate-user.js";
import type { VerifierEvent } from "./event.js";

/** The policies that API tokens must comply with. */
export interface TokenPolicies {
  /** All policies in this state of the database, read once for each state and minute. */
  readonly at: (state: DatabaseState, nowMs: number) => MaybePromise<readonly TokenPolicy[]>;
  /**
   * The latest of a token's creation, its current value and the last noted use of any of its values, in milliseconds; undefined
   * where the token is gone.
   */
  readonly lastActivityMs: (identifier: string) => MaybePromise<number | undefined>;
}

type PolicyRow = readonly [
  owner: string,
  requireExpiry: number,
  maxLifetimeSeconds: number | null,
  warnBeforeSeconds: number | null,
  unusedAfterSeconds: number | null,
  createdAt: string,
];

type ActivityRow = readonly [
  createdAt: string,
  valueSince: string | null,
  lastUsedAt: string | null,
  retiredLastUsedAt: string | null,
];

interface KnownPolicies {
  readonly readIn: DatabaseState;
  readonly untilMs: number;
  policies: MaybePromise<readonly TokenPolicy[]>;
}

/** Prepares reading policies: all in one row, since most databases have a few, and most tokens none. */
export function prepareTokenPolicies(database: LiveDatabase): TokenPolicies {
  const columns = [
    "owner",
    "require_expiry",
    "max_lifetime_seconds",
    "warn_before_seconds",
    "unused_after_seconds",
    "created_at",
  ];
  const one = sql`${sql.raw(database.jsonArray)}(${sql.join(columns.map((name) => sql.ref(name)))})`;
  const all = database.prepare<readonly [list: string]>(
    database.kysely
      .selectFrom("owner_policies")
      .select(sql<string>`cast(coalesce(${sql.raw(database.jsonList)}(${one}), '[]') as text)`.as("list"))
      .compile(),
  );
  const activity = database.prepare<ActivityRow>(
    database.kysely
      .selectFrom("api_tokens")
      .select(["created_at", "value_since", "last_used_at"])
      .select(({ selectFrom }) =>
        selectFrom("api_token_retired")
          .select(({ fn }) => fn.max("api_token_retired.last_used_at").as("at"))
          .whereRef("token_id", "=", "api_tokens.id")
          .as("retired_last_used_at"),
      )
      .where("identifier", "=", "")
      .compile(),
  );
  let known: KnownPolicies | undefined;
  return {
    at: (state, nowMs) => {
      if (known?.readIn === state && nowMs < known.untilMs) return known.policies;
      const reading: KnownPolicies = { readIn: state, untilMs: nowMs + trustedForMs, policies: [] };
      const keep = (row: readonly [list: string] | undefined) => {
        reading.policies = policiesIn(row?.[0] ?? "[]");
        return reading.policies;
      };
      const forget = (error: Error): never => {
        if (known === reading) known = undefined;
        throw error;
      };
      // Requests that come meanwhile wait for the same answer.
      reading.policies = orElse(andThen(all(), keep), forget);
      known = reading;
      return reading.policies;
    },
    lastActivityMs: (identifier) => andThen(activity(identifier), (row) => row && latestMs(row)),
  };
}

function policiesIn(list: string): readonly TokenPolicy[] {
  // The database itself made the list, of the columns above. What is no number or time there is never later than now.
  return (JSON.parse(list) as readonly PolicyRow[]).map(
    ([owner, requireExpiry, maxLifetimeSeconds, warnBeforeSeconds, unusedAfterSeconds, firstAppliedAt]) => ({
      owner,
      requireExpiry: requireExpiry === 1,
      maxLifetimeSeconds,
      warnBeforeSeconds,
      unusedAfterSeconds,
      firstAppliedAt,
    }),
  );
}

const dayMs = 86_400_000;

/** Watches the tokens that are about to expire. */
export interface ExpiryWatch {
  /** A token was accepted that expires soon: reported once a day. */
  readonly notice: (token: string, username: string, endMs: number, nowMs: number) => void;
  /** A token was accepted that does not expire soon (any more). */
  readonly forget: (token: string) => void;
  /** When the tokens end that were accepted during the last day and expire soon. */
  readonly ends: (nowMs: number) => readonly number[];
}

interface SeenExpiry {
  readonly endMs: number;
  readonly seenAtMs: number;
  readonly reportedAtMs: number;
}

/** @param capacity how many tokens are watched */
export function createExpiryWatch(capacity: number, report: (event: VerifierEvent) => void): ExpiryWatch {
  // The one that was seen longest ago is the first.
  const seen = new Map<string, SeenExpiry>();
  return {
    notice: (token, username, endMs, seenAtMs) => {
      const { reportedAtMs = Number.NEGATIVE_INFINITY } = seen.get(token) ?? {};
      const isDue = seenAtMs >= reportedAtMs + dayMs;
      seen.delete(token);
      for (const oldest of seen.keys()) {
        if (seen.size < capacity) break;
        seen.delete(oldest);
      }
      seen.set(token, { endMs, seenAtMs, reportedAtMs: isDue ? seenAtMs : reportedAtMs });
      if (isDue) report({ kind: "token_expires_soon", token, username, expiresAt: new Date(endMs).toISOString() });
    },
    forget: (token) => void seen.delete(token),
    // One that is used no more may be gone.
    ends: (nowMs) =>
      [...seen.values()].flatMap(({ endMs, seenAtMs }) => (endMs > nowMs && nowMs < seenAtMs + dayMs ? endMs : [])),
  };
}
