import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { decodeFile } from "../../src/yaml/decode.js";
import type { Node } from "../../src/yaml/node.js";
import { parseInFull } from "../../src/yaml/parse.js";
import { parseSimple } from "../../src/yaml/parse-simple.js";

type Verdict =
  /** The simple reader leaves the text to the full parser. */
  { readonly kind: "left" } | { readonly kind: "read"; readonly simple: string; readonly full: string };

/** What both readers make of a text: nodes, diagnostics and what is masked in quoted lines. */
export function readBothWays(text: string): Verdict {
  const decoded = decodeFile("config.yaml", Buffer.from(text));
  const simple = parseSimple(decoded);
  return simple ? { kind: "read", simple: describe(simple), full: describe(parseInFull(decoded)) } : { kind: "left" };
}

function describe({ document, source, diagnostics }: ReturnType<typeof parseInFull>): string {
  const masked = source.scalars?.map((scalar) => `${scalar.start}-${scalar.end}`);
  return JSON.stringify([describeNode(document?.root), diagnostics, masked]);
}

/** Everything that is kept of a node. */
function describeNode(node: Node | undefined): unknown {
  if (node === undefined) return undefined;
  const { kind, start, end } = node;
  switch (node.kind) {
    case "scalar":
      return [kind, start, end, node.text(), node.plain, node.tag, node.isNull()];
    case "sequence":
      return [kind, start, end, node.items.map(describeNode)];
    case "mapping":
      return [
        kind,
        start,
        end,
        node.pairs.map((entry) => [entry.key, entry.keyStart, entry.keyEnd, describeNode(entry.value)]),
      ];
    case "unresolved":
      return [kind, start, end];
  }
}

/** YAML and JSON files that people wrote, by their paths. */
export const realFiles: ReadonlyMap<string, string> = new Map(
  ["examples", "test/corpus", "test/support/incumbent"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(?:yaml|json)$/.test(name) && !/node_modules|package|tsconfig/.test(name))
      .sort()
      .map((name): [string, string] => [`${folder}/${name}`, readFileSync(`${folder}/${name}`, "utf8")]),
  ),
);

const pieces = [
  ...[
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    ":",
    ": ",
    "- ",
    "-",
    "#",
    " #",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
    ",",
    ", ",
  ],
  ...[
    "&a ",
    "*a",
    "|",
    "|-\n",
    ">",
    "!",
    "!!str ",
    "%",
    "@",
    "`",
    "?",
    "? ",
    "---\n",
    "--- ",
    "...\n",
    "a",
    "x: y",
    "é",
    "😀",
  ],
  ...[
    "\u00a0",
    "\u2028",
    "\ufeff",
    "~",
    "null",
    "<<: ",
    "\\",
    "\\n",
    "''",
    '\\"',
    "=",
    "0",
    ".",
    "{{",
    "}}",
    "\\u00e9",
    "\\ud83d",
  ],
  ...["a: 1\n", "- b\n", "# c\n", "  # c\n", "__proto__: ", "value_from: {env: A}", "token: 0123456789abcdef0"],
];

const scalars = [
  ...[
    "a",
    "b c",
    "1",
    "-1",
    "true",
    "~",
    "null",
    "'a'",
    '"b"',
    "''",
    '""',
    '"a\\n"',
    "'it''s'",
    '"a: b"',
    "http://x/y",
    "a, b",
  ],
  ...[
    "a#b",
    "a:b",
    "a]",
    "(x)",
    "<a>",
    "",
    " ",
    "[]",
    "{}",
    "[a, b]",
    "{a: 1}",
    '{"a":1}',
    "[a,\n     b]",
    "{a: 1,\n     b: 2}",
  ],
  ...[
    "- 1",
    "-",
    "&a",
    "&a x",
    "&a [x]",
    "*a",
    "|\n            x\n             y",
    "|-\n            x\n\n            y\n",
    ">\n      x",
  ],
  ...[
    "{value_from: {env: NAME}}",
    "{value_from: {env: NAME, default: x}}",
    "{x}",
    "0123456789abcdef0",
    "{{ x }}",
    "a\n  b",
  ],
];

interface Entry {
  readonly key: string;
  readonly gap: number;
  readonly value: string | Block;
  readonly comment: string;
  readonly lineBreak: string;
}

interface Block {
  readonly isList: boolean;
  readonly indent: number;
  readonly entries: readonly Entry[];
}

const { block } = fc.letrec<{ readonly block: Block }>((tie) => {
  const entry = fc.record({
    key: fc.constantFrom("a", "b", "c", "d e", "f", "'h'", '"i"', "j.k", "l-m", "1", "é", "value_from"),
    gap: fc.constantFrom(1, 1, 1, 2, 0),
    value: fc.oneof({ depthSize: "small", withCrossShrink: true }, fc.constantFrom(...scalars), tie("block")),
    comment: fc.constantFrom("", "", "", " # c", " &a", " &a # c"),
    lineBreak: fc.constantFrom("\n", "\n", "\n", "\r\n", "\n\n", "\n# c\n", "\n   \n"),
  });
  return {
    block: fc.record({
      isList: fc.boolean(),
      indent: fc.constantFrom(0, 1, 2, 2, 2, 4),
      entries: fc.array(entry, { minLength: 1, maxLength: 4 }),
    }),
  };
});

function write({ isList, entries }: Block, column: number): string {
  return entries
    .map(({ key, gap, value, comment, lineBreak }, index) => {
      const head = " ".repeat(column) + (isList ? "-" : `${key.replace(/(?<=\w)$/, String(index))}:`);
      if (typeof value === "string") return `${head}${" ".repeat(gap)}${value}${comment}${lineBreak}`;
      // An entry of a list may begin on the line of its dash.
      if (isList && gap > 0) return `${head}${" ".repeat(gap)}${write(value, column + 1 + gap).trimStart()}`;
      return `${head}${comment}${lineBreak}${write(value, column + value.indent)}`;
    })
    .join("");
}

const edit = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("insert", "replace", "cut", "line twice", "line away", "line in", "line out"),
  piece: fc.constantFrom(...pieces),
  length: fc.integer({ min: 1, max: 4 }),
});

function change(
  text: string,
  { at, kind, piece, length }: { at: number; kind: string; piece: string; length: number },
) {
  const from = at % (text.length + 1);
  if (kind === "insert") return text.slice(0, from) + piece + text.slice(from);
  if (kind === "replace") return text.slice(0, from) + piece + text.slice(from + length);
  if (kind === "cut") return text.slice(0, from) + text.slice(from + length);
  const lines = text.split("\n");
  const index = at % lines.length;
  const line = lines[index] ?? "";
  const changed =
    kind === "line twice"
      ? [line, line]
      : kind === "line away"
        ? []
        : [kind === "line in" ? ` ${line}` : line.slice(1)];
  return [...lines.slice(0, index), ...changed, ...lines.slice(index + 1)].join("\n");
}

/** Texts that are nearly like what people write: files of theirs and blocks of all sorts, with a few small changes. */
export const nearlyYaml: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(...realFiles.values()).map((text) => text.slice(0, 5000)),
      block.map((written) => write(written, 0)),
    ),
    fc.array(edit, { maxLength: 3 }),
  )
  .map(([text, edits]) => edits.reduce(change, text));
