import type { RunResult } from "../apply/run.js";
import { withoutPassword } from "../database/open.js";
import { SetupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { countDiagnostics, renderDiagnostics } from "../report/diagnostics.js";
import { outcomeToJson, runToJson } from "../report/json.js";
import { renderRun } from "../report/run.js";
import type { CliContext } from "./context.js";
import { mayBeCommitted, statusOf, unexpected } from "./exit-status.js";
import { type Printed, printChanges, printResult } from "./print.js";
import type { Terminal } from "./terminal.js";

interface ReportOptions {
  readonly output: "text" | "json";
  readonly database: string;
  readonly files: readonly string[];
  readonly shownTokens: readonly GeneratedSecret[];
  /** The result has only the changes that undo drift. */
  readonly drift: boolean;
}

/** Prints a finished run: results on standard output, everything else on standard error. */
export async function reportRun(context: CliContext, result: RunResult, options: ReportOptions): Promise<void> {
  const { terminal } = context;
  const print = () => rendered(terminal, result, options);
  if (result.outcome === "applied") await printChanges(context, print, options.shownTokens);
  else await printResult(context, print());
}

function rendered(terminal: Terminal, result: RunResult, options: ReportOptions): Printed {
  if (options.output === "json") {
    return { kind: "json", value: runToJson(result, options.shownTokens) };
  }
  // The result itself shows who gains what.
  const diagnostics = result.diagnostics.filter(({ code, severity }) => code !== "ESCALATION" || severity !== "note");
  const talk = renderDiagnostics(diagnostics, terminal.talkStyle);
  // On a shared terminal, a blank line separates the messages from the result.
  terminal.talk(talk !== "" && terminal.talkStyle.width !== undefined ? `${talk}\n` : talk);
  const { outPaint: paint, width } = terminal;
  const database = withoutPassword(options.database);
  return { kind: "text", text: renderRun(result, { ...options, database, paint, width }) };
}

/** Reports why a command failed, and returns its exit status. */
export async function reportFailure(
  context: Pick<CliContext, "terminal" | "stoppedBy">,
  error: unknown,
  { command, json }: { readonly command: string; readonly json: boolean },
): Promise<number> {
  const { terminal } = context;
  const failure = error instanceof SetupError ? error : unexpected(error);
  const outcome = failure.reason === "invalid" ? "invalid" : "failed";
  const isPrinted =
    json &&
    !terminal.outIsNull &&
    (await terminal.outJson(outcomeToJson(command, outcome, failure.diagnostics), { insist: true })).kind === "written";
  // What can't be reported on standard output is reported on standard error.
  if (!isPrinted) {
    const counts = countDiagnostics(failure.diagnostics);
    const end = mayBeCommitted(failure) ? "" : "; nothing was changed";
    terminal.talk(`${renderDiagnostics(failure.diagnostics, terminal.talkStyle)}${counts}${end}.\n`);
  }
  return statusOf(failure.reason, context.stoppedBy());
}
