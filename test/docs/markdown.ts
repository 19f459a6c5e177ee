import { readdirSync, readFileSync } from "node:fs";

/** A fenced block: ```` ```info ```` and what stands in it, with the comment `<!-- file: NAME -->` right above it, if any. */
export interface Block {
  readonly info: string;
  readonly text: string;
  readonly file: string | undefined;
  /** Of its first fence, from 1. */
  readonly line: number;
}

export const documents: readonly string[] = [
  "README.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export function readDocument(file: string): string {
  return readFileSync(file, "utf8");
}

export function blocksOf(markdown: string): readonly Block[] {
  const pattern = /(?:^<!-- file: (?<file>\S+) -->\n\n?)?^```(?<info>[^\n]+)\n(?<text>[\s\S]*?)^```$/gm;
  return [...markdown.matchAll(pattern)].map(({ groups = {}, index }) => ({
    info: groups.info ?? "",
    text: groups.text ?? "",
    file: groups.file,
    line: markdown.slice(0, index).split("\n").length,
  }));
}

/** The rows of every table under a heading: their cells, without the head. */
export function tableUnder(markdown: string, heading: string): readonly (readonly string[])[] {
  const [, section = ""] = markdown.split(`\n${heading}\n`);
  const [own = ""] = section.split(/^#/m);
  const rows = own.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}
