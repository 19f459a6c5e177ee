import type { Transaction } from "kysely";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { oidcClient } from "../resources/kinds.js";
import { changeAs } from "./authorize.js";
import type { EntryConflict } from "./change-entries.js";
import type { Forbidden, Person } from "./person.js";
import { managedByFile, type RecordOptions, recordChanges } from "./record.js";

/** `switched`: also where it was so already. */
type SwitchOutcome = { readonly kind: "switched" } | EntryConflict | Forbidden;

interface ClientSwitch {
  readonly identifier: string;
  readonly enabled: boolean;
  /** The row's `updated_at` when it was shown: what is enabled is what the person saw. Not needed to disable it. */
  readonly updatedAt?: string;
}

/**
 * Enables or disables a client, inside a transaction that holds the lock. One that a file manages can be disabled as well, since that only
 * takes access away; the next run of the file enables it again.
 */
export function switchClient(
  tx: Transaction<Tables>,
  { identifier, enabled, updatedAt }: ClientSwitch,
  person: Person,
  options: RecordOptions,
): Promise<LockedResult<SwitchOutcome>> {
  const demand = { right: "superuser", fresh: true, ...(enabled && { bootstrap: "sign_in" as const }) } as const;
  return changeAs(tx, person, demand, options, async (actor): Promise<LockedResult<SwitchOutcome>> => {
    const row = await tx
      .selectFrom("oidc_clients")
      .select(["id", "owner", "enabled", "updated_at"])
      .where("identifier", "=", identifier)
      .executeTakeFirst();
    const name = { kind: oidcClient.name, key: identifier };
    if (!row) return { commit: false, value: { kind: "conflict", entry: name, state: "gone" } };
    if (enabled && row.owner !== null) return { commit: false, value: await managedByFile(tx, row.owner, [name]) };
    if (enabled && row.updated_at !== updatedAt) {
      return { commit: false, value: { kind: "conflict", entry: name, state: "changed" } };
    }
    if (row.enabled === (enabled ? 1 : 0)) return { commit: false, value: { kind: "switched" } };
    const updated_at = new Date(options.now()).toISOString();
    await tx
      .updateTable("oidc_clients")
      .set({ enabled: enabled ? 1 : 0, updated_at })
      .where("id", "=", row.id)
      .execute();
    const fields = [{ name: "enabled", before: !enabled, after: enabled }];
    await recordChanges(tx, actor, [{ action: "update" as const, ...name, id: row.id, fields }], options);
    return { commit: true, value: { kind: "switched" } };
  });
}
