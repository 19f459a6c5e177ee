import type { Finding } from "../yaml/node.js";
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
  /** What this owner manages, no file declares and the run leaves as it is. */
  readonly undeclared: readonly ResourceName[];
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
  const undeclared = input.kinds.flatMap(({ name: kind }) =>
    world
      .left(kind)
      .filter(({ owner }) => owner === input.owner)
      .map(({ key }) => ({ kind, key })),
  );
  const reviewed = input.kinds.flatMap((kind) => kind.review?.(world) ?? []);
  const remarks = [...reviewed, ...tellUndeclared(undeclared, input.owner)];
  return { changes, unchanged, undeclared, refusals: checkPlan(input, changes, world), remarks };
}

const mostNamed = 20;

function tellUndeclared(undeclared: readonly ResourceName[], owner: string): readonly Finding[] {
  if (undeclared.length === 0) return [];
  const one = undeclared.length === 1;
  const stay = one ? "is in no file and stays as it is" : "are in no file and stay as they are";
  const named = undeclared.slice(0, mostNamed).map(({ kind, key }) => `${kind} ${key}`);
  const others = undeclared.length > mostNamed ? ` and ${undeclared.length - mostNamed} more` : "";
  return [
    {
      severity: "note",
      code: "UNDECLARED",
      message: `${one ? "1 entry" : `${undeclared.length} entries`} that the owner ${owner} manages ${stay}: ${named.join(", ")}${others}`,
      hint: `declare ${one ? "it" : "them"}, or delete ${one ? "it" : "them"} with \`state: absent\` or with --prune, which looks at the kinds of enabled steps`,
    },
  ];
}
