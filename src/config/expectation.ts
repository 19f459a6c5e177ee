import type * as z from "zod";
import type { MappingNode, Node, SequenceNode } from "../yaml/node.js";
import { entryShape, mainList, oneEntry } from "./flat-entry.js";
import type { FieldShape, MappingShape, Shape, ShapeReader } from "./schema-shape.js";

const eachAfterDash = "write each entry on its own line, after `- `";

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

/** How to write a value of the right type, where the given one shows what went wrong. */
export function describeRemedy(
  { shape, required }: FieldShape,
  node: Node | undefined,
  shapeOf: ShapeReader,
): string | undefined {
  const { kind } = shape;
  const isNull = node?.kind === "scalar" && node.isNull();
  if (isNull && (kind === "text" || kind === "secret"))
    return "the value is missing: write '' for empty text, or put the text in quotes";
  if (isNull && kind === "list") return "the value is missing: write [] for an empty list";
  if (isNull)
    return required ? "the value is missing: write one" : "the value is missing: write a value, or remove the field";
  if (kind === "list" && node?.kind === "mapping") return describeDashes(shape, node, shapeOf);
  if (kind === "mapping" && node?.kind === "sequence") return describeWithoutDashes(shape, node, shapeOf);
  if (kind === "list") return eachAfterDash;
  if (kind === "mapping") return "write its fields as `name: value`, each on its own line";
  if (node?.kind === "mapping" && kind === "text") return "put text that contains braces or a colon in quotes";
  return undefined;
}

/** Entries without their dashes: one entry's fields, or entries under their names. */
function describeDashes(list: Shape, node: MappingNode, shapeOf: ShapeReader): string {
  const entry = entryShape(list, node, shapeOf);
  if (entry === undefined) return eachAfterDash;
  // A key that is none of the entry's fields may be anything, even a secret, and is not repeated.
  const first = [...node.entries.keys()].find((key) => entry.fields.has(key));
  if (first !== undefined)
    return `start each entry with a dash, \`- ${first}: …\`, and align its other fields with the first`;
  const isNamed = [...node.entries.values()].every(({ value }) => value.kind === "mapping");
  return isNamed ? `write each entry's name as one of its fields: ${oneEntry(entry, shapeOf)}` : eachAfterDash;
}

/** A list in place of the mapping that holds it, or a mapping's fields with dashes. */
function describeWithoutDashes(shape: MappingShape, { items }: SequenceNode, shapeOf: ShapeReader): string {
  const [first] = items;
  const list = first?.kind === "mapping" ? mainList(shape, first, shapeOf) : undefined;
  if (list && first?.kind === "mapping" && [...first.entries.keys()].some((key) => list.entry.fields.has(key)))
    return `write \`${list.name}:\` on a line before this list, and indent the list below it`;
  return "write its fields as `name: value`, each on its own line, without a dash";
}

const formats: Readonly<Record<string, string>> = {
  email: "an e-mail address",
  url: "an absolute URL",
  uuid: "a UUID",
  guid: "a UUID",
  datetime: "a date and time with an offset, such as 2030-01-31T12:00:00Z",
  date: "a date such as 2030-01-31",
  time: "a time such as 12:30:00",
  duration: "a duration such as P1DT12H",
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
  cidrv4: "an IPv4 range such as 10.0.0.0/8",
  cidrv6: "an IPv6 range such as fd00::/8",
  base64: "base64",
  base64url: "base64url without padding",
  lowercase: "lower-case text",
  uppercase: "upper-case text",
};

/** What a value should have been, taken from the limit that it broke and never from the value. */
export function describeLimit(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "too_big":
      return `expected ${amount(issue.origin, issue.exact ? "exactly" : issue.inclusive === false ? "less than" : "at most", issue.maximum)}`;
    case "too_small":
      return isFilled(issue)
        ? "expected non-empty text"
        : `expected ${amount(issue.origin, issue.exact ? "exactly" : issue.inclusive === false ? "more than" : "at least", issue.minimum)}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    case "invalid_format":
      return `expected ${describeFormat(issue)}`;
    case "invalid_key":
      return "this key is not valid here";
    default:
      return "this value is not valid here";
  }
}

function isFilled({ origin, minimum, inclusive, exact }: z.core.$ZodIssueTooSmall): boolean {
  return origin === "string" && minimum === 1 && inclusive !== false && !exact;
}

function amount(origin: string, comparison: string, limit: number | bigint): string {
  if (origin === "string") return `${comparison} ${limit} ${limit === 1 ? "character" : "characters"}`;
  if (origin === "array" || origin === "set") return `${comparison} ${limit} ${limit === 1 ? "entry" : "entries"}`;
  return `a number of ${comparison} ${limit}`;
}

/** Prefixes and the like come from the schema, so they may be shown. */
function describeFormat(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if ("prefix" in issue) return `text that starts with ${issue.prefix}`;
  if ("suffix" in issue) return `text that ends with ${issue.suffix}`;
  if ("includes" in issue) return `text that contains ${issue.includes}`;
  return formats[issue.format] ?? "text in another form";
}
