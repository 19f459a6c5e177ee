import { escapeControls } from "../characters.js";
import { maskRandom } from "../secrets/random-looking.js";

/** The cells of a line. */
export type Row = readonly string[];

/**
 * Creates the function that lays out one page after another as one table, without trailing spaces. Columns grow where a later
 * page needs it.
 */
export function createTable<Item>(
  headings: Row,
  rowsOf: (item: Item) => readonly Row[],
  mark: (text: string) => string,
): (items: readonly Item[]) => string {
  let widths: readonly number[] | undefined;
  return (items) => {
    const rows = items.flatMap(rowsOf);
    const isFirst = widths === undefined;
    const before = widths ?? headings.map((heading) => heading.length);
    widths = before.map((width, column) =>
      widest(
        rows.map((row) => row[column] ?? ""),
        width,
      ),
    );
    const grown = widths;
    const line = (row: Row) =>
      row
        .map((cell, column) => cell.padEnd(grown[column] ?? 0))
        .join("  ")
        .trimEnd();
    return `${isFirst ? `${mark(line(headings))}\n` : ""}${rows.map((row) => `${line(row)}\n`).join("")}`;
  };
}

/** One entry with all that is known of it, a line for each fact that there is. */
export function renderFacts(
  name: string,
  facts: readonly (readonly [name: string, text: string])[],
  mark: (text: string) => string,
): string {
  const lines = facts.filter(([, text]) => text !== "");
  const width = widest(lines.map(([fact]) => fact)) + 2;
  return `${mark(shown(name))}\n${lines.map(([fact, text]) => `  ${`${fact}:`.padEnd(width)}${text}\n`).join("")}`;
}

/** The length of the longest text, or `least`. */
function widest(texts: readonly string[], least = 0): number {
  return texts.reduce((width, text) => Math.max(width, text.length), least);
}

/** A time to the minute, such as `2026-06-01 12:00Z`. */
export function minute(time: string | null): string {
  return time === null ? "" : `${time.slice(0, 10)} ${time.slice(11, 16)}Z`;
}

/** A name from the database: it may hold a control character, or a secret that was written where a name belongs. */
export function shown(name: string): string {
  return escapeControls(maskRandom(name));
}

/** A line as RFC 4180 has it. */
export function csvLine(cells: Row): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

/** A spreadsheet would run a name that starts like a formula; the apostrophe makes it text. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
