import type { Change } from "./change.js";
import type { CurrentResource, Kind, PlannedWorld, Refusal } from "./kind.js";
import { createNearNames, type NearName } from "./near-name.js";
import type { PlanInput } from "./plan-input.js";
import type { AttributeValue, Resource } from "./resource.js";

/** Everything that makes a plan impossible or dangerous, in file order of its kinds. */
export function checkPlan(input: PlanInput, changes: readonly Change[], world: PlannedWorld): readonly Refusal[] {
  return [
    ...refuseOthers(input),
    ...refuseDangling(input, changes, world),
    ...refuseTaken(input, changes, world),
    ...refuseEmptying(input, changes),
    ...input.kinds.flatMap((kind) => kind.check?.(world) ?? []),
  ];
}

/** What will be there once the changes are made. */
export function planWorld({ kinds, current, wanted, owner }: PlanInput, changes: readonly Change[]): PlannedWorld {
  const keys = new Map<string, Set<string>>();
  const wantedBy = new Map<string, readonly Resource[]>();
  for (const { name } of kinds) {
    keys.set(name, new Set((current.get(name) ?? []).map((row) => row.key)));
    wantedBy.set(
      name,
      wanted.filter((resource) => resource.kind === name),
    );
  }
  for (const change of changes) {
    const known = keys.get(change.kind);
    if (change.action === "delete") known?.delete(change.key);
    else known?.add(change.key);
    if (change.action === "update" && change.previousKey !== undefined) known?.delete(change.previousKey);
  }
  const left = new Map<string, readonly CurrentResource[]>();
  for (const { name } of kinds) {
    const declared = new Set(wantedBy.get(name)?.map(({ key }) => key));
    const isLeft = ({ key }: CurrentResource) => !declared.has(key) && keys.get(name)?.has(key);
    left.set(name, current.get(name)?.filter(isLeft) ?? []);
  }
  return {
    owner,
    keys: (kind) => keys.get(kind) ?? new Set(),
    wanted: (kind) => wantedBy.get(kind) ?? [],
    left: (kind) => left.get(kind) ?? [],
  };
}

function refuseOthers({ wanted, current, owner }: PlanInput): readonly Refusal[] {
  const owners = new Map<string, string>();
  for (const [kind, rows] of current) {
    for (const row of rows) if (row.owner !== null && row.owner !== owner) owners.set(`${kind} ${row.key}`, row.owner);
  }
  return wanted.flatMap((resource): Refusal[] => {
    const other = owners.get(`${resource.kind} ${resource.key}`);
    if (other === undefined) return [];
    return [
      {
        reason: "refused",
        code: "OWNED_BY_OTHER",
        message: `${resource.kind} ${resource.key} is managed by the owner ${other}`,
        hint: `change it where that owner's files are, or apply with --owner ${other}`,
        place: resource.place,
      },
    ];
  });
}

/** References must hit something, from what the files want and from the rows that they leave alone. */
function refuseDangling(input: PlanInput, changes: readonly Change[], world: PlannedWorld): readonly Refusal[] {
  const deleted = new Set(changes.filter(({ action }) => action === "delete").map(({ kind, key }) => `${kind} ${key}`));
  const refusals: Refusal[] = [];
  const nearNames = new Map<string, ReturnType<typeof createNearNames>>();
  const nearTo = ({ kind, key }: Target): NearName | undefined => {
    const find = nearNames.get(kind) ?? createNearNames(world.keys(kind));
    nearNames.set(kind, find);
    return find(key);
  };
  for (const kind of input.kinds) {
    for (const resource of world.wanted(kind.name).filter(({ present }) => present)) {
      for (const target of danglingFrom(kind, resource.attributes, world)) {
        const isDeleted = deleted.has(`${target.kind} ${target.key}`);
        refusals.push(danglingWanted(resource, target, isDeleted ? "deleted" : nearTo(target)));
      }
    }
    for (const row of world.left(kind.name)) {
      for (const target of danglingFrom(kind, row.attributes, world)) {
        refusals.push(danglingRow(kind, row, target, input.owner));
      }
    }
  }
  return refusals;
}

interface Target {
  readonly kind: string;
  readonly key: string;
  /** The one that names it. */
  readonly attribute: string;
}

function danglingFrom(
  kind: Kind,
  attributes: Readonly<Record<string, AttributeValue>>,
  world: PlannedWorld,
): readonly Target[] {
  return Object.entries(kind.attributes).flatMap(([name, { references }]) => {
    if (references === undefined) return [];
    const value = attributes[name];
    const keys = Array.isArray(value) ? value : [value];
    return keys
      .filter((key): key is string => typeof key === "string" && !world.keys(references).has(key))
      .map((key) => ({ kind: references, key, attribute: name }));
  });
}

function danglingWanted(resource: Resource, target: Target, found: NearName | "deleted" | undefined): Refusal {
  const isDeleted = found === "deleted";
  const near = isDeleted ? undefined : found;
  const what = `${resource.kind} ${resource.key} needs ${target.kind} ${target.key}`;
  const why = isDeleted ? "which the same run deletes" : "which neither the files nor the database have";
  return {
    reason: "invalid",
    code: isDeleted ? "RESOURCE_IN_USE" : "REFERENCE_NOT_FOUND",
    message: `${what}, ${why}${near ? `; it differs only in ${near.difference} from ${near.name}` : ""}`,
    hint: near ? `write ${near.name}` : `declare the ${target.kind}, or name another one`,
    place: resource.places?.[target.attribute] ?? resource.place,
  };
}

function danglingRow({ name: kind }: Kind, row: CurrentResource, target: Target, owner: string): Refusal {
  const others = row.owner !== null && row.owner !== owner ? row.owner : undefined;
  const whose = others === undefined ? "which no file declares" : `which the owner ${others} manages`;
  return {
    reason: "refused",
    code: "RESOURCE_IN_USE",
    message: `${target.kind} ${target.key} can't be deleted: ${kind} ${row.key}, ${whose}, needs it`,
    hint:
      others === undefined
        ? `declare the ${kind} as well, with another \`${target.attribute}\` or \`state: absent\`, or keep the ${target.kind}`
        : `keep the ${target.kind}, or let the owner ${others} take it out of \`${target.attribute}\` of ${kind} ${row.key} first`,
  };
}

/** What no two resources can share may be held by a row that the run leaves as it is. */
function refuseTaken(input: PlanInput, changes: readonly Change[], world: PlannedWorld): readonly Refusal[] {
  return input.kinds.flatMap((kind) =>
    Object.entries(kind.attributes).flatMap(([name, { identity }]): readonly Refusal[] => {
      if (!identity) return [];
      const wanted = world.wanted(kind.name).filter(({ present }) => present);
      const changed = new Set(changes.filter((change) => change.kind === kind.name).map(({ key }) => key));
      const declared = new Map(wanted.map(({ key, attributes }) => [key, attributes[name]]));
      const isLeft = (key: string): boolean =>
        world.keys(kind.name).has(key) && declared.get(key) === undefined && !changed.has(key);
      const left = (input.current.get(kind.name) ?? []).filter(({ key }) => isLeft(key));
      const holders = new Map(left.map((row) => [row.attributes[name], row]));
      return wanted.flatMap((resource): readonly Refusal[] => {
        const wish = identity(resource.attributes[name]);
        const holder = wish === undefined ? undefined : holders.get(wish);
        return holder === undefined ? [] : [taken(resource, name, holder, input.owner)];
      });
    }),
  );
}

function taken({ kind, key, place }: Resource, name: string, holder: CurrentResource, owner: string): Refusal {
  const others = holder.owner !== null && holder.owner !== owner ? holder.owner : undefined;
  const whose = others === undefined ? "which this run leaves as it is" : `which the owner ${others} manages`;
  return {
    reason: "refused",
    code: "DUPLICATE_SECRET",
    message: `${kind} ${key} has the same ${name} as ${kind} ${holder.key}, ${whose}`,
    hint:
      others === undefined
        ? "write another value, or take the other one away: declare it with `state: absent`, or use --prune"
        : `write another value, or let the owner ${others} give theirs another one first`,
    place,
  };
}

/** A template that came out empty must not take everybody's access away. */
function refuseEmptying(input: PlanInput, changes: readonly Change[]): readonly Refusal[] {
  return [...input.prunable].flatMap((kind): Refusal[] => {
    const pruned = changes.filter(
      (change) => change.kind === kind && change.action === "delete" && change.reason === "pruned",
    );
    const kept = input.wanted.some((resource) => resource.kind === kind && resource.present);
    if (pruned.length === 0 || kept) return [];
    return [
      {
        reason: "refused",
        code: "PRUNE_REFUSED",
        message: `pruning would delete every ${kind} that the owner ${input.owner} manages (${pruned.length})`,
        hint: "if that is meant, declare them with `state: absent`",
      },
    ];
  });
}
