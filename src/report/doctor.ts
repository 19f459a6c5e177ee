import { escapeControls } from "../characters.js";
import type { Examination } from "../doctor/examine.js";
import type { Finding, Status, Subject } from "../doctor/finding.js";
import { wrap } from "./diagnostics.js";
import { formatVersion } from "./json.js";
import type { Paint } from "./layout.js";

export interface DoctorLayout {
  readonly paint: Paint;
  /** Columns of the terminal; undefined keeps each text on one line. */
  readonly width: number | undefined;
}

const statuses: readonly Status[] = ["ok", "warning", "failure", "unreachable"];
const statusWidth = "unreachable".length;

/** What was found as text, under a heading for each subject; its last line counts. */
export function renderExamination({ findings, summary }: Examination, layout: DoctorLayout): string {
  const headings = [...new Set(findings.map(({ subject }) => headingOf(subject)))];
  const parts = headings.map((heading) => {
    const own = findings.filter(({ subject }) => headingOf(subject) === heading);
    return `${layout.paint.bold(heading)}\n${own.map((finding) => renderFinding(finding, layout)).join("")}\n`;
  });
  const counts = statuses.map((status) => `${summary[status]} ${status}`);
  return `${parts.join("")}${counts.join(", ")}.\n`;
}

function headingOf({ kind, key }: Subject): string {
  return escapeControls(key === "" ? kind : `${kind} ${key}`);
}

function renderFinding(finding: Finding, { paint, width = Infinity }: DoctorLayout): string {
  const { status, check, message, code, hint, position } = finding;
  const where = position ? `${escapeControls(position.file)}:${position.line}:${position.column}: ` : "";
  const text = `${check}: ${where}${escapeControls(message)}`;
  const indent = " ".repeat(statusWidth + 4);
  const mark = { ok: paint.green, warning: paint.yellow, failure: paint.red, unreachable: paint.yellow }[status];
  const label = `  ${mark(status)}${" ".repeat(statusWidth - status.length)}  `;
  const lines = wrap(code === undefined ? text : `${text} [${code}]`, width - indent.length);
  const hints = hint === undefined ? [] : wrap(`fix: ${escapeControls(hint)}`, width - indent.length);
  return `${label}${[...lines, ...hints].join(`\n${indent}`)}\n`;
}

/** The single JSON object of `doctor`. */
export function examinationToJson({ findings, summary }: Examination): object {
  const isGood = summary.failure + summary.unreachable === 0;
  return {
    formatVersion,
    command: "doctor",
    outcome: isGood ? "ok" : "failed",
    summary,
    items: findings.map(({ subject, check, status, code, message, hint, position }) => ({
      kind: subject.kind,
      ...(subject.key !== "" && { key: subject.key }),
      check,
      status,
      ...(code !== undefined && { code }),
      message,
      ...(hint !== undefined && { hint }),
      ...position,
    })),
    diagnostics: [],
  };
}
