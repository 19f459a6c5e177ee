import type { Inspection } from "../database/database.js";
import { type Diagnostic, type DiagnosticCode, type Position, SetupError } from "../errors.js";
import { maskRandom } from "../secrets/random-looking.js";

/** `unreachable`: it could not be looked at now, and may be well. */
export type Status = "ok" | "warning" | "failure" | "unreachable";

/** What a check is about: the files, the database, its key, or an entry or all entries of a kind. */
export interface Subject {
  readonly kind:
    | "files"
    | "database"
    | "sealing_key"
    | "oidc_provider"
    | "oidc_client"
    | "api_tokens"
    | "administrators";
  /** Such as an entry's identifier, or where the database is. */
  readonly key: string;
}

/** An operator may have written a secret where a name belongs. */
export function providerSubject(identifier: string): Subject {
  return { kind: "oidc_provider", key: maskRandom(identifier) };
}

export function clientSubject(identifier: string): Subject {
  return { kind: "oidc_client", key: maskRandom(identifier) };
}

/** What a check found. It never holds a secret. */
export interface Finding {
  readonly subject: Subject;
  /** The check's name, which stays the same. */
  readonly check: string;
  readonly status: Status;
  /** What was found. */
  readonly message: string;
  /** Undefined where all is well. */
  readonly code?: DiagnosticCode | undefined;
  /** What to do. */
  readonly hint?: string | undefined;
  /** The entry's, where a file has it. */
  readonly position?: Position | undefined;
}

/** What is wrong, without where. */
export type Trouble = Pick<Finding, "message" | "hint" | "position"> & { readonly code: DiagnosticCode };

export function ok(subject: Subject, check: string, message: string): Finding {
  return { subject, check, status: "ok", message };
}

export function warning(subject: Subject, check: string, trouble: Trouble): Finding {
  return { subject, check, status: "warning", ...trouble };
}

export function failure(subject: Subject, check: string, trouble: Trouble): Finding {
  return { subject, check, status: "failure", ...trouble };
}

export function unreachable(subject: Subject, check: string, trouble: Trouble): Finding {
  return { subject, check, status: "unreachable", ...trouble };
}

export function inspected(subject: Subject, inspection: Inspection): Finding {
  return { subject, ...inspection };
}

const statusOf = {
  error: "failure",
  refusal: "failure",
  warning: "warning",
} as const;

/** Diagnostics as findings; a note is none, and neither is what only another program reads. */
export function diagnosed(subject: Subject, check: string, diagnostics: readonly Diagnostic[]): readonly Finding[] {
  return diagnostics.flatMap(({ severity, code, message, hint, position, foreign }): readonly Finding[] =>
    severity === "note" || foreign === true
      ? []
      : [{ subject, check, status: statusOf[severity], code, message, hint, position }],
  );
}

/** Codes of what another try may find well, where the error says so. */
const passing: ReadonlySet<DiagnosticCode> = new Set<DiagnosticCode>([
  "DATABASE_UNREACHABLE",
  "DATABASE_LOCKED",
  "DATABASE_FAILED",
]);

/** Why something could not be done, as findings. */
export function failed(subject: Subject, check: string, error: unknown): readonly Finding[] {
  if (!(error instanceof SetupError)) throw error;
  const mayPass = error.reason === "unavailable";
  return diagnosed(subject, check, error.diagnostics).map((finding) =>
    mayPass && finding.code !== undefined && passing.has(finding.code)
      ? { ...finding, status: "unreachable" }
      : finding,
  );
}
