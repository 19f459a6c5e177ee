import { randomBytes } from "node:crypto";
import type { CharacterRule } from "../characters.js";
import { findPlaceholder, placeholders } from "../secrets/placeholder.js";
import { looksRandom } from "../secrets/random-looking.js";
import { Secret } from "../secrets/secret.js";
import {
  isBareKey,
  type MappingNode,
  type Node,
  type RawDiagnostic,
  ScalarNode,
  type SequenceNode,
} from "../yaml/node.js";
import { choiceOf, chooseOption } from "./choose-option.js";
import { unknownField } from "./issues.js";
import { dotted, MutedPaths, type ValuePath } from "./path.js";
import { findStrayCharacters, naturalValue, toBoolean, toInteger, toNumber } from "./scalar.js";
import type { MappingShape, Schema, Shape, ShapeReader } from "./schema-shape.js";
import type { StandIn } from "./unknown-values.js";

/** Stands for an unknown value, where no secret can stand for it. */
const unresolved = Symbol("unresolved");

export interface Binding {
  /** What the schema validates, without unknown fields: they are in `diagnostics`. */
  readonly value: unknown;
  readonly diagnostics: readonly RawDiagnostic[];
  /** Where the schema's issues are noise: values that could not be resolved, placeholders, fields written under another name. */
  readonly muted: MutedPaths;
  /** Scalars of fields that are not secret. One that is a secret elsewhere (through an alias) is in `hidden` too. */
  readonly shown: ReadonlySet<ScalarNode>;
  readonly hidden: ReadonlySet<ScalarNode>;
  /** Keys that are part of a secret's text, such as `{s3cret}`: hidden like its values. */
  readonly secretKeys: readonly ScalarNode[];
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
}

interface Walk extends BindOptions, Visibility {
  readonly diagnostics: RawDiagnostic[];
  readonly muted: MutedPaths;
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
    shown: new Set(),
    hidden: new Set(),
    secretKeys: [],
    unresolved: false,
    valuesLeft: options.maxValues ?? 10_000_000,
  };
  const value = bindNode(walk, schema, node, [], false);
  return { ...walk, value };
}

function bindNode(walk: Walk, schema: Schema | undefined, node: Node, path: ValuePath, inSecret: boolean): unknown {
  if (walk.valuesLeft === 0) return refuseMore(walk, node, path);
  walk.valuesLeft -= 1;
  if (schema === undefined) return bindFree(walk, node, path, inSecret);
  const field = walk.shapeOf(schema);
  const { shape } = field;
  const sensitive = inSecret || field.sensitive;
  if (shape.kind === "union") {
    const option = chooseOption(shape, node, walk.shapeOf);
    if (option === undefined) return misfit(walk, schema, node, path, sensitive);
    // Where a secret is expected, a mapping may be a secret written in braces.
    const besideSecret = shape.options.some((other) => walk.shapeOf(other).shape.kind === "secret");
    return bindNode(walk, option, node, path, sensitive || (besideSecret && node.kind === "mapping"));
  }
  if (shape.kind === "free") return bindFree(walk, node, path, sensitive);
  switch (node.kind) {
    case "unresolved":
      return bindUnresolved(walk, schema, path);
    case "scalar":
      return bindScalar(walk, schema, node, path, sensitive);
    case "sequence":
      if (shape.kind === "list") return bindList(walk, shape, node, path, sensitive);
      showOrHide(walk, schema, node, sensitive);
      return [];
    case "mapping":
      if (shape.kind === "mapping") return bindMapping(walk, shape, node, path, sensitive);
      showOrHide(walk, schema, node, sensitive);
      return {};
  }
}

/** No option takes this kind of node: the schema gets a value of its kind to refuse. */
function misfit(walk: Walk, schema: Schema, node: Node, path: ValuePath, sensitive: boolean): unknown {
  if (node.kind === "unresolved") return bindUnresolved(walk, undefined, path);
  showOrHide(walk, schema, node, sensitive);
  if (node.kind === "scalar") {
    reportPlaceholder(walk, node, path, sensitive);
    return naturalValue(node);
  }
  return node.kind === "sequence" ? [] : {};
}

function bindUnresolved(walk: Walk, schema: Schema | undefined, path: ValuePath): unknown {
  walk.unresolved = true;
  walk.muted.add(path);
  const standIn = schema && walk.standIn?.(schema);
  if (standIn !== undefined) return standIn;
  // A new one each time, so that no two look like the same secret used twice.
  return schema && walk.shapeOf(schema).shape.kind === "secret"
    ? new Secret(randomBytes(20).toString("hex"))
    : unresolved;
}

function bindScalar(walk: Walk, schema: Schema, node: ScalarNode, path: ValuePath, sensitive: boolean): unknown {
  const { shape, characters } = walk.shapeOf(schema);
  showOrHide(walk, schema, node, sensitive);
  reportPlaceholder(walk, node, path, sensitive);
  if (node.isNull()) return null;
  if (characters !== undefined) reportCharacters(walk, characters, node, path, sensitive);
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

function bindList(
  walk: Walk,
  shape: Extract<Shape, { kind: "list" }>,
  node: SequenceNode,
  path: ValuePath,
  sensitive: boolean,
): unknown {
  return node.items.map((item, index) => bindNode(walk, shape.element(index), item, [...path, index], sensitive));
}

function bindMapping(walk: Walk, shape: MappingShape, node: MappingNode, path: ValuePath, sensitive: boolean): unknown {
  const entries: [string, unknown][] = [];
  for (const [key, entry] of node.entries) {
    const schema = shape.fields.get(key) ?? shape.rest;
    if (schema !== undefined) {
      entries.push([key, bindNode(walk, schema, entry.value, [...path, key], sensitive)]);
    } else {
      if (sensitive) hideKeys(walk, node);
      const reported = { key, keyRange: entry.keyRange, sensitive: sensitive || isBareKey(entry) };
      const { diagnostic, meant } = unknownField(walk.namespace, path, reported, shape.fields.keys());
      walk.diagnostics.push(diagnostic);
      showOrHide(walk, meant === undefined ? undefined : shape.fields.get(meant), entry.value, sensitive);
      // That the intended field is missing would report the same mistake twice.
      if (meant !== undefined && !node.entries.has(meant)) walk.muted.add([...path, meant]);
    }
  }
  // From entries, because assigning `__proto__` would change the object instead.
  return Object.fromEntries(entries);
}

/** Without a schema, scalars mean what YAML 1.1 reads. They are not known to be harmless. */
function bindFree(walk: Walk, node: Node, path: ValuePath, sensitive: boolean): unknown {
  switch (node.kind) {
    case "unresolved":
      return bindUnresolved(walk, undefined, path);
    case "scalar":
      walk.hidden.add(node);
      reportPlaceholder(walk, node, path, sensitive);
      return naturalValue(node);
    case "sequence":
      return node.items.map((item, index) => bindNode(walk, undefined, item, [...path, index], sensitive));
    case "mapping":
      return Object.fromEntries(
        [...node.entries].map(([key, { value }]) => [key, bindNode(walk, undefined, value, [...path, key], sensitive)]),
      );
  }
}

function reportPlaceholder(walk: Walk, node: ScalarNode, path: ValuePath, sensitive: boolean): void {
  // A value from a variable or a file has nothing left to fill in.
  const kind = node.origin === undefined ? findPlaceholder(node.text(), sensitive) : undefined;
  if (kind === undefined) return;
  walk.diagnostics.push({
    severity: "error",
    ...placeholders[kind],
    range: node.range,
    path: dotted(walk.namespace, path),
  });
  walk.muted.add(path);
}

function reportCharacters(
  walk: Walk,
  rule: CharacterRule,
  node: ScalarNode,
  path: ValuePath,
  sensitive: boolean,
): void {
  for (const diagnostic of findStrayCharacters(node, rule, sensitive)) {
    walk.diagnostics.push({ ...diagnostic, path: dotted(walk.namespace, path) });
    if (diagnostic.severity === "error") walk.muted.add(path);
  }
}

function refuseMore(walk: Walk, node: Node, path: ValuePath): unknown {
  if (!walk.diagnostics.some(({ code }) => code === "ALIAS_BOMB")) {
    walk.diagnostics.push({
      severity: "error",
      code: "ALIAS_BOMB",
      message: "the aliases here expand to too many values",
      hint: "use fewer aliases of large parts, or split the file",
      range: node.range,
      path: dotted(walk.namespace, path),
    });
  }
  walk.muted.add(path);
  return unresolved;
}

/** What a quoted line may show of a part of a file, collected while binding. */
interface Visibility {
  readonly shapeOf: ShapeReader;
  readonly shown: Set<ScalarNode>;
  /** Wins over `shown` where aliases put one scalar in two fields. */
  readonly hidden: Set<ScalarNode>;
  /** Keys that are part of a secret's text. */
  readonly secretKeys: ScalarNode[];
}

const urlWithPassword = /:\/\/[^/?#]*@/;

/**
 * Shows a field's value, whatever type the field expects: hiding it would hide the mistake. Hides it in unknown fields and in
 * fields that are a secret or contain one.
 */
function showOrHide(view: Visibility, schema: Schema | undefined, node: Node, sensitive: boolean): void {
  if (node.kind === "scalar") {
    const isHarmless = !sensitive && schema !== undefined && !holdsSecret(view, schema, new Set()) && isShowable(node);
    (isHarmless ? view.shown : view.hidden).add(node);
  } else if (sensitive || schema === undefined || holdsSecret(view, schema, new Set())) {
    hideKeys(view, node);
  } else {
    const within =
      node.kind === "sequence"
        ? node.items
        : node.kind === "mapping"
          ? [...node.entries.values()].map(({ value }) => value)
          : [];
    for (const inner of within) showOrHide(view, schema, inner, sensitive);
  }
}

function isShowable(node: ScalarNode): boolean {
  return !urlWithPassword.test(node.text()) && !looksRandom(node.text());
}

function holdsSecret(view: Visibility, schema: Schema, above: Set<Schema>): boolean {
  if (above.has(schema)) return false;
  above.add(schema);
  const { shape, sensitive } = view.shapeOf(schema);
  if (sensitive || shape.kind === "secret" || shape.kind === "free") return true;
  const holds = (inner: Schema | undefined) => inner !== undefined && holdsSecret(view, inner, above);
  if (shape.kind === "union") return shape.options.some(holds);
  if (shape.kind === "list") return holds(shape.element(0));
  return shape.kind === "mapping" && (holds(shape.rest) || [...shape.fields.values()].some(holds));
}

/** What is written in place of a secret, or under a misspelt name, may have the secret as a key. */
function hideKeys(view: Visibility, node: Node): void {
  if (node.kind === "sequence") for (const item of node.items) hideKeys(view, item);
  if (node.kind !== "mapping") return;
  for (const { source, keyStart, keyEnd, value } of node.pairs) {
    view.secretKeys.push(new ScalarNode("", source, keyStart, keyEnd, true));
    hideKeys(view, value);
  }
}
