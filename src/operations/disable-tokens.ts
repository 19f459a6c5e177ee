import type { Transaction } from "kysely";
import { chunk } from "../database/database.js";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import {
  type Actor,
  type EntriesChanged,
  type RecordOptions,
  recordChanges,
  type UnknownNames,
  unknownNames,
} from "./record.js";
import { findTokens } from "./revoke-tokens.js";

/**
 * Disables tokens, or enables them again, inside a transaction that holds the lock: also those that a file manages, since it gives no
 * more than that file did.
 */
export async function switchTokens(
  tx: Transaction<Tables>,
  names: readonly string[],
  enabled: boolean,
  actor: Actor,
  options: RecordOptions,
): Promise<LockedResult<EntriesChanged | UnknownNames>> {
  const tokens = await findTokens(tx, names);
  const unknown = unknownNames(names, tokens);
  if (unknown) return { commit: false, value: unknown };
  const at = new Date(options.now()).toISOString();
  const by = actor.claimedActor ?? actor.actor;
  const state = enabled ? { disabled_at: null, disabled_by: null } : { disabled_at: at, disabled_by: by };
  const switched = new Set<string>();
  const ids = [...tokens.values()].map(({ id }) => id);
  for (const batch of chunk(ids, 500)) {
    const rows = await tx
      .updateTable("api_tokens")
      .set({ ...state, updated_at: at })
      .where("id", "in", batch)
      .where("disabled_at", enabled ? "is not" : "is", null)
      .returning("id")
      .execute();
    for (const { id } of rows) switched.add(id);
  }
  const sorted = [...tokens.values()].sort((one, other) => (one.identifier < other.identifier ? -1 : 1));
  const changes = sorted
    .filter(({ id }) => switched.has(id))
    .map(({ id, identifier }) => ({
      action: "update" as const,
      kind: "api_token",
      key: identifier,
      id,
      fields: [{ name: "disabled", before: enabled, after: !enabled }],
    }));
  const unchanged = sorted.flatMap(({ id, identifier }) => (switched.has(id) ? [] : [identifier]));
  const runId = await recordChanges(tx, actor, changes, options);
  return { commit: changes.length > 0, value: { kind: "changed", changes, unchanged, runId } };
}
