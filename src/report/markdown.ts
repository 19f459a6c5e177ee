import type { AccessDifference } from "../access/compare.js";
import { countPrincipals, groupDifferences } from "../access/describe.js";
import type { RunResult } from "../apply/run.js";
import { escapeControls } from "../characters.js";
import type { Diagnostic } from "../errors.js";
import { maskRandom } from "../secrets/random-looking.js";
import { renderChanges } from "./changes.js";
import { countDiagnostics, renderDiagnostics } from "./diagnostics.js";
import { createPaint } from "./layout.js";
import { renderCounts } from "./run.js";

interface MarkdownOptions {
  /** The files as given. */
  readonly files: readonly string[];
  readonly database: string;
  /** The warnings and notes to show. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Characters of each part: together less than the 65,536 that a comment on GitHub may have, so that a pipeline can put something before
 * and after it.
 */
const room = { gains: 14_000, losses: 8_000, diagnostics: 8_000, changes: 26_000 } as const;
const maxNames = 10;
const maxCode = 120;
const maxLine = 300;

const plain = createPaint(false);

/** A finished `plan` or `apply` for a comment on a pull request: who gains and loses rights first. At most 60,000 characters. */
export function runToMarkdown(result: RunResult, { files, database, diagnostics }: MarkdownOptions): string {
  const { command, outcome, changes, migrations } = result;
  const what = `${listNames(files.map((file) => (file === "-" ? "standard input" : file)))} and ${code(database)}`;
  const isSame = outcome === "unchanged";
  const parts = [
    `### vtb-setup ${command}: ${isSame ? "no changes" : countChanges(result)}\n`,
    `${isSame ? "These match: " : ""}${what}\n`,
    ...(isSame ? [] : accessParts(result)),
    ...(migrations.length === 0 ? [] : [`**Migrations:** ${listNames(migrations)}\n`]),
    ...(changes.length === 0 ? [] : [changesPart(result)]),
    ...diagnosticsParts(diagnostics),
  ];
  return parts.join("\n");
}

/** Why a command failed, for a comment on a pull request. */
export function failureToMarkdown(command: string, diagnostics: readonly Diagnostic[], summary: string): string {
  return [`### vtb-setup ${command}: ${summary}\n`, ...diagnosticsParts(diagnostics)].join("\n");
}

/** The sentence of the text output, without its first word. */
function countChanges(result: RunResult): string {
  return renderCounts(result, (text) => text)
    .trim()
    .replace(/^\w+: /, "")
    .replace(/\.$/, "");
}

function accessParts({ access: { isFirst, gains, losses } }: RunResult): readonly string[] {
  if (isFirst) return ["**Access:** nobody had any rights before; every right in the files is new.\n"];
  if (gains.length + losses.length === 0) return ["**Access:** nobody gains or loses rights.\n"];
  return [
    `**Access:** ${countPrincipals(gains)} gain, ${countPrincipals(losses)} lose.\n`,
    ...differencesPart("Access gained", gains, room.gains),
    ...differencesPart("Access lost", losses, room.losses),
  ];
}

function differencesPart(title: string, differences: readonly AccessDifference[], most: number): readonly string[] {
  if (differences.length === 0) return [];
  const lines = groupDifferences(differences).map(({ names, rights, cause: { range } }) => {
    const where = range ? ` (${code(`${range.position.file}:${range.position.line}`)})` : "";
    return `- ${listNames(names)}: ${code(rights, maxLine)}${where}`;
  });
  return [
    `#### ${title}\n\n${limitLines(lines, most, (left) => `- … and ${left} more; \`--output json\` lists all`)}\n`,
  ];
}

/** The changes as the text output has them, with the marks where GitHub colors a diff by them. */
function changesPart({ changes, unchanged }: RunResult): string {
  const text = renderChanges(changes, unchanged, { paint: plain, width: maxLine, details: true });
  return `#### Changes\n\n${fenced(diffLines(text), room.changes, "diff")}\n`;
}

function* diffLines(pieces: Iterable<string>): Generator<string> {
  for (const piece of pieces) {
    for (const line of piece.replace(/\n$/, "").split("\n")) {
      yield line.replace(/^ {2}([-+~=]) /, (_, mark) => `${mark === "~" ? "!" : mark} `);
    }
  }
  yield "";
}

function diagnosticsParts(diagnostics: readonly Diagnostic[]): readonly string[] {
  if (diagnostics.length === 0) return [];
  const title = countDiagnostics(diagnostics) || "Notes";
  const text = renderDiagnostics(diagnostics, { paint: plain, width: undefined });
  return [`#### ${title}\n\n${fenced(text.split("\n"), room.diagnostics, "text")}\n`];
}

/** As many lines as fit, and how many there are beside them. */
function limitLines(lines: Iterable<string>, most: number, more: (left: number) => string): string {
  let length = 0;
  let left = 0;
  const shown: string[] = [];
  for (const line of lines) {
    length += line.length + 1;
    if (length > most) left += 1;
    else shown.push(line);
  }
  return [...shown, ...(left > 0 ? [more(left)] : [])].join("\n");
}

/** A block in which nothing is Markdown or HTML: its fence is longer than any in it. */
function fenced(lines: Iterable<string>, most: number, language: string): string {
  const text = limitLines(cutLines(lines), most, (left) => `… and ${left} more lines; --output json has all`).trimEnd();
  const fence = "`".repeat(Math.max(3, longestFence(text) + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

function* cutLines(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield cut(line, maxLine);
}

function listNames(names: readonly string[]): string {
  const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : "";
  return `${names
    .slice(0, maxNames)
    .map((name) => code(name))
    .join(", ")}${more}`;
}

/** A text from a file or the database: in a code span, it mentions nobody, links to nothing and is no markup. */
function code(text: string, most = maxCode): string {
  const shown = cut(escapeControls(maskRandom(text)), most);
  const fence = "`".repeat(longestFence(shown) + 1);
  // A space at both ends is not shown, and keeps the text's own backticks from its fence.
  const pad = /^[` ]|[` ]$/.test(shown) || shown === "" ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

function longestFence(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
