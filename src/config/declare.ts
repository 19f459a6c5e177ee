import type { Kind } from "../plan/kind.js";
import type { Resource, StepResource } from "../plan/resource.js";
import { mayBeSecret } from "../secrets/random-looking.js";
import { createLookalikes, objectTypePermission } from "../users/names.js";
import { findNode, type Node, type Range, type RawDiagnostic, type ScalarNode } from "../yaml/node.js";
import { type ValueSources, valueSources } from "../yaml/value-sources.js";
import { readResourceSettings } from "./entry-settings.js";
import type { IssueSource } from "./issues.js";
import { dotted, type MutedPaths, type ValuePath } from "./path.js";
import type { Step } from "./step.js";
import { requireDiagnostics, requireResources, runStep } from "./step-code.js";
import type { ValidPart } from "./valid-part.js";

/** The resources and diagnostics of a step, with their ranges in the file. */
export function declareStep(
  step: Step,
  { config, toWritten }: ValidPart,
  { node, namespace }: Pick<IssueSource, "node" | "namespace">,
  muted: MutedPaths,
  { kinds, now, owner }: { readonly kinds: ReadonlyMap<string, Kind>; readonly now: Date; readonly owner: string },
): { readonly declared: readonly ResourceEntry[]; readonly diagnostics: readonly RawDiagnostic[] } {
  if (config === undefined) return { declared: [], diagnostics: [] };
  const placeAt = (path: ValuePath) => findNode(node, path).node.range;
  const resources = runStep(step, "declare", config, () => step.declare(config));
  requireResources(step, resources, kinds);
  const at = (path: ValuePath) => ({ range: placeAt(toWritten(path)), path: dotted(namespace, toWritten(path)) });
  const { settings, diagnostics: misused } = readResourceSettings(resources, { step, config, kinds, at });
  const declared = resources.map(({ kind, key, state, attributes, path, fields }, index): ResourceEntry => {
    const written = toWritten(path);
    const resource = {
      kind,
      key,
      present: state !== "absent",
      owner,
      attributes,
      range: placeAt(written),
      ...settings[index],
      rangeIn: rangesIn(node, written, fields),
    };
    return {
      resource,
      path: dotted(namespace, written),
      rangeOf: (attribute) => placeAt([...written, attribute]),
    };
  });
  const reviewed = runStep(step, "review", config, () => step.review(config, now));
  requireDiagnostics(step, reviewed);
  const diagnostics = reviewed.flatMap(({ path, ...diagnostic }): readonly RawDiagnostic[] => {
    const written = toWritten(path);
    return muted.has(written) ? [] : [{ ...diagnostic, range: placeAt(written), path: dotted(namespace, written) }];
  });
  return { declared, diagnostics: [...misused, ...diagnostics] };
}

/**
 * Finds ranges of an entry's attributes, which mostly are fields of the same name. Few are asked for, and of these many times the
 * same.
 */
function rangesIn(root: Node, entry: ValuePath, fields: StepResource["fields"] = {}): NonNullable<Resource["rangeIn"]> {
  const known = new Map<string, Node>();
  const items = new Map<string, ReadonlyMap<string, Range>>();
  return (attribute, item) => {
    const path =
      attribute === "renamed_from"
        ? [...entry.slice(0, 2), attribute]
        : [...entry, ...(Object.hasOwn(fields, attribute) ? (fields[attribute] ?? []) : [attribute])];
    const node = known.get(attribute) ?? findNode(root, path).node;
    known.set(attribute, node);
    if (item === undefined) return node.range;
    const texts = items.get(attribute) ?? textsIn(node);
    items.set(attribute, texts);
    return texts.get(item) ?? node.range;
  };
}

/** The ranges of a list's texts. */
function textsIn(list: Node): ReadonlyMap<string, Range> {
  const texts = new Map<string, Range>();
  if (list.kind !== "sequence") return texts;
  for (const item of list.items) {
    const { text, range } = textOf(item);
    if (text !== undefined && !texts.has(text)) texts.set(text, range);
  }
  return texts;
}

/** The text of an attribute's list that an item stands for, if it is known. */
function textOf(item: Node): { readonly text?: string; readonly range: Range } {
  const { range } = item;
  if (item.kind === "scalar") return { text: item.text(), range };
  const [name, objectType, mode] = ["name", "object_type", "mode"].map((field) => {
    const value = item.kind === "mapping" ? item.entries.get(field)?.value : undefined;
    return value?.kind === "scalar" ? value : undefined;
  });
  if (objectType && mode) return { text: objectTypePermission(objectType.text(), mode.text()), range };
  // Such as a membership that ends, `{name: x, until: DATE}`.
  return name ? { text: name.text(), range: name.range } : { range };
}

/** A resource and the ranges of its attributes. */
export interface ResourceEntry {
  readonly resource: Resource;
  /** Dotted path in the file. */
  readonly path: string;
  /** The range of the field with an attribute's name, or of the resource without one. */
  readonly rangeOf: (attribute: string) => Range;
}

/** Finds conflicting resources: the same one declared twice, or two with one secret. */
export function checkEntries(
  all: readonly ResourceEntry[],
  kinds: ReadonlyMap<string, Kind>,
): readonly RawDiagnostic[] {
  const first = new Map<string, ResourceEntry>();
  const owners = new Map<string, ResourceEntry>();
  return all.flatMap((declared) => {
    const { kind, key, present } = declared.resource;
    const name = JSON.stringify([kind, key]);
    const earlier = first.get(name);
    if (earlier !== undefined) return [duplicateResource(declared, earlier)];
    first.set(name, declared);
    return present ? sharedIdentities(declared, kinds.get(kind), owners) : [];
  });
}

function sharedIdentities(
  declared: ResourceEntry,
  kind: Kind | undefined,
  owners: Map<string, ResourceEntry>,
): readonly RawDiagnostic[] {
  return Object.entries(kind?.attributes ?? {}).flatMap(([attribute, { identity, sensitive, updateOnly }]) => {
    const value = identity?.(declared.resource.attributes[attribute]);
    if (value === undefined) return [];
    const name = JSON.stringify([declared.resource.kind, attribute, value]);
    const earlier = owners.get(name);
    owners.set(name, earlier ?? declared);
    const isSecret = sensitive === true && !updateOnly;
    return earlier === undefined ? [] : [sharedIdentity(declared, earlier, attribute, isSecret)];
  });
}

function duplicateResource({ resource, path }: ResourceEntry, { resource: earlier }: ResourceEntry): RawDiagnostic {
  return {
    severity: "error",
    code: "DUPLICATE_RESOURCE",
    message: `${resource.kind} ${resource.key} is already declared at ${lineOf(earlier)}`,
    hint: "remove one of them, or rename it",
    range: resource.range,
    path,
  };
}

function sharedIdentity(
  { rangeOf, path }: ResourceEntry,
  { resource }: ResourceEntry,
  attribute: string,
  isSecret: boolean,
): RawDiagnostic {
  return {
    severity: "error",
    code: isSecret ? "DUPLICATE_SECRET" : "DUPLICATE_RESOURCE",
    message: `this has the same ${attribute} as ${resource.kind} ${resource.key} at ${lineOf(resource)}`,
    hint: `give each its own ${attribute}`,
    range: rangeOf(attribute),
    path: `${path}.${attribute}`,
  };
}

function lineOf({ range }: Resource): string {
  return `${range.position.file}:${range.position.line}`;
}

/** What every `value_from` of a part of a file names, such as variables and files, except what may be the secret itself. */
export function referenceNames(root: Node, sources: ValueSources = valueSources): readonly ScalarNode[] {
  const names: ScalarNode[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "sequence") node.items.forEach(visit);
    if (node.kind !== "mapping") return;
    const reference = node.entries.get("value_from")?.value;
    for (const [key, { accepts }] of Object.entries(sources)) {
      const name = reference?.kind === "mapping" ? reference.entries.get(key)?.value : undefined;
      if (name?.kind === "scalar" && accepts(name.text()) && !mayBeSecret(name.text())) names.push(name);
    }
    for (const { value } of node.entries.values()) visit(value);
  };
  visit(root);
  return names;
}

/** Reports names that people can mistake for one another: rights meant for one may then be given to the other. */
export async function findConfusableNames(
  kinds: readonly Kind[],
  resources: readonly Resource[],
): Promise<readonly RawDiagnostic[]> {
  const diagnostics = kinds
    .filter(({ hasFreeNames }) => hasFreeNames)
    .map((kind) => findInKind(kind.resourcesOf(resources).filter(({ present }) => present)));
  return (await Promise.all(diagnostics)).flat();
}

async function findInKind(resources: readonly Resource[]): Promise<readonly RawDiagnostic[]> {
  const lookalikes = await createLookalikes(resources.map(({ key }) => key));
  const lines = new Map<string, Resource>();
  return resources.flatMap((resource) => {
    const { kind, key, range } = resource;
    const other = lines.get(lookalikes.find(key) ?? "");
    lookalikes.add(key);
    lines.set(key, resource);
    // A name that stands there twice is a separate error.
    if (!other || other.key === key) return [];
    const { file, line } = other.range.position;
    const message = `the name of this ${kind} can be confused with that of ${kind} ${other.key} at ${file}:${line}`;
    const hint = "rename one of them, or remove it if both mean the same";
    return [{ severity: "warning", code: "CONFUSABLE_NAMES", message, hint, range } as const];
  });
}
