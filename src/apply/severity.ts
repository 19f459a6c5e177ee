import type { Database } from "../database/database.js";
import {
  type Diagnostic,
  type DiagnosticCode,
  diagnosticCodes,
  type FailureReason,
  SetupError,
  setupError,
} from "../errors.js";
import { nearestField } from "../nearest.js";
import type { Refusal } from "../plan/kind.js";
import type { LazyVault } from "../secrets/vault.js";
import type { RawDiagnostic } from "../yaml/node.js";
import type { SeverityOptions } from "./options.js";
import type { Configuration } from "./run.js";

/** A run's diagnostics, beside its changes. */
export function collectDiagnostics(
  configuration: Configuration,
  database: Database | undefined,
  vault: LazyVault | undefined,
  found: readonly RawDiagnostic[],
): readonly Diagnostic[] {
  return [
    ...configuration.warnings,
    ...configuration.quote(found),
    ...(vault?.diagnostics() ?? []),
    ...(database?.warnings ?? []),
  ];
}

/** @throws SetupError `COMMAND_LINE` (usage) where a code does not exist, or is both allowed and denied */
export function requireCodes({ allow, deny }: Pick<SeverityOptions, "allow" | "deny">): void {
  const codes = Object.keys(diagnosticCodes);
  const unknown = [...allow, ...deny].find((code) => !codes.includes(code));
  if (unknown !== undefined) {
    const near = nearestField(unknown, codes);
    const hint = near === undefined ? "docs/diagnostics.md lists all codes" : `did you mean ${near}?`;
    throw setupError("usage", "COMMAND_LINE", `${unknown} is not a diagnostic code`, hint);
  }
  const both = allow.find((code) => deny.includes(code));
  if (both === undefined) return;
  throw setupError("usage", "COMMAND_LINE", `${both} is both allowed and denied`, "remove one of the two");
}

/** Nearly certain, but not quite: an operator who knows better allows it. */
const judgements: ReadonlySet<DiagnosticCode> = new Set(["REFERENCE_NOT_FOUND"]);

/** Makes allowed judgments warnings. */
export function allowJudgements(
  { allow }: Pick<SeverityOptions, "allow">,
  diagnostics: readonly Diagnostic[],
): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) => {
    const { severity, code } = diagnostic;
    const isAllowed = severity === "error" && judgements.has(code) && allow.includes(code);
    return isAllowed ? { ...diagnostic, severity: "warning" } : diagnostic;
  });
}

/** @throws SetupError with all diagnostics: invalid where `strict` makes some of them errors, refused where only `deny` does */
export function refuseWarnings({ strict, allow, deny }: SeverityOptions, diagnostics: readonly Diagnostic[]): void {
  const isDenied = ({ foreign, code }: Diagnostic) => foreign !== true && deny.includes(code);
  const isRaised = ({ severity, foreign, code }: Diagnostic) =>
    strict && severity === "warning" && foreign !== true && !allow.includes(code) && !deny.includes(code);
  const isInvalid = diagnostics.some(isRaised);
  if (!isInvalid && !diagnostics.some(isDenied)) return;
  throw new SetupError(
    isInvalid ? "invalid" : "refused",
    diagnostics.map((diagnostic) =>
      isRaised(diagnostic) || isDenied(diagnostic) ? { ...diagnostic, severity: "error" } : diagnostic,
    ),
  );
}

// The reason that trying again can't fix decides.
const byWeight: readonly FailureReason[] = ["internal", "usage", "invalid", "refused", "unavailable", "interrupted"];

/** @throws SetupError with all refusals, if any */
export function refuse(configuration: Configuration, refusals: readonly Refusal[]): void {
  if (refusals.length === 0) return;
  const reasons = new Set(refusals.map(({ reason }) => reason));
  const reason = byWeight.find((candidate) => reasons.has(candidate)) ?? "internal";
  const diagnostics = configuration.quote(refusals.map(({ reason: _, ...rest }) => ({ ...rest, severity: "error" })));
  throw new SetupError(reason, diagnostics);
}
