import type { MappingEntry, Node, Range, RawDiagnostic } from "./node.js";
import { maxDepth } from "./syntax-tree.js";

/** How large a node is with every alias in it written out: nodes in all, and levels. */
interface Extent {
  readonly size: number;
  readonly height: number;
}

/** Below this size nothing is refused, however many aliases there are. */
const freeSize = 100_000;
const maxRatio = 10;

type AliasTarget =
  | { readonly kind: "found"; readonly node: Node }
  /** It stands for none. */
  | { readonly kind: "unresolved"; readonly diagnostic: RawDiagnostic };

/** Follows aliases without ever expanding them, and knows how large they would expand. */
export interface Aliases {
  /** Opens an anchor before its value is built; the returned function closes it. An alias inside its own value finds it open. */
  readonly open: (anchor: string) => (node: Node) => void;
  /** The node that an alias stands for. */
  readonly follow: (anchor: string, range: Range) => AliasTarget;
  /** Notes a collection, whose children must all have been noted before. */
  readonly note: (node: Node, children: Iterable<Node>) => void;
  /** What is wrong with a whole file of `written` nodes. */
  readonly check: (root: Node, written: number) => RawDiagnostic | undefined;
}

export function createAliases(): Aliases {
  const anchors = new Map<string, { node: Node | undefined }>();
  const extents = new Map<Node, Extent>();
  const extentOf = (node: Node): Extent => extents.get(node) ?? { size: 1, height: 1 };
  let largest: { readonly size: number; readonly range: Range } | undefined;
  let tallest: { readonly height: number; readonly range: Range } | undefined;
  return {
    open: (anchor) => {
      const cell: { node: Node | undefined } = { node: undefined };
      anchors.set(anchor, cell);
      return (node) => {
        cell.node = node;
      };
    },
    follow: (anchor, range) => {
      const cell = anchors.get(anchor);
      if (!cell?.node) return { kind: "unresolved", diagnostic: unresolved(range, cell !== undefined) };
      const { size, height } = extentOf(cell.node);
      if (size > (largest?.size ?? 0)) largest = { size, range };
      if (height > (tallest?.height ?? 0)) tallest = { height, range };
      return { kind: "found", node: cell.node };
    },
    note: (node, children) => {
      let size = 1;
      let height = 0;
      for (const child of children) {
        const extent = extentOf(child);
        size += extent.size;
        height = Math.max(height, extent.height);
      }
      extents.set(node, { size, height: height + 1 });
    },
    check: (root, written) => {
      const { size, height } = extentOf(root);
      if (size > freeSize && size > maxRatio * written) return aliasBomb(largest?.range ?? root.range);
      return height > maxDepth + 1 ? tooDeepByAliases(tallest?.range ?? root.range) : undefined;
    },
  };
}

/** The diagnostic for aliases or merge keys that stand for far more than the file holds. */
export function aliasBomb(range: Range): RawDiagnostic {
  return {
    severity: "error",
    code: "ALIAS_BOMB",
    message: `the file's aliases expand to more than ${freeSize} values, and to ${maxRatio} times as many as it contains`,
    hint: "write this value out, or use fewer aliases of parts that contain aliases",
    range,
  };
}

function unresolved(range: Range, inside: boolean): RawDiagnostic {
  return {
    severity: "error",
    code: "ALIAS_UNRESOLVED",
    message: inside
      ? "this alias is inside the value that it refers to"
      : "this alias refers to an anchor that the file does not define before it",
    hint: "write &name before that value, above this line; put a value that begins with * in quotes",
    range,
  };
}

function tooDeepByAliases(range: Range): RawDiagnostic {
  const message = `with its aliases expanded, the file is nested more than ${maxDepth} levels deep`;
  return { severity: "error", code: "YAML_SYNTAX", message, hint: "nest fewer aliases inside aliases", range };
}

/** The entries that a merge key (`<<`) merges: those of a mapping, or of a list of mappings, of which the first wins. */
export function* mergedEntries(
  value: Node,
  report: (diagnostic: RawDiagnostic) => void,
  inList = false,
): Generator<MappingEntry> {
  if (value.kind === "mapping") {
    yield* value.pairs;
  } else if (value.kind === "sequence" && !inList) {
    for (const item of value.items) yield* mergedEntries(item, report, true);
  } else if (value.kind !== "unresolved") {
    report({
      severity: "error",
      code: "YAML_SYNTAX",
      message: "a merge key (`<<`) needs a mapping, or a list of mappings",
      hint: "write <<: *name with the anchor of a mapping; put a field that is really called << in quotes",
      range: value.range,
    });
  }
}
