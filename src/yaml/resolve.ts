import { mask, maskName, mayBeSecret } from "../secrets/random-looking.js";
import {
  type MappingEntry,
  type MappingNode,
  type Node,
  type RawDiagnostic,
  ScalarNode,
  type SequenceNode,
  UnresolvedNode,
} from "./node.js";
import { type Reference, readValueFrom } from "./value-from.js";
import { nounOf, type SourceContext, type SourceDiagnostic, type ValueSources, valueSources } from "./value-sources.js";

/** What `value_from` may read. */
export interface ResolveContext extends SourceContext {
  /** True where values are not needed: a missing one is then no error. */
  readonly noEnv: boolean;
  /** Defaults to those of this program. */
  readonly valueSources?: ValueSources | undefined;
}

export interface Resolved {
  /** Undefined where the node itself is an optional `value_from` that is not set. */
  readonly node: Node | undefined;
  readonly diagnostics: readonly RawDiagnostic[];
}

/**
 * Replaces each `{value_from: …}` in a node, at any depth, by the value that it names: as text, never trimmed and never parsed as
 * YAML. An empty value counts as not set. Parts without one stay the same nodes.
 *
 * @param path the node's dotted path in the file
 */
export function resolveValues(node: Node, path: string, context: ResolveContext): Resolved {
  const walk: Walk = { context, diagnostics: [], known: new Map(), root: path, path: [] };
  return { node: visit(walk, node), diagnostics: walk.diagnostics };
}

interface Walk {
  readonly context: ResolveContext;
  readonly diagnostics: RawDiagnostic[];
  /** What has been replaced: a mapping or list that aliases share is resolved and reported once. */
  readonly known: Map<Node, Node | undefined>;
  /** The dotted path at which the walk begins. */
  readonly root: string;
  /** The keys and indexes from there to the node being resolved. */
  readonly path: (string | number)[];
}

function visit(walk: Walk, from: Node): Node | undefined {
  if (from.kind !== "mapping" && from.kind !== "sequence") return from;
  if (walk.known.has(from)) return walk.known.get(from);
  const resolved = from.kind === "mapping" ? visitMapping(walk, from) : visitItems(walk, from);
  if (resolved !== from) walk.known.set(from, resolved);
  return resolved;
}

function visitInside(walk: Walk, part: string | number, node: Node): Node | undefined {
  if (node.kind === "scalar") return node;
  walk.path.push(part);
  const resolved = visit(walk, node);
  walk.path.pop();
  return resolved;
}

function visitItems(walk: Walk, list: SequenceNode): SequenceNode {
  let items: Node[] | undefined;
  list.items.forEach((item, index) => {
    const resolved = visitInside(walk, index, item);
    if (resolved !== item) items ??= list.items.slice(0, index);
    if (resolved) items?.push(resolved);
  });
  return items ? list.withItems(items) : list;
}

function visitMapping(walk: Walk, mapping: MappingNode): Node | undefined {
  const found = readValueFrom(mapping, walk.context.valueSources ?? valueSources);
  if (found.kind === "none") return visitPairs(walk, mapping);
  const outcome =
    found.kind === "reference"
      ? readReference(found.reference, mapping, fieldOf(walk), walk.context)
      : { node: unresolved(mapping), diagnostics: found.diagnostics };
  const path = [...(walk.root === "" ? [] : [walk.root]), ...walk.path].join(".");
  for (const diagnostic of outcome.diagnostics) walk.diagnostics.push({ ...diagnostic, path });
  return outcome.node;
}

function visitPairs(walk: Walk, mapping: MappingNode): MappingNode {
  let pairs: MappingEntry[] | undefined;
  mapping.pairs.forEach((entry, index) => {
    const value = visitInside(walk, entry.key, entry.value);
    if (value !== entry.value) pairs ??= mapping.pairs.slice(0, index);
    if (value) pairs?.push(value === entry.value ? entry : entry.withValue(value));
  });
  return pairs ? mapping.withPairs(pairs) : mapping;
}

/** What to call the value being resolved: its key, or an item of that such as `allowed_ips[0]`. */
function fieldOf({ root, path }: Walk): string {
  const keyAt = path.findLastIndex((part) => typeof part === "string");
  const key = path[keyAt];
  const name = key === undefined ? root.slice(root.lastIndexOf(".") + 1) : maskName(String(key));
  return (
    name +
    path
      .slice(keyAt + 1)
      .map((index) => `[${index}]`)
      .join("")
  );
}

function readReference(reference: Reference, mapping: MappingNode, field: string, context: ResolveContext): Resolved {
  const { source, name } = reference;
  const read = source.read(name.text(), field, context);
  switch (read.kind) {
    case "read": {
      const node = new ScalarNode(
        read.value.reveal(),
        mapping.source,
        mapping.start,
        mapping.end,
        false,
        undefined,
        source,
      );
      return { node, diagnostics: read.warnings.map((warning) => aboutName(warning, name)) };
    }
    case "refused":
      return { node: unresolved(mapping), diagnostics: [aboutName(read.diagnostic, name)] };
    case "missing": {
      const { hint } = read.diagnostic;
      const remedy = mayBeSecret(name.text())
        ? nameNotValue
        : `${hint}, or add default or required: false to value_from`;
      return absent(reference, mapping, context, { ...aboutName(read.diagnostic, name), hint: remedy });
    }
  }
}

/** The node for a missing value. */
function absent(
  { fallback, required }: Reference,
  mapping: MappingNode,
  { noEnv }: ResolveContext,
  diagnostic: RawDiagnostic,
): Resolved {
  if (fallback) return { node: fallback, diagnostics: [] };
  if (noEnv) return { node: unresolved(mapping), diagnostics: [] };
  if (!required) return { node: undefined, diagnostics: [] };
  return { node: unresolved(mapping), diagnostics: [diagnostic] };
}

const nameNotValue = `this looks like the secret itself: put it in a ${nounOf(valueSources)}, and write the name of that, as in {value_from: {env: NAME}}`;

/** A source's diagnostic where it was asked for a value. What was asked for is masked where it may be the secret itself. */
function aboutName({ message, hint, ...diagnostic }: SourceDiagnostic, name: ScalarNode): RawDiagnostic {
  const masked = (text: string) => (mayBeSecret(name.text()) ? text.replaceAll(name.text(), mask) : text);
  return { ...diagnostic, message: masked(message), hint: masked(hint), range: name.range };
}

function unresolved({ source, start, end }: MappingNode): Node {
  return new UnresolvedNode(source, start, end);
}
