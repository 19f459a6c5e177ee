import { isPlain } from "../yaml/write.js";
import type { Field, Way } from "./field-reference.js";
import { isSchema } from "./schema-shape.js";

/** What an example file says; a text such as `<client id>` is a gap, which is refused until it is filled in. */
export type ExampleValue =
  | string
  | number
  | boolean
  | readonly ExampleValue[]
  | NotedValue
  | { readonly [name: string]: ExampleValue };

/** A value with a note above it. */
interface NotedValue {
  readonly note: string;
  readonly value: ExampleValue;
  /** Whether it is commented out. */
  readonly isOff?: boolean;
}

/** A step, or what stands at the root without a flag. */
export interface ExamplePart {
  readonly flag: string | undefined;
  readonly title: string | undefined;
  readonly field: Field;
  /** What the file says; without it, it has every field. */
  readonly value?: ExampleValue | undefined;
}

const maxWidth = 100;

/**
 * The text of a configuration file with a comment above each field. A line that begins with `#` and no space is a field that is
 * commented out; without that sign, it is valid.
 *
 * @param introduction the first paragraphs of its comment
 */
export function renderExample(introduction: readonly string[], parts: readonly ExamplePart[]): string {
  const body = parts.flatMap((part) => ["", ...partLines(part)]);
  const variables = new Set(body.flatMap((line) => /^(?! *#).*\{env: (\w+)\}/.exec(line)?.[1] ?? []));
  const needs = variables.size === 0 ? [] : [`Set these variables first: ${[...variables].join(", ")}.`];
  const head = [...introduction, ...needs].flatMap((text, index) => [
    ...(index > 0 ? ["#"] : []),
    ...commentLines(text, maxWidth),
  ]);
  return [...head, ...body].map((line) => `${line}\n`).join("");
}

function partLines({ flag, title, field, value }: ExamplePart): readonly string[] {
  const comment = commentLines(title ?? field.description, maxWidth);
  const described = { ...field, description: "", type: "" };
  const content =
    value === undefined
      ? everyFieldOf(described, maxWidth, false)
      : valueLines(field.name, value, field.ways, preset());
  return [...comment, ...(flag === undefined ? [] : [`${flag}: true`]), ...content];
}

/** Every field that is not deprecated; those that may be left out are commented out, unless that is what they stand in. */
function everyFieldOf(field: Field, width: number, isOff: boolean): readonly string[] {
  const [way] = field.ways;
  const isSample = field.example !== undefined || saysSomething(field.default);
  const [item] = way?.kind === "list" ? way.ways : [];
  if (!isSample && way?.kind === "mapping" && way.fields.length > 0) {
    return [`${field.name}:`, ...indented(everyFieldIn(way.fields, width - 2, isOff))];
  }
  if (!isSample && item?.kind === "mapping" && item.fields.length > 0) {
    return [`${field.name}:`, ...indented(asItem(everyFieldIn(item.fields, width - 4, isOff)))];
  }
  return valueLines(field.name, sampleOf(field), field.ways, { width, describe: createDescriber(factsOf) });
}

function everyFieldIn(fields: readonly Field[], width: number, isOff: boolean): readonly string[] {
  const current = fields.filter(({ isDeprecated }) => !isDeprecated);
  // A mapping must say something, and an entry's first line has its dash.
  const first = current.find((field) => field.isRequired || isListOfEntries(field)) ?? current[0];
  const ordered = current.toSorted((one, other) => Number(other === first) - Number(one === first));
  return ordered.flatMap((field) => {
    if (isOff || field === first || field.isRequired || isListOfEntries(field)) {
      return [
        ...commentLines(factsOf(field), width),
        ...everyFieldOf(field, width, isOff),
        ...(isOff ? [] : otherWays(field, width)),
      ];
    }
    return [
      ...commentLines(factsOf(field), width),
      ...everyFieldOf(field, width - 1, true).map((line) => `#${line}`),
      ...otherWays(field, width),
    ];
  });
}

/** Whether it is a list of entries directly under its namespace. */
function isListOfEntries({ path, ways: [way], example }: Field): boolean {
  const isDirect = path.indexOf(".") === path.lastIndexOf(".");
  return isDirect && way?.kind === "list" && way.ways[0]?.kind === "mapping" && example === undefined;
}

/** The mappings that can be written instead, with their fields. */
function otherWays(field: Field, width: number): readonly string[] {
  const [shown, ...others] = field.ways;
  if (shown?.kind === "mapping" || shown?.kind === "list") return [];
  return others.flatMap((way) => {
    if (way.kind !== "mapping") return [];
    const lines = [`${field.name}:`, ...indented(everyFieldIn(way.fields, width - 3, true))];
    return [...commentLines(`Or: ${way.description}`.trim(), width), ...lines.map((line) => `#${line}`)];
  });
}

/** What a field is for, and what can be written. */
function factsOf(field: Field): string {
  const { description, isRequired, default: given, example } = field;
  const sample = sampleOf(field);
  const isDefault = given !== undefined && JSON.stringify(sample) === given;
  const type = typeOf(field);
  const facts = [
    ...(isRequired ? ["required"] : []),
    ...(type === "" ? [] : [type]),
    ...(given === undefined || isDefault ? [] : [`default: ${given}`]),
  ].join("; ");
  const isExample = example !== undefined && sample === example && !Object.hasOwn(Object(example), "value_from");
  return [description, facts === "" ? "" : `${capitalized(facts)}.`, ...(isExample ? ["For example:"] : [])]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

/** Its type, as far as neither its description nor the value below it says it. */
function typeOf({ type, description, ways }: Field): string {
  const [way, ...others] = ways;
  if (type === "text" || way?.kind === "mapping" || (way?.kind === "boolean" && others.length === 0)) return "";
  if (way?.kind === "list") return /^list of (?:mappings|lists of texts|texts)$/.test(type) ? "" : type;
  if (way?.kind !== "choice" || others.length > 0) return type;
  const isSaid = way.values.length === 1 || way.values.every((value) => description.includes(`\`${String(value)}\``));
  return isSaid ? "" : `one of ${type}`;
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function saysSomething(given: string | undefined): given is string {
  return given !== undefined && given !== "[]" && given !== '""';
}

/** Its default, or an example where that says nothing; for what must be written, a gap. */
function sampleOf(field: Field): ExampleValue {
  const { default: given, example, isRequired } = field;
  const [way] = field.ways;
  if (isRequired && !(way?.kind === "secret" && example !== undefined)) return gapOf(field, way);
  // Both are JSON.
  if (saysSomething(given) || (given !== undefined && example === undefined)) return JSON.parse(given) as ExampleValue;
  return example === undefined ? gapOf(field, way) : (example as ExampleValue);
}

function gapOf(field: Field, way: Way | undefined): ExampleValue {
  const { name, isRequired } = field;
  switch (way?.kind) {
    case "secret":
      return { value_from: { env: variableOf(field) } };
    case "boolean":
      return "<true or false>";
    case "choice": {
      const [first = ""] = way.values;
      return isRequired && way.values.length > 1 ? `<${way.values.join(" or ")}>` : (first as ExampleValue);
    }
    case "list":
      return [gapOf(field, way.ways[0])];
    case "mapping":
      return Object.fromEntries(
        way.fields.filter((inner) => inner.isRequired).map((inner) => [inner.name, sampleOf(inner)]),
      );
    default:
      return `<${name}>`;
  }
}

/** Such as `OIDC_RP_CLIENT_SECRET`; a field of one word is named with the part that it stands in. */
function variableOf({ name, path }: Field): string {
  const [part = ""] = path.split(/[._[]/);
  return (name.includes("_") ? name : `${part}_${name}`).toUpperCase();
}

interface ValueStyle {
  readonly width: number;
  /** What stands above a field. */
  readonly describe: (field: Field) => string;
}

function preset(): ValueStyle {
  return { width: maxWidth, describe: createDescriber(({ description }) => description) };
}

/** Describes each field once. */
function createDescriber(describe: (field: Field) => string): (field: Field) => string {
  const seen = new Set<string>();
  return (field) => {
    if (seen.has(field.path)) return "";
    seen.add(field.path);
    return describe(field);
  };
}

function valueLines(key: string, value: ExampleValue, ways: readonly Way[], style: ValueStyle): readonly string[] {
  const line = flowOf(value);
  if (line !== undefined && key.length + 2 + line.length <= style.width) return [`${key}: ${line}`];
  return [`${key}:`, ...indented(blockLines(value, ways, narrower(style)))];
}

function blockLines(value: ExampleValue, ways: readonly Way[], style: ValueStyle): readonly string[] {
  if (Array.isArray(value)) {
    const inner = ways.flatMap((way) => (way.kind === "list" ? way.ways : []));
    return value.flatMap((item: ExampleValue) => {
      if (isNoted(item)) return noted(item, style, (own) => itemLines(own, inner, style));
      return itemLines(item, inner, style);
    });
  }
  return isMapping(value) ? mappingLines(value, ways, style) : [scalarOf(value as string)];
}

function itemLines(item: ExampleValue, ways: readonly Way[], style: ValueStyle): readonly string[] {
  const line = flowOf(item);
  return line === undefined ? asItem(blockLines(item, ways, narrower(style))) : [`- ${line}`];
}

function mappingLines(
  value: { readonly [name: string]: ExampleValue },
  ways: readonly Way[],
  style: ValueStyle,
): readonly string[] {
  const fields = ways.flatMap((way) => (way.kind === "mapping" ? way.fields : []));
  return Object.entries(value).flatMap(([name, given]) => {
    const field = fields.find((candidate) => candidate.name === name);
    const about = field === undefined ? "" : style.describe(field);
    const write = (own: ExampleValue) => valueLines(name, own, field?.ways ?? [], style);
    if (isNoted(given)) return noted({ ...given, note: `${about}\n${given.note}`.trim() }, style, write);
    return [...commentLines(about, style.width), ...write(given)];
  });
}

function noted(
  { note, value, isOff = false }: NotedValue,
  style: ValueStyle,
  write: (value: ExampleValue) => readonly string[],
): readonly string[] {
  const lines = write(value);
  return [...commentLines(note, style.width), ...(isOff ? lines.map((line) => `#${line}`) : lines)];
}

function narrower(style: ValueStyle): ValueStyle {
  return { ...style, width: style.width - 2 };
}

/** A value that fits into one line; undefined for a longer one, or one with gaps beside other values. */
function flowOf(value: ExampleValue): string | undefined {
  if (isNoted(value)) return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item: ExampleValue) => (typeof item === "object" ? listOf(item) : scalarOf(item)));
    const isPlainList = items.every((item) => item !== undefined && !item.includes("<"));
    return isPlainList ? `[${items.join(", ")}]` : undefined;
  }
  if (!isMapping(value)) return scalarOf(value as string);
  const { value_from: from, generate } = value;
  if (isMapping(from)) return `{value_from: {env: ${String(from.env)}}}`;
  if (generate === true) return "{generate: true}";
  return Object.keys(value).length === 0 ? "{}" : undefined;
}

/** A list in a list. */
function listOf(value: ExampleValue): string | undefined {
  return Array.isArray(value) ? flowOf(value) : undefined;
}

function scalarOf(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const isMeasure = /^\d[\w./]*$/.test(value) && !/^(?:0[xob][\da-f_]+|[\d_.]+(?:e[-+]?\d+)?)$/i.test(value);
  const isGap = /^[\w:/.-]*<[^<>]+>[^\s#]*$|^https:[^\s#]*<[^#]+>[^\s#]*$/.test(value);
  return isPlain(value) || isMeasure || isGap ? value : JSON.stringify(value);
}

/** The lines of a mapping as an entry of a list: the dash stands before its first line that is no comment. */
function asItem(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => !line.startsWith("#"));
  return lines.map((line, index) => (index < first ? line : `${index === first ? "- " : "  "}${line}`));
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

/** A comment, in lines that fit. */
function commentLines(text: string, width: number): readonly string[] {
  if (text.includes("\n")) return text.split("\n").flatMap((line) => commentLines(line, width));
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return text === "" ? [] : lines;
}

function isNoted(value: ExampleValue): value is NotedValue {
  return isSchema(value) && "note" in value;
}

function isMapping(value: unknown): value is { readonly [name: string]: ExampleValue } {
  return isSchema(value);
}
