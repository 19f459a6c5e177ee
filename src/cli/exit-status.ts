import type { FailureReason } from "../errors.js";

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

export function statusOf(reason: FailureReason, signal: StopSignal | undefined): number {
  return reason === "interrupted" ? signalStatus[signal ?? "SIGINT"] : exitStatus[reason];
}
