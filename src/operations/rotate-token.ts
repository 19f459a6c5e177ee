import type { Transaction } from "kysely";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { newTokenValue, retireTokenValues } from "../database/write-rows.js";
import type { Secret } from "../secrets/secret.js";
import { digestToken, generateToken } from "../secrets/token.js";
import { hasEnded, readPolicedTokens, readPolicies } from "../users/read-token-policies.js";
import type { Managed } from "./person.js";
import {
  type Actor,
  type EntriesChanged,
  lastRunOf,
  type RecordOptions,
  recordChanges,
  type UnknownNames,
} from "./record.js";
import { requireCompliance } from "./token-limits.js";

interface Rotation extends Actor {
  /** How long the old value still works; undefined for what the token says. */
  readonly graceSeconds?: number | undefined;
}

interface TokenRotated extends EntriesChanged {
  /** Show it now: only its digest is stored. */
  readonly generated: { readonly kind: "api_token"; readonly key: string; readonly value: Secret };
}

/** Nothing was changed: what would change stands in one of the owner's files. */
export interface InFile extends Omit<Managed, "entries"> {
  readonly kind: "in_file";
  /** The token's identifier. */
  readonly key: string;
}

/**
 * Gives a token a new, generated value, inside a transaction that holds the lock. The old one keeps working for its grace period.
 *
 * @throws SetupError `POLICY_VIOLATED` (refused)
 */
export async function rotateToken(
  tx: Transaction<Tables>,
  name: string,
  { graceSeconds, ...actor }: Rotation,
  options: RecordOptions,
): Promise<LockedResult<TokenRotated | UnknownNames | InFile>> {
  const token = await tx
    .selectFrom("api_tokens")
    .select(["id", "owner", "generated", "grace_seconds"])
    .where("identifier", "=", name)
    .executeTakeFirst();
  if (!token) return { commit: false, value: { kind: "unknown_names", positions: [1] } };
  const { id, owner } = token;
  if (owner !== null && token.generated === 0) {
    return { commit: false, value: { kind: "in_file", key: name, owner, ...(await lastRunOf(tx, owner)) } };
  }
  const nowMs = options.now();
  const now = new Date(nowMs).toISOString();
  const policies = await readPolicies(tx);
  const before = await readPolicedTokens(tx, [id]);
  const renewed = before.map((old) => ({ ...old, since: now, activeMs: nowMs }));
  requireCompliance(renewed, policies, nowMs);
  const value = generateToken();
  // What does not work any more gets no grace period, in which the new value would revive it.
  const isOver = before.some((old) => hasEnded(old, policies, nowMs));
  const grace = isOver ? 0 : (graceSeconds ?? token.grace_seconds);
  await retireTokenValues(tx, now, new Map([[id, grace]]), new Set());
  const row = { ...newTokenValue(digestToken(value), now), generated: 1, updated_at: now } as const;
  await tx.updateTable("api_tokens").set(row).where("id", "=", id).execute();
  const fields = [{ name: "token", sensitive: true }];
  const changes = [{ action: "update", kind: "api_token", key: name, id, fields } as const];
  const runId = await recordChanges(tx, actor, changes, options);
  const generated = { kind: "api_token", key: name, value } as const;
  return { commit: true, value: { kind: "changed", changes, unchanged: [], runId, generated } };
}
