import type * as z from "zod";
import { invisibleIn } from "../characters.js";
import { type DiagnosticCode, diagnosticCodes } from "../errors.js";
import { nearest, nearestField } from "../nearest.js";
import { maskName } from "../secrets/random-looking.js";
import type { MappingEntry, Node, RawDiagnostic } from "../yaml/node.js";
import { chooseOption } from "./choose-option.js";
import { describeChoice, describeLimit, describeRemedy, describeShape } from "./expectation.js";
import { dotted, type Location, locate, shapeFor, type ValuePath } from "./path.js";
import type { FieldShape, Schema, ShapeReader } from "./schema-shape.js";

export type Issue = z.core.$ZodIssue;

/** Marks a schema without its own message: passed to zod as its `error`, so that zod's words never show. */
export const noMessage = "\0";

export interface IssueSource {
  readonly namespace: string;
  readonly schema: Schema;
  readonly node: Node;
  readonly shapeOf: ShapeReader;
}

/** An issue of the intended option, at its full path. */
export interface PlainIssue {
  readonly path: ValuePath;
  readonly issue: Issue;
}

/** Flattens unions: for a value that fits none of their options, keeps only the issues of the intended one. */
export function plainIssues(
  issues: readonly Issue[],
  source: IssueSource,
  above: ValuePath = [],
): readonly PlainIssue[] {
  return issues.flatMap((issue, index): readonly PlainIssue[] => {
    if (isBareSafeLimit(issue) && issues[index + 1]?.code === issue.code) return [];
    // Bound values never have symbols as keys.
    const path = [...above, ...(issue.path as (string | number)[])];
    if (issue.code !== "invalid_union" || issue.errors.length === 0) return [{ path, issue }];
    const { schema, node } = locate(source.schema, source.node, path, source.shapeOf);
    const shape = schema && source.shapeOf(schema).shape;
    if (shape?.kind !== "union" || node === undefined) return [{ path, issue }];
    const option = chooseOption(shape, node, source.shapeOf);
    const nested = option && issue.errors[shape.options.indexOf(option)];
    return nested?.length ? plainIssues(nested, source, path) : [{ path, issue }];
  });
}

/** That an integer is beyond 2^53 says less than the field's own limit, which the next issue reports. */
function isBareSafeLimit(issue: Issue): boolean {
  if (issue.code === "too_big") return issue.maximum === Number.MAX_SAFE_INTEGER;
  return issue.code === "too_small" && issue.minimum === Number.MIN_SAFE_INTEGER;
}

/** Words an issue in our own terms, with its range; one diagnostic for each unknown key. Never repeats a value. */
export function toDiagnostics({ path, issue }: PlainIssue, source: IssueSource): readonly RawDiagnostic[] {
  const location = locate(source.schema, source.node, path, source.shapeOf);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownAt(key, path, location, source));
  }
  const reported =
    location.node === undefined ? missing(issue, path, location, source) : wrong(issue, location, source);
  const own = ownWords(issue);
  const isAboutKey = issue.code === "invalid_key" || own.code === "UNKNOWN_FIELD";
  const range = isAboutKey ? (location.keyRange ?? location.range) : location.range;
  return [{ severity: "error", ...reported, ...own, range, path: dotted(source.namespace, path) }];
}

type Described = Pick<RawDiagnostic, "code" | "message" | "hint">;

/** A step's own code and hint, where its schema's check passed them as `params`. */
function ownWords(issue: Issue): Partial<Described> {
  const { code, hint } = (issue.code === "custom" ? issue.params : undefined) ?? {};
  return {
    // A key of `diagnosticCodes` is a DiagnosticCode.
    ...(typeof code === "string" && Object.hasOwn(diagnosticCodes, code) ? { code: code as DiagnosticCode } : {}),
    ...(typeof hint === "string" ? { hint } : {}),
  };
}

function unknownAt(
  key: string,
  path: ValuePath,
  location: Location,
  { namespace, shapeOf }: IssueSource,
): RawDiagnostic {
  const { node, schema, range } = location;
  const keyRange = (node?.kind === "mapping" ? node.entries.get(key)?.keyRange : undefined) ?? range;
  const shape = schema && shapeFor(schema, node, shapeOf);
  const fields = shape?.kind === "mapping" ? shape.fields.keys() : [];
  const sensitive = schema !== undefined && shapeOf(schema).sensitive;
  return unknownField(namespace, path, { key, keyRange, sensitive }, fields).diagnostic;
}

function missing(issue: Issue, path: ValuePath, { schema }: Location, { shapeOf }: IssueSource): Described {
  const name = path.at(-1) ?? "";
  const field = schema && shapeOf(schema);
  const own = issue.message === noMessage ? undefined : issue.message;
  if (own !== undefined && !field?.required) return { code: "MISSING_FIELD", message: own };
  return {
    code: "MISSING_FIELD",
    message: `the required field \`${name}\` is missing`,
    hint: field?.description === undefined ? `add \`${name}\`` : `add \`${name}\`: ${field.description}`,
  };
}

function wrong(issue: Issue, location: Location, { shapeOf }: IssueSource): Described {
  const { node, schema } = location;
  const field = schema && shapeOf(schema);
  const own = issue.message === noMessage ? undefined : issue.message;
  if (field !== undefined && isOfWrongType(issue, field, node)) {
    const message = own ?? `expected ${describeShape(field.shape, shapeOf)}`;
    return { code: "WRONG_TYPE", message, hint: describeRemedy(field, node, shapeOf) };
  }
  const values = choiceIn(issue);
  if (values !== undefined)
    return {
      code: "INVALID_VALUE",
      message: own ?? `expected ${describeChoice(values)}`,
      hint: suggest(values, field, node),
    };
  return { code: "INVALID_VALUE", message: own ?? describeLimit(issue) };
}

function isOfWrongType(issue: Issue, { shape, nullable }: FieldShape, node: Node | undefined): boolean {
  const isNull = node?.kind === "scalar" && node.isNull() && !nullable;
  switch (issue.code) {
    case "invalid_type":
      return true;
    case "invalid_union":
      return issue.discriminator === undefined;
    case "invalid_value":
      return node?.kind !== "scalar" || isNull;
    case "custom":
      return shape.kind === "secret" && (node?.kind !== "scalar" || isNull);
    default:
      return false;
  }
}

function choiceIn(issue: Issue): readonly unknown[] | undefined {
  if (issue.code === "invalid_value") return issue.values;
  if (issue.code === "invalid_union" && "options" in issue)
    return issue.options?.filter((option) => option !== undefined);
  return undefined;
}

function suggest(
  values: readonly unknown[],
  field: FieldShape | undefined,
  node: Node | undefined,
): string | undefined {
  if (field?.sensitive || node?.kind !== "scalar") return undefined;
  const names = values.map(String);
  const near = nearest(node.text(), names);
  return near === undefined ? undefined : `did you mean ${near}?`;
}

/** The diagnostic for a key that is none of `fields`, with the field that was probably meant. A secret's key is not repeated. */
export function unknownField(
  namespace: string,
  path: ValuePath,
  { key, keyRange, sensitive }: Pick<MappingEntry, "key" | "keyRange"> & { readonly sensitive: boolean },
  fields: Iterable<string>,
): { readonly diagnostic: RawDiagnostic; readonly meant: string | undefined } {
  const names = [...fields];
  const meant = nearestField(key, names);
  const diagnostic: RawDiagnostic = {
    severity: "error",
    code: "UNKNOWN_FIELD",
    ...describe(key, sensitive, meant, names),
    range: keyRange,
    // A value written without the space before it is part of its key.
    path: dotted(namespace, sensitive || invisibleIn(key) !== undefined ? path : [...path, key]),
  };
  return { diagnostic, meant };
}

function describe(key: string, sensitive: boolean, meant: string | undefined, names: readonly string[]) {
  const invisible = invisibleIn(key);
  if (invisible !== undefined) {
    const hint = "retype the line, with nothing but ordinary spaces between the words";
    return { message: `the name of this field contains ${invisible}`, hint };
  }
  const message = sensitive ? "unknown field" : `unknown field \`${maskName(key)}\``;
  return { message, hint: hintOf(meant, names) };
}

function hintOf(meant: string | undefined, names: readonly string[]): string {
  if (meant !== undefined) return `did you mean \`${meant}\`?`;
  if (names.length === 0) return "no fields are expected here";
  return `known fields: ${names.join(", ")}`;
}
