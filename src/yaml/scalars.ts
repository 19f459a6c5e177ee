import { mayBeSecret } from "../secrets/random-looking.js";
import { isBareKey, type MappingNode, type Node, ScalarNode } from "./node.js";
import { valueSources } from "./value-sources.js";

/** A part of a file, and the key that it stands under. */
export interface FilePart {
  readonly node: Node;
  readonly under?: string | number | undefined;
}

/**
 * Every value in the parts of a file that may be secret, in file order, to be masked where a line is quoted. Keys are among them
 * where they may well be values, but not the names of variables and files in a `value_from`.
 */
export function scalarsIn(parts: readonly FilePart[]): readonly ScalarNode[] {
  const found = new Map<number, ScalarNode>();
  // A node that aliases share is looked at once as a `value_from`, and once as anything else.
  const seen = { reference: new Set<Node>(), other: new Set<Node>() };
  const add = (scalar: ScalarNode) => found.set(scalar.start, scalar);
  const visit = (node: Node, under?: string | number): void => {
    if (node.kind === "scalar") add(node);
    if (node.kind !== "mapping" && node.kind !== "sequence") return;
    const isReference = under === "value_from";
    const known = isReference ? seen.reference : seen.other;
    if (known.has(node)) return;
    known.add(node);
    if (node.kind === "sequence") for (const item of node.items) visit(item);
    else visitMapping(node, isReference);
  };
  const visitMapping = (mapping: MappingNode, isReference: boolean): void => {
    for (const entry of mapping.pairs) {
      const { key, source, keyStart, keyEnd, value } = entry;
      // A key without a value, as in `{abc}`, may be a value written in braces; one that looks random, a value without its key.
      if (isBareKey(entry) || mayBeSecret(key)) add(new ScalarNode(key, source, keyStart, keyEnd, true));
      const isNamed = isReference && (key === "required" || Object.hasOwn(valueSources, key));
      if (!isNamed || value.kind !== "scalar" || !isName(value.text())) visit(value, key);
    }
  };
  for (const { node, under } of parts) visit(node, under);
  return [...found.values()].sort((one, other) => one.start - other.start);
}

/** What may be the name of a variable or file: a secret written there by mistake is rarely one. */
function isName(text: string): boolean {
  return /^(?:[A-Za-z_][A-Za-z0-9_]*|[./][\w./-]*|true|false)$/.test(text) && !mayBeSecret(text);
}
