import { sql } from "kysely";
import type { DatabaseState, LiveDatabase } from "../database/live-database.js";
import { createLruCache } from "../lru-cache.js";
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

/** Reports that a token is about to expire, once a day. */
export type ExpiryNotice = (token: string, username: string, endMs: number, nowMs: number) => void;

/** @param capacity how many tokens are remembered as reported */
export function createExpiryNotice(capacity: number, report: (event: VerifierEvent) => void): ExpiryNotice {
  const reported = createLruCache<number>(capacity);
  return (token, username, endMs, nowMs) => {
    const atMs = reported.get(token);
    if (atMs !== undefined && nowMs < atMs + dayMs) return;
    reported.set(token, nowMs);
    report({ kind: "token_expires_soon", token, username, expiresAt: new Date(endMs).toISOString() });
  };
}
