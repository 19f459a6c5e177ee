import { isDeepStrictEqual } from "node:util";
import { escapeControls } from "../characters.js";
import { assertNever } from "../errors.js";
import {
  type Change,
  type Drift,
  type FieldChange,
  isPersonal,
  type PlainValue,
  type ResourceName,
} from "../plan/resource.js";
import { maskRandom } from "../secrets/random-looking.js";
import { wrap } from "./diagnostics.js";
import type { Paint } from "./layout.js";
import { minute } from "./table.js";

export interface ChangesOptions extends FieldsOptions {
  /** Whether created resources are shown with their fields. */
  readonly details: boolean;
}

const indent = "  ";

/** `+ ~ - =` lines, grouped by kind, one after the other: of many changes they are long. None where there is nothing to show. */
export function* renderChanges(
  changes: readonly Change[],
  unchanged: readonly ResourceName[],
  options: ChangesOptions,
): Generator<string> {
  const inner = { ...options, width: options.width - indent.length };
  const kinds = new Set<string>();
  for (const { kind } of changes) kinds.add(kind);
  for (const { kind } of unchanged) kinds.add(kind);
  let before = "";
  for (const kind of kinds) {
    yield `${before}${options.paint.bold(kind)}\n`;
    before = "\n";
    for (const change of changes) {
      if (change.kind !== kind) continue;
      for (const line of renderChange(change, inner)) yield `${indent}${line}\n`;
    }
    const same = unchanged.filter((resource) => resource.kind === kind);
    if (same.length > 0) yield `${indent}${renderUnchanged(same, inner)}\n`;
  }
}

/** A change of a plan, or one that was recorded. */
export interface ShownChange {
  readonly action: Change["action"];
  readonly key: string;
  readonly fields: readonly FieldChange[];
  readonly previousKey?: string | undefined;
  readonly reason?: "absent" | "pruned";
}

/** The lines of a change: what is done to which entry, and to which of its fields. */
export function renderChange(change: ShownChange, options: ChangesOptions): readonly string[] {
  const { paint } = options;
  const key = escapeControls(maskRandom(change.key));
  switch (change.action) {
    case "create":
      return [`${paint.green("+")} ${key}`, ...(options.details ? renderNewFields(change.fields, options) : [])];
    case "update":
      return [
        `${paint.yellow("~")} ${key}${formerName(change.previousKey)}`,
        ...renderChangedFields(
          change.fields.filter(({ name }) => name !== "key" || change.previousKey === undefined),
          options,
        ),
      ];
    case "delete":
      return [`${paint.red("-")} ${key}${change.reason === "pruned" ? paint.dim(" (no file declares it)") : ""}`];
    default:
      return assertNever(change.action);
  }
}

function formerName(previousKey: string | undefined): string {
  return previousKey === undefined ? "" : ` (renamed from ${escapeControls(maskRandom(previousKey))})`;
}

function renderUnchanged(same: readonly ResourceName[], { paint, width }: ChangesOptions): string {
  const names: string[] = [];
  let length = 0;
  for (const { key } of same) {
    // What is cut off needs no name.
    if (length > width) break;
    const name = escapeControls(maskRandom(key));
    names.push(name);
    length += name.length;
  }
  return `${paint.dim("=")} ${cut(`${same.length} unchanged: ${names.join(", ")}`, width - 2)}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}

interface FieldsOptions {
  readonly paint: Paint;
  /** Columns of the terminal. */
  readonly width: number;
}

type Mapping = { readonly [key: string]: PlainValue };

const fieldIndent = 4;
// Beyond this width, one long name would push all other values to the right.
const maxLabel = 24;

/** The fields of a change that say something, with each value of a mapping as its own: of a new resource, not empty ones. */
export function shownFields({ action, fields }: Pick<Change, "action" | "fields">): readonly FieldChange[] {
  const split = fields.flatMap(splitMapping);
  return action === "create" ? split.filter(isWorthShowing) : split;
}

function renderNewFields(fields: readonly FieldChange[], options: FieldsOptions): readonly string[] {
  return render(shownFields({ action: "create", fields }), options, (field) => [renderValue(field.after)]);
}

/** The fields that change: `before → after`, or what lists gain and lose where both don't fit in a line. */
function renderChangedFields(fields: readonly FieldChange[], options: FieldsOptions): readonly string[] {
  return render(shownFields({ action: "update", fields }), options, (field, room) => {
    const line = `${renderValue(field.before)} → ${renderValue(field.after)}`;
    if (line.length <= room) return [line];
    return listChange(field) ?? [renderValue(field.before), `→ ${renderValue(field.after)}`];
  });
}

type ShownField = Extract<FieldChange, { readonly after: PlainValue }>;

function render(
  fields: readonly FieldChange[],
  { paint, width }: FieldsOptions,
  valuesOf: (field: ShownField, room: number) => readonly string[],
): readonly string[] {
  const longest = fields.reduce((most, { name }) => Math.min(maxLabel, Math.max(most, name.length)), 0);
  return fields.flatMap((field) => {
    const label = `${" ".repeat(fieldIndent)}${`${escapeControls(maskRandom(field.name))}:`.padEnd(longest + 1)} `;
    if ("unknown" in field) return [`${label}${paint.dim("(known after apply)")}`];
    const room = width - label.length;
    const margin = " ".repeat(fieldIndent + longest + 2);
    const drift = field.drift ? wrap(renderDrift(field.drift), room).map((line) => margin + paint.yellow(line)) : [];
    if ("sensitive" in field) return [`${label}${paint.dim(hiddenValue(field))}`, ...drift];
    const lines = valuesOf(field, room).flatMap((value, index) => {
      const [begin = "", ...rest] = wrap(value, room);
      return [(index === 0 ? label : margin) + begin, ...rest.map((line) => margin + line)];
    });
    return [...lines, ...drift];
  });
}

/** What stands for the value of a field that is never shown. */
export function hiddenValue(field: { readonly name: string }): string {
  return isPersonal(field) ? "(personal data)" : "(secret)";
}

function renderDrift({ was, became, at, by, through }: Drift): string {
  const values = was === undefined || became === undefined ? "" : ` from ${quoted(was)} to ${quoted(became)}`;
  const when = at === null ? "" : ` on ${minute(at)}`;
  if (through === "database") {
    return `changed at run time${values}${when} by nobody vtb-setup knows of: edited in the database`;
  }
  const who = by === null ? "" : ` by ${escapeControls(maskRandom(by))}`;
  return `changed at run time${values}${when}${who}${through === null ? "" : ` (${through})`}`;
}

function quoted(value: PlainValue): string {
  return typeof value === "string" && value !== "" ? `"${renderValue(value)}"` : renderValue(value);
}

/** Splits a mapping's change into those of its values: `options.groups_settings.sync` says more than all of `options`. */
function splitMapping(field: FieldChange): readonly FieldChange[] {
  if (!("after" in field) || !(isMapping(field.before) || isMapping(field.after))) return [field];
  const [before, after] = [mappingOf(field.before), mappingOf(field.after)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const [from = null, to = null] = [before[key], after[key]];
    if (isDeepStrictEqual(from, to)) return [];
    const drift = field.drift && driftOf(field.drift, key);
    return splitMapping({ name: `${field.name}.${key}`, before: from, after: to, ...(drift && { drift }) });
  });
}

/** The drift of one of a mapping's values; undefined where that value did not change. */
function driftOf(drift: Drift, key: string): Drift | undefined {
  const [was = null, became = null] = [mappingOf(drift.was)[key], mappingOf(drift.became)[key]];
  return isDeepStrictEqual(was, became) ? undefined : { ...drift, was, became };
}

function mappingOf(value: PlainValue | undefined): Mapping {
  return value !== undefined && isMapping(value) ? value : {};
}

function listChange({ before, after }: ShownField): readonly string[] | undefined {
  if (!Array.isArray(before) || !Array.isArray(after)) return undefined;
  const [old, desired] = [before.map(renderValue), after.map(renderValue)];
  const gained = desired.filter((entry) => !old.includes(entry));
  const lost = old.filter((entry) => !desired.includes(entry));
  if (gained.length + lost.length === 0) return undefined;
  return [
    ...(gained.length > 0 ? [`+ ${gained.join(", ")}`] : []),
    ...(lost.length > 0 ? [`- ${lost.join(", ")}`] : []),
  ];
}

function isWorthShowing(field: FieldChange): boolean {
  if (!("after" in field)) return true;
  const { after } = field;
  const isEmpty = typeof after === "object" && after !== null && Object.keys(after).length === 0;
  return after !== null && after !== "" && after !== false && after !== 0 && !isEmpty;
}

/** A value in a line, without secrets and controls. */
export function renderValue(value: PlainValue): string {
  if (typeof value === "string") return value === "" ? '""' : escapeControls(maskRandom(value));
  if (value === null) return "(none)";
  if (Array.isArray(value)) return value.length === 0 ? "(none)" : value.map(renderValue).join(", ");
  return escapeControls(maskRandom(JSON.stringify(value)));
}

function isMapping(value: PlainValue): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}
