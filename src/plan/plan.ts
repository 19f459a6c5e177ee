import { listSome, maxNamed } from "../errors.js";
import type { RawDiagnostic } from "../yaml/node.js";
import { checkPlan, planWorld } from "./check.js";
import { diffKind } from "./diff.js";
import { handOver } from "./hand-over.js";
import { keepIgnored } from "./ignored.js";
import type { CurrentResource, Kind, PlanInput, PlannedWorld, Refusal } from "./kind.js";
import type { AttributeSpecs } from "./kind-shape.js";
import { prunedOwners } from "./prune.js";
import { settleNames } from "./renames.js";
import type { Change, Resource, ResourceName } from "./resource.js";

/** What the run's owners manage, no file declares and the run leaves as it is. */
export interface Undeclared {
  readonly count: number;
  /** The first twenty of each owner. */
  readonly first: readonly ResourceName[];
}

/** What will be done, ordered by the dependencies between kinds. */
export interface Plan {
  readonly changes: readonly Change[];
  readonly unchanged: readonly ResourceName[];
  readonly undeclared: Undeclared;
  /** What it starts from, and what it comes to. */
  readonly world: PlannedWorld;
  /** Why it can't be done; then the changes only show the intent. */
  readonly refusals: readonly Refusal[];
  /** What the operator should look at. */
  readonly diagnostics: readonly RawDiagnostic[];
}

/** Compares what the files declare with what the database holds. */
export function createPlan(given: PlanInput): Plan {
  const names = settleNames({ ...given, current: handOver(given) });
  const input = { ...names.input, desired: keepIgnored(names.input) };
  const changes: Change[] = [];
  const unchanged: ResourceName[] = [];
  for (const kind of orderKinds(input.kinds)) {
    const diff = diffKind(kind, kind.resourcesOf(input.desired), input.current.get(kind.name) ?? [], {
      prunedOwners: prunedOwners(input, kind),
      newId: input.newId,
    });
    for (const change of diff.changes) changes.push(change);
    for (const name of diff.unchanged) unchanged.push(name);
  }
  const world = planWorld(input, changes);
  const undeclared = input.owners.map(({ name }) => findUndeclared(name, input, world));
  const reviewed = input.kinds.flatMap((kind) => kind.review?.(world) ?? []);
  const told = undeclared.flatMap((part, index) => tellUndeclared(part, input.owners[index]?.name ?? ""));
  const diagnostics = [...names.diagnostics, ...reviewed, ...told];
  return {
    changes,
    unchanged,
    undeclared: {
      count: undeclared.reduce((sum, { count }) => sum + count, 0),
      first: undeclared.flatMap(({ first }) => first),
    },
    world,
    refusals: [...names.refusals, ...checkPlan(input, changes, world)],
    diagnostics,
  };
}

/** What this owner manages, no file declares and the run leaves as it is. */
function findUndeclared(owner: string, { kinds, others, current }: PlanInput, world: PlannedWorld): Undeclared {
  let count = 0;
  const first: ResourceName[] = [];
  for (const kind of kinds) {
    // What is named for its owner, such as a policy, is no entry of a file.
    if (kind.keyColumn === "owner") continue;
    const all = others?.owned.get(owner)?.get(kind.name);
    const isOwn = (row: CurrentResource): boolean => row.owner === owner;
    const left = world.left(kind).filter(isOwn);
    const declared = new Set(world.desired(kind).map(({ key }) => key));
    const taken = all ? (current.get(kind.name) ?? []).filter((row) => isOwn(row) && declared.has(row.key)).length : 0;
    count += all ? all.count - taken : left.length;
    const keys = all ? all.keys.filter((key) => !declared.has(key)).sort() : left.map(({ key }) => key);
    for (const key of keys) if (first.length < maxNamed) first.push({ kind: kind.name, key });
  }
  return { count, first };
}

function tellUndeclared({ count, first }: Undeclared, owner: string): readonly RawDiagnostic[] {
  if (count === 0) return [];
  const one = count === 1;
  const stay = one ? "is in no file and stays as it is" : "are in no file and stay as they are";
  const named = listSome(
    first.map(({ kind, key }) => `${kind} ${key}`),
    count,
  );
  return [
    {
      severity: "note",
      code: "UNDECLARED",
      message: `${one ? "1 entry" : `${count} entries`} that the owner ${owner} manages ${stay}: ${named}`,
      hint: `declare ${one ? "it" : "them"}, or delete ${one ? "it" : "them"} with \`state: absent\` or with --prune, which covers the kinds of enabled steps`,
    },
  ];
}

/**
 * Sorts kinds so that each follows those it depends on; otherwise keeps the given order.
 *
 * @throws TypeError when a kind depends on itself or on a missing one: a mistake in a step's code
 */
export function orderKinds(kinds: readonly Kind[]): readonly Kind[] {
  const byName = new Map(kinds.map((kind) => [kind.name, kind]));
  const ordered = new Set<Kind>();
  const visit = (kind: Kind, path: readonly string[]): void => {
    if (ordered.has(kind)) return;
    if (path.includes(kind.name))
      throw new TypeError(`kinds depend on each other: ${[...path, kind.name].join(" → ")}`);
    for (const name of kind.dependsOn) {
      const dependency = byName.get(name);
      if (!dependency) throw new TypeError(`the kind ${kind.name} depends on ${name}, which does not exist`);
      visit(dependency, [...path, kind.name]);
    }
    ordered.add(kind);
  };
  for (const kind of kinds) visit(kind, []);
  return [...ordered];
}

/** The keys of the entries whose secret is generated, by this run or an earlier one. */
export function generatedKeys(kinds: readonly Kind[], desired: readonly Resource[]): readonly string[] {
  const generating = new Map(kinds.map(({ name, attributes }) => [name, generatingAttributes(attributes)]));
  const isGenerated = ({ kind, attributes }: Resource) =>
    generating.get(kind)?.some((name) => attributes[name] === true);
  return desired.filter((resource) => resource.present && isGenerated(resource)).map(({ key }) => key);
}

/** Whether carrying the changes out generates secrets that must be shown. */
export function willGenerate(kinds: readonly Kind[], changes: readonly Change[]): boolean {
  const generating = new Map(kinds.map(({ name, attributes }) => [name, generatingAttributes(attributes)]));
  return changes.some((change) => {
    if (change.action === "delete") return false;
    const isWritten = (name: string) => change.action === "create" || change.changed.includes(name);
    return generating.get(change.kind)?.some((name) => change.attributes[name] === true && isWritten(name)) === true;
  });
}

function generatingAttributes(attributes: AttributeSpecs): readonly string[] {
  return Object.entries(attributes).flatMap(([name, { generates }]) => (generates ? [name] : []));
}
