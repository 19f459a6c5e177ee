import type { Node, Range } from "../yaml/node.js";
import { chooseOption } from "./choose-option.js";
import type { Schema, Shape, ShapeReader } from "./schema-shape.js";

/** A path inside a namespace, such as `["items", 0, "email"]`. */
export type ValuePath = readonly (string | number)[];

/** The path as it is shown: `tokenauth.items.0.email`; the root of a file is the namespace "". */
export function dotted(namespace: string, path: ValuePath): string {
  return (namespace === "" ? path : [namespace, ...path]).join(".");
}

/** Paths that get no further diagnostics, because their mistake is known already. */
export class MutedPaths {
  readonly #keys = new Set<string>();

  add(path: ValuePath): void {
    this.#keys.add(keyOf(path));
  }

  /** Whether the path, or one above it, was added. */
  has(path: ValuePath): boolean {
    if (this.#keys.size === 0) return false;
    for (let length = 0; length <= path.length; length += 1) {
      if (this.#keys.has(keyOf(path.slice(0, length)))) return true;
    }
    return false;
  }
}

function keyOf(path: ValuePath): string {
  return JSON.stringify(path);
}

/** What the file and the schema have at a path. */
export interface Location {
  /** The value's range or, where it is missing, that of the deepest value above it. */
  readonly range: Range;
  /** Undefined where the file has nothing at the path. */
  readonly node: Node | undefined;
  /** The range of the key that leads there, if any. */
  readonly keyRange: Range | undefined;
  /** The schema at the path; undefined where any value fits, or none. */
  readonly schema: Schema | undefined;
}

/** Follows a path through the file and the schema together, so that the file's values select the options of unions. */
export function locate(schema: Schema, root: Node, path: ValuePath, shapeOf: ShapeReader): Location {
  let location: Location = { range: root.range, node: root, keyRange: undefined, schema };
  for (const part of path) location = stepInto(location, part, shapeOf);
  return location;
}

function stepInto({ range, node, schema }: Location, part: string | number, shapeOf: ShapeReader): Location {
  const inner = schema && schemaOf(shapeFor(schema, node, shapeOf), part);
  if (node?.kind === "mapping") {
    const entry = node.entries.get(String(part));
    const keyRange = entry?.keyRange;
    return { range: entry?.value.range ?? range, node: entry?.value, keyRange, schema: inner };
  }
  const item = node?.kind === "sequence" ? node.items[Number(part)] : undefined;
  return { range: item?.range ?? range, node: item, keyRange: undefined, schema: inner };
}

/** The shape that a schema expects of this node: of a union, the intended option. */
export function shapeFor(schema: Schema, node: Node | undefined, shapeOf: ShapeReader): Shape | undefined {
  const { shape } = shapeOf(schema);
  if (shape.kind !== "union") return shape;
  const option = node && chooseOption(shape, node, shapeOf);
  return option && shapeFor(option, node, shapeOf);
}

function schemaOf(shape: Shape | undefined, part: string | number): Schema | undefined {
  if (shape?.kind === "list") return shape.element(Number(part));
  if (shape?.kind === "mapping") return shape.fields.get(String(part)) ?? shape.rest;
  return undefined;
}
