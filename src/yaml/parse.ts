import { createHash } from "node:crypto";
import { buildTree } from "./build.js";
import { decode } from "./decode.js";
import type { Finding } from "./finding.js";
import { createLocate, type Locate } from "./locate.js";
import { blankOut, describeMisplaced, findMisplaced, type Misplaced } from "./misplaced.js";
import type { Document, Node, Source } from "./node.js";
import { plainStarts } from "./plain-starts.js";
import { describeSyntaxErrors, ownMistakes } from "./syntax-error.js";
import { readSyntaxTree, type SyntaxTree } from "./syntax-tree.js";
import { joinUnindented, lineEnd } from "./unindented.js";

/** What came of a file. Without a document, `source` still quotes its lines. */
export interface ParsedFile {
  readonly document: Document | undefined;
  readonly source: Source;
  readonly findings: readonly Finding[];
}

/**
 * Parses one file: YAML 1.2 with the merge keys of 1.1, every scalar as it was written. Where its structure is beyond doubt
 * there is a document despite errors, with unresolved nodes in their place, so that later stages find the rest.
 */
export function parseDocument(file: string, bytes: Buffer): ParsedFile {
  const { text, finding } = decode(file, bytes);
  if (finding) return unusable({ file, text, scalars: undefined }, [finding]);
  const locate = createLocate(file, text);
  const { tree, misplaced, quoted } = readRepaired(text, locate);
  const findings = [...misplaced.map((mistake) => describeMisplaced(mistake, locate)), ...secondDocument(tree, locate)];
  const syntax = describeSyntaxErrors(tree, text, locate).filter((error) => !standsIn(error, findings));
  if (tree.errors.length > 0 || tree.tooDeepAt !== undefined) {
    return unusable({ file, text, scalars: undefined }, [...findings, ...syntax]);
  }
  const blanked = new Map(misplaced.map(({ start, end }) => [start, locate(start, end)]));
  const { root, scalars, excess, findings: found } = buildTree(tree.contents, { text, locate, blanked, quoted });
  const source = { file, text, scalars };
  for (const finding of found) findings.push(finding);
  if (excess) return unusable(source, findings);
  if (root && root.kind !== "mapping") return unusable(source, [...findings, wrongRoot(root)]);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { document: { ...source, sha256, root }, source, findings };
}

/** Each round takes out mistakes that hide others from the parser; more rounds than these are not worth their time. */
const maxRounds = 5;

interface Repaired {
  readonly tree: SyntaxTree;
  readonly misplaced: readonly Misplaced[];
  /** What quoted texts say that were put on one line, by where they start. */
  readonly quoted: ReadonlyMap<number, string>;
}

function readRepaired(text: string, locate: Locate): Repaired {
  const { text: base, quoted, tree: first } = readJoined(text);
  let misplaced: readonly Misplaced[] = [];
  let tree = first;
  for (let round = 0; round < maxRounds && tree.errors.length > 0; round += 1) {
    const known = new Set(misplaced.map(({ start }) => start));
    const offsets = ownMistakes(tree.errors).map(({ pos }) => pos[0]);
    const found = findMisplaced(blankOut(base, misplaced), offsets, locate).filter(({ start }) => !known.has(start));
    if (found.length === 0) break;
    misplaced = [...misplaced, ...found].sort((one, other) => one.start - other.start);
    tree = readSyntaxTree(blankOut(base, misplaced));
  }
  const starts = misplaced.some(({ guess }) => guess) ? plainStarts(tree) : undefined;
  const real = misplaced.filter(({ guess, start }) => !guess || starts?.has(start));
  const isSame = real.length === misplaced.length;
  return { misplaced: real, tree: isSame ? tree : readSyntaxTree(blankOut(base, real)), quoted };
}

/** Joins lines only where that takes an error away: elsewhere the text as it was written tells best what is wrong. */
function readJoined(text: string, limit = text.length): Omit<Repaired, "misplaced"> & { readonly text: string } {
  const asWritten = { text, quoted: new Map<number, string>(), tree: readSyntaxTree(text) };
  if (asWritten.tree.errors.length === 0) return asWritten;
  const { values, ...joined } = joinUnindented(text, limit);
  if (values.length === 0) return asWritten;
  const tree = readSyntaxTree(joined.text);
  // What follows on the line of the closing quote or bracket shows that it closes something else.
  const [error] = tree.errors;
  const wrong = error && values.find(({ start, end }) => start <= error.pos[0] && error.pos[0] <= lineEnd(text, end));
  return wrong ? readJoined(text, wrong.start) : { ...joined, tree };
}

function standsIn({ place }: Finding, others: readonly Finding[]): boolean {
  return others.some((other) => other.place?.position.line === place?.position.line);
}

function secondDocument({ secondDocument: start }: SyntaxTree, locate: Locate): readonly Finding[] {
  if (start === undefined) return [];
  const message = "a second document begins here, and a configuration file holds one";
  const hint = "make a file of each document, and give all of them; several files are one configuration";
  return [{ severity: "error", code: "YAML_SYNTAX", message, hint, place: locate(start, start + 3) }];
}

function wrongRoot({ place }: Node): Finding {
  const message = "expected a mapping at the root of the file";
  const hint = "begin it with a key, such as tokenauth_config_enable: true; a colon needs a space behind it";
  return { severity: "error", code: "WRONG_TYPE", message, hint, place };
}

function unusable(source: Source, findings: readonly Finding[]): ParsedFile {
  return { document: undefined, source, findings };
}
