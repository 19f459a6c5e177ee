import type { Diagnostic, SetupError } from "../errors.js";
import { diagnosticToJson, formatVersion, withoutSecrets } from "./json.js";
import { indented } from "./layout.js";

/** How a list is written: what comes before it, each page, and what comes after it. */
export interface ListFormat<Item> {
  readonly begin: string;
  readonly page: (items: readonly Item[]) => string;
  readonly end: (error?: SetupError) => string;
  /** Whether `end` also says why the list is not complete. */
  readonly tellsErrors: boolean;
}

/**
 * One JSON object. Its outcome follows the items, since what is printed can't be taken back.
 *
 * @param toJson an item without secrets
 * @param more what follows the items, without secrets as well
 */
export function jsonList<Item>(
  command: string,
  toJson: (item: Item) => unknown = withoutSecrets,
  {
    diagnostics: told = [],
    ...more
  }: { readonly diagnostics?: readonly Diagnostic[]; readonly [name: string]: unknown } = {},
): ListFormat<Item> {
  let before = "";
  const head = JSON.stringify({ formatVersion, command }, undefined, 2).replace(/\n\}$/, "");
  return {
    begin: `${head},\n  "items": [`,
    page: (items) =>
      items
        .map((item) => {
          const text = `${before}\n    ${indented(toJson(item), "    ")}`;
          before = ",";
          return text;
        })
        .join(""),
    end: (error) => {
      const outcome = error ? "failed" : "ok";
      const diagnostics = [...told, ...(error?.diagnostics ?? [])].map(diagnosticToJson);
      const last = JSON.stringify({ ...more, outcome, diagnostics }, undefined, 2).replace(/^\{/, "");
      return `${before === "" ? "" : "\n  "}],${last}\n`;
    },
    tellsErrors: true,
  };
}

/** A line for each item: newline-delimited JSON, CEF or text. */
export function lineList<Item>(lineOf: (item: Item) => string): ListFormat<Item> {
  const page = (items: readonly Item[]) => items.map((item) => `${lineOf(item)}\n`).join("");
  return { begin: "", page, end: () => "", tellsErrors: false };
}

/** @param linesOf an item's lines, which end with a line break */
export function csvList<Item>(heading: string, linesOf: (item: Item) => string): ListFormat<Item> {
  return { begin: heading, page: (items) => items.map(linesOf).join(""), end: () => "", tellsErrors: false };
}

/**
 * The text of a list, page by page, for a reader that a server answers.
 *
 * @throws what reading a page throws: the list ends early then, which its reader must see
 */
export async function* listText<Item>(
  pages: AsyncIterable<readonly Item[]>,
  format: ListFormat<Item>,
): AsyncGenerator<string> {
  let isBegun = false;
  for await (const items of pages) {
    yield `${isBegun ? "" : format.begin}${format.page(items)}`;
    isBegun = true;
  }
  yield `${isBegun ? "" : format.begin}${format.end()}`;
}
