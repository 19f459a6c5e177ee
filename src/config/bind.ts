import { randomBytes } from "node:crypto";
import type { CharacterRule } from "../characters.js";
import { findPlaceholder, placeholders } from "../secrets/placeholder.js";
import { Secret } from "../secrets/secret.js";
import {
  isBareKey,
  type MappingNode,
  type Node,
  type RawDiagnostic,
  type ScalarNode,
  type SequenceNode,
} from "../yaml/node.js";
import { choiceOf, chooseOption } from "./choose-option.js";
import { unknownField } from "./issues.js";
import { dotted, MutedPaths } from "./path.js";
import { findStrayCharacters, naturalValue, toBoolean, toInteger, toNumber } from "./scalar.js";
import type { FieldShape, MappingShape, Schema, ShapeReader } from "./schema-shape.js";
import type { StandIn } from "./unknown-values.js";
import type { Visibility } from "./visibility.js";

/** Stands for an unknown value, where no secret can stand for it. */
const unresolved = Symbol("unresolved");

export interface Binding {
  /** What the schema validates, without unknown fields: they are in `diagnostics`. */
  readonly value: unknown;
  readonly diagnostics: readonly RawDiagnostic[];
  /** Where the schema's issues are noise: values that could not be resolved, placeholders, fields written under another name. */
  readonly muted: MutedPaths;
  /** Whether a value is missing because its variable is not set. */
  readonly unresolved: boolean;
}

interface BindOptions {
  readonly namespace: string;
  readonly shapeOf: ShapeReader;
  /** The maximum number of values once aliases are followed; the default suits the largest file. */
  readonly maxValues?: number;
  /** Makes up unknown values; without it, only unknown secrets get a value. */
  readonly standIn?: StandIn | undefined;
  /** Collects what quoted lines may show. */
  readonly visibility?: Visibility;
}

interface Walk extends BindOptions {
  readonly diagnostics: RawDiagnostic[];
  readonly muted: MutedPaths;
  /** The keys and indexes that lead to the value being bound. */
  readonly path: (string | number)[];
  unresolved: boolean;
  valuesLeft: number;
}

/**
 * Turns a node into the plain value that its schema validates: texts as written, booleans and numbers in every spelling that
 * pydantic accepts, secrets as {@link Secret}. What can't be converted stays text, for the schema to refuse.
 */
export function bind(schema: Schema, node: Node, options: BindOptions): Binding {
  const walk: Walk = {
    ...options,
    diagnostics: [],
    muted: new MutedPaths(),
    path: [],
    unresolved: false,
    valuesLeft: options.maxValues ?? 10_000_000,
  };
  const value = bindNode(walk, schema, node, false);
  return { value, diagnostics: walk.diagnostics, muted: walk.muted, unresolved: walk.unresolved };
}

function bindNode(walk: Walk, schema: Schema | undefined, node: Node, inSecret: boolean): unknown {
  if (walk.valuesLeft === 0) return refuseMore(walk, node);
  walk.valuesLeft -= 1;
  if (schema === undefined) return bindFree(walk, node, inSecret);
  const field = walk.shapeOf(schema);
  const { shape } = field;
  const sensitive = inSecret || field.sensitive;
  if (shape.kind === "union") {
    const option = chooseOption(shape, node, walk.shapeOf);
    if (option === undefined) return misfit(walk, schema, node, sensitive);
    // Where a secret is expected, a mapping may be a secret written in braces.
    const besideSecret =
      node.kind === "mapping" && shape.options.some((other) => walk.shapeOf(other).shape.kind === "secret");
    return bindNode(walk, option, node, sensitive || besideSecret);
  }
  if (shape.kind === "free") return bindFree(walk, node, sensitive);
  switch (node.kind) {
    case "unresolved":
      return bindUnresolved(walk, schema);
    case "scalar":
      return bindScalar(walk, schema, field, node, sensitive);
    case "sequence":
      if (shape.kind === "list") return bindItems(walk, node, shape.element, sensitive);
      walk.visibility?.showOrHide(schema, node, sensitive);
      return [];
    case "mapping":
      if (shape.kind === "mapping") return bindMapping(walk, shape, node, sensitive);
      walk.visibility?.showOrHide(schema, node, sensitive);
      return {};
  }
}

/** No option takes this kind of node: the schema gets a value of its kind to refuse. */
function misfit(walk: Walk, schema: Schema, node: Node, sensitive: boolean): unknown {
  if (node.kind === "unresolved") return bindUnresolved(walk, undefined);
  walk.visibility?.showOrHide(schema, node, sensitive);
  if (node.kind === "scalar") {
    reportPlaceholder(walk, node, sensitive);
    return naturalValue(node);
  }
  return node.kind === "sequence" ? [] : {};
}

function bindUnresolved(walk: Walk, schema: Schema | undefined): unknown {
  walk.unresolved = true;
  walk.muted.add(walk.path);
  const standIn = schema && walk.standIn?.(schema);
  if (standIn !== undefined) return standIn;
  // A new one each time, so that no two look like the same secret used twice.
  return schema && walk.shapeOf(schema).shape.kind === "secret"
    ? new Secret(randomBytes(20).toString("hex"))
    : unresolved;
}

function bindScalar(walk: Walk, schema: Schema, field: FieldShape, node: ScalarNode, sensitive: boolean): unknown {
  const { shape, characters } = field;
  walk.visibility?.showOrHide(schema, node, sensitive);
  reportPlaceholder(walk, node, sensitive);
  if (node.isNull()) return null;
  if (characters !== undefined) reportCharacters(walk, characters, node, sensitive);
  switch (shape.kind) {
    case "secret":
      return new Secret(node.text());
    case "boolean":
      return toBoolean(node) ?? node.text();
    case "number":
      return (shape.whole ? toInteger(node) : toNumber(node)) ?? node.text();
    case "choice":
      return (choiceOf(shape.values, node) ?? { value: node.text() }).value;
    default:
      return node.text();
  }
}

function bindItems(
  walk: Walk,
  { items }: SequenceNode,
  elementAt: (index: number) => Schema | undefined,
  sensitive: boolean,
): unknown {
  return items.map((item, index) => bindInside(walk, index, elementAt(index), item, sensitive));
}

function bindInside(walk: Walk, part: string | number, schema: Schema | undefined, node: Node, sensitive: boolean) {
  walk.path.push(part);
  const value = bindNode(walk, schema, node, sensitive);
  walk.path.pop();
  return value;
}

function bindMapping(walk: Walk, shape: MappingShape, node: MappingNode, sensitive: boolean): unknown {
  // Assigning is safe: the reader refuses the key `__proto__`.
  const value: Record<string, unknown> = {};
  for (const entry of node.pairs) {
    const { key } = entry;
    const schema = shape.fields.get(key) ?? shape.rest;
    if (schema !== undefined) {
      value[key] = bindInside(walk, key, schema, entry.value, sensitive);
      continue;
    }
    if (sensitive) walk.visibility?.hideKeys(node);
    const reported = { key, keyRange: entry.keyRange, sensitive: sensitive || isBareKey(entry) };
    const { diagnostic, meant } = unknownField(walk.namespace, walk.path, reported, shape.fields.keys());
    walk.diagnostics.push(diagnostic);
    walk.visibility?.showOrHide(meant === undefined ? undefined : shape.fields.get(meant), entry.value, sensitive);
    // That the intended field is missing would report the same mistake twice.
    if (meant !== undefined && node.get(meant) === undefined) walk.muted.add([...walk.path, meant]);
  }
  return value;
}

/** Without a schema, scalars mean what YAML 1.1 reads. They are not known to be harmless. */
function bindFree(walk: Walk, node: Node, sensitive: boolean): unknown {
  switch (node.kind) {
    case "unresolved":
      return bindUnresolved(walk, undefined);
    case "scalar":
      walk.visibility?.hide(node);
      reportPlaceholder(walk, node, sensitive);
      return naturalValue(node);
    case "sequence":
      return bindItems(walk, node, anySchema, sensitive);
    case "mapping": {
      const value: Record<string, unknown> = {};
      for (const entry of node.pairs) value[entry.key] = bindInside(walk, entry.key, undefined, entry.value, sensitive);
      return value;
    }
  }
}

const anySchema = () => undefined;

function reportPlaceholder(walk: Walk, node: ScalarNode, sensitive: boolean): void {
  // A value from a variable or a file has nothing left to fill in.
  const kind = node.origin === undefined ? findPlaceholder(node.text(), sensitive) : undefined;
  if (kind === undefined) return;
  const path = dotted(walk.namespace, walk.path);
  walk.diagnostics.push({ severity: "error", ...placeholders[kind], range: node.range, path });
  walk.muted.add(walk.path);
}

function reportCharacters(walk: Walk, rule: CharacterRule, node: ScalarNode, sensitive: boolean): void {
  for (const diagnostic of findStrayCharacters(node, rule, sensitive)) {
    walk.diagnostics.push({ ...diagnostic, path: dotted(walk.namespace, walk.path) });
    if (diagnostic.severity === "error") walk.muted.add(walk.path);
  }
}

function refuseMore(walk: Walk, node: Node): unknown {
  if (!walk.diagnostics.some(({ code }) => code === "ALIAS_BOMB")) {
    walk.diagnostics.push({
      severity: "error",
      code: "ALIAS_BOMB",
      message: "the aliases here expand to too many values",
      hint: "use fewer aliases of large parts, or split the file",
      range: node.range,
      path: dotted(walk.namespace, walk.path),
    });
  }
  walk.muted.add(walk.path);
  return unresolved;
}
