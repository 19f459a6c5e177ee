import type { Kind, WriteContext } from "../plan/kind.js";
import { orderKinds } from "../plan/plan.js";
import type { Change, PlannedChange } from "../plan/resource.js";
import { checkpoint } from "./interrupt.js";
import type { ApplyOptions } from "./options.js";

/**
 * Carries the changes out: deletions first, then what else gives something up, so that what they held is free; each kind after
 * those it depends on.
 */
export async function writeChanges(
  context: WriteContext,
  kinds: readonly Kind[],
  changes: readonly Change[],
  { signal, onProgress }: Pick<ApplyOptions, "signal" | "onProgress">,
): Promise<void> {
  const ordered = orderKinds(kinds);
  for (const kind of ordered.toReversed()) {
    const ids = changes
      .filter(({ action, kind: name }) => action === "delete" && name === kind.name)
      .map(({ id }) => id);
    if (ids.length > 0) await kind.remove(context, ids);
    await checkpoint(signal);
  }
  const plannedOf = (kind: Kind): readonly PlannedChange[] =>
    changes.filter((change): change is PlannedChange => change.action !== "delete" && change.kind === kind.name);
  for (const kind of ordered) await kind.release?.(context, plannedOf(kind));
  for (const kind of ordered) {
    const planned = plannedOf(kind);
    if (planned.length > 0) {
      onProgress(`writing ${planned.length} ${kind.name}`);
      await kind.write(context, planned);
    }
    await checkpoint(signal);
  }
}
