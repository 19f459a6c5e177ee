import {
  type Document,
  type MappingEntry,
  type MappingNode,
  type Node,
  ScalarNode,
  type SequenceNode,
} from "../yaml/node.js";
import { createDocument } from "../yaml/parse-simple.js";
import type { Step } from "./step.js";

/**
 * Lays a document over others, as if its values were written in them: mappings are merged field by field, entries of lists by the
 * fields that name them, and any other value replaces what was there. An entry that is absent replaces the whole entry. What the
 * others do not have is added to the first of them that has the part that it belongs to.
 *
 * The nodes keep their ranges, so that what is wrong with a value is reported where it stands.
 */
export function overlayDocuments(
  documents: readonly Document[],
  overlay: Document,
  steps: readonly Step[],
): readonly Document[] {
  const [first, ...others] = documents;
  if (overlay.root === undefined) return documents;
  if (first === undefined) return [overlay];
  const result = [first, ...others].map((document) => ({ document, root: new Map(document.root?.entries) }));
  for (const [key, entry] of overlay.root.entries) {
    const holders = result.filter(({ root }) => root.has(key));
    const step = steps.find(({ namespace }) => namespace === key);
    const merged = mergeAll(
      holders.flatMap(({ root }) => root.get(key) ?? []),
      entry,
      step?.entryLists,
    );
    for (const [index, { root }] of (holders.length > 0 ? holders : result.slice(0, 1)).entries()) {
      const value = merged[index];
      if (value !== undefined) root.set(key, value);
    }
  }
  const overlayRoot = overlay.root;
  return result.map(({ document, root }) =>
    root.size === 0 ? document : withRoot(document, (document.root ?? overlayRoot).withPairs([...root.values()])),
  );
}

type EntryLists = Step["entryLists"];

/** The entries of one root key, each of another document, with what is laid over them. */
function mergeAll(
  entries: readonly MappingEntry[],
  over: MappingEntry,
  entryLists: EntryLists | undefined,
): readonly MappingEntry[] {
  const { value } = over;
  if (entries.length === 0) return [over];
  const mappings = entries.map((entry) => entry.value).filter(isMergeable);
  // A flag, or another value that all documents must agree on.
  if (!isMergeable(value) || mappings.length < entries.length) return entries.map((entry) => entry.withValue(value));
  const parts =
    entryLists === undefined
      ? [value, ...entries.slice(1).map(() => empty(value))]
      : share(mappings, value, entryLists);
  return entries.map((entry, index) => {
    const part = parts[index];
    return part === undefined || part.pairs.length === 0
      ? entry
      : entry.withValue(merge(entry.value, part, entryLists));
  });
}

/** Which document each field, and each entry of a list, is laid over: the one that has it, or else the first. */
function share(mappings: readonly MappingNode[], over: MappingNode, entryLists: EntryLists): readonly MappingNode[] {
  const parts = mappings.map(() => new Map<string, MappingEntry>());
  for (const [name, field] of over.entries) {
    const holders = mappings.flatMap((mapping, index) => (mapping.entries.has(name) ? [index] : []));
    const keys = entryLists.get(name);
    if (keys === undefined || field.value.kind !== "sequence") {
      parts[holders[0] ?? 0]?.set(name, field);
      continue;
    }
    const lists = mappings.map((mapping) => listOf(mapping.entries.get(name)?.value));
    const shared = new Map<number, Node[]>();
    for (const item of field.value.items) {
      const owner = lists.findIndex((list) => list.some((other) => isSameEntry(other, item, keys)));
      const index = owner === -1 ? (holders[0] ?? 0) : owner;
      shared.set(index, [...(shared.get(index) ?? []), item]);
    }
    for (const [index, items] of shared) parts[index]?.set(name, field.withValue(field.value.withItems(items)));
  }
  return parts.map((part) => over.withPairs([...part.values()]));
}

function merge(under: Node, over: Node, entryLists?: EntryLists): Node {
  if (!isMergeable(under) || !isMergeable(over)) return over;
  const entries = new Map(under.entries);
  for (const [name, field] of over.entries) {
    const known = entries.get(name);
    const keys = entryLists?.get(name);
    const value = known === undefined ? field.value : mergeField(known.value, field.value, keys);
    entries.set(name, known === undefined ? field : known.withValue(value));
  }
  return under.withPairs([...entries.values()]);
}

/** @param keys the fields that name an entry, of a list of entries */
function mergeField(under: Node, over: Node, keys: readonly string[] | undefined): Node {
  return keys !== undefined && under.kind === "sequence" && over.kind === "sequence"
    ? mergeLists(under, over, keys)
    : merge(under, over);
}

function mergeLists(under: SequenceNode, over: SequenceNode, keys: readonly string[]): SequenceNode {
  const left = new Set(over.items);
  const items = under.items.map((item) =>
    over.items
      .filter((other) => isSameEntry(item, other, keys))
      .reduce<Node>((merged, other) => {
        left.delete(other);
        return isAbsent(other) ? other : merge(merged, other);
      }, item),
  );
  return under.withItems([...items, ...left]);
}

function isSameEntry(one: Node, other: Node, keys: readonly string[]): boolean {
  return keys.some((key) => {
    const name = textOf(one, key);
    return name !== undefined && name === textOf(other, key);
  });
}

function isAbsent(entry: Node): boolean {
  return textOf(entry, "state") === "absent";
}

function textOf(entry: Node, field: string): string | undefined {
  const value = entry.kind === "mapping" ? entry.entries.get(field)?.value : undefined;
  return value instanceof ScalarNode ? value.text() : undefined;
}

/** Where a value comes from is one value. */
function isMergeable(node: Node): node is MappingNode {
  return node.kind === "mapping" && !node.entries.has("value_from");
}

function listOf(node: Node | undefined): readonly Node[] {
  return node?.kind === "sequence" ? node.items : [];
}

function empty(mapping: MappingNode): MappingNode {
  return mapping.withPairs([]);
}

function withRoot(document: Document, root: MappingNode): Document {
  return createDocument(document, document.sha256, root, () => document.scalars);
}
