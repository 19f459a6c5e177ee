import { type Diagnostic, SetupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { countDiagnostics, renderDiagnostics } from "../report/diagnostics.js";
import { outcomeToJson } from "../report/json.js";
import { maskRandom } from "../secrets/random-looking.js";
import type { CliContext } from "./context.js";
import { statusOf } from "./exit-status.js";

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

/** Only the class of an unforeseen error is shown: its message may quote what it was working on. */
export function unexpected(error: unknown): SetupError {
  const frames = error instanceof Error ? (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)) : [];
  const code = error instanceof Error && "code" in error ? ` ${String(error.code)}` : "";
  const problem: Diagnostic = {
    severity: "error",
    code: "INTERNAL",
    message: `an unexpected ${error instanceof Error ? error.name : typeof error}${code}`,
    hint: `report this as a fault, with these lines:\n${frames.slice(0, 8).join("\n")}`,
  };
  return new SetupError("internal", [problem], { cause: error });
}

/** The error of a run that failed after it committed its changes. `lost` are the generated tokens whose values nobody may have. */
export function changesMade(
  why: string,
  lost: readonly GeneratedSecret[],
  causes: readonly Diagnostic[] = [],
  options?: ErrorOptions,
): SetupError {
  const hint =
    lost.length === 0
      ? "there is no need to do anything again; plan shows how the database compares with the files"
      : `nobody may have the values of these generated tokens; make each of them anew, by applying it once with \`state: absent\` and then again without: ${lost.map(({ key }) => maskRandom(key)).join(", ")}`;
  const made: Diagnostic = {
    severity: "error",
    code: "CHANGES_MADE",
    message: `the changes were made, but ${why}`,
    hint,
  };
  return new SetupError("internal", [made, ...causes], options);
}

/** Whether a failed run's changes were, or may have been, committed. */
export function mayBeCommitted(error: unknown): boolean {
  if (!(error instanceof SetupError)) return false;
  return error.problems.some(({ code }) => code === "COMMIT_UNKNOWN" || code === "CHANGES_MADE");
}
