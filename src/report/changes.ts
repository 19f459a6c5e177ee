import { escapeControls } from "../characters.js";
import { assertNever } from "../errors.js";
import type { Change, ResourceName } from "../plan/resource.js";
import { maskRandom } from "../secrets/random-looking.js";
import { type FieldsOptions, renderChangedFields, renderNewFields } from "./fields.js";

export interface ChangesOptions extends FieldsOptions {
  /** Whether what is created is shown with its fields. */
  readonly details: boolean;
}

const indent = "  ";

/** `+ ~ - =` lines, grouped by kind; empty where there is nothing to tell. */
export function renderChanges(
  changes: readonly Change[],
  unchanged: readonly ResourceName[],
  options: ChangesOptions,
): string {
  const inner = { ...options, width: options.width - indent.length };
  const kinds = [...new Set([...changes, ...unchanged].map(({ kind }) => kind))];
  const groups = kinds.map((kind) => {
    const lines = changes.filter((change) => change.kind === kind).flatMap((change) => renderChange(change, inner));
    const same = unchanged.filter((resource) => resource.kind === kind);
    if (same.length > 0) lines.push(renderUnchanged(same, inner));
    return `${options.paint.bold(kind)}\n${lines.map((line) => `${indent}${line}\n`).join("")}`;
  });
  return groups.join("\n");
}

function renderChange(change: Change, options: ChangesOptions): readonly string[] {
  const { paint } = options;
  const key = escapeControls(maskRandom(change.key));
  switch (change.action) {
    case "create":
      return [`${paint.green("+")} ${key}`, ...(options.details ? renderNewFields(change.fields, options) : [])];
    case "update":
      return [`${paint.yellow("~")} ${key}`, ...renderChangedFields(change.fields, options)];
    case "delete":
      return [`${paint.red("-")} ${key}${change.reason === "pruned" ? paint.dim(" (no file declares it)") : ""}`];
    default:
      return assertNever(change);
  }
}

function renderUnchanged(same: readonly ResourceName[], { paint, width }: ChangesOptions): string {
  const keys = same.map(({ key }) => escapeControls(maskRandom(key))).join(", ");
  return `${paint.dim("=")} ${cut(`${same.length} unchanged: ${keys}`, width - 2)}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}
