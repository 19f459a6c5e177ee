import type { Kind } from "../plan/kind.js";
import { type ConfigPath, type Resource, rangeOf, type StepResource } from "../plan/resource.js";
import type { Range, RawDiagnostic } from "../yaml/node.js";
import { entryFieldsAt, hasEntryFields } from "./entry-fields.js";
import type { Step } from "./step.js";

/** What an entry says of a resource beside its attributes. */
export type ResourceSettings = Pick<Resource, "protect" | "renamedFrom" | "ignored">;

interface SettingsContext {
  readonly step: Step;
  readonly config: unknown;
  readonly kinds: ReadonlyMap<string, Kind>;
  /** What a path of the configuration is in the file. */
  readonly at: (path: ConfigPath) => { readonly range: Range; readonly path: string };
}

/** The settings of each resource in turn, from the fields that every entry has, and what is wrong with these. */
export function readResourceSettings(
  resources: readonly StepResource[],
  { step, config, kinds, at }: SettingsContext,
): { readonly settings: readonly (ResourceSettings | undefined)[]; readonly diagnostics: readonly RawDiagnostic[] } {
  const entries = new Map<string, StepResource[]>();
  for (const resource of resources) {
    // Most entries have none, and a file may have very many.
    if (!hasEntryFields(config, step.entryLists, resource.path)) continue;
    const name = JSON.stringify(entryPath(resource));
    entries.set(name, [...(entries.get(name) ?? []), resource]);
  }
  const settingsOf = new Map<StepResource, ResourceSettings>();
  const diagnostics: RawDiagnostic[] = [];
  for (const members of entries.values()) {
    const path = entryPath(members[0]);
    const { protect, renamed_from: renamedFrom, ignore_changes: ignore } = entryFieldsAt(config, step.entryLists, path);
    if (protect === true && members.some(({ state }) => state === "absent")) {
      diagnostics.push({ ...protectsAbsent, ...at([...path, "protect"]) });
    }
    if (renamedFrom !== undefined && members.length > 1) {
      diagnostics.push({ ...renamesSeveral, ...at([...path, "renamed_from"]) });
    }
    const covered = new Set<string>();
    for (const member of members) {
      const ignored = ignore && member.state !== "absent" ? attributesFrom(member, ignore, kinds, covered) : undefined;
      settingsOf.set(member, {
        ...(protect !== undefined && { protect }),
        ...(renamedFrom !== undefined && member.state !== "absent" && { renamedFrom }),
        ...(ignored && { ignored }),
      });
    }
    if (members.every(({ state }) => state === "absent")) continue;
    for (const [index, name] of (ignore ?? []).entries()) {
      if (!covered.has(name)) diagnostics.push({ ...cannotIgnore(name), ...at([...path, "ignore_changes", index]) });
    }
  }
  return { settings: resources.map((resource) => settingsOf.get(resource)), diagnostics };
}

function entryPath(resource: StepResource | undefined): ConfigPath {
  return resource?.path.slice(0, 2) ?? [];
}

/** The attributes of a resource whose values come from these fields of its entry, which are added to `covered`. */
function attributesFrom(
  { kind, path, fields = {} }: StepResource,
  names: readonly string[],
  kinds: ReadonlyMap<string, Kind>,
  covered: Set<string>,
): readonly string[] {
  return Object.keys(kinds.get(kind)?.attributes ?? {}).filter((attribute) => {
    const field = String([...path, ...(fields[attribute] ?? [attribute])][2]);
    if (names.includes(field)) covered.add(field);
    return names.includes(field);
  });
}

const protectsAbsent = {
  severity: "error",
  code: "INVALID_VALUE",
  message: "`protect: true` contradicts `state: absent`",
  hint: "remove one of the two; to delete it although it is protected, write `protect: false`",
} as const;

const renamesSeveral = {
  severity: "error",
  code: "RENAME_CONFLICT",
  message: "this entry declares more than one thing, so `renamed_from` does not say which of them had the name",
  hint: "write each as its own entry, such as the provider under `providers`",
} as const;

function cannotIgnore(name: string) {
  const message = `changes of \`${name}\` can't be ignored: it names the entry, or is not the value of an attribute`;
  return { severity: "error", code: "INVALID_VALUE", message, hint: "remove it from `ignore_changes`" } as const;
}

/** Finds entries whose `renamed_from` contradicts what the files declare. */
export function checkRenames(resources: readonly Resource[]): readonly RawDiagnostic[] {
  if (resources.every(({ renamedFrom }) => renamedFrom === undefined)) return [];
  const nameOf = (kind: string, key: string) => JSON.stringify([kind, key]);
  const declared = new Map(resources.map((resource) => [nameOf(resource.kind, resource.key), resource]));
  const first = new Map<string, Resource>();
  return resources.flatMap((resource) => {
    const { kind, key, renamedFrom } = resource;
    if (renamedFrom === undefined) return [];
    const former = nameOf(kind, renamedFrom);
    const other = first.get(former) ?? declared.get(former);
    if (!first.has(former)) first.set(former, resource);
    const why = key === renamedFrom ? "is the name that it has" : other && contradiction(other, renamedFrom);
    if (why === undefined) return [];
    const message = `${kind} ${key} can't be renamed from ${renamedFrom}, which ${why}`;
    const hint = "remove one of the two, or correct the former name";
    return [{ severity: "error", code: "RENAME_CONFLICT", message, hint, range: rangeOf(resource, "renamed_from") }];
  });
}

/** An entry that itself gets another row, as in a swap, leaves its name to this one. */
function contradiction(other: Resource, renamedFrom: string): string | undefined {
  const where = `at ${other.range.position.file}:${other.range.position.line}`;
  if (other.renamedFrom === renamedFrom) return `${other.kind} ${other.key} ${where} is renamed from as well`;
  return other.renamedFrom === undefined ? `the files declare ${where}` : undefined;
}
