import { isScalar, type ParsedNode, visit, type YAMLParseError } from "yaml";
import { findFalseBlank } from "../characters.js";
import type { Locate, Range, RawDiagnostic } from "./node.js";
import { maxDepth, type SyntaxTree } from "./syntax-tree.js";

/** With more errors than these, parsing stops. */
const maxDiagnostics = 100;

/** How much of a line is searched. */
const maxLine = 10_000;

/** The mistakes in a file's syntax: at most one a line, and none that only follows from an earlier one. */
export function describeSyntaxErrors(tree: SyntaxTree, text: string, locate: Locate): readonly RawDiagnostic[] {
  if (tree.tooDeepAt !== undefined) return [tooDeep(tree.tooDeepAt, locate)];
  const byLine = new Map<number, RawDiagnostic>();
  const openings = findOpenings(tree);
  for (const error of ownMistakes(tree.errors)) {
    const start = openings.get(error) ?? error.pos[0];
    const range = locate(start, start === error.pos[0] ? error.pos[1] : start + 1);
    if (byLine.has(range.position.line)) continue;
    const told = describeSyntaxError(error);
    const finding: RawDiagnostic = { severity: "error", code: "YAML_SYNTAX", ...told, range };
    byLine.set(range.position.line, falseBlank(text, range, told, locate) ?? finding);
    if (byLine.size === maxDiagnostics) break;
  }
  return [...byLine.values()];
}

/** A blank that YAML does not accept as one is the likeliest mistake of its line, and it is invisible. */
function falseBlank(
  text: string,
  { start, position }: Range,
  told: SyntaxMessage,
  locate: Locate,
): RawDiagnostic | undefined {
  const lineStart = start - position.column + 1;
  const [line = ""] = text.slice(lineStart, lineStart + maxLine).split("\n", 1);
  const found = findFalseBlank(line);
  if (!found) return undefined;
  const at = lineStart + found.index;
  const message = `${found.name} stands here, outside of quotes, and YAML does not take it for a blank; so ${told.message}`;
  const hint =
    "type a space in its place, or nothing; such characters come along when text is copied from a page or document";
  return { severity: "error", code: "YAML_SYNTAX", message, hint, range: locate(at, at + 1) };
}

/** The diagnostic for nesting deeper than that of any real file. */
function tooDeep(offset: number, locate: Locate): RawDiagnostic {
  const message = `the values are nested more than ${maxDepth} levels deep`;
  return { severity: "error", code: "YAML_SYNTAX", message, hint: "nest them less", range: locate(offset, offset + 1) };
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

/** Where an unclosed quote or bracket opens; the package reports only where it missed the end. */
function findOpenings({ contents, errors }: SyntaxTree): ReadonlyMap<YAMLParseError, number> {
  const unclosed = new Map<number, YAMLParseError>();
  for (const error of errors) {
    if (/^Missing closing|^Flow .* must/.test(error.message)) unclosed.set(error.pos[0], error);
  }
  const openings = new Map<YAMLParseError, number>();
  if (unclosed.size === 0) return openings;
  visit(contents, {
    Node: (_, node) => {
      // Every parsed node has a range; only nodes made by hand have none.
      const { range } = node as ParsedNode;
      const error = unclosed.get(range[1]);
      const opens = isScalar(node) ? /^QUOTE/.test(node.type ?? "") : "flow" in node && node.flow === true;
      if (error && opens && isScalar(node) === /closing/.test(error.message)) openings.set(error, range[0]);
    },
  });
  return openings;
}

/** What is wrong with a file's syntax and how to fix it, in words that don't quote the file. */
interface SyntaxMessage {
  readonly message: string;
  readonly hint: string;
}

type Code = YAMLParseError["code"];

const quoteIt = "put the whole value in quotes, 'like this'";
const tag: SyntaxMessage = {
  message: "the tag (`!name`) before this value is not well-formed",
  hint: `leave the tag out; where the value itself begins with an exclamation mark, ${quoteIt}`,
};
const unexpected: SyntaxMessage = {
  message: "this can't stand here",
  hint: `look for a quote, bracket or colon that is missing, or too many, on this line or just before it; else ${quoteIt}`,
};

const messages: Readonly<Record<Code, SyntaxMessage>> = {
  ALIAS_PROPS: {
    message: "an alias (`*name`) can't have an anchor or tag of its own",
    hint: "leave the anchor or tag out",
  },
  BAD_ALIAS: {
    message: "the name of an anchor (`&name`) or alias (`*name`) is missing",
    hint: `where the value itself begins with & or *, ${quoteIt}`,
  },
  BAD_COLLECTION_TYPE: tag,
  BAD_DIRECTIVE: {
    message: "this directive is not well-formed",
    hint: "write %YAML 1.1 or %YAML 1.2, or leave it out",
  },
  BAD_DQ_ESCAPE: {
    message: "this escape sequence does not exist in YAML",
    hint: "write \\\\ for one backslash, or use single quotes, in which a backslash is just that",
  },
  BAD_INDENT: {
    message: "this line's indentation fits none of the lines above",
    hint: "give all the keys of a mapping, and all the dashes of a list, the same number of spaces; a new entry of a list begins with a dash and a space",
  },
  BAD_PROP_ORDER: {
    message: "an anchor or tag stands before the dash, question mark or colon that it belongs behind",
    hint: "write it directly before the value",
  },
  BAD_SCALAR_START: {
    message: "an unquoted value can't begin with this character",
    hint: quoteIt,
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "a second key stands on the line of the first",
    hint: `where the value holds a colon and a space, ${quoteIt}; where it is a mapping, begin it on the next line`,
  },
  BLOCK_IN_FLOW: {
    message: "inside of brackets, a value can't be spread over lines by indentation",
    hint: "use brackets and commas for all of it, or for none of it",
  },
  DUPLICATE_KEY: { message: "a mapping has the same key twice", hint: "leave one of them out" },
  IMPOSSIBLE: unexpected,
  KEY_OVER_1024_CHARS: {
    message: "a key is longer than 1024 characters, or a colon belongs to no key",
    hint: `where this is a value, ${quoteIt}`,
  },
  MISSING_CHAR: unexpected,
  MULTILINE_IMPLICIT_KEY: {
    message: "this text runs on into the next line, where a key follows",
    hint: "add the colon that is missing here, or give the next line the indentation of the keys it belongs to",
  },
  MULTIPLE_ANCHORS: { message: "a value has two anchors (`&name`)", hint: "leave one of them out" },
  MULTIPLE_DOCS: { message: "the file holds several documents", hint: "make a file of each" },
  MULTIPLE_TAGS: { message: "a value has two tags (`!name`)", hint: "leave both of them out" },
  NON_STRING_KEY: { message: "this key is not a text", hint: "write a plain name before the colon" },
  RESOURCE_EXHAUSTION: { message: "the values are nested too deep", hint: "nest them less" },
  TAB_AS_INDENT: {
    message: "a tab is used for indentation, which YAML does not allow",
    hint: "indent with spaces; most editors can convert the file",
  },
  TAG_RESOLVE_FAILED: tag,
  UNEXPECTED_TOKEN: unexpected,
};

/** One code of the package covers several mistakes, which only its message distinguishes. */
const finer: readonly (readonly [RegExp, SyntaxMessage])[] = [
  [/^Missing closing/, { message: "the quote that opens here is never closed", hint: "add the closing quote" }],
  [
    /^Flow map .*must/,
    { message: "the { that opens here is never closed", hint: "add the }, or indent what belongs inside" },
  ],
  [
    /^Flow sequence .*must/,
    { message: "the [ that opens here is never closed", hint: "add the ], or indent what belongs inside" },
  ],
  [/^A block sequence may not/, messages.BAD_INDENT],
  [
    /^Comments must/,
    {
      message: "a comment needs a space before its #",
      hint: `add the space; where the # is part of the value, ${quoteIt}`,
    },
  ],
  [
    /^Implicit map keys/,
    { message: "a colon is missing after this key", hint: "write key: value, with a space after the colon" },
  ],
  [
    /^Missing , /,
    {
      message: "a comma is missing between two values inside of brackets",
      hint: `add it; where this is one value, ${quoteIt}`,
    },
  ],
  [/^Missing space after :/, { message: "a space is missing after the colon", hint: "write key: value" }],
  [/^Missing directives-end/, { message: "a line with --- is missing after the directives", hint: "add it" }],
  [
    /^(?:Sequence item without|Unexpected block-seq-ind)/,
    {
      message: "a list can't begin or go on here",
      hint: "check that this line begins as far to the right as the lines above it; entries of a list begin with a dash and a space",
    },
  ],
  [
    /^Block scalar header/,
    {
      message: "after | or >, the line must end",
      hint: `begin the text on the next line; where the value itself begins with | or >, ${quoteIt}`,
    },
  ],
];

/** The message for an error of the YAML package, whose own may quote the file and is never passed on. */
function describeSyntaxError(error: YAMLParseError): SyntaxMessage {
  return finer.find(([pattern]) => pattern.test(error.message))?.[1] ?? messages[error.code];
}
