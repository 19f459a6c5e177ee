import { escapeControls } from "../document/escape.js";
import { assertNever } from "../errors.js";
import type { Change, FieldChange, ResourceName } from "../plan/change.js";
import type { PlainValue } from "../plan/resource.js";
import type { Paint } from "./paint.js";

export interface ChangesOptions {
  readonly paint: Paint;
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether what is created is shown with its fields. */
  readonly details: boolean;
}

/** `+ ~ - =` lines, grouped by kind; empty where there is nothing to tell. */
export function renderChanges(
  changes: readonly Change[],
  unchanged: readonly ResourceName[],
  options: ChangesOptions,
): string {
  const kinds = [...new Set([...changes, ...unchanged].map(({ kind }) => kind))];
  const groups = kinds.map((kind) => {
    const lines = changes.filter((change) => change.kind === kind).flatMap((change) => renderChange(change, options));
    const same = unchanged.filter((resource) => resource.kind === kind);
    if (same.length > 0) lines.push(renderUnchanged(same, options));
    return `${options.paint.bold(kind)}\n${lines.map((line) => `  ${line}\n`).join("")}`;
  });
  return groups.join("\n");
}

function renderChange(change: Change, options: ChangesOptions): readonly string[] {
  const { paint } = options;
  const key = escapeControls(change.key);
  switch (change.action) {
    case "create": {
      const fields = options.details ? change.fields.filter(isWorthShowing) : [];
      return [`${paint.green("+")} ${key}`, ...renderFields(fields, options, false)];
    }
    case "update":
      return [`${paint.yellow("~")} ${key}`, ...renderFields(change.fields, options, true)];
    case "delete":
      return [`${paint.red("-")} ${key}${change.reason === "pruned" ? paint.dim(" (no file declares it)") : ""}`];
    default:
      return assertNever(change);
  }
}

/** What is empty or off says nothing about a new thing. */
function isWorthShowing(field: FieldChange): boolean {
  if ("sensitive" in field) return true;
  const { after } = field;
  return after !== null && after !== "" && after !== false && !(Array.isArray(after) && after.length === 0);
}

function renderFields(
  fields: readonly FieldChange[],
  { paint, width }: ChangesOptions,
  both: boolean,
): readonly string[] {
  const longest = Math.max(0, ...fields.map(({ name }) => name.length));
  return fields.flatMap((field) => {
    const label = `    ${`${field.name}:`.padEnd(longest + 1)} `;
    if ("sensitive" in field) return [`${label}${paint.dim("(secret)")}`];
    const after = renderValue(field.after);
    if (!both) return [cut(`${label}${after}`, width - 2)];
    const before = renderValue(field.before);
    const line = `${label}${before} → ${after}`;
    if (line.length + 2 <= width) return [line];
    return [cut(`${label}${before}`, width - 2), cut(`${" ".repeat(label.length - 2)}→ ${after}`, width - 2)];
  });
}

function renderValue(value: PlainValue): string {
  if (typeof value === "string") return value === "" ? '""' : escapeControls(value);
  if (value === null) return "(none)";
  if (Array.isArray(value)) return value.length === 0 ? "(none)" : value.map(renderValue).join(", ");
  return escapeControls(JSON.stringify(value));
}

function renderUnchanged(same: readonly ResourceName[], { paint, width }: ChangesOptions): string {
  const keys = same.map(({ key }) => escapeControls(key)).join(", ");
  return `${paint.dim("=")} ${cut(`${same.length} unchanged: ${keys}`, width - 4)}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}
