import { type ParsedNode, visit } from "yaml";
import type { SyntaxTree } from "./syntax-tree.js";

/** The offsets at which an unquoted scalar starts. */
export function plainStarts({ contents }: SyntaxTree): ReadonlySet<number> {
  const starts = new Set<number>();
  visit(contents, {
    Scalar: (_, scalar) => {
      // Every node that was parsed has a range.
      if (scalar.type === "PLAIN") starts.add((scalar as ParsedNode).range[0]);
    },
  });
  return starts;
}
