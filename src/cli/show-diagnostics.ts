import type { Diagnostic } from "../errors.js";
import { renderAnnotations } from "../report/annotations.js";
import { renderDiagnostics } from "../report/diagnostics.js";
import { diagnosticToJson } from "../report/json.js";
import type { CliContext } from "./context.js";
import type { LogLine } from "./log.js";

const levels: Readonly<Record<Diagnostic["severity"], LogLine["level"]>> = {
  error: "error",
  refusal: "error",
  warning: "warn",
  note: "info",
};

interface ShowOptions {
  /** With `json`, the command's JSON object has the diagnostics, so that they are not repeated in sentences. */
  readonly output: string;
  /** A blank line separates them from the result on a shared terminal. */
  readonly isFollowed?: boolean;
}

/** Shows diagnostics on standard error as `--log-format` says, and at the lines of a pull request where GitHub runs the command. */
export function showDiagnostics(
  { terminal, env, cwd }: Pick<CliContext, "terminal" | "env" | "cwd">,
  diagnostics: readonly Diagnostic[],
  { output, isFollowed = false }: ShowOptions,
): void {
  if (terminal.logFormat === "json") {
    for (const diagnostic of diagnostics) {
      const { code, message, severity } = diagnostic;
      terminal.log({ level: levels[severity], code, message, ...diagnosticToJson(diagnostic) });
    }
    return;
  }
  if (output !== "json") {
    const text = renderDiagnostics(diagnostics, terminal.talkStyle);
    terminal.talk(isFollowed && text !== "" && terminal.talkStyle.width !== undefined ? `${text}\n` : text);
  }
  if (env.GITHUB_ACTIONS === "true") {
    terminal.talk(renderAnnotations(diagnostics, { cwd, workspace: env.GITHUB_WORKSPACE }));
  }
}
