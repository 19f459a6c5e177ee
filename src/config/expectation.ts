import type { Node } from "../document/node.js";
import type { FieldShape, Shape, ShapeReader } from "./schema-shape.js";

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
export function describeRemedy(field: FieldShape, node: Node | undefined): string | undefined {
  const { kind } = field.shape;
  const isNull = node?.kind === "scalar" && node.isNull();
  if (isNull && (kind === "text" || kind === "secret"))
    return "nothing is written here: write '' for an empty text, or put the text in quotes";
  if (isNull && kind === "list") return "nothing is written here: write [] for an empty list";
  if (isNull)
    return field.required
      ? "nothing is written here"
      : "nothing is written here: write a value, or leave the field out";
  if (kind === "list") return "write each entry on a line of its own, after `- `";
  if (kind === "mapping") return "write its fields as `name: value`, each on a line of its own";
  if (node?.kind === "mapping" && kind === "text") return "put a text that holds braces or a colon in quotes";
  return undefined;
}
