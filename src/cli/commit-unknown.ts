import { SetupError } from "../errors.js";

/** Whether a run failed at a moment from which on it may have been kept. */
export function isCommitUnknown(error: unknown): boolean {
  return error instanceof SetupError && error.problems.some(({ code }) => code === "COMMIT_UNKNOWN");
}
