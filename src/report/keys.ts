import { escapeControls } from "../characters.js";
import type { KeyRotation, KeyStatus, KeyUse } from "../operations/sealing-key.js";
import { diagnosticToJson, formatVersion } from "./json.js";
import type { Paint } from "./layout.js";

/** The sealing keys as text, a line for each. */
export function renderKeys({ keys }: KeyStatus, { bold }: Pick<Paint, "bold">): string {
  if (keys.length === 0) return "There is no sealing key yet: nothing is sealed.\n";
  const rows = keys.map((key) => [key.fingerprint, countOf(key.values), useOf(key), fromOf(key)]);
  const all = [["KEY", "SEALS", "USE", "READ FROM"], ...rows];
  const widths = [0, 1, 2].map((column) => all.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line, index) => `${index === 0 ? bold(line) : line}\n`).join("");
}

function countOf(values: number): string {
  return values === 1 ? "1 value" : `${values} values`;
}

function useOf({ isCurrent, isRemovable, from, values }: KeyUse): string {
  if (isCurrent) return "seals new values";
  if (isRemovable) return "can be removed";
  return from === null || values > 0 ? "needed" : "not used yet";
}

function fromOf({ from }: KeyUse): string {
  return from === null ? "nowhere" : escapeControls(from);
}

/** The single JSON object of `key status`. */
export function keysToJson({ keys, diagnostics }: KeyStatus): object {
  const isFailed = diagnostics.some(({ severity }) => severity === "error");
  return {
    formatVersion,
    command: "key status",
    outcome: isFailed ? "failed" : "ok",
    items: keys.map(({ fingerprint, values, isCurrent, isRemovable, from }) => ({
      fingerprint,
      values,
      current: isCurrent,
      removable: isRemovable,
      from,
    })),
    diagnostics: diagnostics.map(diagnosticToJson),
  };
}

export function renderRotation({ outcome, fingerprint, values }: KeyRotation): string {
  return outcome === "unchanged"
    ? `No changes. Every sealed value has the key ${fingerprint}.\n`
    : `Sealed ${countOf(values)} again, with the key ${fingerprint}.\n`;
}

/** The single JSON object of `key rotate`. */
export function rotationToJson({ command, outcome, changes, diagnostics, run }: KeyRotation): object {
  const shown = changes.map(({ action, kind, key, fields }) => ({ action, kind, key, fields }));
  return {
    formatVersion,
    command,
    outcome,
    changes: shown,
    diagnostics: diagnostics.map(diagnosticToJson),
    run,
  };
}
