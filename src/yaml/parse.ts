import { buildTree } from "./build.js";
import { type DecodedFile, decodeFile } from "./decode.js";
import { blankOut, describeMisplaced, findMisplaced, type Misplaced } from "./misplaced.js";
import type { Node, RawDiagnostic, Source, SourceText } from "./node.js";
import { createDocument, type ParsedFile, parseSimple } from "./parse-simple.js";
import { scalarsIn } from "./scalars.js";
import { describeSyntaxErrors, ownMistakes } from "./syntax-error.js";
import { plainStarts, readSyntaxTree, type SyntaxTree } from "./syntax-tree.js";
import { joinUnindented, lineEnd } from "./unindented.js";

/**
 * Parses one file: YAML 1.2 with the merge keys of 1.1, every scalar as written. Where the structure is beyond doubt,
 * there is a document despite errors, with unresolved nodes in their place, so that later stages report the rest.
 */
export function parseDocument(file: string, bytes: Buffer): ParsedFile {
  const decoded = decodeFile(file, bytes);
  return parseSimple(decoded) ?? parseInFull(decoded);
}

/** Parses any file, and finds what is wrong with it. */
export function parseInFull({ source, sha256, diagnostic }: DecodedFile): ParsedFile {
  const { file, text } = source;
  const unparsed = { file, text, scalars: undefined };
  if (diagnostic) return unusable(unparsed, [diagnostic]);
  const { tree, misplaced, quoted } = readRepaired(source);
  const diagnostics = [
    ...misplaced.map((mistake) => describeMisplaced(mistake, source)),
    ...secondDocument(tree, source),
  ];
  const syntax = describeSyntaxErrors(tree, source).filter((error) => !standsIn(error, diagnostics));
  if (tree.errors.length > 0 || tree.tooDeepAt !== undefined) return unusable(unparsed, [...diagnostics, ...syntax]);
  const blanked = new Map(misplaced.map(({ start, end }) => [start, end]));
  const { root, parts, excess, diagnostics: found } = buildTree(tree.contents, { source, blanked, quoted });
  for (const diagnostic of found) diagnostics.push(diagnostic);
  const mapping = root?.kind === "mapping" ? root : undefined;
  const document = createDocument(source, sha256, mapping, () => scalarsIn(parts));
  if (excess) return unusable(document, diagnostics);
  if (root && !mapping) return unusable(document, [...diagnostics, wrongRoot(root)]);
  return { document, source: document, diagnostics };
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
