import type { RunResult } from "../apply/run.js";
import { escapeControls } from "../characters.js";
import type { GeneratedSecret } from "../plan/kind.js";
import type { Change, ResourceName } from "../plan/resource.js";
import { maskRandom } from "../secrets/random-looking.js";
import { type ChangesOptions, renderChanges } from "./changes.js";

interface RunTextOptions extends Omit<ChangesOptions, "details"> {
  /** The files as given. */
  readonly files: readonly string[];
  readonly database: string;
  /** Tokens to show, once. */
  readonly shownTokens: readonly GeneratedSecret[];
}

/** A finished `plan` or `apply` for people. */
export function renderRun(result: RunResult, options: RunTextOptions): string {
  const { paint, database } = options;
  const files = options.files.map((file) => (file === "-" ? "standard input" : escapeControls(file))).join(", ");
  if (result.outcome === "unchanged") {
    const count = result.unchanged.length;
    const others = result.undeclared.length === 0 ? "" : `, ${result.undeclared.length} in no file`;
    return `No changes. ${escapeControls(database)} matches ${files} (${count} unchanged${others}).\n`;
  }
  const details = result.command === "plan";
  const sections = [
    ...renderMigrations(result),
    renderChanges(result.changes, result.unchanged, { ...options, details }),
    ...renderTokens(options),
    renderCounts(result, paint.bold),
  ];
  if (details) sections.push("To make these changes, run the same command with apply instead of plan.\n");
  return sections.filter((section) => section !== "").join("\n");
}

function renderMigrations({ command, migrations }: RunResult): readonly string[] {
  if (migrations.length === 0) return [];
  const names = migrations.map((name) => `  ${escapeControls(name)}\n`);
  return [`${command === "plan" ? "Migrations to run first" : "Migrated"}\n${names.join("")}`];
}

/** Tokens that are shown once. */
export function renderTokens({ shownTokens, paint }: Pick<RunTextOptions, "shownTokens" | "paint">): readonly string[] {
  if (shownTokens.length === 0) return [];
  const lines = shownTokens.map(({ key, value }) => `  ${escapeControls(maskRandom(key))}: ${value.reveal()}\n`);
  return [`${paint.bold("Generated tokens")} (store them now; they are not shown again)\n${lines.join("")}`];
}

function renderCounts({ command, changes, unchanged }: RunResult, mark: (text: string) => string): string {
  const { create, update, delete: removed, unchanged: same } = summarize(changes, unchanged);
  const counts =
    command === "plan"
      ? `Plan: ${create} to create, ${update} to update, ${removed} to delete`
      : `Applied: ${create} created, ${update} updated, ${removed} deleted`;
  return `${mark(`${counts}, ${same} unchanged.`)}\n`;
}

interface Summary {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly unchanged: number;
}

export function summarize(changes: readonly Change[], unchanged: readonly ResourceName[]): Summary {
  const count = (action: Change["action"]) => changes.filter((change) => change.action === action).length;
  return { create: count("create"), update: count("update"), delete: count("delete"), unchanged: unchanged.length };
}
