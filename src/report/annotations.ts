import { isAbsolute, relative, resolve } from "node:path";
import type { Diagnostic } from "../errors.js";

/** GitHub shows no more of a level in a step. */
const maxOfLevel = 10;

const levels = { error: "error", refusal: "error", warning: "warning", note: undefined } as const;

export interface AnnotationOptions {
  /** The folder that the files of diagnostics are relative to. */
  readonly cwd: string;
  /** The root of the repository, which GitHub shows files relative to. */
  readonly workspace: string | undefined;
}

/**
 * Workflow commands with which GitHub Actions shows errors and warnings at their lines of a pull request, the first ten of each level.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function renderAnnotations(diagnostics: readonly Diagnostic[], options: AnnotationOptions): string {
  const counts = { error: 0, warning: 0 };
  return diagnostics
    .flatMap((diagnostic) => {
      const level = levels[diagnostic.severity];
      if (level === undefined) return [];
      counts[level] += 1;
      return counts[level] > maxOfLevel ? [] : [renderAnnotation(level, diagnostic, options)];
    })
    .join("");
}

function renderAnnotation(
  level: "error" | "warning",
  { code, message, hint, position }: Diagnostic,
  options: AnnotationOptions,
): string {
  const place = position && { file: inWorkspace(position.file, options), line: position.line, col: position.column };
  const properties = Object.entries({ ...place, title: code }).map(
    ([name, value]) => `${name}=${escapeData(String(value)).replaceAll(":", "%3A").replaceAll(",", "%2C")}`,
  );
  const text = hint === undefined ? message : `${message}\nfix: ${hint}`;
  return `::${level} ${properties.join(",")}::${escapeData(text)}\n`;
}

function inWorkspace(file: string, { cwd, workspace }: AnnotationOptions): string {
  if (workspace === undefined) return file;
  const path = relative(workspace, resolve(cwd, file));
  return path.startsWith("..") || isAbsolute(path) ? file : path;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
