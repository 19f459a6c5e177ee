import type { DecodedFile } from "./decode.js";
import type { Document, MappingNode, RawDiagnostic, ScalarNode, Source } from "./node.js";
import { scalarsIn } from "./scalars.js";
import { readSimple } from "./simple.js";

/** The result of parsing a file. Without a document, `source` still quotes its lines. */
export interface ParsedFile {
  readonly document: Document | undefined;
  readonly source: Source;
  readonly diagnostics: readonly RawDiagnostic[];
}

/**
 * Parses a file that is in the simple form; any other gives undefined. It stands apart from the full parser, because that takes
 * longer to load than a small file to apply.
 */
export function parseSimple({ source, sha256, isUsual, diagnostic }: DecodedFile): ParsedFile | undefined {
  const root = diagnostic || !isUsual ? undefined : readSimple(source);
  if (!root) return undefined;
  const document = createDocument(source, sha256, root, () => scalarsIn([{ node: root }]));
  return { document, source: document, diagnostics: [] };
}

/** A document that looks for its scalars when they are first asked for: where a line is quoted. */
export function createDocument(
  { file, text }: Pick<Source, "file" | "text">,
  sha256: string,
  root: MappingNode | undefined,
  findScalars: () => readonly ScalarNode[],
): Document {
  let scalars: readonly ScalarNode[] | undefined;
  return {
    file,
    text,
    sha256,
    root,
    get scalars() {
      scalars ??= findScalars();
      return scalars;
    },
  };
}
