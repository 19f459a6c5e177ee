import { type Connection, readInPieces } from "../database/database.js";
import { expiryMs, findEnding, latestMs, policiesFor, type TokenPolicy, type TokenTimes } from "./token-policy.js";

/** The policies of all owners. */
export async function readPolicies(db: Connection): Promise<readonly TokenPolicy[]> {
  const rows = await db.selectFrom("owner_policies").selectAll().orderBy("owner").execute();
  return rows.map((row) => ({
    owner: row.owner ?? "",
    requireExpiry: row.require_expiry === 1,
    maxLifetimeSeconds: row.max_lifetime_seconds,
    warnBeforeSeconds: row.warn_before_seconds,
    unusedAfterSeconds: row.unused_after_seconds,
    firstAppliedAt: row.created_at,
  }));
}

/** A token's row, as far as policies look at it. */
export interface PolicedToken extends TokenTimes {
  readonly id: string;
  readonly identifier: string;
  readonly owner: string | null;
  readonly digest: string;
  readonly isGenerated: boolean;
  /** By a command or by its file. */
  readonly isDisabled: boolean;
  /** Neither revoked nor disabled. */
  readonly isOn: boolean;
  /** The latest of its creation, its current value and the last noted use of any of its values, in milliseconds. */
  readonly activeMs: number;
}

/** @param ids without them, all tokens are read */
export function readPolicedTokens(db: Connection, ids?: readonly string[]): Promise<readonly PolicedToken[]> {
  return readInPieces(ids, (some) => readSome(db, some));
}

async function readSome(db: Connection, ids: readonly string[] | undefined): Promise<readonly PolicedToken[]> {
  const rows = await db
    .selectFrom("api_tokens")
    .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_tokens.digest")
    .select(["id", "api_tokens.identifier", "owner", "api_tokens.digest", "generated", "enabled", "disabled_at"])
    .select(["revoked_at", "created_at", "value_since", "valid_from", "expires_at", "last_used_at"])
    .$if(ids !== undefined, (query) => query.where("id", "in", ids ?? []))
    .execute();
  const retired = await db
    .selectFrom("api_token_retired")
    .select(({ fn }) => ["token_id", fn.max("last_used_at").as("last_used_at")])
    .$if(ids !== undefined, (query) => query.where("token_id", "in", ids ?? []))
    .groupBy("token_id")
    .execute();
  const usedRetired = new Map(retired.map((row) => [row.token_id, row.last_used_at]));
  const isDisabled = (row: (typeof rows)[number]) => row.enabled !== 1 || row.disabled_at !== null;
  return rows.map((row) => ({
    id: row.id,
    identifier: row.identifier,
    owner: row.owner,
    digest: row.digest,
    isGenerated: row.generated === 1,
    isDisabled: isDisabled(row),
    isOn: !isDisabled(row) && row.revoked_at === null,
    since: row.value_since ?? row.created_at,
    validFrom: row.valid_from,
    expiresAt: row.expires_at,
    activeMs: latestMs([row.created_at, row.value_since, row.last_used_at, usedRetired.get(row.id) ?? null]),
  }));
}

/** Those of these tokens that {@link hasEnded} is true of. */
export async function findEndedTokens(
  db: Connection,
  ids: readonly string[],
  nowMs: number,
): Promise<ReadonlySet<string>> {
  const all = await readPolicies(db);
  const tokens = await readPolicedTokens(db, ids);
  return new Set(tokens.filter((token) => hasEnded(token, all, nowMs)).map(({ id }) => id));
}

/** Whether a token is disabled, has expired or was ended by one of all policies: none of its values works now. */
export function hasEnded(token: PolicedToken, all: readonly TokenPolicy[], nowMs: number): boolean {
  const policies = policiesFor(token.owner, all);
  return token.isDisabled || expiryMs(policies, token) <= nowMs || findEnding(policies, token, nowMs) !== undefined;
}
