import type { Transaction } from "kysely";
import { chunk } from "../database/database.js";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { readPolicedTokens, readPolicies } from "../users/read-token-policies.js";
import {
  type Actor,
  type EntriesChanged,
  lastRunOf,
  type RecordOptions,
  recordChanges,
  type UnknownNames,
  unknownNames,
} from "./record.js";
import { findTokens } from "./revoke-tokens.js";
import type { InFile } from "./rotate-token.js";
import { requireCompliance } from "./token-limits.js";

/**
 * Disables tokens, or enables them again, inside a transaction that holds the lock: also those that a file manages, since it gives no
 * more than that file does. What a file itself disables can't be enabled here.
 *
 * @throws SetupError `POLICY_VIOLATED` (refused)
 */
export async function switchTokens(
  tx: Transaction<Tables>,
  names: readonly string[],
  enabled: boolean,
  actor: Actor,
  options: RecordOptions,
): Promise<LockedResult<EntriesChanged | UnknownNames | InFile>> {
  const tokens = await findTokens(tx, names);
  const unknown = unknownNames(names, tokens);
  if (unknown) return { commit: false, value: unknown };
  const [held] = enabled ? [...tokens.values()].filter((token) => token.enabled === 0 && token.owner !== null) : [];
  if (held) {
    const owner = held.owner ?? "";
    return { commit: false, value: { kind: "in_file", key: held.identifier, owner, ...(await lastRunOf(tx, owner)) } };
  }
  const ids = [...tokens.values()].map(({ id }) => id);
  if (enabled) {
    const stopped = (await readPolicedTokens(tx, ids)).filter(({ isOn }) => !isOn);
    requireCompliance(stopped, await readPolicies(tx), options.now());
  }
  const at = new Date(options.now()).toISOString();
  const by = actor.claimedActor ?? actor.actor;
  const state = enabled
    ? { disabled_at: null, disabled_by: null, enabled: 1 as const }
    : { disabled_at: at, disabled_by: by };
  const switched = new Set<string>();
  for (const batch of chunk(ids, 500)) {
    const rows = await tx
      .updateTable("api_tokens")
      .set({ ...state, updated_at: at })
      .where("id", "in", batch)
      .where((eb) =>
        enabled ? eb.or([eb("disabled_at", "is not", null), eb("enabled", "=", 0)]) : eb("disabled_at", "is", null),
      )
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
