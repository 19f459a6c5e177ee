import { type Problem, SetupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { maskRandom } from "../secrets/random-looking.js";

/** Why a run failed that had committed its changes by then. `lost` are the generated tokens whose values nobody may have. */
export function changesMade(
  why: string,
  lost: readonly GeneratedSecret[],
  causes: readonly Problem[] = [],
  options?: ErrorOptions,
): SetupError {
  const hint =
    lost.length === 0
      ? "there is no need to do anything again; plan shows how the database compares with the files"
      : `nobody may have the values of these generated tokens; make each of them anew, by applying it once with \`state: absent\` and then again without: ${lost.map(({ key }) => maskRandom(key)).join(", ")}`;
  const made: Problem = { severity: "error", code: "CHANGES_MADE", message: `the changes were made, but ${why}`, hint };
  return new SetupError("internal", [made, ...causes], options);
}

/** Whether the changes of a run that failed were made, or may have been. */
export function mayBeCommitted(error: unknown): boolean {
  if (!(error instanceof SetupError)) return false;
  return error.problems.some(({ code }) => code === "COMMIT_UNKNOWN" || code === "CHANGES_MADE");
}
