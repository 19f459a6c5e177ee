import { SetupError } from "../errors.js";
import { countDiagnostics, renderDiagnostics } from "../report/diagnostics.js";
import { outcomeToJson } from "../report/json.js";
import type { CliContext } from "./context.js";
import { mayBeCommitted, statusOf, unexpected } from "./exit-status.js";

/** Reports why a command failed, and returns its exit status. */
export async function reportFailure(
  session: Pick<CliContext, "terminal" | "stoppedBy">,
  error: unknown,
  { command, json }: { readonly command: string; readonly json: boolean },
): Promise<number> {
  const { terminal } = session;
  const failure = error instanceof SetupError ? error : unexpected(error);
  const outcome = failure.reason === "invalid" ? "invalid" : "failed";
  const isPrinted =
    json &&
    !terminal.outIsNull &&
    (await terminal.outJson(outcomeToJson(command, outcome, failure.problems), { insist: true })).kind === "written";
  // What can't be reported on standard output is reported on standard error.
  if (!isPrinted) {
    const counts = countDiagnostics(failure.problems);
    const end = mayBeCommitted(failure) ? "" : "; nothing was changed";
    terminal.talk(`${renderDiagnostics(failure.problems, terminal.talkStyle)}${counts}${end}.\n`);
  }
  return statusOf(failure.reason, session.stoppedBy());
}
