import type { Node, Place } from "./node.js";

/** The deepest node on a path that there is, and how much of the path leads to it. */
export interface Located {
  readonly node: Node;
  /** Where its key stands; undefined for list elements and the root. */
  readonly keyPlace: Place | undefined;
  /** How many of the path's parts were followed: all of them where the node itself is there. */
  readonly depth: number;
}

/** Follows a path from a node, as far as it goes: the place to tell of a field that is missing. */
export function nodeAt(root: Node, path: readonly (string | number)[]): Located {
  let located: Located = { node: root, keyPlace: undefined, depth: 0 };
  for (const part of path) {
    const next = step(located.node, part);
    if (!next) break;
    located = { ...next, depth: located.depth + 1 };
  }
  return located;
}

function step(node: Node, part: string | number): Omit<Located, "depth"> | undefined {
  if (node.kind === "mapping") {
    const entry = node.entries.get(String(part));
    return entry && { node: entry.value, keyPlace: entry.keyPlace };
  }
  const item = node.kind === "sequence" ? node.items[Number(part)] : undefined;
  return item && { node: item, keyPlace: undefined };
}
