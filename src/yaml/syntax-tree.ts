import {
  Composer,
  Lexer,
  type ParsedNode,
  Parser,
  visit,
  type YAMLParseError,
  type Document as YamlDocument,
} from "yaml";

/** The maximum nesting of collections, from the root. Deep enough for any real file, and safe for recursion. */
export const maxDepth = 100;

/** The YAML package's tree of a text. Scalars are text; anchors and aliases are not followed yet. */
export interface SyntaxTree {
  /** Null for a file without content. */
  readonly contents: ParsedNode | null;
  readonly errors: readonly YAMLParseError[];
  /** The offset where a second document begins. */
  readonly secondDocument: number | undefined;
  /** Where the nesting exceeds {@link maxDepth}; nothing else is known then. */
  readonly tooDeepAt: number | undefined;
}

const options = {
  schema: "failsafe",
  resolveKnownTags: false,
  // The package compares every key with every other one; ours are looked up in a map.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "silent",
} as const;

/** Parses without recursing into what is too deep: the package would report an overflowing stack hundreds of times. */
export function readSyntaxTree(text: string): SyntaxTree {
  const parser = new Parser();
  const tokens = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    // The stack holds the document, a collection for each level, and at most one scalar (or alias), which has a source.
    const top = parser.stack.at(-1);
    if (parser.stack.length > maxDepth + 1 && top && !("source" in top)) {
      return { contents: null, errors: [], secondDocument: undefined, tooDeepAt: parser.offset };
    }
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer(options);
  // The composer's own type: it composes either a document or one that has errors.
  const documents: YamlDocument.Parsed<ParsedNode>[] = [...composer.compose(tokens)];
  const errors =
    documents.length === 0 ? composer.streamInfo().errors : documents.flatMap((document) => document.errors);
  return {
    contents: documents[0]?.contents ?? null,
    errors: [...errors].sort((one, other) => one.pos[0] - other.pos[0]),
    secondDocument: documents[1]?.range[0],
    tooDeepAt: undefined,
  };
}

/** The offsets at which an unquoted scalar starts. */
export function plainStarts({ contents }: SyntaxTree): ReadonlySet<number> {
  const starts = new Set<number>();
  visit(contents, {
    Scalar: (_, scalar) => {
      // Every parsed node has a range.
      if (scalar.type === "PLAIN") starts.add((scalar as ParsedNode).range[0]);
    },
  });
  return starts;
}
