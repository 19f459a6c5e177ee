import { escapeControls } from "../document/escape.js";
import type { Problem } from "../errors.js";
import type { Paint } from "./paint.js";

/** Problems for people: where, what, the line with a caret, how to fix it. Ends with a line break unless there are none. */
export function renderProblems(problems: readonly Problem[], paint: Paint): string {
  const isForeign = (problem: Problem) => problem.code === "UNKNOWN_ROOT_KEY" && problem.severity === "warning";
  const shown = problems.filter((problem) => !isForeign(problem)).map((problem) => renderProblem(problem, paint));
  return [...shown, ...renderForeignKeys(problems.filter(isForeign), paint)].map((text) => `${text}\n`).join("");
}

/** How many there are of each, such as `2 errors, 1 warning`. */
export function countProblems(problems: readonly Problem[]): string {
  const count = (severity: Problem["severity"], word: string): string[] => {
    const found = problems.filter((problem) => problem.severity === severity).length;
    return found === 0 ? [] : [`${found} ${word}${found === 1 ? "" : "s"}`];
  };
  return [...count("error", "error"), ...count("warning", "warning")].join(", ");
}

function renderProblem({ severity, code, message, hint, position, excerpt }: Problem, paint: Paint): string {
  const mark = { error: paint.red, warning: paint.yellow, note: paint.bold }[severity];
  const where = position ? `${escapeControls(position.file)}:${position.line}:${position.column}: ` : "";
  const lines = [`${where}${mark(severity)}: ${escapeControls(message)} ${paint.dim(`[${code}]`)}`];
  if (position && excerpt) {
    const gutter = String(position.line);
    const caret = " ".repeat(excerpt.caretColumn - 1) + mark("^".repeat(excerpt.caretWidth));
    lines.push(
      `  ${paint.dim(`${gutter} |`)} ${excerpt.text}`,
      `  ${paint.dim(`${" ".repeat(gutter.length)} |`)} ${caret}`,
    );
  }
  if (hint) lines.push(`  fix: ${escapeControls(hint)}`);
  return lines.join("\n");
}

/** Files are shared with other programs, so their keys are told in one line a file instead of one each. */
function renderForeignKeys(problems: readonly Problem[], paint: Paint): readonly string[] {
  const files = [...new Set(problems.map(({ position }) => position?.file ?? ""))];
  return files.map((file) => {
    const found = problems.filter(({ position }) => (position?.file ?? "") === file);
    const keys = found.map(({ path }) => escapeControls(path ?? "")).join(", ");
    const what = `left alone, as no step of this program reads them: ${keys}`;
    return `${escapeControls(file)}: ${paint.yellow("warning")}: ${what} ${paint.dim("[UNKNOWN_ROOT_KEY]")}`;
  });
}
