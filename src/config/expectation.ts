import type { MappingNode, Node, SequenceNode } from "../yaml/node.js";
import { entryShape, mainList, oneEntry } from "./flat-entry.js";
import type { FieldShape, MappingShape, Shape, ShapeReader } from "./schema-shape.js";

const eachAfterDash = "write each entry on a line of its own, after `- `";

/** What a field takes, as the end of a sentence: "a list", "one of present, absent". */
export function describeShape(shape: Shape, shapeOf: ShapeReader): string {
  switch (shape.kind) {
    case "secret":
    case "text":
      return "text";
    case "boolean":
      return "true or false (yes, no, on, off, 1 and 0 work too)";
    case "number":
      return shape.whole ? "a whole number" : "a number";
    case "null":
      return "an empty value";
    case "choice":
      return describeChoice(shape.values);
    case "list":
      return "a list";
    case "mapping":
      return "a mapping";
    case "union":
      return [...new Set(shape.options.map((option) => describeShape(shapeOf(option).shape, shapeOf)))].join(" or ");
    case "free":
      return "another kind of value";
  }
}

/** "one of a, b"; for a single value, the value itself. */
export function describeChoice(values: readonly unknown[]): string {
  const names = values.filter((value) => value !== undefined).map(String);
  return names.length === 1 ? `${names[0]}` : `one of ${names.join(", ")}`;
}

/** How to write a value of the right type, where what was written shows how it went wrong. */
export function describeRemedy(
  { shape, required }: FieldShape,
  node: Node | undefined,
  shapeOf: ShapeReader,
): string | undefined {
  const { kind } = shape;
  const isNull = node?.kind === "scalar" && node.isNull();
  if (isNull && (kind === "text" || kind === "secret"))
    return "nothing is written here: write '' for an empty text, or put the text in quotes";
  if (isNull && kind === "list") return "nothing is written here: write [] for an empty list";
  if (isNull)
    return required ? "nothing is written here" : "nothing is written here: write a value, or leave the field out";
  if (kind === "list" && node?.kind === "mapping") return describeDashes(shape, node, shapeOf);
  if (kind === "mapping" && node?.kind === "sequence") return describeWithoutDashes(shape, node, shapeOf);
  if (kind === "list") return eachAfterDash;
  if (kind === "mapping") return "write its fields as `name: value`, each on a line of its own";
  if (node?.kind === "mapping" && kind === "text") return "put a text that holds braces or a colon in quotes";
  return undefined;
}

/** Entries without their dashes: one entry's fields, or entries under their names. */
function describeDashes(list: Shape, node: MappingNode, shapeOf: ShapeReader): string {
  const entry = entryShape(list, node, shapeOf);
  if (entry === undefined) return eachAfterDash;
  // A key that is none of the entry's fields may be anything, also a secret, and is not repeated.
  const first = [...node.entries.keys()].find((key) => entry.fields.has(key));
  if (first !== undefined)
    return `put a dash before the first field of each entry, \`- ${first}: …\`, and indent the entry's other fields as far as that one`;
  const isNamed = [...node.entries.values()].every(({ value }) => value.kind === "mapping");
  return isNamed ? `write each entry's name as one of its fields: ${oneEntry(entry, shapeOf)}` : eachAfterDash;
}

/** A list in place of the mapping that holds it, or a mapping's fields with dashes. */
function describeWithoutDashes(shape: MappingShape, { items }: SequenceNode, shapeOf: ShapeReader): string {
  const [first] = items;
  const list = first?.kind === "mapping" ? mainList(shape, first, shapeOf) : undefined;
  if (list && first?.kind === "mapping" && [...first.entries.keys()].some((key) => list.entry.fields.has(key)))
    return `write \`${list.name}:\` on a line before this list, and indent the list below it`;
  return "write its fields as `name: value`, each on a line of its own and without a dash";
}
