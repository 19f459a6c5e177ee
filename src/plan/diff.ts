import { isDeepStrictEqual } from "node:util";
import { handOverUndeclared } from "./hand-over.js";
import type { CurrentResource } from "./kind.js";
import type { AttributeSpec, KindShape } from "./kind-shape.js";
import type {
  AttributeValue,
  Change,
  EntrySettings,
  FieldChange,
  PlainValue,
  PlannedChange,
  Resource,
  ResourceName,
} from "./resource.js";

export interface DiffOptions {
  /** The owners whose rows are deleted when no file declares them. */
  readonly prunedOwners: ReadonlySet<string>;
  readonly newId: () => string;
}

export interface KindDiff {
  readonly changes: readonly Change[];
  readonly unchanged: readonly ResourceName[];
}

type Specs = readonly (readonly [string, AttributeSpec])[];

/** The changes that make the rows of one kind match the files: in file order, deletions last. */
export function diffKind(
  kind: KindShape,
  desired: readonly Resource[],
  current: readonly CurrentResource[],
  options: DiffOptions,
): KindDiff {
  const rows = new Map(current.map((row) => [row.key, row]));
  const specs = Object.entries(kind.attributes);
  const declared = new Set(desired.map((resource) => resource.key));
  const initialField = createInitialFields();
  const changes: Change[] = [];
  const unchanged: ResourceName[] = [];

  for (const resource of desired) {
    const row = rows.get(resource.key);
    if (!resource.present) {
      if (row) changes.push(deletion(kind, row, "absent", resource));
      else unchanged.push({ kind: kind.name, key: resource.key });
      continue;
    }
    const change = row
      ? update(kind, specs, resource, row)
      : creation(kind, specs, resource, options.newId(), initialField);
    if (change) changes.push(change);
    else unchanged.push({ kind: kind.name, key: resource.key });
  }
  for (const row of current) {
    if (declared.has(row.key)) continue;
    if (row.owner !== null && options.prunedOwners.has(row.owner)) changes.push(deletion(kind, row, "pruned"));
    else for (const change of handOverUndeclared(kind.name, row)) changes.push(change);
  }
  return { changes, unchanged };
}

type InitialField = (sensitive: boolean | undefined, name: string, value: AttributeValue) => FieldChange;

/** Makes the fields of new rows, one for many rows where these have the same value: each has all attributes, and most are alike. */
function createInitialFields(): InitialField {
  const latest = new Map<string, { readonly value: AttributeValue; readonly field: FieldChange }>();
  return (sensitive, name, value) => {
    const known = latest.get(name);
    if (known && (sensitive || known.value === value)) return known.field;
    const field = fieldChange(sensitive, name, null, value);
    latest.set(name, { value, field });
    return field;
  };
}

function creation(
  kind: KindShape,
  specs: Specs,
  resource: Resource,
  id: string,
  initialField: InitialField,
): PlannedChange {
  const { key, owner, attributes, range } = resource;
  const fields: FieldChange[] = [];
  for (const [name, { sensitive, updateOnly }] of specs) {
    const value = attributes[name];
    if (value === undefined || updateOnly || (sensitive && value === null)) continue;
    fields.push(initialField(sensitive, name, value));
  }
  for (const field of unknownFields(resource, (name) => !kind.attributes[name]?.updateOnly)) fields.push(field);
  const settings = settingsFor(resource, undefined, fields);
  return { action: "create", kind: kind.name, key, id, owner, attributes, fields, settings, range };
}

function update(kind: KindShape, specs: Specs, resource: Resource, row: CurrentResource): PlannedChange | undefined {
  const { key, owner, attributes, range, ignored } = resource;
  const { previousKey } = row;
  const fields: FieldChange[] = [];
  const changed: string[] = [];
  if (previousKey !== undefined) fields.push({ name: "key", before: previousKey, after: key });
  for (const [name, { sensitive, createOnly, same }] of specs) {
    const value = attributes[name];
    if (value === undefined || createOnly || ignored?.includes(name)) continue;
    const stored = row.attributes[name];
    if (same ? same(value, stored) : value === stored || isDeepStrictEqual(value, stored)) continue;
    changed.push(name);
    fields.push(fieldChange(sensitive, name, stored, value));
  }
  for (const field of unknownFields(resource, (name) => !kind.attributes[name]?.createOnly)) fields.push(field);
  const settings = settingsFor(resource, row, fields);
  const { owner: rowOwner, formerOwner = rowOwner } = row;
  if (formerOwner !== owner) fields.push({ name: "owner", before: formerOwner, after: owner });
  if (fields.length === 0) return undefined;
  return {
    action: "update",
    kind: kind.name,
    key,
    id: row.id,
    owner,
    attributes,
    changed,
    previousKey,
    fields,
    settings,
    range,
  };
}

/** The settings that a row gets, where they change; that is added to the fields. */
function settingsFor(
  { protect, renamedFrom: formerName }: Resource,
  row: CurrentResource | undefined,
  fields: FieldChange[],
): EntrySettings | undefined {
  const renamedFrom = formerName ?? null;
  const before = row?.settings ?? { protect: false, renamedFrom: null };
  const after = { protect: protect ?? before.protect, renamedFrom };
  if (after.protect === before.protect && renamedFrom === before.renamedFrom) return undefined;
  if (after.protect !== before.protect) {
    fields.push({ name: "protect", before: row ? before.protect : null, after: after.protect });
  }
  // A rename has its former name as a field already.
  if (renamedFrom !== before.renamedFrom && (renamedFrom ?? "") !== row?.previousKey) {
    fields.push({ name: "renamed_from", before: before.renamedFrom, after: renamedFrom });
  }
  return after;
}

function deletion(kind: KindShape, row: CurrentResource, reason: "absent" | "pruned", resource?: Resource): Change {
  const { id, key, owner } = row;
  return { action: "delete", kind: kind.name, key, id, owner, reason, fields: [], range: resource?.range };
}

function unknownFields({ unknown }: Resource, counts: (name: string) => boolean): readonly FieldChange[] {
  return unknown === undefined ? [] : unknown.filter(counts).map((name) => ({ name, unknown: true }));
}

function fieldChange(
  sensitive: boolean | undefined,
  name: string,
  before: AttributeValue,
  after: AttributeValue,
): FieldChange {
  if (sensitive) return { name, sensitive: true };
  // Only sensitive attributes hold secrets, so the rest is plain.
  return { name, before: (before ?? null) as PlainValue, after: (after ?? null) as PlainValue };
}
