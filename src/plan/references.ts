import { hasPartMore, nearest } from "../nearest.js";
import { withoutInvisible } from "../users/names.js";
import type { RawDiagnostic } from "../yaml/node.js";
import type { CurrentResource, Kind, PlanInput, PlannedWorld, Refusal } from "./kind.js";
import { type AttributeValue, type Change, type Resource, rangeOf } from "./resource.js";

/** References must name a resource of the files or a row that they leave alone. */
export function refuseDangling(input: PlanInput, changes: readonly Change[], world: PlannedWorld): readonly Refusal[] {
  const deleted = new Set(changes.filter(({ action }) => action === "delete").map(({ kind, key }) => `${kind} ${key}`));
  const refusals: Refusal[] = [];
  const nearTo = createNearTo(world);
  for (const kind of input.kinds) {
    const danglingFrom = createDanglingFrom(kind, world);
    for (const resource of world.desired(kind)) {
      for (const target of resource.present ? danglingFrom(resource.attributes) : []) {
        const isDeleted = deleted.has(`${target.kind} ${target.key}`);
        refusals.push(danglingResource(resource, target, isDeleted ? "deleted" : nearTo(target)));
      }
    }
    // Without a deletion, what they refer to is there: the database requires it.
    for (const row of deleted.size > 0 ? world.left(kind) : []) {
      for (const target of danglingFrom(row.attributes)) {
        refusals.push(danglingRow(kind, row, target, input));
      }
    }
  }
  return refusals;
}

/**
 * Diagnostics of references without a database. A name close to one in the files is an error: it is a misspelling. Any other
 * name that they don't declare may be in the database, or another owner's.
 */
export function reviewReferences(kinds: readonly Kind[], world: PlannedWorld): readonly RawDiagnostic[] {
  const nearTo = createNearTo(world);
  const absentOf = (kind: Kind) => world.desired(kind).flatMap(({ key, present }) => (present ? [] : [key]));
  const absent = new Map(kinds.map((kind) => [kind.name, new Set(absentOf(kind))]));
  const diagnostics: RawDiagnostic[] = [];
  for (const kind of kinds) {
    const danglingFrom = createDanglingFrom(kind, world);
    for (const resource of world.desired(kind)) {
      for (const target of resource.present ? danglingFrom(resource.attributes) : []) {
        const isAbsent = absent.get(target.kind)?.has(target.key);
        diagnostics.push(undeclared(resource, target, isAbsent ? "absent" : nearTo(target)));
      }
    }
  }
  return diagnostics;
}

function undeclared(resource: Resource, target: Target, found: Near | "absent" | undefined): RawDiagnostic {
  const range = rangeOf(resource, target.attribute, target.key);
  const what = `${resource.kind} ${resource.key} needs ${target.kind} ${target.key}`;
  if (found === "absent") {
    const message = `${what}, which the files declare with \`state: absent\``;
    const hint = `keep the ${target.kind}, or name another one`;
    return { severity: "error", code: "RESOURCE_IN_USE", message, hint, range };
  }
  const code = "REFERENCE_NOT_FOUND";
  if (found === undefined) {
    const message = `${what}, which no file declares; plan and apply look for it in the database`;
    return { severity: "note", code, message, hint: `declare the ${target.kind} unless the database has it`, range };
  }
  return {
    severity: "error",
    code,
    message: `${what}, which no file declares${found.reported}`,
    hint: found.hint,
    range,
  };
}

/** An existing name, and what to say about it. */
interface Near {
  readonly reported: string;
  readonly hint: string;
}

/** Finding a misspelt name compares it with all others; text output shows no more diagnostics than these. */
const maxCompared = 100;

function createNearTo({ keys }: PlannedWorld): (target: Target) => Near | undefined {
  const finders = new Map<string, ReturnType<typeof createNearNames>>();
  const known = new Map<string, Near | undefined>();
  const find = ({ kind, key }: Target): Near | undefined => {
    const names = keys({ name: kind });
    const finder = finders.get(kind) ?? createNearNames(names);
    finders.set(kind, finder);
    const same = finder(key);
    if (same)
      return { reported: `; it differs only in ${same.difference} from ${same.name}`, hint: `write ${same.name}` };
    const near = known.size < maxCompared ? nearest(key, names) : undefined;
    return near === undefined || isVariant(key, near) ? undefined : { reported: "", hint: `did you mean ${near}?` };
  };
  return (target) => {
    const name = JSON.stringify([target.kind, target.key]);
    if (!known.has(name)) known.set(name, find(target));
    return known.get(name);
  };
}

/** Names that differ only in their numbers or by an added part, such as `app-1` and `app-2`, are two names and no mistake. */
function isVariant(one: string, other: string): boolean {
  const withoutNumbers = (name: string) => name.replace(/\d+/g, "");
  return hasPartMore(one, other) || withoutNumbers(one) === withoutNumbers(other);
}

interface Target {
  readonly kind: string;
  readonly key: string;
  /** The attribute that names it. */
  readonly attribute: string;
}

/** Finds what a resource of this kind refers to that will not be there. */
function createDanglingFrom(
  { attributes: specs }: Kind,
  world: PlannedWorld,
): (attributes: Readonly<Record<string, AttributeValue>>) => readonly Target[] {
  const references = Object.entries(specs).flatMap(([attribute, { references: kind }]) =>
    kind === undefined ? [] : [{ attribute, kind, known: world.keys({ name: kind }) }],
  );
  return (attributes) => {
    const targets: Target[] = [];
    for (const { attribute, kind, known } of references) {
      const value = attributes[attribute];
      for (const key of Array.isArray(value) ? value : [value]) {
        if (typeof key === "string" && !known.has(key)) targets.push({ kind, key, attribute });
      }
    }
    return targets;
  };
}

function danglingResource(resource: Resource, target: Target, found: Near | "deleted" | undefined): Refusal {
  const isDeleted = found === "deleted";
  const near = isDeleted ? undefined : found;
  const what = `${resource.kind} ${resource.key} needs ${target.kind} ${target.key}`;
  const why = isDeleted ? "which the same run deletes" : "which is in neither the files nor the database";
  return {
    reason: "invalid",
    code: isDeleted ? "RESOURCE_IN_USE" : "REFERENCE_NOT_FOUND",
    message: `${what}, ${why}${near?.reported ?? ""}`,
    hint: near?.hint ?? `declare the ${target.kind}, or name another one`,
    range: rangeOf(resource, target.attribute, target.key),
  };
}

function danglingRow({ name: kind }: Kind, row: CurrentResource, target: Target, { owners }: PlanInput): Refusal {
  const isOthers = row.owner !== null && !owners.some(({ name }) => name === row.owner);
  const others = isOthers ? row.owner : undefined;
  const whose = others === undefined ? "which no file declares" : `which the owner ${others} manages`;
  return {
    reason: "refused",
    code: "RESOURCE_IN_USE",
    message: `${target.kind} ${target.key} can't be deleted: ${kind} ${row.key}, ${whose}, needs it`,
    hint:
      others === undefined
        ? `declare the ${kind} as well, with another \`${target.attribute}\` or \`state: absent\`, or keep the ${target.kind}`
        : `keep the ${target.kind}, or first remove it from \`${target.attribute}\` of ${kind} ${row.key} in the files of the owner ${others}`,
  };
}

/** How names that were meant to be the same may differ, and what removes the difference. */
const forms = [
  ["invisible characters", withoutInvisible],
  ["how letters are composed", (name: string) => name.normalize("NFC")],
  ["whitespace", (name: string) => name.trim().replace(/\s+/g, " ")],
  ["case", (name: string) => name.toLowerCase()],
] as const;

/** An existing name, and the only way in which another one differs from it: such as `case`, or `blanks and case`. */
interface NearName {
  readonly name: string;
  readonly difference: string;
}

/** Finds what an unknown name was meant to be. */
function createNearNames(names: Iterable<string>): (name: string) => NearName | undefined {
  const byForm = new Map<string, string>();
  for (const name of names) byForm.set(plain(name), byForm.get(plain(name)) ?? name);
  return (desired) => {
    const name = byForm.get(plain(desired));
    if (name === undefined) return undefined;
    // Keeps only the forms without which the two would still differ.
    const needed = forms.filter((form) => plain(desired, form) !== plain(name, form)).map(([what]) => what);
    return { name, difference: needed.join(" and ") };
  };
}

function plain(name: string, without?: (typeof forms)[number]): string {
  return forms.filter((form) => form !== without).reduce((text, [, change]) => change(text), name);
}
