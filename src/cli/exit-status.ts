import { type Diagnostic, type FailureReason, SetupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { maskRandom } from "../secrets/random-looking.js";

/** What each outcome of a run means to a shell, a pipeline and Kubernetes' `podFailurePolicy`. */
export const exitStatus = {
  done: 0,
  internal: 1,
  changesPlanned: 2,
  invalid: 3,
  refused: 4,
  unavailable: 5,
  usage: 64,
} as const;

/** 128 plus the signal's number, as shells do. */
const signalStatus = { SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = keyof typeof signalStatus;

/** A status by its name; `interrupted` is one for each signal. */
export type StatusName = keyof typeof exitStatus | "interrupted";

/** What the help says of each status, in the order of their numbers. */
const meanings: Readonly<Record<StatusName, string>> = {
  done: "success",
  internal: "unexpected failure, or output that can't be written",
  changesPlanned: "there are changes or such entries, or the answer is no (only with --detailed-exitcode or --check)",
  invalid: "the configuration is invalid; trying again is useless",
  refused: "refused; the message says why and what to do",
  unavailable: "database or provider unreachable, or locked; try again",
  usage: "the command line is wrong",
  interrupted: "stopped by SIGINT or SIGTERM",
};

const ofEveryCommand: readonly StatusName[] = ["done", "internal", "usage", "interrupted"];

/** The statuses of every command and these, each with its meaning. */
export function describeStatuses(
  names: readonly StatusName[],
): readonly { readonly numbers: readonly number[]; readonly meaning: string }[] {
  const isListed = (name: StatusName) => ofEveryCommand.includes(name) || names.includes(name);
  const order = [...(Object.keys(exitStatus) as (keyof typeof exitStatus)[]), "interrupted" as const];
  return order.filter(isListed).map((name) => ({
    numbers: name === "interrupted" ? Object.values(signalStatus) : [exitStatus[name]],
    meaning: meanings[name],
  }));
}

export function statusOf(reason: FailureReason, signal: StopSignal | undefined): number {
  return reason === "interrupted" ? signalStatus[signal ?? "SIGINT"] : exitStatus[reason];
}

/** Only the class of an unforeseen error is shown: its message may quote what it was working on. */
export function unexpected(error: unknown): SetupError {
  const frames = error instanceof Error ? (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)) : [];
  const code = error instanceof Error && "code" in error ? ` ${String(error.code)}` : "";
  const diagnostic: Diagnostic = {
    severity: "error",
    code: "INTERNAL",
    message: `unexpected ${error instanceof Error ? error.name : typeof error}${code}`,
    hint: `report this as a bug, with these lines:\n${frames.slice(0, 8).join("\n")}`,
  };
  return new SetupError("internal", [diagnostic], { cause: error });
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
      ? "no need to run it again; plan shows how the database compares with the files"
      : `the values of these generated tokens may be lost; generate each again: apply it with \`state: absent\`, and then again without: ${lost.map(({ key }) => maskRandom(key)).join(", ")}`;
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
  return error.diagnostics.some(({ code }) => code === "COMMIT_UNKNOWN" || code === "CHANGES_MADE");
}
