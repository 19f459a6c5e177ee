import { blocksOf, readDocument, tableUnder } from "../docs/markdown.js";

const providersPage = "docs/providers.md";

/** Each row of the page's table of results: a check, and what it came to at each provider. */
export function documentedResults(provider: string): ReadonlyMap<string, string> {
  const page = readDocument(providersPage);
  const heading = "## What was run";
  const [, section = ""] = page.split(`\n${heading}\n`);
  const [head = ""] = section.split("\n").filter((line) => line.startsWith("|"));
  const column = head
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim())
    .indexOf(provider);
  if (column < 1) throw new Error(`expected ${providersPage} to have a column for ${provider}`);
  return new Map(tableUnder(page, heading).map((row) => [row[0] ?? "", row[column] ?? ""]));
}

/** The page's blocks below a heading of the second level. */
export function blocksUnder(heading: string): ReturnType<typeof blocksOf> {
  const [, section = ""] = readDocument(providersPage).split(`\n## ${heading}\n`);
  const [own = ""] = section.split(/^## /m);
  return blocksOf(own);
}
