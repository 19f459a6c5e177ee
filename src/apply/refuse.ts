import { type FailureReason, SetupError } from "../errors.js";
import type { Refusal } from "../plan/kind.js";
import type { Configuration } from "./configuration.js";

// What can't be mended by trying again decides.
const byWeight: readonly FailureReason[] = ["internal", "usage", "invalid", "refused", "unavailable", "interrupted"];

/** @throws SetupError with all refusals, where there are any */
export function refuse(configuration: Configuration, refusals: readonly Refusal[]): void {
  if (refusals.length === 0) return;
  const reasons = new Set(refusals.map(({ reason }) => reason));
  const reason = byWeight.find((candidate) => reasons.has(candidate)) ?? "internal";
  const problems = configuration.quote(refusals.map(({ reason: _, ...rest }) => ({ ...rest, severity: "error" })));
  throw new SetupError(reason, problems);
}
