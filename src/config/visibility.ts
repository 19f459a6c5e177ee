import { looksRandom } from "../secrets/random-looking.js";
import { type Node, ScalarNode } from "../yaml/node.js";
import type { Schema, ShapeReader } from "./schema-shape.js";

/** What a quoted line may show of a part of a file, as it is found out. */
export interface Visibility {
  readonly shapeOf: ShapeReader;
  readonly shown: Set<ScalarNode>;
  /** Wins over `shown`, where aliases make a scalar stand in two fields. */
  readonly hidden: Set<ScalarNode>;
  /** Keys that are part of what was written for a secret. */
  readonly secretKeys: ScalarNode[];
}

const urlWithPassword = /:\/\/[^/?#]*@/;

/**
 * Shows what stands in a field, whatever the field takes: hiding it would hide the mistake. But for a field that is a secret or
 * has one inside of it, and one that is not known.
 */
export function showOrHide(view: Visibility, schema: Schema | undefined, node: Node, sensitive: boolean): void {
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

/** What is written where a secret belongs, or under a misspelt name, may have the secret as a key. */
export function hideKeys(view: Visibility, node: Node): void {
  if (node.kind === "sequence") for (const item of node.items) hideKeys(view, item);
  if (node.kind !== "mapping") return;
  for (const { keyPlace, value } of node.entries.values()) {
    view.secretKeys.push(new ScalarNode("", keyPlace, true));
    hideKeys(view, value);
  }
}
