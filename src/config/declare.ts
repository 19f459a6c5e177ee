import type { Kind } from "../plan/kind.js";
import type { AttributePlace } from "../plan/resource.js";
import { type Finding, type Node, nodeAt, type Place } from "../yaml/node.js";
import type { Declared } from "./declared.js";
import type { IssueSource } from "./issues.js";
import { dotted, type MutedPaths, type ValuePath } from "./path.js";
import type { Step } from "./step.js";
import type { ValidPart } from "./valid-part.js";

/** What a step declares and remarks on, with the places in the file. */
export function declareStep(
  step: Step,
  { config, toWritten }: ValidPart,
  { node, namespace }: Pick<IssueSource, "node" | "namespace">,
  muted: MutedPaths,
  { kinds, now }: { readonly kinds: ReadonlyMap<string, Kind>; readonly now: Date },
): { readonly declared: readonly Declared[]; readonly findings: readonly Finding[] } {
  if (config === undefined) return { declared: [], findings: [] };
  const placeAt = (path: ValuePath) => nodeAt(node, path).node.place;
  const declared = step.declare(config).map(({ kind, key, state, attributes, path, fields }): Declared => {
    const written = toWritten(path);
    const named = { ...referencesOf(kinds.get(kind)), ...fields };
    const places = Object.entries(named).map(
      ([name, field]) => [name, placesIn(node, [...written, ...field])] as const,
    );
    const resource = { kind, key, present: state !== "absent", attributes, place: placeAt(written) };
    return {
      resource: places.length > 0 ? { ...resource, places: Object.fromEntries(places) } : resource,
      path: dotted(namespace, written),
      placeOf: (attribute) => placeAt([...written, attribute]),
    };
  });
  const findings = step.review(config, now).flatMap(({ path, ...remark }): readonly Finding[] => {
    const written = toWritten(path);
    return muted.has(written) ? [] : [{ ...remark, place: placeAt(written), path: dotted(namespace, written) }];
  });
  return { declared, findings };
}

/** Attributes that name other entries are mostly fields of the same name. */
function referencesOf(kind: Kind | undefined): Readonly<Record<string, ValuePath>> {
  const references = Object.entries(kind?.attributes ?? {}).filter(([, spec]) => spec.references !== undefined);
  return Object.fromEntries(references.map(([name]) => [name, [name]]));
}

function placesIn(root: Node, path: ValuePath): AttributePlace {
  const { node } = nodeAt(root, path);
  const items = new Map<string, Place>();
  for (const item of node.kind === "sequence" ? node.items : []) {
    if (item.kind === "scalar" && !items.has(item.text())) items.set(item.text(), item.place);
  }
  return { place: node.place, items };
}
