import { MappingEntry, MappingNode, type Node, ScalarNode, SequenceNode, type SourceText } from "./node.js";
import {
  ampersand,
  asterisk,
  bar,
  closeBrace,
  closeBracket,
  comma,
  openBrace,
  openBracket,
  SimpleScanner,
} from "./simple-scanner.js";

/** Deeper nesting is left to the full parser, which knows when it is too deep. Aliases at most double it. */
const maxDepth = 40;

/** With more aliases, they might stand for too many values: that is for the full parser to say. */
const maxAliases = 8;

/** A file that is being read. */
interface Reading {
  readonly scanner: SimpleScanner;
  readonly source: SourceText;
  /** The values that aliases can stand for, by their anchors; undefined while one is being read. */
  readonly anchors: Map<string, Node | undefined>;
  aliases: number;
}

/**
 * Reads a file in the simple form that nearly all files have (blocks of keys and dashes, brackets, scalars on one line; so JSON
 * too), at once into nodes: some thirty times as fast as the full parser. It knows nothing of mistakes: where anything is not
 * what it knows, it returns undefined, and the file is read in full. What it does return is what the full parser returns. The text
 * has no unusual character.
 */
export function readSimple(source: SourceText): MappingNode | undefined {
  const scanner = new SimpleScanner(source);
  scanner.nextLine();
  if (scanner.indent === 0 && scanner.startsWith("---")) {
    scanner.at += 3;
    if (!scanner.skipToLineEnd()) return undefined;
    scanner.nextLine();
  }
  if (scanner.indent !== 0) return undefined;
  const reading = { scanner, source, anchors: new Map<string, Node | undefined>(), aliases: 0 };
  const root = scanner.code === openBrace ? readSpecial(reading, -1, 0) : readBlock(reading, 0);
  // Content that is left stands in a column that no part before it has.
  return root?.kind === "mapping" && scanner.isAtEnd ? root : undefined;
}

/** Reads the lines of keys or dashes that start here, and moves to the line after them. */
function readBlock(reading: Reading, depth: number): Node | undefined {
  const { scanner } = reading;
  const { column } = scanner;
  if (depth > maxDepth) return undefined;
  if (scanner.isAtDash) return readSequence(reading, column, depth);
  // A scalar on its own line is rare.
  return scanner.scan(false) && scanner.isKey ? readMapping(reading, column, depth) : undefined;
}

function readSequence(reading: Reading, column: number, depth: number): Node | undefined {
  const { scanner, source } = reading;
  const start = scanner.at;
  const items: Node[] = [];
  do {
    scanner.at += 1;
    const isNested = scanner.skipToLineEnd();
    const item = isNested ? readNested(reading, column, depth, false) : readItem(reading, column, depth + 1);
    if (!item) return undefined;
    items.push(item);
  } while (scanner.indent === column && scanner.isAtDash);
  return new SequenceNode(source, start, scanner.lastEnd, items.slice());
}

/** Reads what follows a dash on its line, and moves to the line after it. */
function readItem(reading: Reading, column: number, depth: number): Node | undefined {
  const { scanner } = reading;
  const own = scanner.column;
  if (depth > maxDepth) return undefined;
  if (scanner.isAtDash) return readSequence(reading, own, depth);
  if (isSpecial(scanner)) return readSpecial(reading, column, depth);
  if (!scanner.scan(false)) return undefined;
  return scanner.isKey ? readMapping(reading, own, depth) : endScalar(scanner);
}

/** Reads a mapping whose first key has been scanned. */
function readMapping(reading: Reading, column: number, depth: number): Node | undefined {
  const { scanner, source } = reading;
  const { start } = scanner;
  const pairs = new Pairs();
  for (;;) {
    const { content: key, start: keyStart, end: keyEnd } = scanner;
    const isNested = scanner.skipToLineEnd();
    const value = isNested ? readNested(reading, column, depth, true) : readValue(reading, column, depth);
    if (!value || !pairs.add(new MappingEntry(key, source, keyStart, keyEnd, value))) return undefined;
    if (scanner.indent !== column) return new MappingNode(source, start, scanner.lastEnd, pairs.list());
    if (!scanner.scan(false) || !scanner.isKey) return undefined;
  }
}

/** Reads what follows a key on its line, and moves to the line after it. */
function readValue(reading: Reading, column: number, depth: number): Node | undefined {
  const { scanner } = reading;
  if (isSpecial(scanner)) return readSpecial(reading, column, depth);
  return scanner.scan(false) && !scanner.isKey ? endScalar(scanner) : undefined;
}

/** Reads what belongs to a key or dash at a line's end: what the next lines hold, or nothing. */
function readNested(reading: Reading, column: number, depth: number, isKey: boolean): Node | undefined {
  const { scanner, source } = reading;
  const { at } = scanner;
  scanner.lastEnd = at;
  scanner.nextLine();
  const isList = isKey && scanner.indent === column && scanner.isAtDash;
  if (scanner.indent > column || isList) return readBlock(reading, depth + 1);
  return new ScalarNode("", source, at, at, true);
}

function endScalar(scanner: SimpleScanner): Node | undefined {
  return endLine(scanner, scanner.scalar(), scanner.end);
}

/** Moves from the last part of a line to the next. Where that goes on with it, its column is that of no block. */
function endLine(scanner: SimpleScanner, node: Node, end: number): Node | undefined {
  if (!scanner.skipToLineEnd()) return undefined;
  scanner.lastEnd = end;
  scanner.nextLine();
  return node;
}

/** Whether something else than a key or scalar starts here. */
function isSpecial({ code }: SimpleScanner): boolean {
  return code === openBracket || code === openBrace || code === ampersand || code === asterisk || code === bar;
}

function readSpecial(reading: Reading, column: number, depth: number): Node | undefined {
  const { scanner } = reading;
  switch (scanner.code) {
    case ampersand:
      return readAnchored(reading, column, depth);
    case asterisk:
      return followAlias(reading);
    case bar: {
      if (!scanner.scanLiteral(column)) return undefined;
      scanner.lastEnd = scanner.end;
      return scanner.scalar();
    }
    default: {
      const node = readBrackets(reading, column, depth);
      return node && endLine(scanner, node, node.end);
    }
  }
}

function readAnchored(reading: Reading, column: number, depth: number): Node | undefined {
  const { scanner, anchors, aliases } = reading;
  const name = scanner.scanName();
  // Which of two anchors with one name an alias means is for the full parser to say.
  if (name === undefined || anchors.has(name)) return undefined;
  anchors.set(name, undefined);
  const isNested = scanner.skipToLineEnd();
  if (isNested) scanner.nextLine();
  if (isNested ? scanner.indent <= column : scanner.code === ampersand || scanner.code === asterisk) return undefined;
  const node = isNested ? readBlock(reading, depth + 1) : readValue(reading, column, depth);
  // An alias of what has aliases in it multiplies them.
  if (node && reading.aliases === aliases) anchors.set(name, node);
  return node;
}

function followAlias(reading: Reading): Node | undefined {
  const { scanner, anchors } = reading;
  const node = anchors.get(scanner.scanName() ?? "");
  reading.aliases += 1;
  return node && reading.aliases <= maxAliases ? endLine(scanner, node, scanner.at) : undefined;
}

function readBrackets(reading: Reading, column: number, depth: number): Node | undefined {
  const { scanner, source } = reading;
  if (depth > maxDepth) return undefined;
  const start = scanner.at;
  const isList = scanner.code === openBracket;
  const close = isList ? closeBracket : closeBrace;
  const items: Node[] = [];
  const pairs = new Pairs();
  scanner.at += 1;
  // A template.
  if (!isList && scanner.code === openBrace) return undefined;
  for (;;) {
    if (!scanner.skipBlank(column)) return undefined;
    if (scanner.code === close) break;
    if (isList) {
      const item = readInBrackets(reading, column, depth);
      if (!item) return undefined;
      items.push(item);
    } else {
      const entry = readEntry(reading, column, depth);
      if (!entry || !pairs.add(entry)) return undefined;
    }
    if (!scanner.skipBlank(column)) return undefined;
    if (scanner.code === close) break;
    if (scanner.code !== comma) return undefined;
    scanner.at += 1;
  }
  scanner.at += 1;
  return isList
    ? new SequenceNode(source, start, scanner.at, items.slice())
    : new MappingNode(source, start, scanner.at, pairs.list());
}

function readEntry(reading: Reading, column: number, depth: number): MappingEntry | undefined {
  const { scanner, source } = reading;
  if (!scanner.scan(true) || !scanner.isKey) return undefined;
  const { content: key, start, end } = scanner;
  const value = scanner.skipBlank(column) ? readInBrackets(reading, column, depth) : undefined;
  return value && new MappingEntry(key, source, start, end, value);
}

function readInBrackets(reading: Reading, column: number, depth: number): Node | undefined {
  const { scanner } = reading;
  if (scanner.code === openBracket || scanner.code === openBrace) return readBrackets(reading, column, depth + 1);
  return scanner.scan(true) && !scanner.isKey ? scanner.scalar() : undefined;
}

/** From here on, a set finds the same key faster than a walk. */
const manyKeys = 12;

/** The entries of a mapping as they are read. */
class Pairs {
  readonly #entries: MappingEntry[] = [];
  #keys: Set<string> | undefined;

  /** Returns false where the mapping has the key already. */
  add(entry: MappingEntry): boolean {
    const { key } = entry;
    if (this.#entries.length >= manyKeys) {
      this.#keys ??= new Set(this.#entries.map((other) => other.key));
      if (this.#keys.has(key)) return false;
      this.#keys.add(key);
    } else {
      for (const other of this.#entries) if (other.key === key) return false;
    }
    this.#entries.push(entry);
    return true;
  }

  /** A list of just this length: one that grew has room for more, in each of many mappings. */
  list(): readonly MappingEntry[] {
    return this.#entries.slice();
  }
}
