import type { Kind } from "../plan/kind.js";
import type { Resource } from "../plan/resource.js";
import type { Finding, Place } from "../yaml/node.js";

/** A resource and where its attributes stand. */
export interface Declared {
  readonly resource: Resource;
  /** Dotted path in the file. */
  readonly path: string;
  /** The place of the field with an attribute's name, or of the resource where there is none. */
  readonly placeOf: (attribute: string) => Place;
}

/** Finds what can't stand side by side: the same thing declared twice, or two things with one secret. */
export function checkDeclared(all: readonly Declared[], kinds: ReadonlyMap<string, Kind>): readonly Finding[] {
  const first = new Map<string, Declared>();
  const owners = new Map<string, Declared>();
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
  declared: Declared,
  kind: Kind | undefined,
  owners: Map<string, Declared>,
): readonly Finding[] {
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

function duplicateResource({ resource, path }: Declared, { resource: earlier }: Declared): Finding {
  return {
    severity: "error",
    code: "DUPLICATE_RESOURCE",
    message: `${resource.kind} ${resource.key} is declared already at ${lineOf(earlier)}`,
    hint: "take one of them away, or give it another name",
    place: resource.place,
    path,
  };
}

function sharedIdentity(
  { placeOf, path }: Declared,
  { resource }: Declared,
  attribute: string,
  isSecret: boolean,
): Finding {
  return {
    severity: "error",
    code: isSecret ? "DUPLICATE_SECRET" : "DUPLICATE_RESOURCE",
    message: `this has the same ${attribute} as ${resource.kind} ${resource.key} at ${lineOf(resource)}`,
    hint: `give each its own ${attribute}`,
    place: placeOf(attribute),
    path: `${path}.${attribute}`,
  };
}

function lineOf({ place }: Resource): string {
  return `${place.position.file}:${place.position.line}`;
}
