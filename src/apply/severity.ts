import type { Settings } from "../config/settings.js";
import type { Database } from "../database/database.js";
import {
  assertNever,
  type Diagnostic,
  type DiagnosticCode,
  diagnosticCodes,
  type FailureReason,
  isAllowable,
  SetupError,
  setupError,
  whyNotAllowable,
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

/** @throws SetupError `COMMAND_LINE` (usage) where a code does not exist, can't be allowed, or is both allowed and denied */
export function requireCodes({ allow, deny }: Pick<SeverityOptions, "allow" | "deny">): void {
  const codes = Object.keys(diagnosticCodes);
  const unknown = [...allow, ...deny].find((code) => !codes.includes(code));
  if (unknown !== undefined) {
    const near = nearestField(unknown, codes);
    const hint = near === undefined ? "docs/diagnostics.md lists all codes" : `did you mean ${near}?`;
    throw setupError("usage", "COMMAND_LINE", `${unknown} is not a diagnostic code`, hint);
  }
  for (const code of allow) {
    const why = whyNotAllowable(code);
    if (why === undefined) continue;
    throw setupError("usage", "COMMAND_LINE", `${code} can't be allowed: ${why}`, `remove --allow ${code}`);
  }
  const both = allow.find((code) => deny.includes(code));
  if (both === undefined) return;
  throw setupError("usage", "COMMAND_LINE", `${both} is both allowed and denied`, "remove one of the two");
}

/** Whether a command that was given these codes with `--allow` may pass this guard. */
export function isGuardAllowed(code: DiagnosticCode, { allow }: Pick<SeverityOptions, "allow">): boolean {
  return isAllowable(code) && allow.includes(code);
}

/** Which codes a run allows and denies: options beat files, and among files `deny` wins. */
export interface SeverityRules {
  readonly strict: boolean;
  readonly isAllowed: (code: DiagnosticCode) => boolean;
  readonly isDenied: (code: DiagnosticCode) => boolean;
}

export function severityRules({ strict, allow, deny }: SeverityOptions, settings: Settings): SeverityRules {
  const has = (list: Settings["allow"], code: DiagnosticCode) => list.some((setting) => setting.code === code);
  const isDenied = (code: DiagnosticCode) => deny.includes(code) || (!allow.includes(code) && has(settings.deny, code));
  const isAllowed = (code: DiagnosticCode) => allow.includes(code) || (!isDenied(code) && has(settings.allow, code));
  return { strict, isAllowed, isDenied };
}

/** A note for each guard that a file allows. */
export function tellAllowedGuards({ allow }: Settings, rules: SeverityRules): readonly RawDiagnostic[] {
  const guards = allow.filter(({ code }) => isAllowable(code) && rules.isAllowed(code));
  return guards.map(({ code, range }) => ({
    severity: "note",
    code: "GUARD_ALLOWED",
    message: `this file allows ${code}, so that it only warns`,
    hint: `remove the line once nothing needs it; --deny ${code} overrules it for one run`,
    range,
  }));
}

/** A diagnostic that may stop a run for another reason than its severity's. */
type Judged = Diagnostic & { readonly reason?: FailureReason };

// The reason that trying again can't fix decides.
const byWeight: readonly FailureReason[] = ["internal", "usage", "invalid", "refused", "unavailable", "interrupted"];

/**
 * The diagnostics with the severities that they have in this run.
 *
 * @throws SetupError where some of them stop it
 */
export function judge(rules: SeverityRules, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const judged = diagnostics.map((diagnostic) => judgeOne(rules, diagnostic));
  if (judged.some(isStop)) throw new SetupError(reasonOf(judged), judged);
  return judged;
}

/**
 * Warnings for the refusals that are allowed.
 *
 * @throws SetupError with the others and what else stops the run
 */
export function judgeRefusals(
  rules: SeverityRules,
  configuration: Configuration,
  refusals: readonly Refusal[],
  diagnostics: readonly Diagnostic[] = [],
): readonly Diagnostic[] {
  const quoted = configuration.quote(
    refusals.map(({ reason, ...rest }) => ({ ...rest, severity: severityOf(reason) })),
  );
  const judged = quoted.map((diagnostic, index): Judged => {
    // An error, such as a reference to nothing, can't be written, even if it is allowed.
    const one = diagnostic.severity === "refusal" ? judgeOne(rules, diagnostic) : diagnostic;
    return isStop(one) ? { ...one, reason: refusals[index]?.reason ?? "refused" } : one;
  });
  if (!judged.some(isStop)) return judged;
  const others = diagnostics.map((diagnostic) => judgeOne(rules, diagnostic));
  const stops = [...judged, ...others].filter(isStop);
  throw new SetupError(
    reasonOf(stops),
    stops.map(({ reason: _, ...diagnostic }) => diagnostic),
  );
}

function severityOf(reason: FailureReason): Diagnostic["severity"] {
  return reason === "refused" ? "refusal" : "error";
}

function judgeOne({ strict, isAllowed, isDenied }: SeverityRules, diagnostic: Diagnostic): Judged {
  const { severity, code, foreign } = diagnostic;
  switch (severity) {
    case "error":
    case "refusal":
      return isAllowable(code) && isAllowed(code) ? { ...diagnostic, severity: "warning" } : diagnostic;
    case "warning":
    case "note":
      if (foreign) return diagnostic;
      if (isDenied(code)) return { ...diagnostic, severity: "refusal" };
      return strict && severity === "warning" && !isAllowed(code) ? { ...diagnostic, severity: "error" } : diagnostic;
    default:
      return assertNever(severity);
  }
}

function isStop({ severity }: Diagnostic): boolean {
  return severity === "error" || severity === "refusal";
}

function reasonOf(judged: readonly Judged[]): FailureReason {
  const stops = judged.filter(isStop);
  // Errors of the files' owners and modes say nothing about their content.
  const isDenied = stops.every(({ code, severity }) => code === "FILE_DENIED" || severity === "refusal");
  const reasons = new Set(
    stops.map(({ reason, severity }) => reason ?? (isDenied || severity === "refusal" ? "refused" : "invalid")),
  );
  return byWeight.find((candidate) => reasons.has(candidate)) ?? "internal";
}
