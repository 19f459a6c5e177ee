import { isAlias, isMap, isSeq, type Pair, visit, type YAMLMap, type Node as YamlNode } from "yaml";
import { otherEntryEdit, rewriteBlock } from "./rewrite-block.js";
import {
  contentEnd,
  flowText,
  isNode,
  movedFields,
  ownPair,
  pairOf,
  type Rewrite,
  RewriteObstacle,
  type RewriteTarget,
  shared,
  spanOf,
  type TextEdit,
} from "./rewrite-parts.js";
import { readSyntaxTree } from "./syntax-tree.js";

/**
 * Rewrites one entry in a file's text. Every line that is not concerned stays as it is, and fields take their comments along.
 *
 * @throws RewriteObstacle where a person has to do it
 */
export function rewriteEntry(text: string, namespace: string, rewrite: Rewrite): string {
  const target = findTarget(text, namespace, rewrite);
  const edits = target.entry.flow ? rewriteFlow(target, rewrite) : rewriteBlock(target, rewrite);
  return [...edits]
    .sort((one, other) => other.start - one.start)
    .reduce((edited, edit) => edited.slice(0, edit.start) + edit.text + edited.slice(edit.end), text);
}

function findTarget(text: string, namespace: string, { entry: [listName, index] }: Rewrite): RewriteTarget {
  const { contents, errors } = readSyntaxTree(text);
  if (errors.length > 0) {
    const hint = "indent the lines of this file as usual, and run upgrade again";
    throw new RewriteObstacle("a quoted text or a list in this file continues at the left edge", hint);
  }
  const aliased = new Set<string>();
  visit(contents, { Alias: (_, { source }) => void aliased.add(source) });
  const own = (node: unknown): YamlNode => {
    const isShared = isAlias(node) || (isNode(node) && node.anchor !== undefined && aliased.has(node.anchor));
    if (!isNode(node) || isShared) throw shared();
    return node;
  };
  const root = mapOf(own(contents));
  const inside = mapOf(own(pairOf(root, namespace)?.value));
  const list = pairOf(inside, listName);
  const entries = own(list?.value);
  if (list === undefined || !isSeq(entries)) throw shared();
  const lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  return { text, namespace: inside, list, entries, entry: mapOf(own(entries.items[index])), lineBreak };
}

function mapOf(node: YamlNode): YAMLMap {
  if (!isMap(node)) throw shared();
  return node;
}

/** The edits of an entry in flow style, such as `{identifier: admin-oidc, endpoint_config: {…}}`. */
function rewriteFlow(target: RewriteTarget, { fields, other }: Rewrite): readonly TextEdit[] {
  const { entry, text } = target;
  const leaving = new Set<Pair>(
    [...movedFields(fields), ...movedFields(other?.fields ?? [])].map((name) => ownPair(entry, name)),
  );
  const pairs: readonly Pair[] = entry.items;
  const first = pairs.findIndex((pair) => leaving.has(pair));
  const startOf = (pair: Pair) => spanOf(pair.key)[0];
  let written = flowText(target, fields);
  for (const [index, pair] of pairs.entries()) {
    const previous = pairs[index - 1];
    if (index <= first || !previous) continue;
    const separator = text.slice(contentEnd(previous), startOf(pair));
    if (!leaving.has(pair)) written += separator + text.slice(startOf(pair), contentEnd(pair));
    else if (separator.includes("#")) throw commentInFlow();
  }
  const [begin, end] = [pairs[first], pairs.at(-1)];
  if (!begin || !end) return [];
  return [
    { start: startOf(begin), end: contentEnd(end), text: written },
    ...(other ? [otherEntryEdit(target, other)] : []),
  ];
}

function commentInFlow(): RewriteObstacle {
  const hint = "move the comments out of the braces, and run upgrade again";
  return new RewriteObstacle("this entry has comments inside its braces", hint);
}
