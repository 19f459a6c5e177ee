import { inspect } from "node:util";
import { LineCounter } from "yaml";
import type { Diagnostic, Position } from "../errors.js";

/** A node's range in its file: offsets into the text, for the quoted line and its caret. */
export interface Range {
  readonly position: Position;
  readonly start: number;
  readonly end: number;
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
export class ScalarNode {
  readonly kind = "scalar";
  readonly range: Range;
  /** True for an unquoted scalar in the file: only these can mean null, a boolean or a number. */
  readonly plain: boolean;
  /** The tag before it, such as `!!str`; most scalars have none. */
  readonly tag: string | undefined;
  /** The source that `value_from` read it from; undefined for a scalar of the file itself. */
  readonly origin: Origin | undefined;
  readonly #text: string;

  constructor(text: string, range: Range, plain: boolean, tag?: string, origin?: Origin) {
    this.#text = text;
    this.range = range;
    this.plain = plain;
    this.tag = tag;
    this.origin = origin;
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

export interface MappingEntry {
  readonly key: string;
  readonly keyRange: Range;
  readonly value: Node;
}

/** Whether a key has no colon, as in `{abc}`: it may well be a value written in braces. */
export function isBareKey({ keyRange, value }: MappingEntry): boolean {
  return value.kind === "scalar" && value.range.end === keyRange.end;
}

export interface MappingNode {
  readonly kind: "mapping";
  readonly range: Range;
  /** In file order; merge keys are already merged in. Keys are unique. */
  readonly entries: ReadonlyMap<string, MappingEntry>;
}

export interface SequenceNode {
  readonly kind: "sequence";
  readonly range: Range;
  readonly items: readonly Node[];
}

/** A `value_from` that could not be resolved: it has been reported, or the run does not need values (`--no-env`). */
interface UnresolvedNode {
  readonly kind: "unresolved";
  readonly range: Range;
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

/** The range from offset `start` up to `end`. */
export type Locate = (start: number, end: number) => Range;

/** Indexes a file's line starts, so that a look-up is a binary search. */
export function createLocate(file: string, text: string): Locate {
  const lines = new LineCounter();
  for (let start = 0; start !== -1; ) {
    lines.addNewLine(start);
    const lineBreak = text.indexOf("\n", start);
    start = lineBreak === -1 ? -1 : lineBreak + 1;
  }
  return (start, end) => {
    const { line, col } = lines.linePos(start);
    return { position: { file, line, column: col }, start, end };
  };
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
  let located: Located = { node: root, keyRange: undefined, depth: 0 };
  for (const part of path) {
    const next = step(located.node, part);
    if (!next) break;
    located = { ...next, depth: located.depth + 1 };
  }
  return located;
}

function step(node: Node, part: string | number): Omit<Located, "depth"> | undefined {
  if (node.kind === "mapping") {
    const entry = node.entries.get(String(part));
    return entry && { node: entry.value, keyRange: entry.keyRange };
  }
  const item = node.kind === "sequence" ? node.items[Number(part)] : undefined;
  return item && { node: item, keyRange: undefined };
}

/** A diagnostic before its source line is quoted: what a stage reports. It never holds a value from the file. */
export interface RawDiagnostic extends Omit<Diagnostic, "position" | "excerpt"> {
  readonly range?: Range | undefined;
}
