import { type RawBuilder, sql } from "kysely";
import { type Diagnostic, SetupError } from "../errors.js";
import type { PolicedToken } from "../users/read-token-policies.js";
import {
  findEnding,
  findViolation,
  lastUsedEveryMs,
  policiesFor,
  type TokenPolicy,
  violationText,
} from "../users/token-policy.js";

type NamedToken = Pick<PolicedToken, "identifier" | "owner" | "since" | "validFrom" | "expiresAt" | "activeMs">;

/**
 * Requires that tokens which are about to work again comply with their policies, and have not been ended by them.
 *
 * @throws SetupError `POLICY_VIOLATED` (refused) with all that don't
 */
export function requireCompliance(tokens: readonly NamedToken[], all: readonly TokenPolicy[], nowMs: number): void {
  const errors = tokens.flatMap((token): readonly Diagnostic[] => {
    const policies = policiesFor(token.owner, all);
    const violation = findViolation(policies, token);
    const ending = violation ? undefined : findEnding(policies, token, nowMs);
    const what = `api_token ${token.identifier}`;
    if (violation) {
      const message = `${what} ${violationText(violation).message}`;
      const hint =
        token.owner === null
          ? "create another one with token create --expires-at, or declare it in a file with an `expires_at`"
          : "write an `expires_at` in its file, and apply that";
      return [{ severity: "error", code: "POLICY_VIOLATED", message, hint }];
    }
    if (!ending) return [];
    const why = ending.rule === "max_lifetime" ? "its value is too old" : "nobody used it for too long";
    const message = `${what} was ended by the policy of the owner ${ending.owner}: ${why}`;
    const hint = "give it a new value: in its file, or with vtb-setup token rotate";
    return [{ severity: "error", code: "POLICY_VIOLATED", message, hint }];
  });
  if (errors.length > 0) throw new SetupError("refused", errors);
}

/** What policies say of rows of `api_tokens`, as conditions of a query. */
export interface TokenLimits {
  /** By that time, the maximum lifetime of the current value is over. */
  readonly isLifetimeOver: (atMs: number) => RawBuilder<boolean>;
  /** By now, nobody has used the token for too long. */
  readonly isUnused: RawBuilder<boolean>;
}

/** The conditions that {@link lifetimeEndMs} and {@link unusedEndMs} are for a single token. */
export function limitsOf(policies: readonly TokenPolicy[], nowMs: number): TokenLimits {
  const unused = policies.flatMap(({ owner, unusedAfterSeconds, firstAppliedAt }): readonly Cutoff[] => {
    const untilMs = unusedAfterSeconds === null ? 0 : nowMs - unusedAfterSeconds * 1000;
    return Date.parse(firstAppliedAt) <= untilMs ? [[owner, isoOf(untilMs - lastUsedEveryMs)]] : [];
  });
  return {
    isLifetimeOver: (atMs) =>
      existsCutoff(
        policies.flatMap(({ owner, maxLifetimeSeconds }): readonly Cutoff[] =>
          maxLifetimeSeconds === null ? [] : [[owner, isoOf(atMs - maxLifetimeSeconds * 1000)]],
        ),
        sql`coalesce(api_tokens.value_since, api_tokens.created_at) <= cutoffs.column2
          and (api_tokens.valid_from is null or api_tokens.valid_from <= cutoffs.column2)`,
      ),
    isUnused: existsCutoff(
      unused,
      sql`api_tokens.created_at <= cutoffs.column2
        and (api_tokens.value_since is null or api_tokens.value_since <= cutoffs.column2)
        and (api_tokens.valid_from is null or api_tokens.valid_from <= cutoffs.column2)
        and (api_tokens.last_used_at is null or api_tokens.last_used_at <= cutoffs.column2)
        and not exists (select 1 from api_token_retired where api_token_retired.token_id = api_tokens.id
          and api_token_retired.last_used_at > cutoffs.column2)`,
    ),
  };
}

type Cutoff = readonly [owner: string, cutoff: string];

function existsCutoff(cutoffs: readonly Cutoff[], condition: RawBuilder<unknown>): RawBuilder<boolean> {
  if (cutoffs.length === 0) return sql`1 = 0`;
  const rows = sql.join(cutoffs.map(([owner, cutoff]) => sql`(${owner}, ${cutoff})`));
  // This form names the columns of a list of values on every database.
  return sql`exists (select 1 from (values ${rows}) as cutoffs
    where (api_tokens.owner is null or api_tokens.owner = cutoffs.column1) and ${condition})`;
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
