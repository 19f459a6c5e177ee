import type { CurrentResource, Kind, PlanInput, PlannedWorld, Refusal } from "./kind.js";
import { refusePruning } from "./prune.js";
import { refuseDangling } from "./references.js";
import type { Change, PlannedChange, Resource } from "./resource.js";

/** Everything that makes a plan impossible or dangerous, in file order of its kinds. */
export function checkPlan(input: PlanInput, changes: readonly Change[], world: PlannedWorld): readonly Refusal[] {
  return [
    ...refuseOthers(input),
    ...refuseDangling(input, changes, world),
    ...refuseTaken(input, changes, world),
    ...refusePruning(input, changes),
    ...refuseProtected(input, changes),
    ...input.kinds.flatMap((kind) => kind.check?.(world) ?? []),
  ];
}

/** The state once the changes are made. */
export function planWorld(input: PlanInput, changes: readonly Change[]): PlannedWorld {
  const { kinds, current, desired, isDatabaseKnown } = input;
  const keys = new Map<string, Set<string>>();
  const desiredBy = new Map<string, readonly Resource[]>();
  for (const kind of kinds) {
    const { name } = kind;
    keys.set(name, new Set((current.get(name) ?? []).map((row) => row.key)));
    desiredBy.set(name, kind.resourcesOf(desired));
  }
  for (const change of changes) {
    const known = keys.get(change.kind);
    if (change.action === "delete") known?.delete(change.key);
    else known?.add(change.key);
  }
  const left = new Map<string, readonly CurrentResource[]>();
  for (const { name } of kinds) {
    const declared = new Set(desiredBy.get(name)?.map(({ key }) => key));
    const isLeft = ({ key }: CurrentResource) => !declared.has(key) && keys.get(name)?.has(key);
    left.set(name, current.get(name)?.filter(isLeft) ?? []);
  }
  return {
    isDatabaseKnown,
    keys: ({ name }) => keys.get(name) ?? new Set(),
    desired: (kind) => kind.resourcesOf(desiredBy.get(kind.name) ?? []),
    current: ({ name }) => current.get(name) ?? [],
    left: ({ name }) => left.get(name) ?? [],
  };
}

function refuseOthers({ kinds, desired, current }: PlanInput): readonly Refusal[] {
  return kinds.flatMap((kind) => {
    const owned = new Map<string, CurrentResource>();
    for (const row of current.get(kind.name) ?? []) if (row.owner !== null) owned.set(row.key, row);
    if (owned.size === 0) return [];
    return kind.resourcesOf(desired).flatMap((resource): readonly Refusal[] => {
      const row = owned.get(resource.key);
      const other = row?.owner;
      if (other === undefined || other === null || other === resource.owner) return [];
      return [
        {
          reason: "refused",
          code: "OWNED_BY_OTHER",
          message: `${resource.kind} ${row?.previousKey ?? resource.key} is managed by the owner ${other}`,
          hint: `change it in that owner's files, or apply with --owner ${other}`,
          range: resource.range,
        },
      ];
    });
  });
}

/** A row may keep the value that an entry gets, and that no two resources can share. */
function refuseTaken(input: PlanInput, changes: readonly Change[], world: PlannedWorld): readonly Refusal[] {
  return input.kinds.flatMap((kind) =>
    Object.entries(kind.attributes).flatMap(([name, { identity }]): readonly Refusal[] => {
      const rows = input.current.get(kind.name) ?? [];
      if (!identity || rows.length === 0) return [];
      const ofKind = changes.filter((change) => change.kind === kind.name);
      const getting = new Set(ofKind.flatMap((change) => (writes(change, name) ? change.key : [])));
      if (getting.size === 0) return [];
      const losing = new Set(ofKind.flatMap((change) => (generatesIn(kind, change) ? change.key : [])));
      const keys = world.keys(kind);
      const kept = rows.filter(({ key }) => keys.has(key) && !getting.has(key) && !losing.has(key));
      if (kept.length === 0) return [];
      const holders = new Map(kept.map((row) => [row.attributes[name], row]));
      const desired = world.desired(kind).filter(({ key }) => getting.has(key));
      return desired.flatMap((resource): readonly Refusal[] => {
        const wish = identity(resource.attributes[name]);
        const holder = wish === undefined ? undefined : holders.get(wish);
        return holder === undefined ? [] : [taken(resource, name, holder)];
      });
    }),
  );
}

function writes(change: Change, attribute: string): change is PlannedChange {
  return change.action === "create" || (change.action === "update" && change.changed.includes(attribute));
}

/** Whether a change generates a value, which replaces the one that the row has. */
function generatesIn({ attributes }: Kind, change: Change): boolean {
  return Object.entries(attributes).some(
    ([name, { generates }]) => generates && writes(change, name) && change.attributes[name] === true,
  );
}

function taken({ kind, key, owner, range }: Resource, name: string, holder: CurrentResource): Refusal {
  const others = holder.owner !== null && holder.owner !== owner ? holder.owner : undefined;
  const whose = others === undefined ? "which this run does not change" : `which the owner ${others} manages`;
  return {
    reason: "refused",
    code: "DUPLICATE_SECRET",
    message: `${kind} ${key} has the same ${name} as ${kind} ${holder.key}, ${whose}`,
    hint:
      others === undefined
        ? "write another value, or delete the other one with `state: absent` or --prune"
        : `write another value, or first change the other one in the files of the owner ${others}`,
    range,
  };
}

/** Nothing but `protect: false` ends `protect`. */
function refuseProtected({ current, desired }: PlanInput, changes: readonly Change[]): readonly Refusal[] {
  if (!changes.some(({ action }) => action === "delete")) return [];
  const settings = new Map(
    [...current].flatMap(([kind, rows]) => rows.map((row) => [`${kind} ${row.id}`, row.settings])),
  );
  const given = new Map(desired.map((resource) => [`${resource.kind} ${resource.key}`, resource.protect]));
  return changes.flatMap((change): Refusal[] => {
    if (change.action !== "delete" || !settings.get(`${change.kind} ${change.id}`)?.protect) return [];
    const { kind, key, range, reason } = change;
    if (given.get(`${kind} ${key}`) === false) return [];
    const isPruned = reason === "pruned";
    return [
      {
        reason: "refused",
        code: "PROTECTED",
        message: `${kind} ${key} can't be deleted: it is protected${isPruned ? ", and --prune would delete it, as no file declares it" : ""}`,
        hint: isPruned
          ? "declare it again, or write it with `state: absent` and `protect: false`"
          : "keep it, or write `protect: false` beside `state: absent`",
        ...(range && { range }),
      },
    ];
  });
}
