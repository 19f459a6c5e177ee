import { mask, maskName, mayBeSecret } from "../secrets/random-looking.js";
import { type MappingNode, type Node, type RawDiagnostic, ScalarNode, UnresolvedNode } from "./node.js";
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
  const diagnostics: RawDiagnostic[] = [];
  // A node that aliases share is resolved and reported once.
  const known = new Map<Node, Node | undefined>();
  const visit = (from: Node, at: Location): Node | undefined => {
    if (!known.has(from)) known.set(from, resolveNode(from, at));
    return known.get(from);
  };
  const resolveNode = (from: Node, at: Location): Node | undefined => {
    if (from.kind === "sequence") {
      const items = from.items.map((item, index) => visit(item, inList(at, index)));
      const isSame = items.every((item, index) => item === from.items[index]);
      return isSame ? from : from.withItems(items.filter((item) => item !== undefined));
    }
    if (from.kind !== "mapping") return from;
    const found = readValueFrom(from, context.valueSources ?? valueSources);
    if (found.kind === "none") return resolveEntries(from, at, visit);
    const outcome =
      found.kind === "reference"
        ? readReference(found.reference, from, at, context)
        : { node: unresolved(from), diagnostics: found.diagnostics };
    for (const diagnostic of outcome.diagnostics) diagnostics.push({ ...diagnostic, path: at.path });
    return outcome.node;
  };
  const field = path.slice(path.lastIndexOf(".") + 1);
  return { node: visit(node, { path, field }), diagnostics };
}

/** A value's path, and what to call it. */
interface Location {
  readonly path: string;
  readonly field: string;
}

function inList({ path, field }: Location, index: number): Location {
  return { path: `${path}.${index}`, field: `${field}[${index}]` };
}

function resolveEntries(
  mapping: MappingNode,
  { path }: Location,
  visit: (node: Node, at: Location) => Node | undefined,
): MappingNode {
  let isSame = true;
  const pairs = mapping.pairs.flatMap((entry) => {
    const { key } = entry;
    const value = visit(entry.value, { path: path === "" ? key : `${path}.${key}`, field: maskName(key) });
    if (value === entry.value) return [entry];
    isSame = false;
    return value ? [entry.withValue(value)] : [];
  });
  return isSame ? mapping : mapping.withPairs(pairs);
}

function readReference(
  reference: Reference,
  mapping: MappingNode,
  { field }: Location,
  context: ResolveContext,
): Resolved {
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
