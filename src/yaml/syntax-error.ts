import { isScalar, type ParsedNode, visit, type YAMLParseError } from "yaml";
import { findFalseBlank } from "../characters.js";
import type { Finding } from "./finding.js";
import type { Locate } from "./locate.js";
import type { Place } from "./node.js";
import { describeSyntaxError, type SyntaxMessage } from "./syntax-message.js";
import { maxDepth, type SyntaxTree } from "./syntax-tree.js";

/** Beyond these, a file is not worth reading on. */
const maxFindings = 100;

/** How much of a line is looked through. */
const maxLine = 10_000;

/** The mistakes in a file's syntax: at most one a line, and none that only follows from an earlier one. */
export function describeSyntaxErrors(tree: SyntaxTree, text: string, locate: Locate): readonly Finding[] {
  if (tree.tooDeepAt !== undefined) return [tooDeep(tree.tooDeepAt, locate)];
  const byLine = new Map<number, Finding>();
  const openings = findOpenings(tree);
  for (const error of ownMistakes(tree.errors)) {
    const start = openings.get(error) ?? error.pos[0];
    const place = locate(start, start === error.pos[0] ? error.pos[1] : start + 1);
    if (byLine.has(place.position.line)) continue;
    const told = describeSyntaxError(error);
    const finding: Finding = { severity: "error", code: "YAML_SYNTAX", ...told, place };
    byLine.set(place.position.line, falseBlank(text, place, told, locate) ?? finding);
    if (byLine.size === maxFindings) break;
  }
  return [...byLine.values()];
}

/** A blank that YAML does not take for one is the likeliest mistake of its line, and nobody sees it. */
function falseBlank(
  text: string,
  { start, position }: Place,
  told: SyntaxMessage,
  locate: Locate,
): Finding | undefined {
  const lineStart = start - position.column + 1;
  const [line = ""] = text.slice(lineStart, lineStart + maxLine).split("\n", 1);
  const found = findFalseBlank(line);
  if (!found) return undefined;
  const at = lineStart + found.index;
  const message = `${found.name} stands here, outside of quotes, and YAML does not take it for a blank; so ${told.message}`;
  const hint =
    "type a space in its place, or nothing; such characters come along when text is copied from a page or document";
  return { severity: "error", code: "YAML_SYNTAX", message, hint, place: locate(at, at + 1) };
}

/** The finding for what is nested deeper than any real file is. */
function tooDeep(offset: number, locate: Locate): Finding {
  const message = `the values are nested more than ${maxDepth} levels deep`;
  return { severity: "error", code: "YAML_SYNTAX", message, hint: "nest them less", place: locate(offset, offset + 1) };
}

/**
 * The errors that are not mere consequences: after a mistake that ends the document early, the package reports every word of
 * the rest; and it reports some mistakes under two codes.
 */
export function ownMistakes(errors: readonly YAMLParseError[]): readonly YAMLParseError[] {
  return errors.filter((error, index) => {
    if (index > 0 && / in YAML stream/.test(error.message)) return false;
    const next = errors[index + 1];
    const isTwin = next?.code === "MULTILINE_IMPLICIT_KEY" && next.pos[0] === error.pos[0];
    return !(isTwin && error.code === "BLOCK_AS_IMPLICIT_KEY");
  });
}

/** Where the quote or bracket opens that an error says is not closed; the package tells only where it missed the end. */
function findOpenings({ contents, errors }: SyntaxTree): ReadonlyMap<YAMLParseError, number> {
  const unclosed = new Map<number, YAMLParseError>();
  for (const error of errors) {
    if (/^Missing closing|^Flow .* must/.test(error.message)) unclosed.set(error.pos[0], error);
  }
  const openings = new Map<YAMLParseError, number>();
  if (unclosed.size === 0) return openings;
  visit(contents, {
    Node: (_, node) => {
      // Every node that was parsed has a range; only those made by hand don't.
      const { range } = node as ParsedNode;
      const error = unclosed.get(range[1]);
      const opens = isScalar(node) ? /^QUOTE/.test(node.type ?? "") : "flow" in node && node.flow === true;
      if (error && opens && isScalar(node) === /closing/.test(error.message)) openings.set(error, range[0]);
    },
  });
  return openings;
}
