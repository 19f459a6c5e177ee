import type { FieldReference } from "../config/field-reference.js";
import { type DiagnosticCode, diagnosticCodes, isAllowable, whyNotAllowable } from "../errors.js";
import type { Paint } from "./layout.js";

interface CodeReference {
  readonly severities: readonly string[];
  /** What to do. */
  readonly remedy: string;
}

/** Inserted by the build and by the tests from the table in docs/diagnostics.md. */
declare const VTB_SETUP_DIAGNOSTICS: string;

// A test compares its codes with the union.
const references = JSON.parse(VTB_SETUP_DIAGNOSTICS) as Readonly<Record<DiagnosticCode, CodeReference>>;

/** What a diagnostic code means and what to do, for people. */
export function renderCode(code: DiagnosticCode, paint: Paint): string {
  const { severities, remedy } = references[code];
  const lines = [
    `${paint.bold(code)} (${severities.join(" or ")})`,
    `  ${diagnosticCodes[code]}`,
    `  fix: ${remedy}`,
    `  ${allowanceOf(code)}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

export function codeToJson(code: DiagnosticCode): object {
  const { severities, remedy } = references[code];
  return { code, severities, meaning: diagnosticCodes[code], fix: remedy, allowance: allowanceOf(code) };
}

/** What `--allow`, `--deny` and `--strict` do with a code. */
function allowanceOf(code: DiagnosticCode): string {
  const why = whyNotAllowable(code);
  if (why !== undefined) return `It can't be allowed: ${why}.`;
  if (isAllowable(code)) return `--allow ${code} makes it a warning.`;
  const { severities } = references[code];
  const isMild = severities.includes("warning") || severities.includes("note");
  if (!isMild) return "It can't be allowed: what it stops can't be done.";
  const strict = severities.includes("warning") ? `--allow ${code} keeps a warning one with --strict; ` : "";
  return `${strict}--deny ${code} refuses a run that has it.`;
}

/** A field, and the fields in it, for people. */
export function renderFields(fields: readonly FieldReference[], paint: Paint): string {
  return fields.map((field) => renderField(field, paint)).join("");
}

function renderField(
  { path, type, isRequired, default: given, description, isDeprecated }: FieldReference,
  paint: Paint,
) {
  const facts = [
    type,
    ...(isRequired ? ["required"] : []),
    ...(given === undefined ? [] : [`default: ${given}`]),
    ...(isDeprecated ? ["deprecated"] : []),
  ].filter((fact) => fact !== "");
  return `${paint.bold(path)}\n  ${facts.join("; ")}\n${description === "" ? "" : `  ${description}\n`}`;
}

export function fieldToJson({
  path,
  type,
  isRequired,
  default: given,
  description,
  isDeprecated,
}: FieldReference): object {
  return {
    path,
    type,
    required: isRequired,
    ...(given !== undefined && { default: given }),
    description,
    ...(isDeprecated && { deprecated: true }),
  };
}
