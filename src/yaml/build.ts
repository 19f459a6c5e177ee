import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  type Scalar,
  type Node as YamlNode,
} from "yaml";
import { type Aliases, aliasBomb, createAliases, mergedEntries } from "./alias.js";
import {
  MappingEntry,
  MappingNode,
  type Node,
  type Range,
  type RawDiagnostic,
  ScalarNode,
  SequenceNode,
  type SourceText,
  UnresolvedNode,
} from "./node.js";
import type { FilePart } from "./scalars.js";

/** A file's nodes, and all that is wrong with them. */
interface Tree {
  readonly root: Node | undefined;
  /** The root, and what is no part of it because something is wrong there: all that may hold a secret. */
  readonly parts: readonly FilePart[];
  readonly diagnostics: readonly RawDiagnostic[];
  /** True when walking the nodes would take too long or too deep a stack. */
  readonly excess: boolean;
}

/** What building a file's nodes needs and collects. */
interface Build {
  readonly source: SourceText;
  /** The ends of values that were blanked out because they are not YAML, by start offset. */
  readonly blanked: ReadonlyMap<number, number>;
  /** The contents of quoted texts that were joined into one line to be parsed, by start offset. */
  readonly quoted: ReadonlyMap<number, string>;
  readonly aliases: Aliases;
  /** What the tree leaves out. */
  readonly leftOut: FilePart[];
  readonly diagnostics: RawDiagnostic[];
  /** The keys and indexes that lead to the node being built. */
  readonly path: (string | number)[];
  written: number;
  merged: number;
  excess: RawDiagnostic | undefined;
}

/** Turns the YAML package's tree into nodes with ranges: aliases share their node, merge keys are merged, tags are checked. */
export function buildTree(
  contents: ParsedNode | null,
  { source, blanked, quoted }: Pick<Build, "source" | "blanked" | "quoted">,
): Tree {
  const diagnostics: RawDiagnostic[] = [];
  const leftOut: FilePart[] = [];
  const aliases = createAliases();
  const build: Build = {
    source,
    blanked,
    quoted,
    aliases,
    leftOut,
    diagnostics,
    path: [],
    written: 0,
    merged: 0,
    excess: undefined,
  };
  if (!contents || isAbsent(contents)) return { root: undefined, parts: [], diagnostics, excess: false };
  const root = buildNode(build, contents);
  const excess = build.excess ?? aliases.check(root, build.written);
  if (excess) diagnostics.push(excess);
  return { root, parts: [{ node: root }, ...leftOut], diagnostics, excess: excess !== undefined };
}

/** An empty document, for which the package returns an empty scalar. */
function isAbsent(contents: ParsedNode): boolean {
  return isScalar(contents) && contents.source === "" && contents.type === "PLAIN" && !contents.tag && !contents.anchor;
}

function buildNode(build: Build, node: YamlNode): Node {
  build.written += 1;
  if (isAlias(node)) return followAlias(build, node);
  const close = node.anchor === undefined ? undefined : build.aliases.open(node.anchor);
  const built = buildContent(build, node);
  close?.(built);
  return built;
}

function buildContent(build: Build, node: Exclude<YamlNode, Alias>): Node {
  const span = { start: startOf(node), end: contentEnd(node) };
  if (isScalar(node)) return buildScalar(build, node, span);
  const { source } = build;
  const { start, end } = span;
  const template = /^\{\{[^{}]*\}\}$/.exec(source.text.slice(start, end))?.[0];
  if (template !== undefined) return new ScalarNode(template, source, start, end, false);
  if (node.tag !== undefined && coreTag(node.tag, isMap(node) ? "mapping" : "sequence") === undefined) {
    report(build, refuseTag(rangeOfTag(source, span)));
  }
  return isSeq(node) ? buildSequence(build, node.items, span) : buildMapping(build, node.items, span);
}

function buildScalar(build: Build, node: Scalar, span: Span): Node {
  const { source } = build;
  const { start, end } = span;
  const blanked = build.blanked.get(start);
  if (blanked !== undefined) {
    build.leftOut.push({ node: new ScalarNode("", source, start, blanked, false) });
    return new UnresolvedNode(source, start, blanked);
  }
  const text = build.quoted.get(start) ?? textOf(source.text, node, end);
  const tag = node.tag === undefined ? undefined : coreTag(node.tag, "scalar");
  const decoded = tag === "!!binary" ? decodeBinary(text) : text;
  const plain = node.type === "PLAIN" && tag !== "!!binary";
  const scalar = new ScalarNode(decoded ?? "", source, start, end, plain, tag);
  const diagnostic = scalarDiagnostic(source, node, decoded, span);
  if (!diagnostic) return scalar;
  report(build, diagnostic);
  build.leftOut.push({ node: scalar });
  return new UnresolvedNode(source, start, end);
}

function textOf(file: string, node: Scalar, end: number): string {
  // The failsafe schema makes every scalar a text.
  const text = String(node.value);
  const isBlock = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
  if (!isBlock || end < file.length || file.endsWith("\n")) return text;
  // The package adds a line break to a block that ends the file without one.
  const lastLine = file.slice(file.lastIndexOf("\n") + 1);
  const isPartOfText = lastLine.trim() !== "" || /^\n*$|[ \t]\n$/.test(text);
  return isPartOfText ? text.replace(/\n$/, "") : text;
}

function scalarDiagnostic(
  source: SourceText,
  node: Scalar,
  text: string | undefined,
  span: Span,
): RawDiagnostic | undefined {
  if (node.tag !== undefined && coreTag(node.tag, "scalar") === undefined) return refuseTag(rangeOfTag(source, span));
  const range = source.range(span.start, span.end);
  if (text === undefined) {
    const message = "a value tagged `!!binary` must be base64 of UTF-8 text";
    return { severity: "error", code: "YAML_SYNTAX", message, hint: "write the text itself, without the tag", range };
  }
  if (!/\p{Cs}/u.test(text)) return undefined;
  const message = "an escape sequence is only half of a character";
  return { severity: "error", code: "YAML_SYNTAX", message, hint: "write the character itself", range };
}

function buildSequence(build: Build, items: readonly unknown[], span: Span): SequenceNode {
  const built = items.map((item, index) => {
    build.path.push(index);
    // Parsing produces nothing but nodes.
    const node = buildNode(build, item as YamlNode);
    build.path.pop();
    return node;
  });
  const node = new SequenceNode(build.source, span.start, span.end, built);
  build.aliases.note(node, built);
  return node;
}

function buildMapping(build: Build, pairs: readonly Pair[], span: Span): MappingNode {
  const entries = new Map<string, MappingEntry>();
  const merges: MappingEntry[] = [];
  for (const pair of pairs) {
    const entry = buildEntry(build, pair);
    if (!entry) continue;
    const isMerge = isMergeKey(pair);
    const first = isMerge ? merges[0] : entries.get(entry.key);
    if (first) report(build, duplicateKey(entry.keyRange, first.keyRange), entry.key);
    else if (isMerge) merges.push(entry);
    else entries.set(entry.key, entry);
    if (first || isMerge) leaveOut(build, entry);
  }
  for (const { value, keyRange } of merges) mergeInto(build, entries, value, keyRange);
  const node = new MappingNode(build.source, span.start, span.end, [...entries.values()]);
  build.aliases.note(
    node,
    node.pairs.map(({ value }) => value),
  );
  return node;
}

function buildEntry(build: Build, pair: Pair): MappingEntry | undefined {
  // Parsing produces nothing but nodes, and null for a missing value.
  const keyNode = pair.key as YamlNode;
  const valueNode = pair.value as YamlNode | null;
  const [keyStart, keyEnd] = [startOf(keyNode), contentEnd(keyNode)];
  const builtKey = buildNode(build, keyNode);
  const key = readKey(build, builtKey, keyStart, keyEnd);
  const name = key ?? "";
  build.path.push(name);
  const value = valueNode ? buildNode(build, valueNode) : emptyScalar(build, keyEnd);
  build.path.pop();
  const isName = builtKey.kind === "scalar" && valueNode !== null;
  if (keyNode.tag !== undefined || (key === undefined && !isName)) build.leftOut.push({ node: builtKey });
  if (key !== undefined) return new MappingEntry(key, build.source, keyStart, keyEnd, value);
  build.leftOut.push({ node: value });
  return undefined;
}

function isMergeKey({ key }: Pair): boolean {
  return isScalar(key) && key.type === "PLAIN" && key.tag === undefined && key.value === "<<";
}

/** An entry that its mapping leaves out may hold a secret all the same. */
function leaveOut(build: Build, entry: MappingEntry): void {
  const node = new MappingNode(entry.source, entry.keyStart, entry.value.end, [entry]);
  build.leftOut.push({ node, under: build.path.at(-1) });
}

function emptyScalar(build: Build, offset: number): ScalarNode {
  build.written += 1;
  return new ScalarNode("", build.source, offset, offset, true);
}

function report(build: Build, diagnostic: RawDiagnostic, ...key: string[]): void {
  build.diagnostics.push({ ...diagnostic, path: [...build.path, ...key].join(".") });
}

/** The file's own entries win over merged ones, whatever their order. */
function mergeInto(build: Build, entries: Map<string, MappingEntry>, value: Node, range: Range): void {
  for (const entry of mergedEntries(value, (diagnostic) => report(build, diagnostic, "<<"))) {
    build.merged += 1;
    if (build.merged > 100_000 + 10 * build.written) {
      build.excess ??= aliasBomb(range);
      return;
    }
    if (!entries.has(entry.key)) entries.set(entry.key, entry);
  }
}

function followAlias(build: Build, node: Alias): Node {
  const [start, end] = [startOf(node), contentEnd(node)];
  const target = build.aliases.follow(node.source, build.source.range(start, end));
  if (target.kind === "found") return target.node;
  report(build, target.diagnostic);
  return new UnresolvedNode(build.source, start, end);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

// Every node that was parsed has a range.
function startOf(node: YamlNode): number {
  return (node as ParsedNode).range[0];
}

/** The end of a node's last part: for the package, a block ends after the comments and empty lines that follow. */
function contentEnd(node: YamlNode): number {
  const last = (isMap(node) || isSeq(node)) && !node.flow ? node.items.at(-1) : undefined;
  if (last === undefined) return (node as ParsedNode).range[1];
  // Parsing produces nothing but nodes, and null for a missing value.
  const part = isPair(last) ? (last.value ?? last.key) : last;
  return contentEnd(part as YamlNode);
}

/** The package keeps no range for a tag: it is the last one before its value. */
function rangeOfTag(source: SourceText, { start, end }: Span): Range {
  const from = Math.max(0, start - 300);
  const match = /(?<=^|\s|[[{,])![^\s,[\]{}]*(?=(?:\s+&\S*)?\s*$)/.exec(source.text.slice(from, start));
  return match ? source.range(from + match.index, from + match.index + match[0].length) : source.range(start, end);
}

const core = "tag:yaml.org,2002:";

/** The kinds of value that each core tag may precede. */
const allowed: Readonly<Record<"scalar" | "mapping" | "sequence", ReadonlySet<string>>> = {
  scalar: new Set(["!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!binary"]),
  mapping: new Set(["!!map"]),
  sequence: new Set(["!!seq"]),
};

/** The short name of a tag that may precede such a value, or undefined where it may not. */
function coreTag(tag: string, kind: keyof typeof allowed): string | undefined {
  // A lone exclamation mark means: take the value as written.
  const name = tag === "!" ? (kind === "scalar" ? "!!str" : "!!map") : tag.replace(core, "!!");
  return tag === "!" || allowed[kind].has(name) ? name : undefined;
}

/** The diagnostic for a tag that is not allowed. */
function refuseTag(range: Range): RawDiagnostic {
  return {
    severity: "error",
    code: "YAML_SYNTAX",
    message: "this tag is not allowed: only YAML's own are, such as `!!str`, before a value of their type",
    hint: "remove the tag; if the value itself begins with an exclamation mark, put it in quotes",
    range,
  };
}

/** The text that a `!!binary` value encodes, or undefined where it is not base64 of UTF-8. */
function decodeBinary(encoded: string): string | undefined {
  const compact = encoded.replace(/\s+/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(compact, "base64"));
  } catch {
    return undefined;
  }
}

/**
 * A mapping's key as its text, even where it could mean something else (`1`, `on`, `yes`). Reports what can't be a key, and then
 * returns undefined.
 */
function readKey(build: Build, key: Node, start: number, end: number): string | undefined {
  // An unresolved node has been reported already.
  if (key.kind === "unresolved") return undefined;
  const text = key.kind === "scalar" && !key.isNull() ? key.text() : undefined;
  if (text !== undefined && text !== "__proto__") return text;
  const message = text === undefined ? "a key must be a plain name" : "the key `__proto__` is not allowed";
  const hint = "write a name, a colon and a space before the value";
  report(build, { severity: "error", code: "YAML_SYNTAX", message, hint, range: build.source.range(start, end) });
  return undefined;
}

/** The diagnostic for a key that its mapping already has. */
function duplicateKey(range: Range, first: Range): RawDiagnostic {
  return {
    severity: "error",
    code: "DUPLICATE_KEY",
    message: `duplicate key: this mapping already has it on line ${first.position.line}`,
    hint: "remove or rename one of them; if a new list entry begins here, put `- ` before its first key; write several merge keys as one list: <<: [*one, *two]",
    range,
  };
}
