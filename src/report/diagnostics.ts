import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { escapeControls } from "../characters.js";
import type { Diagnostic } from "../errors.js";
import type { Paint } from "./layout.js";

export interface DiagnosticsOptions {
  readonly paint: Paint;
  /** Columns of the terminal; undefined keeps each text on one line, for programs that search it. */
  readonly width: number | undefined;
}

/** Diagnostics for people: range, message, the line with a caret, how to fix it. Ends with a line break unless there are none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: DiagnosticsOptions): string {
  const isForeign = (diagnostic: Diagnostic) =>
    diagnostic.code === "UNKNOWN_ROOT_KEY" && diagnostic.severity === "warning" && diagnostic.path !== undefined;
  const own = diagnostics.filter((diagnostic) => !isForeign(diagnostic));
  const shown = chooseShown(own);
  const texts = own
    .filter((diagnostic) => shown.has(diagnostic))
    .map((diagnostic) => renderDiagnostic(diagnostic, options));
  const foreign = renderForeignKeys(diagnostics.filter(isForeign), options);
  return [...texts, ...renderOmitted(own, shown), ...foreign].map((text) => `${text}\n`).join("");
}

const maxShown = 100;

/** The first hundred, never a warning instead of an error or refusal: what a run fails with must be shown. */
function chooseShown(diagnostics: readonly Diagnostic[]): ReadonlySet<Diagnostic> {
  const isStop = ({ severity }: Diagnostic) => severity === "error" || severity === "refusal";
  const stops = diagnostics.filter(isStop);
  const others = diagnostics.filter((diagnostic) => !isStop(diagnostic));
  return new Set(stops.concat(others).slice(0, maxShown));
}

function renderOmitted(diagnostics: readonly Diagnostic[], shown: ReadonlySet<Diagnostic>): readonly string[] {
  const omitted = diagnostics.filter((diagnostic) => !shown.has(diagnostic));
  if (omitted.length === 0) return [];
  const kinds = countDiagnostics(omitted) || `${omitted.length} notes`;
  return [`… and ${kinds} more; --output json lists all`];
}

/** How many there are of each severity, such as `2 errors, 1 warning`. */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Diagnostic["severity"], word: string): string[] => {
    const found = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return found === 0 ? [] : [`${found} ${word}${found === 1 ? "" : "s"}`];
  };
  return [...count("error", "error"), ...count("refusal", "refusal"), ...count("warning", "warning")].join(", ");
}

function renderDiagnostic(diagnostic: Diagnostic, { paint, width }: DiagnosticsOptions): string {
  const { severity, code, message, position, excerpt } = diagnostic;
  const mark = marks(paint)[severity];
  const where = position ? `${escapeControls(position.file)}:${position.line}:${position.column}: ` : "";
  const reported = `${where}${mark(severity)}: ${escapeControls(message)} ${paint.dim(`[${code}]`)}`;
  const lines = hang(reported, width);
  if (position && excerpt) {
    const gutter = String(position.line);
    const start = excerpt.caretColumn - 1;
    const before = columnsOf(excerpt.text.slice(0, start));
    const marked = columnsOf(excerpt.text.slice(start, start + excerpt.caretWidth));
    const caret = " ".repeat(before) + mark("^".repeat(Math.max(marked, 1)));
    lines.push(
      `  ${paint.dim(`${gutter} |`)} ${excerpt.text}`,
      `  ${paint.dim(`${" ".repeat(gutter.length)} |`)} ${caret}`,
    );
  }
  return [...lines, ...renderHint(diagnostic, width)].join("\n");
}

/** Indents all lines but the first. */
function hang(text: string, width = Infinity): string[] {
  const [first = "", ...rest] = wrap(text, width - 2);
  return [first, ...rest.map((line) => `  ${line}`)];
}

function marks({ red, yellow, bold }: Paint) {
  return { error: red, refusal: red, warning: yellow, note: bold };
}

function renderHint({ severity, code, hint }: Diagnostic, width = Infinity): readonly string[] {
  if (!hint) return [];
  // Only the line breaks of a stack trace are ours; in other hints they may come from a file.
  const hasTrace = code === "INTERNAL" || code === "STEP_INVALID";
  const [first = "", ...rest] = (hasTrace ? hint.split("\n") : [hint]).map(escapeControls);
  const label = severity === "note" ? "  " : "  fix: ";
  return [...wrapAfter(label, first, width), ...rest.map((line) => `  ${line}`)];
}

/** Files are shared with other programs, so their keys take one line a file instead of one each. */
function renderForeignKeys(
  diagnostics: readonly Diagnostic[],
  { paint, width }: DiagnosticsOptions,
): readonly string[] {
  const files = [...new Set(diagnostics.map(({ position }) => position?.file ?? ""))];
  return files.map((file) => {
    const found = diagnostics.filter(({ position }) => (position?.file ?? "") === file);
    const keys = found.map(({ path }) => escapeControls(path ?? "")).join(", ");
    const what = `ignoring root keys that no step reads: ${keys}`;
    const reported = `${escapeControls(file)}: ${paint.yellow("warning")}: ${what} ${paint.dim("[UNKNOWN_ROOT_KEY]")}`;
    return hang(reported, width).join("\n");
  });
}

/** Breaks a text at its spaces into lines of at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number): readonly string[] {
  const fits = width === Infinity || (text.length <= width && isPlain(text) && text.trim() === text);
  return fits ? [text] : wrapAnsi(text, width, { hard: false }).split("\n");
}

function columnsOf(text: string): number {
  return isPlain(text) ? text.length : stringWidth(text);
}

/** Each character takes one column. Most text is such, and what measures the rest takes longer to load than a whole run. */
function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** {@link wrap} with `first` before the first line, and as many spaces before the others; all within `width` columns. */
function wrapAfter(first: string, text: string, width: number): readonly string[] {
  const [begin = "", ...rest] = wrap(text, width - first.length);
  return [first + begin, ...rest.map((line) => " ".repeat(first.length) + line)];
}
