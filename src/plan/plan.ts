import type { Finding } from "../document/finding.js";
import type { Change, ResourceName } from "./change.js";
import { checkPlan, planWorld } from "./check.js";
import { diffKind } from "./diff.js";
import type { Refusal } from "./kind.js";
import { orderKinds } from "./order.js";
import type { PlanInput } from "./plan-input.js";

/** What will be done, in the order of kinds that depend on each other. */
export interface Plan {
  readonly changes: readonly Change[];
  readonly unchanged: readonly ResourceName[];
  /** Why it can't be done; then the changes only tell what was meant. */
  readonly refusals: readonly Refusal[];
  /** What the operator should look at. */
  readonly remarks: readonly Finding[];
}

/** Compares what the files want with what there is. */
export function makePlan(input: PlanInput): Plan {
  const changes: Change[] = [];
  const unchanged: ResourceName[] = [];
  for (const kind of orderKinds(input.kinds)) {
    const diff = diffKind(
      kind,
      input.wanted.filter((resource) => resource.kind === kind.name),
      input.current.get(kind.name) ?? [],
      { owner: input.owner, prune: input.prunable.has(kind.name), newId: input.newId },
    );
    for (const change of diff.changes) changes.push(change);
    for (const name of diff.unchanged) unchanged.push(name);
  }
  const world = planWorld(input, changes);
  const remarks = input.kinds.flatMap((kind) => kind.review?.(world) ?? []);
  return { changes, unchanged, refusals: checkPlan(input, changes, world), remarks };
}
