import type { Node, RawDiagnostic } from "../yaml/node.js";
import { shapeFor } from "./path.js";
import type { MappingShape, Schema, Shape, ShapeReader } from "./schema-shape.js";
import type { Step } from "./step.js";

/** A list of mappings that a mapping holds, such as `items`. */
export interface EntryList {
  readonly name: string;
  /** The shape of one entry. */
  readonly entry: MappingShape;
}

/**
 * The single diagnostic for an entry's fields directly under the namespace, where the list of entries is missing:
 * each of them is unknown there, but their meaning is plain.
 */
export function findFlatEntry(step: Step, node: Node, shapeOf: ShapeReader): RawDiagnostic | undefined {
  const { shape } = shapeOf(step.schema);
  if (node.kind !== "mapping" || shape.kind !== "mapping") return undefined;
  const list = mainList(shape, node, shapeOf);
  if (list === undefined || node.entries.has(list.name)) return undefined;
  const known = fieldNames(list.entry, shapeOf);
  const found = [...node.entries.values()].filter(({ key }) => !shape.fields.has(key) && known.has(key));
  const [first] = found;
  if (first === undefined) return undefined;
  const names = found.map(({ key }) => key);
  return {
    severity: "error",
    code: "MISSING_FIELD",
    message: `\`${list.name}:\` is missing: the fields of one entry are directly under \`${step.namespace}\``,
    hint: step.explainFlat?.(names) ?? `write \`${list.name}:\`, and below it ${oneEntry(list.entry, shapeOf)}`,
    range: first.keyRange,
    path: step.namespace,
  };
}

/** A mapping's required list or, without one, its first. */
export function mainList(shape: MappingShape, node: Node, shapeOf: ShapeReader): EntryList | undefined {
  const lists = [...shape.fields].flatMap(([name, schema]) => {
    const field = shapeOf(schema);
    const entry = entryShape(field.shape, node, shapeOf);
    return entry === undefined ? [] : [{ name, entry, required: field.required }];
  });
  return lists.find(({ required }) => required) ?? lists[0];
}

/** The shape of a list's entries; undefined where that is no mapping with fields. */
export function entryShape(list: Shape, node: Node, shapeOf: ShapeReader): MappingShape | undefined {
  const element = list.kind === "list" ? list.element(0) : undefined;
  const shape = element && shapeFor(element, node, shapeOf);
  return shape?.kind === "mapping" && shape.fields.size > 0 ? shape : undefined;
}

/** How an entry is written: "`- identifier: …`, with its other fields aligned with the first". */
export function oneEntry(entry: MappingShape, shapeOf: ShapeReader): string {
  const required = [...entry.fields].find(([, schema]) => shapeOf(schema).required);
  const name = required?.[0] ?? [...entry.fields.keys()][0];
  return `\`- ${name}: …\`, with its other fields aligned with the first`;
}

/** An entry's fields, and those of the mappings in it, which used to be the entry's own fields. */
function fieldNames(entry: MappingShape, shapeOf: ShapeReader): ReadonlySet<string> {
  const inner = (schema: Schema): readonly string[] => {
    const { shape } = shapeOf(schema);
    return shape.kind === "mapping" ? [...shape.fields.keys()] : [];
  };
  return new Set([...entry.fields].flatMap(([name, schema]) => [name, ...inner(schema)]));
}
