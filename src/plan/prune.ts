import type { Kind, PlanInput, Refusal } from "./kind.js";
import type { Change } from "./resource.js";

/** The owners whose rows of a kind are deleted when no file declares them. */
export function prunedOwners({ owners, prune }: PlanInput, { name }: Kind): ReadonlySet<string> {
  return new Set(prune ? owners.filter(({ kinds }) => kinds.has(name)).map((owner) => owner.name) : []);
}

/** What pruning must not do by mistake: delete another team's entries, or nearly all of its own. */
export function refusePruning(input: PlanInput, changes: readonly Change[]): readonly Refusal[] {
  if (!input.prune) return [];
  const pruned = changes.filter((change) => change.action === "delete" && change.reason === "pruned");
  return [...refuseUnnamed(input), ...refuseMany(input, pruned)];
}

/** Among several teams, a file that names no owner may as well be one of theirs. */
function refuseUnnamed({ owners, current }: PlanInput): readonly Refusal[] {
  const unnamed = owners.find(({ isNamed }) => !isNamed);
  if (unnamed === undefined) return [];
  const found = new Set([...current.values()].flatMap((rows) => rows.flatMap(({ owner }) => owner ?? [])));
  const others = [...found].filter((name) => name !== unnamed.name).sort();
  if (others.length === 0) return [];
  return [
    {
      reason: "refused",
      code: "PRUNE_REFUSED",
      message: `whose entries to prune is not said, and this database has entries of other owners than ${unnamed.name}: ${others.join(", ")}`,
      hint: `name the owner: write \`vtb_setup: {owner: ${unnamed.name}}\` in the file, or use --owner ${unnamed.name}`,
    },
  ];
}

const fewEntries = 10;
const smallShare = 1 / 5;

/** A template that came out empty, or half of it, must not remove everyone's access. */
function refuseMany(input: PlanInput, pruned: readonly Change[]): readonly Refusal[] {
  return input.owners.flatMap(({ name: owner }) =>
    input.kinds.flatMap((kind): readonly Refusal[] => {
      const count = pruned.filter((change) => change.kind === kind.name && change.owner === owner).length;
      if (count === 0) return [];
      const isKept = kind.resourcesOf(input.desired).some((resource) => resource.present && resource.owner === owner);
      if (!isKept) {
        const message = `pruning would delete every ${kind.name} that the owner ${owner} manages (${count})`;
        const hint = "if you want that, declare each with `state: absent`, or use --allow PRUNE_REFUSED";
        return [{ reason: "refused", code: "PRUNE_REFUSED", message, hint }];
      }
      const managed = (input.current.get(kind.name) ?? []).filter((row) => row.owner === owner).length;
      if (count <= fewEntries || count <= managed * smallShare) return [];
      const message = `pruning would delete ${count} of the ${managed} ${kind.name} that the owner ${owner} manages`;
      const hint = "check that no file is missing or cut off; if you want that, use --allow MANY_DELETIONS";
      return [{ reason: "refused", code: "MANY_DELETIONS", message, hint }];
    }),
  );
}
