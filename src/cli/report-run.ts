import type { RunResult } from "../apply/run.js";
import { withoutPassword } from "../database/open.js";
import { type Diagnostic, SetupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { countDiagnostics } from "../report/diagnostics.js";
import { outcomeToJson, runToJson } from "../report/json.js";
import { failureToMarkdown, runToMarkdown } from "../report/markdown.js";
import { renderRun } from "../report/run.js";
import type { CliContext } from "./context.js";
import { mayBeCommitted, statusOf, unexpected } from "./exit-status.js";
import { type Printed, printChanges, printResult } from "./print.js";
import { showDiagnostics } from "./show-diagnostics.js";

interface ReportOptions {
  readonly output: "text" | "json" | "markdown";
  readonly database: string;
  readonly files: readonly string[];
  readonly shownTokens: readonly GeneratedSecret[];
  /** The result has only the changes that undo drift. */
  readonly drift: boolean;
}

/** Prints a finished run: results on standard output, everything else on standard error. */
export async function reportRun(context: CliContext, result: RunResult, options: ReportOptions): Promise<void> {
  const print = () => rendered(context, result, options);
  if (result.outcome === "applied") await printChanges(context, print, options.shownTokens);
  else await printResult(context, print());
}

function rendered(context: CliContext, result: RunResult, options: ReportOptions): Printed {
  // The result itself shows who gains what.
  const diagnostics = result.diagnostics.filter(({ code, severity }) => code !== "ESCALATION" || severity !== "note");
  showDiagnostics(context, diagnostics, { output: options.output, isFollowed: true });
  if (options.output === "json") {
    return { kind: "json", value: runToJson(result, options.shownTokens) };
  }
  const { outPaint: paint, width } = context.terminal;
  const database = withoutPassword(options.database);
  if (options.output === "markdown") {
    return { kind: "text", text: runToMarkdown(result, { files: options.files, database, diagnostics }) };
  }
  return { kind: "pieces", pieces: renderRun(result, { ...options, database, paint, width }) };
}

/** The formats in which a failure is reported on standard output. */
export type FailureOutput = "text" | "json" | "markdown";

/** Reports why a command failed, and returns its exit status. */
export async function reportFailure(
  context: Pick<CliContext, "terminal" | "stoppedBy" | "env" | "cwd">,
  error: unknown,
  { command, output }: { readonly command: string; readonly output: FailureOutput },
): Promise<number> {
  const { terminal } = context;
  const failure = error instanceof SetupError ? error : unexpected(error);
  const outcome = failure.reason === "invalid" ? "invalid" : "failed";
  const isPrinted =
    output === "json" &&
    !terminal.outIsNull &&
    (await terminal.outJson(outcomeToJson(command, outcome, failure.diagnostics), { insist: true })).kind === "written";
  // What can't be reported on standard output is reported on standard error.
  showDiagnostics(context, failure.diagnostics, { output: isPrinted ? "json" : "text" });
  const counts = countDiagnostics(failure.diagnostics);
  const message = `${counts}${mayBeCommitted(failure) ? "" : "; nothing was changed"}.`;
  if (!isPrinted && terminal.logFormat === "text") terminal.talk(`${message}\n${moreAbout(failure.diagnostics)}`);
  terminal.log({ level: "error", code: "FAILED", message });
  // A pull request shows why there is no plan, as the log does.
  if (output === "markdown") {
    await terminal.out([failureToMarkdown(command, failure.diagnostics, message.replace(/\.$/, ""))], { insist: true });
  }
  return statusOf(failure.reason, context.stoppedBy());
}

const maxNamedCodes = 5;

/** Where to read more about what stands in files, and about guards. Other messages say all that there is. */
function moreAbout(diagnostics: readonly Diagnostic[]): string {
  const isExplained = ({ severity, position }: Diagnostic) =>
    severity === "refusal" || (severity === "error" && position !== undefined);
  const codes = new Set(diagnostics.filter(isExplained).map(({ code }) => code));
  if (codes.size === 0) return "";
  return `More about ${codes.size === 1 ? "this" : "these"}: vtb-setup explain ${[...codes].slice(0, maxNamedCodes).join(" ")}\n`;
}
