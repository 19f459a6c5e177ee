import type { Kind } from "../plan/kind.js";
import type { AttributeSpec } from "../plan/kind-shape.js";
import type { Resource, StepResource } from "../plan/resource.js";
import { mayBeSecret } from "../secrets/random-looking.js";
import { createLookalikes, objectTypePermission } from "../users/names.js";
import { findNode, type Node, type Range, type RawDiagnostic, type ScalarNode } from "../yaml/node.js";
import { type ValueSources, valueSources } from "../yaml/value-sources.js";
import { type ResourceSettings, readResourceSettings } from "./entry-settings.js";
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
  const resources = runStep(step, "declare", config, () => step.declare(config));
  requireResources(step, resources, kinds);
  const at = (path: ValuePath) => {
    const written = toWritten(path);
    return { range: findNode(node, written).node.range, path: dotted(namespace, written) };
  };
  const { settings, diagnostics: misused } = readResourceSettings(resources, { step, config, kinds, at });
  const declared = resources.map((resource, index): ResourceEntry => {
    const place = new EntryPlace(node, namespace, toWritten(resource.path), resource.fields);
    return { resource: desiredResource(resource, owner, settings[index], place), place };
  });
  const reviewed = runStep(step, "review", config, () => step.review(config, now));
  requireDiagnostics(step, reviewed);
  const diagnostics = reviewed.flatMap(({ path, ...diagnostic }): readonly RawDiagnostic[] =>
    muted.has(toWritten(path)) ? [] : [{ ...diagnostic, ...at(path) }],
  );
  return { declared, diagnostics: [...misused, ...diagnostics] };
}

function desiredResource(
  { kind, key, state, attributes }: StepResource,
  owner: string,
  settings: ResourceSettings | undefined,
  place: EntryPlace,
): Resource {
  const rangeIn = (attribute: string, item?: string) => place.rangeIn(attribute, item);
  return { kind, key, present: state !== "absent", owner, attributes, range: place.range, ...settings, rangeIn };
}

/** Where an entry stands in its file. Few of them are asked for anything, and of these many times the same. */
class EntryPlace {
  readonly #root: Node;
  readonly #namespace: string;
  readonly #path: ValuePath;
  readonly #fields: StepResource["fields"];
  #known: Map<string, { readonly node: Node; texts?: ReadonlyMap<string, Range> }> | undefined;

  constructor(root: Node, namespace: string, path: ValuePath, fields: StepResource["fields"]) {
    this.#root = root;
    this.#namespace = namespace;
    this.#path = path;
    this.#fields = fields;
  }

  get range(): Range {
    return findNode(this.#root, this.#path).node.range;
  }

  /** Dotted path in the file. */
  get path(): string {
    return dotted(this.#namespace, this.#path);
  }

  /** The range of the field with that name. */
  rangeOf(field: string): Range {
    return findNode(this.#root, [...this.#path, field]).node.range;
  }

  /** The range of an attribute, which mostly is the field of the same name, or of one text in it. */
  rangeIn(attribute: string, item: string | undefined): Range {
    this.#known ??= new Map();
    const known = this.#known.get(attribute) ?? { node: findNode(this.#root, this.#pathOf(attribute)).node };
    this.#known.set(attribute, known);
    if (item === undefined) return known.node.range;
    known.texts ??= textsIn(known.node);
    return known.texts.get(item) ?? known.node.range;
  }

  #pathOf(attribute: string): ValuePath {
    if (attribute === "renamed_from") return [...this.#path.slice(0, 2), attribute];
    const fields = this.#fields ?? {};
    return [...this.#path, ...(Object.hasOwn(fields, attribute) ? (fields[attribute] ?? []) : [attribute])];
  }
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

/** A resource, and where its entry stands. */
export interface ResourceEntry {
  readonly resource: Resource;
  readonly place: EntryPlace;
}

/** Finds conflicting resources: the same one declared twice, or two with one secret. */
export function checkEntries(
  all: readonly ResourceEntry[],
  kinds: ReadonlyMap<string, Kind>,
): readonly RawDiagnostic[] {
  const seen = new Map<string, KindEntries>();
  const diagnostics: RawDiagnostic[] = [];
  for (const entry of all) {
    const { kind, key, present } = entry.resource;
    const { first, identities } = seen.get(kind) ?? startKind(seen, kind, kinds.get(kind));
    const earlier = first.get(key);
    if (earlier !== undefined) {
      diagnostics.push(duplicateResource(entry, earlier));
      continue;
    }
    first.set(key, entry);
    if (!present) continue;
    for (const { attribute, spec, owners } of identities) {
      const value = spec.identity?.(entry.resource.attributes[attribute]);
      const other = value === undefined ? undefined : owners.get(value);
      if (other !== undefined) diagnostics.push(sharedIdentity(entry, other, attribute, spec));
      else if (value !== undefined) owners.set(value, entry);
    }
  }
  return diagnostics;
}

/** What was declared of a kind so far. */
interface KindEntries {
  readonly first: Map<string, ResourceEntry>;
  /** The attributes that no two of them can share, and who has each value. */
  readonly identities: readonly {
    readonly attribute: string;
    readonly spec: AttributeSpec;
    readonly owners: Map<string, ResourceEntry>;
  }[];
}

function startKind(seen: Map<string, KindEntries>, name: string, kind: Kind | undefined): KindEntries {
  const identities = Object.entries(kind?.attributes ?? {}).flatMap(([attribute, spec]) =>
    spec.identity ? [{ attribute, spec, owners: new Map<string, ResourceEntry>() }] : [],
  );
  const entries = { first: new Map<string, ResourceEntry>(), identities };
  seen.set(name, entries);
  return entries;
}

function duplicateResource({ resource, place }: ResourceEntry, { resource: earlier }: ResourceEntry): RawDiagnostic {
  return {
    severity: "error",
    code: "DUPLICATE_RESOURCE",
    message: `${resource.kind} ${resource.key} is already declared at ${lineOf(earlier)}`,
    hint: "remove one of them, or rename it",
    range: resource.range,
    path: place.path,
  };
}

function sharedIdentity(
  { place }: ResourceEntry,
  { resource }: ResourceEntry,
  attribute: string,
  { sensitive, updateOnly }: AttributeSpec,
): RawDiagnostic {
  const isSecret = sensitive === true && !updateOnly;
  return {
    severity: "error",
    code: isSecret ? "DUPLICATE_SECRET" : "DUPLICATE_RESOURCE",
    message: `this has the same ${attribute} as ${resource.kind} ${resource.key} at ${lineOf(resource)}`,
    hint: `give each its own ${attribute}`,
    range: place.rangeOf(attribute),
    path: `${place.path}.${attribute}`,
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
