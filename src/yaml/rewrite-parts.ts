import { isAlias, isMap, isSeq, type Pair, type Scalar, type YAMLMap, type YAMLSeq, type Node as YamlNode } from "yaml";

/** What a rewritten field holds. */
export type FieldContent =
  /** What the entry's own field `from` holds, with its comments; `more` are added to the mapping that it is. */
  | { readonly kind: "moved"; readonly from: string; readonly more?: readonly WrittenField[] }
  /** The same text, where the field also stays. */
  | { readonly kind: "copied"; readonly from: string }
  | { readonly kind: "mapping"; readonly fields: readonly WrittenField[] }
  /** YAML for one line, such as `[sub]`. */
  | { readonly kind: "text"; readonly text: string };

/** A field as it is written today. */
export interface WrittenField {
  readonly name: string;
  readonly content: FieldContent;
}

/** How an entry of a list is written today. */
export interface Rewrite {
  /** In its namespace, such as `["items", 0]`. */
  readonly entry: readonly [list: string, index: number];
  /** What the entry gets, in the place of the first field that leaves its own. */
  readonly fields: readonly WrittenField[];
  /** A new entry, at the end of another list of the namespace. */
  readonly other?: { readonly list: string; readonly fields: readonly WrittenField[] } | undefined;
}

/** A stretch of the text and what replaces it. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Why an entry can't be rewritten by itself: of the field `field`, or of the entry. */
export class RewriteObstacle extends Error {
  readonly field: string | undefined;
  readonly hint: string;

  constructor(message: string, hint: string, field?: string) {
    super(message);
    this.field = field;
    this.hint = hint;
  }
}

/** The parts of a file that a rewrite changes. */
export interface RewriteTarget {
  readonly text: string;
  readonly namespace: YAMLMap;
  readonly list: Pair;
  readonly entries: YAMLSeq;
  readonly entry: YAMLMap;
  readonly lineBreak: string;
}

export function isNode(value: unknown): value is YamlNode & { readonly anchor?: string } {
  return typeof value === "object" && value !== null && "range" in value;
}

export function shared(field?: string): RewriteObstacle {
  const message = field === undefined ? "this entry is shared" : `\`${field}\` is shared`;
  const hint = "write it out here instead of the anchor, alias or merge key (`<<`), and run upgrade again";
  return new RewriteObstacle(`${message} with another part of the file, which would change too`, hint, field);
}

/** The pair of a mapping's own key; undefined for a merged one. */
export function pairOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find(({ key }) => keyText(key) === name);
}

/** @throws RewriteObstacle where the field is merged from elsewhere */
export function ownPair(map: YAMLMap, name: string): Pair {
  const pair = pairOf(map, name);
  if (pair === undefined) throw shared(name);
  return pair;
}

function keyText(key: unknown): string | undefined {
  // The failsafe schema makes every scalar a text.
  return isNode(key) && "value" in key ? String((key as Scalar).value) : undefined;
}

/** The offsets of a parsed node, which always has them: its start, and the end of its value. */
export function spanOf(node: unknown): readonly [start: number, end: number] {
  const [start = 0, end = 0] = (isNode(node) ? node.range : undefined) ?? [];
  return [start, end];
}

/** Where the text of a pair ends: the package counts the comments after a block collection as part of it. */
export function contentEnd({ key, value }: Pair): number {
  return value === null ? spanOf(key)[1] : nodeEnd(value);
}

export function nodeEnd(node: unknown): number {
  const isBlock = (isMap(node) || isSeq(node)) && !node.flow;
  const last = isBlock ? node.items.at(-1) : undefined;
  if (last === undefined) return spanOf(node)[1];
  return isMap(node) ? contentEnd(last as Pair) : nodeEnd(last);
}

/** The fields of the entry that move elsewhere. */
export function movedFields(fields: readonly WrittenField[]): readonly string[] {
  return fields.flatMap(({ content }) => {
    if (content.kind === "moved") return [content.from, ...movedFields(content.more ?? [])];
    return content.kind === "mapping" ? movedFields(content.fields) : [];
  });
}

/** Fields as part of a flow mapping; each moved one must be on one line, or in flow style itself. */
export function flowText(target: Pick<RewriteTarget, "text" | "entry">, fields: readonly WrittenField[]): string {
  return fields.map(({ name, content }) => `${name}: ${flowContent(target, content)}`).join(", ");
}

function flowContent(target: Pick<RewriteTarget, "text" | "entry">, content: FieldContent): string {
  switch (content.kind) {
    case "text":
      return content.text;
    case "mapping":
      return `{${flowText(target, content.fields)}}`;
    case "copied":
      return flowValue(target, content.from);
    case "moved": {
      const value = flowValue(target, content.from);
      if (!content.more?.length) return value;
      const own = /^\{(.*)\}$/s.exec(value)?.[1];
      if (own === undefined) {
        const hint = "write it as `{name: [claim]}` here, and run upgrade again";
        throw new RewriteObstacle(
          `\`${content.from}\` can't get the fields that belong into it today`,
          hint,
          content.from,
        );
      }
      const more = flowText(target, content.more);
      return `{${own.trim() === "" ? more : `${more}, ${own}`}}`;
    }
  }
}

/** The text after a field's colon: its anchor, tag and value. */
function flowValue({ text, entry }: Pick<RewriteTarget, "text" | "entry">, name: string): string {
  const pair = ownPair(entry, name);
  const { value } = pair;
  const isInline = isAlias(value) || (isNode(value) && !isBlockStyle(value));
  if (!isInline) throw new RewriteObstacle(`\`${name}\` is written over several lines`, "move it by hand", name);
  return text.slice(spanOf(pair.key)[1], contentEnd(pair)).replace(/^\s*:\s*/, "");
}

function isBlockStyle(node: YamlNode): boolean {
  if (isMap(node) || isSeq(node)) return !node.flow;
  return "type" in node && String(node.type).startsWith("BLOCK");
}
