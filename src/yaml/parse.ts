import { createHash } from "node:crypto";
import { buildTree } from "./build.js";
import { blankOut, describeMisplaced, findMisplaced, type Misplaced } from "./misplaced.js";
import { type Document, type Node, type RawDiagnostic, type Source, SourceText } from "./node.js";
import { describeSyntaxErrors, ownMistakes } from "./syntax-error.js";
import { plainStarts, readSyntaxTree, type SyntaxTree } from "./syntax-tree.js";
import { joinUnindented, lineEnd } from "./unindented.js";

/** The result of parsing a file. Without a document, `source` still quotes its lines. */
interface ParsedFile {
  readonly document: Document | undefined;
  readonly source: Source;
  readonly diagnostics: readonly RawDiagnostic[];
}

/**
 * Parses one file: YAML 1.2 with the merge keys of 1.1, every scalar as written. Where the structure is beyond doubt,
 * there is a document despite errors, with unresolved nodes in their place, so that later stages report the rest.
 */
export function parseDocument(file: string, bytes: Buffer): ParsedFile {
  const { text, diagnostic } = decode(file, bytes);
  if (diagnostic) return unusable({ file, text, scalars: undefined }, [diagnostic]);
  const origin = new SourceText(file, text);
  const { tree, misplaced, quoted } = readRepaired(origin);
  const diagnostics = [
    ...misplaced.map((mistake) => describeMisplaced(mistake, origin)),
    ...secondDocument(tree, origin),
  ];
  const syntax = describeSyntaxErrors(tree, origin).filter((error) => !standsIn(error, diagnostics));
  if (tree.errors.length > 0 || tree.tooDeepAt !== undefined) {
    return unusable({ file, text, scalars: undefined }, [...diagnostics, ...syntax]);
  }
  const blanked = new Map(misplaced.map(({ start, end }) => [start, end]));
  const { root, scalars, excess, diagnostics: found } = buildTree(tree.contents, { source: origin, blanked, quoted });
  const source = { file, text, scalars };
  for (const diagnostic of found) diagnostics.push(diagnostic);
  if (excess) return unusable(source, diagnostics);
  if (root && root.kind !== "mapping") return unusable(source, [...diagnostics, wrongRoot(root)]);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { document: { ...source, sha256, root }, source, diagnostics };
}

/** Each round removes mistakes that hide others from the parser; further rounds are not worth their time. */
const maxRounds = 5;

interface Repaired {
  readonly tree: SyntaxTree;
  readonly misplaced: readonly Misplaced[];
  /** The contents of quoted texts that were joined into one line, by start offset. */
  readonly quoted: ReadonlyMap<number, string>;
}

function readRepaired(source: SourceText): Repaired {
  const { text: base, quoted, tree: first } = readJoined(source.text);
  let misplaced: readonly Misplaced[] = [];
  let tree = first;
  for (let round = 0; round < maxRounds && tree.errors.length > 0; round += 1) {
    const known = new Set(misplaced.map(({ start }) => start));
    const offsets = ownMistakes(tree.errors).map(({ pos }) => pos[0]);
    const found = findMisplaced(blankOut(base, misplaced), offsets, source).filter(({ start }) => !known.has(start));
    if (found.length === 0) break;
    misplaced = [...misplaced, ...found].sort((one, other) => one.start - other.start);
    tree = readSyntaxTree(blankOut(base, misplaced));
  }
  const starts = misplaced.some(({ guess }) => guess) ? plainStarts(tree) : undefined;
  const real = misplaced.filter(({ guess, start }) => !guess || starts?.has(start));
  const isSame = real.length === misplaced.length;
  return { misplaced: real, tree: isSame ? tree : readSyntaxTree(blankOut(base, real)), quoted };
}

/** Joins lines only where that removes an error: elsewhere the text as written shows best what is wrong. */
function readJoined(text: string, limit = text.length): Omit<Repaired, "misplaced"> & { readonly text: string } {
  const asWritten = { text, quoted: new Map<number, string>(), tree: readSyntaxTree(text) };
  if (asWritten.tree.errors.length === 0) return asWritten;
  const { values, ...joined } = joinUnindented(text, limit);
  if (values.length === 0) return asWritten;
  const tree = readSyntaxTree(joined.text);
  // What follows the closing quote or bracket on its line shows that it closes something else.
  const [error] = tree.errors;
  const wrong = error && values.find(({ start, end }) => start <= error.pos[0] && error.pos[0] <= lineEnd(text, end));
  return wrong ? readJoined(text, wrong.start) : { ...joined, tree };
}

function standsIn({ range }: RawDiagnostic, others: readonly RawDiagnostic[]): boolean {
  return others.some((other) => other.range?.position.line === range?.position.line);
}

function secondDocument({ secondDocument: start }: SyntaxTree, source: SourceText): readonly RawDiagnostic[] {
  if (start === undefined) return [];
  const message = "a second document begins here, but a configuration file contains only one";
  const hint = "put each document in its own file and pass all of them; together they form one configuration";
  return [{ severity: "error", code: "YAML_SYNTAX", message, hint, range: source.range(start, start + 3) }];
}

function wrongRoot({ range }: Node): RawDiagnostic {
  const message = "expected a mapping at the root of the file";
  const hint = "start it with a key, such as tokenauth_config_enable: true; put a space after the colon";
  return { severity: "error", code: "WRONG_TYPE", message, hint, range };
}

function unusable(source: Source, diagnostics: readonly RawDiagnostic[]): ParsedFile {
  return { document: undefined, source, diagnostics };
}

/** A file's text. With a diagnostic it can't be parsed; `text` is then what can be quoted. */
interface Decoded {
  readonly text: string;
  readonly diagnostic: RawDiagnostic | undefined;
}

// What YAML forbids in a file: controls but tab and line breaks, and the two non-characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const unprintable = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;

/** Reads a file as UTF-8, with or without a byte order mark. A lone CR becomes a line feed, as YAML reads it. */
function decode(file: string, bytes: Buffer): Decoded {
  if (isUtf16(bytes)) {
    return refuse(file, "", 0, "the file is UTF-16, not UTF-8", "save it as UTF-8");
  }
  const bad = firstBadByte(bytes);
  const text = new TextDecoder().decode(bytes).replace(/\r(?!\n)/g, "\n");
  if (bad !== undefined) {
    const offset = new TextDecoder().decode(bytes.subarray(0, bad)).length;
    return refuse(file, text, offset, "the file is not UTF-8: this byte is not valid", "save the file as UTF-8");
  }
  const control = unprintable.exec(text);
  if (control) {
    const hint = "remove it; inside double quotes, write it as an escape such as \\x07";
    return refuse(file, text, control.index, "YAML does not allow this control character", hint);
  }
  return { text, diagnostic: undefined };
}

function refuse(file: string, text: string, offset: number, message: string, hint: string): Decoded {
  const range = new SourceText(file, text).range(offset, offset + 1);
  return { text, diagnostic: { severity: "error", code: "YAML_SYNTAX", message, hint, range } };
}

/** Detects UTF-16 by its byte order mark, or by the zero byte in each of its ASCII characters. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return bytes.length >= 2 && (first === 0) !== (second === 0);
}

/** The offset of the first byte that is not part of a UTF-8 character. */
function firstBadByte(bytes: Buffer): number | undefined {
  if (decodes(bytes, bytes.length, false)) return undefined;
  // The shortest invalid prefix ends in the byte that shows the fault; its character began before it.
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (middle <= bytes.length && decodes(bytes, middle, true)) good = middle;
    else bad = middle;
  }
  let start = good;
  while (start > 0 && !decodes(bytes, start, false)) start -= 1;
  return start;
}

function decodes(bytes: Buffer, length: number, unfinished: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream: unfinished });
    return true;
  } catch {
    return false;
  }
}
