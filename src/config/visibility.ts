import { looksRandom } from "../secrets/random-looking.js";
import { type Node, ScalarNode } from "../yaml/node.js";
import type { Schema, ShapeReader } from "./schema-shape.js";

const urlWithPassword = /:\/\/[^/?#]*@/;

/** What quoted lines may show of files. It is collected when a line is quoted, which most runs never do. */
export class Visibility {
  readonly #shapeOf: ShapeReader;
  readonly #shown = new Set<ScalarNode>();
  /** Wins over what is shown, where aliases put one scalar in two fields. */
  readonly #hidden = new Set<ScalarNode>();
  readonly #secretKeys: ScalarNode[] = [];

  constructor(shapeOf: ShapeReader) {
    this.#shapeOf = shapeOf;
  }

  /** Keys that are part of a secret's text, such as `{s3cret}`: hidden like its values. */
  get secretKeys(): readonly ScalarNode[] {
    return this.#secretKeys;
  }

  /** Whether a scalar may be shown: it is in a field that holds no secret, and looks like none. */
  has(node: ScalarNode): boolean {
    if (!this.#shown.has(node) || this.#hidden.has(node)) return false;
    return !urlWithPassword.test(node.text()) && !looksRandom(node.text());
  }

  show(node: ScalarNode): void {
    this.#shown.add(node);
  }

  hide(node: ScalarNode): void {
    this.#hidden.add(node);
  }

  /**
   * Shows a field's value, whatever type the field expects: hiding it would hide the mistake. Hides it in unknown fields and in
   * fields that are a secret or contain one.
   */
  showOrHide(schema: Schema | undefined, node: Node, sensitive: boolean): void {
    const isSecret = sensitive || schema === undefined || this.#holdsSecret(schema, new Set());
    if (node.kind === "scalar") (isSecret ? this.#hidden : this.#shown).add(node);
    else if (isSecret) this.hideKeys(node);
    else for (const inner of childrenOf(node)) this.showOrHide(schema, inner, sensitive);
  }

  /** What is written in place of a secret, or under a misspelt name, may have the secret as a key. */
  hideKeys(node: Node): void {
    if (node.kind === "mapping") {
      for (const { source, keyStart, keyEnd } of node.pairs) {
        this.#secretKeys.push(new ScalarNode("", source, keyStart, keyEnd, true));
      }
    }
    for (const inner of childrenOf(node)) this.hideKeys(inner);
  }

  #holdsSecret(schema: Schema, above: Set<Schema>): boolean {
    if (above.has(schema)) return false;
    above.add(schema);
    const { shape, sensitive } = this.#shapeOf(schema);
    if (sensitive || shape.kind === "secret" || shape.kind === "free") return true;
    const holds = (inner: Schema | undefined) => inner !== undefined && this.#holdsSecret(inner, above);
    if (shape.kind === "union") return shape.options.some(holds);
    if (shape.kind === "list") return holds(shape.element(0));
    return shape.kind === "mapping" && (holds(shape.rest) || [...shape.fields.values()].some(holds));
  }
}

function childrenOf(node: Node): readonly Node[] {
  if (node.kind === "sequence") return node.items;
  return node.kind === "mapping" ? node.pairs.map(({ value }) => value) : [];
}
