import { isScalar, type ParsedNode, visit, type YAMLParseError } from "yaml";
import { findFalseBlank } from "../characters.js";
import type { Range, RawDiagnostic, SourceText } from "./node.js";
import { maxDepth, type SyntaxTree } from "./syntax-tree.js";

/** With more errors than these, parsing stops. */
const maxDiagnostics = 100;

/** How much of a line is searched. */
const maxLine = 10_000;

/** The mistakes in a file's syntax: at most one a line, and none that only follows from an earlier one. */
export function describeSyntaxErrors(tree: SyntaxTree, source: SourceText): readonly RawDiagnostic[] {
  if (tree.tooDeepAt !== undefined) return [tooDeep(tree.tooDeepAt, source)];
  const byLine = new Map<number, RawDiagnostic>();
  const openings = findOpenings(tree);
  for (const error of ownMistakes(tree.errors)) {
    const start = openings.get(error) ?? error.pos[0];
    const range = source.range(start, start === error.pos[0] ? error.pos[1] : start + 1);
    const { line } = range.position;
    if (byLine.has(line)) continue;
    const reported = describeSyntaxError(error);
    const diagnostic: RawDiagnostic = { severity: "error", code: "YAML_SYNTAX", ...reported, range };
    byLine.set(line, falseBlank(source, range, reported) ?? diagnostic);
    if (byLine.size === maxDiagnostics) break;
  }
  return [...byLine.values()];
}

/** A blank that YAML does not accept as one is the likeliest mistake of its line, and it is invisible. */
function falseBlank(
  source: SourceText,
  { start, position }: Range,
  reported: SyntaxMessage,
): RawDiagnostic | undefined {
  const lineStart = start - position.column + 1;
  const [line = ""] = source.text.slice(lineStart, lineStart + maxLine).split("\n", 1);
  const found = findFalseBlank(line);
  if (!found) return undefined;
  const at = lineStart + found.index;
  const message = `${found.name} outside quotes is not a space to YAML: ${reported.message}`;
  const hint = "replace it by a space, or remove it; such characters often come from copying a web page or document";
  return { severity: "error", code: "YAML_SYNTAX", message, hint, range: source.range(at, at + 1) };
}

/** The diagnostic for nesting deeper than that of any real file. */
function tooDeep(offset: number, source: SourceText): RawDiagnostic {
  const message = `the values are nested more than ${maxDepth} levels deep`;
  return {
    severity: "error",
    code: "YAML_SYNTAX",
    message,
    hint: "nest them less",
    range: source.range(offset, offset + 1),
  };
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
  message: "the tag (`!name`) before this value is malformed",
  hint: `remove the tag; if the value itself begins with an exclamation mark, ${quoteIt}`,
};
const unexpected: SyntaxMessage = {
  message: "unexpected text",
  hint: `check for a missing or extra quote, bracket or colon on this line or just before it; otherwise ${quoteIt}`,
};

const messages: Readonly<Record<Code, SyntaxMessage>> = {
  ALIAS_PROPS: {
    message: "an alias (`*name`) can't have an anchor or tag",
    hint: "remove the anchor or tag",
  },
  BAD_ALIAS: {
    message: "the name of an anchor (`&name`) or alias (`*name`) is missing",
    hint: `if the value itself begins with & or *, ${quoteIt}`,
  },
  BAD_COLLECTION_TYPE: tag,
  BAD_DIRECTIVE: {
    message: "this directive is malformed",
    hint: "write %YAML 1.1 or %YAML 1.2, or remove it",
  },
  BAD_DQ_ESCAPE: {
    message: "this escape sequence does not exist in YAML",
    hint: "write \\\\ for a backslash, or use single quotes, which have no escape sequences",
  },
  BAD_INDENT: {
    message: "this line's indentation matches none of the lines above",
    hint: "indent all keys of a mapping, and all dashes of a list, by the same number of spaces; a new list entry starts with a dash and a space",
  },
  BAD_PROP_ORDER: {
    message: "an anchor or tag is before the dash, question mark or colon that it belongs after",
    hint: "write it directly before the value",
  },
  BAD_SCALAR_START: {
    message: "an unquoted value can't begin with this character",
    hint: quoteIt,
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "this line has a second key",
    hint: `if the value contains a colon and a space, ${quoteIt}; if it is a mapping, start it on the next line`,
  },
  BLOCK_IN_FLOW: {
    message: "inside brackets, indentation can't spread a value over lines",
    hint: "use brackets and commas for all of it, or for none of it",
  },
  DUPLICATE_KEY: { message: "a mapping has the same key twice", hint: "remove one of them" },
  IMPOSSIBLE: unexpected,
  KEY_OVER_1024_CHARS: {
    message: "a key is longer than 1024 characters, or a colon belongs to no key",
    hint: `if this is a value, ${quoteIt}`,
  },
  MISSING_CHAR: unexpected,
  MULTILINE_IMPLICIT_KEY: {
    message: "this text continues on the next line, where a key follows",
    hint: "add the missing colon, or indent the next line like the keys it belongs to",
  },
  MULTIPLE_ANCHORS: { message: "a value has two anchors (`&name`)", hint: "remove one of them" },
  MULTIPLE_DOCS: { message: "the file contains several documents", hint: "put each in its own file" },
  MULTIPLE_TAGS: { message: "a value has two tags (`!name`)", hint: "remove both" },
  NON_STRING_KEY: { message: "this key is not text", hint: "write a plain name before the colon" },
  RESOURCE_EXHAUSTION: { message: "the values are nested too deeply", hint: "nest them less" },
  TAB_AS_INDENT: {
    message: "YAML does not allow a tab as indentation",
    hint: "indent with spaces; most editors can convert the file",
  },
  TAG_RESOLVE_FAILED: tag,
  UNEXPECTED_TOKEN: unexpected,
};

/** One code of the package covers several mistakes, which only its message distinguishes. */
const finer: readonly (readonly [RegExp, SyntaxMessage])[] = [
  [/^Missing closing/, { message: "this quote is never closed", hint: "add the closing quote" }],
  [/^Flow map .*must/, { message: "this { is never closed", hint: "add the }, or indent what belongs inside" }],
  [/^Flow sequence .*must/, { message: "this [ is never closed", hint: "add the ], or indent what belongs inside" }],
  [/^A block sequence may not/, messages.BAD_INDENT],
  [
    /^Comments must/,
    {
      message: "a comment needs a space before its #",
      hint: `add the space; if the # is part of the value, ${quoteIt}`,
    },
  ],
  [
    /^Implicit map keys/,
    { message: "a colon is missing after this key", hint: "write key: value, with a space after the colon" },
  ],
  [
    /^Missing , /,
    {
      message: "a comma is missing between two values inside brackets",
      hint: `add it; if this is one value, ${quoteIt}`,
    },
  ],
  [/^Missing space after :/, { message: "a space is missing after the colon", hint: "write key: value" }],
  [/^Missing directives-end/, { message: "a line with --- is missing after the directives", hint: "add it" }],
  [
    /^(?:Sequence item without|Unexpected block-seq-ind)/,
    {
      message: "a list can't start or continue here",
      hint: "align this line with the lines above it; list entries start with a dash and a space",
    },
  ],
  [
    /^Block scalar header/,
    {
      message: "after | or >, the line must end",
      hint: `start the text on the next line; if the value itself begins with | or >, ${quoteIt}`,
    },
  ],
];

/** The message for an error of the YAML package, whose own may quote the file and is never passed on. */
function describeSyntaxError(error: YAMLParseError): SyntaxMessage {
  return finer.find(([pattern]) => pattern.test(error.message))?.[1] ?? messages[error.code];
}
