import { createHash } from "node:crypto";
import { escapeControls } from "../characters.js";
import { minute, shown } from "./table.js";

/** Inserted by the build and by the tests from the files in `assets/`. */
declare const VTB_SETUP_REPORT_STYLE: string;
declare const VTB_SETUP_REPORT_SCRIPT: string;

/**
 * What a cell shows. Every text is escaped, and what looks like a secret in it is masked; `code` is for what the program made
 * itself, such as a digest, which is not masked. A `time` is ISO 8601, UTC. An empty text leaves the cell empty.
 */
export type Cell =
  | string
  | { readonly mark: string; readonly as?: "good" | "bad" }
  | { readonly code: string }
  | { readonly time: string }
  | { readonly lines: readonly Cell[] };

/** A name and a value. */
export type Fact = readonly [name: string, value: Cell];

interface Section {
  readonly title: string;
  /** What to know of it, in a sentence or two. */
  readonly lead?: string | undefined;
  /** What to say where it has nothing. */
  readonly empty: string;
}

export interface TableSection extends Section {
  readonly kind: "table";
  readonly columns: readonly string[];
  /** A cell for each column; the first one names the row. Read once, as the page is written. */
  readonly rows: Iterable<readonly Cell[]>;
}

/** What happened, in the order given. */
interface TimelineSection extends Section {
  readonly kind: "timeline";
  readonly entries: Iterable<TimelineEntry>;
}

export interface TimelineEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly title: string;
  readonly facts: readonly Fact[];
  readonly lines: readonly Cell[];
}

export interface HtmlPage {
  readonly title: string;
  readonly lead?: string | undefined;
  /** About the report itself: where it comes from, and when. */
  readonly facts: readonly Fact[];
  readonly sections: readonly (TableSection | TimelineSection)[];
}

/**
 * A report as one HTML file, in pieces: tables that a browser searches and sorts, and timelines. It requests nothing from anywhere,
 * can be read without its script, on a phone and on paper, and runs no script but its own, whatever the names in it are.
 *
 * @example
 * htmlPage({
 *   title: "Access",
 *   facts: [["Database", "sqlite:vtb-auth.db"]],
 *   sections: [{ kind: "table", title: "Users", empty: "No users.", columns: ["User", "May"], rows: [["jan", "taken.view"]] }],
 * });
 */
export function* htmlPage({ title, lead, facts, sections }: HtmlPage): Generator<string> {
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${VTB_SETUP_REPORT_STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${paragraph(lead)}${factList(facts)}${contents(sections)}<form class="search" role="search" hidden>
<label for="search">Search</label><input id="search" type="search" autocomplete="off" spellcheck="false"><output for="search"></output>
</form>
`;
  for (const [index, section] of sections.entries()) {
    const id = `section-${index + 1}`;
    yield `<section aria-labelledby="${id}">\n<h2 id="${id}">${escaped(section.title)}</h2>\n${paragraph(section.lead)}`;
    yield* section.kind === "table" ? table(section, id) : timeline(section);
    yield "</section>\n";
  }
  yield `</main>\n<script>${VTB_SETUP_REPORT_SCRIPT}</script>\n</body>\n</html>\n`;
}

/** The page's own style and script alone, and nothing from elsewhere. */
function policy(): string {
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const sources = [`style-src ${hash(VTB_SETUP_REPORT_STYLE)}`, `script-src ${hash(VTB_SETUP_REPORT_SCRIPT)}`];
  return ["default-src 'none'", ...sources, "img-src data:", "base-uri 'none'", "form-action 'none'"].join("; ");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return escapeMarkup(shown(text));
}

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

function paragraph(text: string | undefined): string {
  return text === undefined ? "" : `<p>${escaped(text)}</p>\n`;
}

function factList(facts: readonly Fact[]): string {
  if (facts.length === 0) return "";
  const lines = facts.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${cellText(value)}</dd></div>\n`);
  return `<dl class="facts">\n${lines.join("")}</dl>\n`;
}

function contents(sections: HtmlPage["sections"]): string {
  if (sections.length < 2) return "";
  const links = sections.map(({ title }, index) => `<li><a href="#section-${index + 1}">${escaped(title)}</a></li>`);
  return `<nav aria-label="Contents"><ul>${links.join("")}</ul></nav>\n`;
}

function* table({ columns, rows, empty }: TableSection, titleId: string): Generator<string> {
  let isEmpty = true;
  for (const row of rows) {
    if (isEmpty) {
      const headings = columns.map((column) => `<th scope="col">${escaped(column)}</th>`);
      yield `<table aria-labelledby="${titleId}">\n<thead><tr>${headings.join("")}</tr></thead>\n<tbody>\n`;
      isEmpty = false;
    }
    const cells = columns.map((column, index) => {
      const tag = index === 0 ? 'th scope="row"' : "td";
      // On a phone, each cell stands on a line, after its heading.
      return `<${tag} data-label="${escaped(column)}">${cellText(row[index] ?? "")}</${tag.slice(0, 2)}>`;
    });
    yield `<tr>${cells.join("\n")}</tr>\n`;
  }
  yield isEmpty ? paragraph(empty) : "</tbody>\n</table>\n";
}

function* timeline({ entries, empty }: TimelineSection): Generator<string> {
  let isEmpty = true;
  for (const { time, title, facts, lines } of entries) {
    if (isEmpty) yield '<ol class="timeline">\n';
    isEmpty = false;
    const list = lines.length === 0 ? "" : cellText({ lines });
    yield `<li>${cellText({ time })}\n<h3>${escaped(title)}</h3>\n${factList(facts)}${list}</li>\n`;
  }
  yield isEmpty ? paragraph(empty) : "</ol>\n";
}

function cellText(cell: Cell): string {
  if (typeof cell === "string") return escaped(cell);
  if ("mark" in cell) return `<span class="mark ${cell.as ?? "plain"}">${escaped(cell.mark)}</span>`;
  if ("code" in cell) return `<code>${escapeMarkup(escapeControls(cell.code))}</code>`;
  if ("time" in cell) return `<time datetime="${escaped(cell.time)}">${escaped(minute(cell.time))}</time>`;
  return `<ul>${cell.lines.map((line) => `<li>${cellText(line)}</li>`).join("\n")}</ul>`;
}
