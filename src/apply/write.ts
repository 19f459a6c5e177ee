import { sql, type Transaction } from "kysely";
import { anyTables, chunk } from "../database/database.js";
import { forgetFormerNames, missingProtected, writeEntrySettings } from "../database/entry-settings.js";
import type { Tables } from "../database/tables.js";
import type { GeneratedSecret, Kind, Refusal, WriteContext } from "../plan/kind.js";
import { orderKinds, type Plan } from "../plan/plan.js";
import { endedAliases } from "../plan/renames.js";
import type { Change, PlannedChange, Resource } from "../plan/resource.js";
import type { LazyVault } from "../secrets/vault.js";
import type { ApplyOptions } from "./options.js";
import { type OnStep, ownKindName, withOwnTables } from "./run.js";
import { checkpoint } from "./wait.js";

/** What is carried out. */
interface WritablePlan {
  readonly kinds: readonly Kind[];
  readonly desired: readonly Resource[];
  readonly plan: Plan;
  readonly vault: LazyVault;
  /** ISO 8601, UTC. */
  readonly now: string;
}

interface WriteOptions extends Pick<ApplyOptions, "newId" | "signal"> {
  readonly step?: OnStep | undefined;
}

interface Written {
  /** To be shown once. */
  readonly generated: readonly GeneratedSecret[];
  /** Why it must be rolled back. */
  readonly cascades: readonly Refusal[];
}

/** Carries a plan out: writes every change and what belongs to it, but no record of who did it. */
export async function writePlan(
  tx: Transaction<Tables>,
  { kinds, desired, plan, vault, now }: WritablePlan,
  options: WriteOptions,
): Promise<Written> {
  const generated: GeneratedSecret[] = [];
  const { newId } = options;
  const context = { db: tx, vault, now, newId, generated: (secret: GeneratedSecret) => generated.push(secret) };
  await writeChanges(context, kinds, plan.changes, options);
  await writeEntrySettings(tx, plan.changes);
  await forgetFormerNames(tx, endedAliases(kinds, desired, plan));
  await rememberKey(tx, vault);
  return { generated, cascades: await findCascades(tx, kinds, plan) };
}

async function rememberKey(tx: Transaction<Tables>, vault: LazyVault): Promise<void> {
  const keyId = vault.usedKeyId();
  if (keyId !== undefined) await tx.updateTable("setup_state").set({ key_id: keyId }).where("id", "=", 1).execute();
}

/**
 * Carries the changes out: deletions first, then releases, so that names and values are free again; each kind after
 * those it depends on.
 */
async function writeChanges(
  context: WriteContext,
  kinds: readonly Kind[],
  changes: readonly Change[],
  { signal, step }: WriteOptions,
): Promise<void> {
  const ordered = orderKinds(kinds);
  for (const kind of ordered.toReversed()) {
    const ids = changes
      .filter(({ action, kind: name }) => action === "delete" && name === kind.name)
      .map(({ id }) => id);
    if (ids.length > 0) await withOwnTables(ownKindName(kind), () => kind.remove(context, ids));
    await checkpoint(signal);
  }
  const plannedOf = (kind: Kind): readonly PlannedChange[] =>
    changes.filter((change): change is PlannedChange => change.action !== "delete" && change.kind === kind.name);
  for (const kind of ordered) {
    await releaseKeys(context, kind, plannedOf(kind));
    await kind.release?.(context, plannedOf(kind));
  }
  for (const kind of ordered) {
    const planned = plannedOf(kind);
    if (planned.length > 0) {
      step?.("WRITING", `writing ${planned.length} ${kind.name}`);
      await withOwnTables(ownKindName(kind), () => kind.write(context, planned));
    }
    await checkpoint(signal);
  }
}

/** Entries that swap their names, or take over each other's, give them up first: no two rows can have one at any moment. */
async function releaseKeys({ db }: WriteContext, kind: Kind, changes: readonly PlannedChange[]): Promise<void> {
  const renamed = changes.flatMap((change) =>
    change.action === "update" && change.previousKey !== undefined ? [{ id: change.id, from: change.previousKey }] : [],
  );
  if (renamed.length === 0) return;
  const taken = new Set(changes.map(({ key }) => key));
  const leaving = renamed.filter(({ from }) => taken.has(from));
  for (const batch of chunk(leaving, 500)) {
    const ids = batch.map(({ id }) => id);
    await anyTables(db)
      .updateTable(kind.table)
      // No name that a file can have: the new one follows.
      .set({ [kind.keyColumn]: sql<string>`'released:' || id` })
      .where("id", "in", ids)
      .execute();
  }
}

/**
 * Protected rows that went with others: a foreign key of a table that a module brings may delete them, and no plan shows what
 * its kind does not call a reference.
 */
async function findCascades(
  tx: Transaction<Tables>,
  kinds: readonly Kind[],
  { changes, world }: Plan,
): Promise<readonly Refusal[]> {
  if (!changes.some(({ action }) => action === "delete")) return [];
  const refusals: Refusal[] = [];
  for (const kind of kinds) {
    const missing = await missingProtected(tx, kind.name, kind.table);
    for (const { id, key } of world.current(kind)) {
      if (!missing.includes(id)) continue;
      const message = `${kind.name} ${key} can't be deleted: it is protected, and would go with an entry that this run deletes`;
      const hint = `keep that entry, or first apply the ${kind.name} with \`protect: false\``;
      refusals.push({ reason: "refused", code: "PROTECTED", message, hint });
    }
  }
  return refusals;
}
