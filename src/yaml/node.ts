import { inspect } from "node:util";
import type { Diagnostic, Position } from "../errors.js";

/** A range in a file: offsets into the text, for the quoted line and its caret. */
export interface Range {
  readonly position: Position;
  readonly start: number;
  readonly end: number;
}

/** A file's name and text. Positions in it are only computed when they are asked for: most nodes never need theirs. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  #lineStarts: readonly number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  /** The range from offset `start` up to `end`. */
  range(start: number, end: number): Range {
    return new TextRange(this, start, end);
  }

  /** Line and column of an offset: a binary search among the line starts. */
  positionOf(offset: number): Position {
    this.#lineStarts ??= findLineStarts(this.text);
    let line = 1;
    let beyond = this.#lineStarts.length + 1;
    while (beyond - line > 1) {
      const middle = (line + beyond) >> 1;
      if ((this.#lineStarts[middle - 1] ?? 0) <= offset) line = middle;
      else beyond = middle;
    }
    return { file: this.file, line, column: offset - (this.#lineStarts[line - 1] ?? 0) + 1 };
  }
}

function findLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

class TextRange implements Range {
  readonly #source: SourceText;
  readonly start: number;
  readonly end: number;

  constructor(source: SourceText, start: number, end: number) {
    this.#source = source;
    this.start = start;
    this.end = end;
  }

  get position(): Position {
    return this.#source.positionOf(this.start);
  }
}

/** What every node has: the file that it stands in, and its offsets there. */
abstract class FileNode {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;

  constructor(source: SourceText, start: number, end: number) {
    this.source = source;
    this.start = start;
    this.end = end;
  }

  get range(): Range {
    return this.source.range(this.start, this.end);
  }
}

/** Where a value comes from that is not in the file itself, and how to correct characters that do not belong to it. */
export interface Origin {
  /** One word, such as `variable`. */
  readonly noun: string;
  /** How to remove the quotes around a value. */
  readonly withoutQuotes: string;
  /** How to remove the line break at a value's end. */
  readonly withoutLineBreak: string;
}

/**
 * A scalar as written. Only a schema can say that its text is harmless, so it is hidden from every kind of
 * printing, like a secret.
 */
export class ScalarNode extends FileNode {
  /** True for an unquoted scalar in the file: only these can mean null, a boolean or a number. */
  readonly plain: boolean;
  readonly #text: string;
  /** What few scalars have: a file has many. */
  readonly #more: { readonly tag: string | undefined; readonly origin: Origin | undefined } | undefined;

  constructor(
    text: string,
    source: SourceText,
    start: number,
    end: number,
    plain: boolean,
    tag?: string,
    origin?: Origin,
  ) {
    super(source, start, end);
    this.plain = plain;
    this.#text = text;
    this.#more = tag === undefined && origin === undefined ? undefined : { tag, origin };
  }

  /** The tag before it, such as `!!str`; most scalars have none. */
  get tag(): string | undefined {
    return this.#more?.tag;
  }

  /** The source that `value_from` read it from; undefined for a scalar of the file itself. */
  get origin(): Origin | undefined {
    return this.#more?.origin;
  }

  get kind(): "scalar" {
    return "scalar";
  }

  /** The text as written, without quotes. */
  text(): string {
    return this.#text;
  }

  /** True for an empty unquoted value, `~` and `null`. */
  isNull(): boolean {
    return this.plain && this.tag !== "!!str" && /^(?:~|null|Null|NULL)?$/.test(this.#text);
  }

  toJSON(): string {
    return "[scalar]";
  }

  [inspect.custom](): string {
    return "[scalar]";
  }
}

export class MappingEntry {
  readonly key: string;
  readonly source: SourceText;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: Node;

  constructor(key: string, source: SourceText, keyStart: number, keyEnd: number, value: Node) {
    this.key = key;
    this.source = source;
    this.keyStart = keyStart;
    this.keyEnd = keyEnd;
    this.value = value;
  }

  get keyRange(): Range {
    return this.source.range(this.keyStart, this.keyEnd);
  }

  withValue(value: Node): MappingEntry {
    return new MappingEntry(this.key, this.source, this.keyStart, this.keyEnd, value);
  }
}

/** Whether a key has no colon, as in `{abc}`: it may well be a value written in braces. */
export function isBareKey({ keyEnd, value }: MappingEntry): boolean {
  return value.kind === "scalar" && value.end === keyEnd;
}

/** Mappings have few keys mostly: these are found fastest one by one. */
const fewKeys = 12;

export class MappingNode extends FileNode {
  /** In file order; merge keys are already merged in. Keys are unique. */
  readonly pairs: readonly MappingEntry[];
  #entries: ReadonlyMap<string, MappingEntry> | undefined;

  constructor(source: SourceText, start: number, end: number, pairs: readonly MappingEntry[]) {
    super(source, start, end);
    this.pairs = pairs;
  }

  get kind(): "mapping" {
    return "mapping";
  }

  /** The same as {@link pairs}, as a map, which takes more memory than the mapping itself: made when it is asked for. */
  get entries(): ReadonlyMap<string, MappingEntry> {
    this.#entries ??= new Map(this.pairs.map((entry) => [entry.key, entry]));
    return this.#entries;
  }

  get(key: string): MappingEntry | undefined {
    if (this.pairs.length > fewKeys) return this.entries.get(key);
    for (const entry of this.pairs) if (entry.key === key) return entry;
    return undefined;
  }

  withPairs(pairs: readonly MappingEntry[]): MappingNode {
    return new MappingNode(this.source, this.start, this.end, pairs);
  }
}

export class SequenceNode extends FileNode {
  readonly items: readonly Node[];

  constructor(source: SourceText, start: number, end: number, items: readonly Node[]) {
    super(source, start, end);
    this.items = items;
  }

  get kind(): "sequence" {
    return "sequence";
  }

  withItems(items: readonly Node[]): SequenceNode {
    return new SequenceNode(this.source, this.start, this.end, items);
  }
}

/** A `value_from` that could not be resolved: it has been reported, or the run does not need values (`--no-env`). */
export class UnresolvedNode extends FileNode {
  get kind(): "unresolved" {
    return "unresolved";
  }
}

export type Node = ScalarNode | MappingNode | SequenceNode | UnresolvedNode;

/** A file's text, kept for quoting its lines. It is never shown unmasked. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** Every value that may be secret, in file order, to be masked. Undefined for a file that could not be parsed. */
  readonly scalars: readonly ScalarNode[] | undefined;
}

/** One file, parsed. */
export interface Document extends Source {
  readonly scalars: readonly ScalarNode[];
  /** SHA-256 of the file's bytes, 64 hex digits. */
  readonly sha256: string;
  /** Undefined for a file without content. */
  readonly root: MappingNode | undefined;
}

/** The deepest existing node on a path, and how much of the path leads to it. */
interface Located {
  readonly node: Node;
  /** The range of its key; undefined for list elements and the root. */
  readonly keyRange: Range | undefined;
  /** How many of the path's parts were followed: all of them where the node itself exists. */
  readonly depth: number;
}

/** Follows a path from a node as far as it exists: for the range of a missing field. */
export function findNode(root: Node, path: readonly (string | number)[]): Located {
  let node = root;
  let entry: MappingEntry | undefined;
  let depth = 0;
  for (const part of path) {
    const inner = node.kind === "mapping" ? node.get(String(part)) : undefined;
    const next = node.kind === "sequence" ? node.items[Number(part)] : inner?.value;
    if (next === undefined) break;
    entry = inner;
    node = next;
    depth += 1;
  }
  return { node, keyRange: entry?.keyRange, depth };
}

/** A diagnostic before its source line is quoted: what a stage reports. It never holds a value from the file. */
export interface RawDiagnostic extends Omit<Diagnostic, "position" | "excerpt"> {
  readonly range?: Range | undefined;
}
