import { type Problem, SetupError } from "../errors.js";
import { countProblems, renderProblems } from "../report/diagnostics.js";
import { outcomeToJson } from "../report/json.js";
import { mayBeCommitted } from "./changes-made.js";
import type { Session } from "./context.js";
import { statusOf } from "./exit-status.js";

/** Tells why a command failed, and gives its exit status. */
export async function reportFailure(
  session: Pick<Session, "terminal" | "stoppedBy">,
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
  // What can't be told where it belongs is told where it can.
  if (!isPrinted) {
    const counts = countProblems(failure.problems);
    const end = mayBeCommitted(failure) ? "" : "; nothing was changed";
    terminal.talk(`${renderProblems(failure.problems, terminal.talkStyle)}${counts}${end}.\n`);
  }
  return statusOf(failure.reason, session.stoppedBy());
}

/** Only the kind of an unforeseen error is told: its message may quote what it was working on. */
export function unexpected(error: unknown): SetupError {
  const frames = error instanceof Error ? (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)) : [];
  const code = error instanceof Error && "code" in error ? ` ${String(error.code)}` : "";
  const problem: Problem = {
    severity: "error",
    code: "INTERNAL",
    message: `an unexpected ${error instanceof Error ? error.name : typeof error}${code}`,
    hint: `report this as a fault, with these lines:\n${frames.slice(0, 8).join("\n")}`,
  };
  return new SetupError("internal", [problem], { cause: error });
}
