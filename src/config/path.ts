import type { Node, Range } from "../yaml/node.js";
import { chooseOption } from "./choose-option.js";
import type { Schema, Shape, ShapeReader } from "./schema-shape.js";

/** A place inside a namespace, such as `["items", 0, "email"]`. */
export type ValuePath = readonly (string | number)[];

/** The path as it is shown: `tokenauth.items.0.email`. */
export function dotted(namespace: string, path: ValuePath): string {
  return [namespace, ...path].join(".");
}

/** The paths that nothing more is to be told of: their problem is known already. */
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
  /** The value's place or, where it is missing, that of the deepest value above it. */
  readonly range: Range;
  /** Undefined where the file has nothing there. */
  readonly node: Node | undefined;
  /** The place of the key that leads there, where one does. */
  readonly keyRange: Range | undefined;
  /** The schema of what belongs there; undefined where any value does, or none. */
  readonly schema: Schema | undefined;
}

/** Follows a path through the file and the schema together, so that unions are told apart by what was written. */
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

/** What a schema expects of this node: of a union, the option that was meant. */
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
