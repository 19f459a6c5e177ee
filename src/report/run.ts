import type { RunResult } from "../apply/run.js";
import { escapeControls } from "../characters.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { type Change, hasDrift, type ResourceName } from "../plan/resource.js";
import { maskRandom } from "../secrets/random-looking.js";
import { renderAccess, renderAccessCounts } from "./access.js";
import { type ChangesOptions, renderChanges } from "./changes.js";

interface RunTextOptions extends Omit<ChangesOptions, "details"> {
  /** Only the changes that undo drift are in the result. */
  readonly drift: boolean;
  /** The files as given. */
  readonly files: readonly string[];
  readonly database: string;
  /** Tokens to show, once. */
  readonly shownTokens: readonly GeneratedSecret[];
}

/** A finished `plan` or `apply` for people, in pieces. */
export function* renderRun(result: RunResult, options: RunTextOptions): Generator<string> {
  const { paint, database } = options;
  const files = options.files.map((file) => (file === "-" ? "standard input" : escapeControls(file))).join(", ");
  if (result.outcome === "unchanged" && options.drift) {
    yield `No drift. Nothing that ${files} declare${options.files.length === 1 ? "s" : ""} was changed in ${escapeControls(database)} at run time.\n`;
    return;
  }
  if (result.outcome === "unchanged") {
    const count = result.unchanged.length;
    const others = result.undeclared.count === 0 ? "" : `, ${result.undeclared.count} in no file`;
    yield `No changes. ${escapeControls(database)} matches ${files} (${count} unchanged${others}).\n`;
    return;
  }
  const details = result.command === "plan";
  for (const section of renderMigrations(result)) yield `${section}\n`;
  let isAny = false;
  for (const piece of renderChanges(result.changes, result.unchanged, { ...options, details })) {
    yield piece;
    isAny = true;
  }
  if (isAny) yield "\n";
  for (const section of renderAccess(result.access, options)) yield `${section}\n`;
  for (const section of renderTokens(options)) yield `${section}\n`;
  yield renderCounts(result, paint.bold) + renderAccessCounts(result.access);
  if (options.drift) yield "\nTo undo these, run apply. It makes all other changes of the files, too.\n";
  else if (details) yield "\nTo make these changes, run the same command with apply instead of plan.\n";
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

/** Such as `Plan: 1 to create, 0 to update, 0 to delete, 2 unchanged.` */
export function renderCounts({ command, changes, unchanged }: RunResult, mark: (text: string) => string): string {
  const { create, update, delete: removed, unchanged: same, drift } = summarize(changes, unchanged);
  const counts =
    command === "plan"
      ? `Plan: ${create} to create, ${update} to update, ${removed} to delete`
      : `Applied: ${create} created, ${update} updated, ${removed} deleted`;
  const undone = drift === 0 ? "" : ` ${drift} of these ${drift === 1 ? "undoes" : "undo"} what was done at run time.`;
  return `${mark(`${counts}, ${same} unchanged.${undone}`)}\n`;
}

interface Summary {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly unchanged: number;
  /** How many of the changes undo something that was done at run time. */
  readonly drift: number;
}

export function summarize(changes: readonly Change[], unchanged: readonly ResourceName[]): Summary {
  const count = (action: Change["action"]) => changes.filter((change) => change.action === action).length;
  return {
    create: count("create"),
    update: count("update"),
    delete: count("delete"),
    unchanged: unchanged.length,
    drift: changes.filter(hasDrift).length,
  };
}
