import { isSecret } from "../secrets/secret.js";
import type { RawDiagnostic } from "../yaml/node.js";
import type { CurrentResource, Kind, PlanInput, PlannedWorld, Refusal } from "./kind.js";
import type { AttributeSpecs } from "./kind-shape.js";
import { type AttributeValue, type Change, type Resource, rangeOf } from "./resource.js";
import { isRecord } from "./step-mistakes.js";

export interface SettledNames {
  /** The input with each row and each reference under the name that it has once the plan is carried out. */
  readonly input: PlanInput;
  readonly refusals: readonly Refusal[];
  readonly diagnostics: readonly RawDiagnostic[];
}

/** The name of an entry of a kind, as it is once the plan is carried out. */
type NameOf = (kind: string, key: string) => string;

/** Finds the rows that files rename, and what names them by their former names. */
export function settleNames(input: PlanInput): SettledNames {
  const { kinds, desired, current } = input;
  const found = new Map(kinds.map((kind) => [kind.name, findRenames(kind, input)]));
  const names = new Map([...found].map(([kind, { rows }]) => [kind, namesAfter(rows)]));
  const isRenamed = [...names.values()].some(({ size }) => size > 0);
  const rowNameOf: NameOf = (kind, key) => names.get(kind)?.get(key) ?? key;
  const rowsOf = (kind: Kind): readonly CurrentResource[] => {
    const rows = current.get(kind.name) ?? [];
    return isRenamed ? rows.map((row) => renameRow(row, kind.attributes, rowNameOf, kind.name)) : rows;
  };
  const renamed = new Map(kinds.map((kind) => [kind.name, rowsOf(kind)]));
  const aliases = findAliases(kinds, desired, renamed);
  const diagnostics = [...found.values()].flatMap((result) => result.notes);
  return {
    input: {
      ...input,
      current: renamed,
      desired: aliases.size === 0 ? desired : resolveAliases(kinds, desired, aliases, diagnostics),
    },
    refusals: [...found.values()].flatMap((result) => result.refusals),
    diagnostics,
  };
}

interface FoundRenames {
  /** Rows that get a new name, by that. */
  readonly rows: ReadonlyMap<string, CurrentResource>;
  readonly refusals: readonly Refusal[];
  readonly notes: readonly RawDiagnostic[];
}

function findRenames(kind: Kind, { desired, current, others, isDatabaseKnown }: PlanInput): FoundRenames {
  const present = kind.resourcesOf(desired).filter((resource) => resource.present);
  const rows = new Map((current.get(kind.name) ?? []).map((row) => [row.key, row]));
  // Two entries may swap their names, so that a name alone does not say whether its row was renamed already.
  const isDone = ({ key, renamedFrom }: Resource) => rows.get(key)?.settings?.renamedFrom === renamedFrom;
  const renaming = present.filter(({ renamedFrom }) => renamedFrom !== undefined);
  const pending = renaming.filter((resource) => !isDone(resource));
  const settled = new Set(renaming.filter(isDone).map(({ key }) => key));
  const rowFor = ({ renamedFrom = "" }: Resource) => (settled.has(renamedFrom) ? undefined : rows.get(renamedFrom));
  const leaving = new Set(pending.flatMap((resource) => rowFor(resource)?.key ?? []));
  const renamed = new Map<string, CurrentResource>();
  const refusals: Refusal[] = [];
  const notes: RawDiagnostic[] = [];
  for (const resource of pending) {
    const row = rowFor(resource);
    const isFree = !rows.has(resource.key) || leaving.has(resource.key);
    if (row && isFree) renamed.set(resource.key, row);
    else if (row) refusals.push(bothExist(resource));
    else if (isFree && isDatabaseKnown && (rows.size > 0 || others?.kinds.has(kind.name)))
      notes.push(nothingToRename(resource));
  }
  for (const [key, row] of sameIdentities(kind, kind.resourcesOf(desired), rows)) {
    if (!renamed.has(key) && !leaving.has(row.key)) renamed.set(key, row);
  }
  return { rows: renamed, refusals, notes };
}

/** Rows that no file declares any more, whose identity is now under a new key. */
function sameIdentities(
  kind: Kind,
  desired: readonly Resource[],
  rows: ReadonlyMap<string, CurrentResource>,
): ReadonlyMap<string, CurrentResource> {
  const renamed = new Map<string, CurrentResource>();
  if (rows.size === 0) return renamed;
  const declared = new Set(desired.map(({ key }) => key));
  for (const [name, { identity, same }] of Object.entries(kind.attributes)) {
    if (!identity || !same) continue;
    const left = [...rows.values()].filter((row) => !declared.has(row.key));
    if (left.length === 0) continue;
    const byIdentity = new Map(left.map((row) => [row.attributes[name], row]));
    for (const resource of desired) {
      if (!resource.present || rows.has(resource.key)) continue;
      const row = byIdentity.get(identity(resource.attributes[name]));
      if (row && (row.owner ?? resource.owner) === resource.owner) renamed.set(resource.key, row);
    }
  }
  return renamed;
}

function bothExist(resource: Resource): Refusal {
  const { kind, key, renamedFrom = "" } = resource;
  return {
    reason: "refused",
    code: "RENAME_CONFLICT",
    message: `${kind} ${renamedFrom} can't be renamed to ${key}: the database has both`,
    hint: `remove \`renamed_from\`; delete the one that is too many, such as ${renamedFrom} with \`state: absent\``,
    range: rangeOf(resource, "renamed_from"),
  };
}

function nothingToRename(resource: Resource): RawDiagnostic {
  const { kind, key, renamedFrom = "" } = resource;
  return {
    severity: "note",
    code: "REFERENCE_NOT_FOUND",
    message: `the database has no ${kind} ${renamedFrom} to rename, so ${key} is new`,
    hint: "check the former name, if this database had the entry",
    range: rangeOf(resource, "renamed_from"),
  };
}

/** New names by the former ones. */
function namesAfter(renamed: ReadonlyMap<string, CurrentResource>): ReadonlyMap<string, string> {
  return new Map([...renamed].map(([key, row]) => [row.key, key]));
}

function renameRow(row: CurrentResource, specs: AttributeSpecs, nameOf: NameOf, kind: string): CurrentResource {
  const key = nameOf(kind, row.key);
  const attributes = withNames(specs, row.attributes, nameOf);
  return { ...row, attributes, key, ...(key !== row.key && { previousKey: row.key }) };
}

/** Attributes with other names of what they refer to. */
function withNames(
  specs: AttributeSpecs,
  attributes: Readonly<Record<string, AttributeValue>>,
  nameOf: NameOf,
): Readonly<Record<string, AttributeValue>> {
  const changed: Record<string, AttributeValue> = {};
  for (const [name, { references, withNames: own }] of Object.entries(specs)) {
    const value = attributes[name];
    if (own && value !== undefined) changed[name] = own(value, nameOf);
    if (references === undefined) continue;
    if (typeof value === "string") changed[name] = nameOf(references, value);
    else if (Array.isArray(value)) changed[name] = renameAll(value, (key) => nameOf(references, key));
    else if (isRecord(value) && !isSecret(value)) {
      const entries = Object.entries(value).map(([key, inner]) => [nameOf(references, key), inner]);
      changed[name] = Object.fromEntries(entries);
    }
  }
  return { ...attributes, ...changed };
}

/** Without duplicates and sorted where a name changed: lists of names are sets. */
function renameAll(names: readonly unknown[], nameOf: (name: string) => string): readonly string[] {
  const before = names.map(String);
  const after = before.map(nameOf);
  return after.every((name, index) => name === before[index]) ? before : [...new Set(after)].sort();
}

/** A former name that an entry no longer goes by. */
interface EndedAlias {
  /** The entry's row. */
  readonly id: string;
  readonly renamedFrom: string;
}

/**
 * The remembered former names that new entries take: no reference goes by them any more. Not those that the files themselves call
 * former ones, as in a chain of renames.
 */
export function endedAliases(
  kinds: readonly Kind[],
  desired: readonly Resource[],
  { changes, world }: { readonly changes: readonly Change[]; readonly world: PlannedWorld },
): readonly EndedAlias[] {
  return kinds.flatMap((kind) => {
    const remembered = world.current(kind).flatMap(({ id, settings }) => {
      const renamedFrom = settings?.renamedFrom;
      return typeof renamedFrom === "string" ? [{ id, renamedFrom }] : [];
    });
    if (remembered.length === 0) return [];
    const declared = new Set(kind.resourcesOf(desired).map(({ renamedFrom }) => renamedFrom));
    const taken = new Set(
      changes
        .filter((change) => change.kind === kind.name && hasNewName(change) && !declared.has(change.key))
        .map(({ key }) => key),
    );
    return remembered.filter(({ renamedFrom }) => taken.has(renamedFrom));
  });
}

function hasNewName(change: Change): boolean {
  return change.action === "create" || (change.action === "update" && change.previousKey !== undefined);
}

/** What former names now mean, by kind: as these files say, and as files that were applied before said of other entries. */
type Aliases = ReadonlyMap<string, ReadonlyMap<string, string>>;

function findAliases(
  kinds: readonly Kind[],
  desired: readonly Resource[],
  current: ReadonlyMap<string, readonly CurrentResource[]>,
): Aliases {
  const aliases = new Map<string, ReadonlyMap<string, string>>();
  for (const kind of kinds) {
    const rows = current.get(kind.name) ?? [];
    const declared = kind.resourcesOf(desired);
    const remembered = rows.filter(({ settings }) => typeof settings?.renamedFrom === "string");
    const renaming = declared.filter(({ present, renamedFrom }) => present && renamedFrom !== undefined);
    if (remembered.length + renaming.length === 0) continue;
    const files = new Set(declared.map(({ key }) => key));
    const keys = new Set([...rows.map(({ key }) => key), ...files]);
    const former = [
      ...remembered
        .filter(({ key }) => !files.has(key))
        .map(({ key, settings }) => [settings?.renamedFrom, key] as const),
      ...renaming.map(({ key, renamedFrom }) => [renamedFrom, key] as const),
    ];
    const ofKind = new Map<string, string>();
    // A name that an entry has now means that entry.
    for (const [name, key] of former) if (typeof name === "string" && !keys.has(name)) ofKind.set(name, key);
    if (ofKind.size > 0) aliases.set(kind.name, ofKind);
  }
  return aliases;
}

/** The desired resources with new names in place of former ones; each adds a warning to `diagnostics`. */
function resolveAliases(
  kinds: readonly Kind[],
  desired: readonly Resource[],
  aliases: Aliases,
  diagnostics: RawDiagnostic[],
): readonly Resource[] {
  const specs = new Map(kinds.map(({ name, attributes }) => [name, attributes]));
  const nameOf: NameOf = (kind, key) => aliases.get(kind)?.get(key) ?? key;
  return desired.map((resource) => {
    const own = specs.get(resource.kind) ?? {};
    const former = Object.entries(own).flatMap(([attribute, { references = "" }]) =>
      [resource.attributes[attribute]]
        .flat()
        .filter((key): key is string => typeof key === "string" && nameOf(references, key) !== key)
        .map((key) => ({ attribute, kind: references, key })),
    );
    if (former.length === 0 || !resource.present) return resource;
    for (const { attribute, kind, key } of former) {
      const name = nameOf(kind, key);
      diagnostics.push({
        severity: "warning",
        code: "RENAMED_REFERENCE",
        message: `${resource.kind} ${resource.key} names ${kind} ${key}, which is now called ${name}`,
        hint: `write ${name}: the former name works only while the ${kind} has \`renamed_from\``,
        range: rangeOf(resource, attribute, key),
      });
    }
    return { ...resource, attributes: withNames(own, resource.attributes, nameOf) };
  });
}
