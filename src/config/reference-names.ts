import { mayBeSecret } from "../secrets/random-looking.js";
import type { Node, ScalarNode } from "../yaml/node.js";
import { isVariableName } from "../yaml/value-from.js";

/** The names of variables and files in every `value_from` of a part of a file, but for those that may be the secret itself. */
export function referenceNames(root: Node): readonly ScalarNode[] {
  const names: ScalarNode[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "sequence") node.items.forEach(visit);
    if (node.kind !== "mapping") return;
    const source = node.entries.get("value_from")?.value;
    for (const key of ["env", "file"]) {
      const name = source?.kind === "mapping" ? source.entries.get(key)?.value : undefined;
      if (name?.kind !== "scalar" || mayBeSecret(name.text())) continue;
      if (key === "file" || isVariableName(name.text())) names.push(name);
    }
    for (const { value } of node.entries.values()) visit(value);
  };
  visit(root);
  return names;
}
