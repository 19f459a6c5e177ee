import { structuredPatch } from "diff";
import type { MaskedLine, UpgradedFile, UpgradeResult } from "../apply/upgrade.js";
import { escapeControls } from "../characters.js";
import { assertNever } from "../errors.js";
import { diagnosticToJson, formatVersion } from "./json.js";
import { createPaint, type Paint } from "./layout.js";

type Outcome = "planned" | "applied" | "unchanged";

/** A finished `upgrade` for people: a diff, or the names of the files that were rewritten. */
export function renderUpgrade(outcome: Outcome, { files, diagnostics }: UpgradeResult, paint: Paint): string {
  switch (outcome) {
    case "planned":
      return files.map((file) => renderFileDiff(file, paint)).join("");
    case "applied":
      return files.map(({ file }) => `Rewritten: ${escapeControls(file)}\n`).join("");
    case "unchanged":
      return diagnostics.length > 0 ? "No changes.\n" : "No changes. The files have no deprecated spellings.\n";
    default:
      return assertNever(outcome);
  }
}

/** The single JSON object of `upgrade`. */
export function upgradeToJson(outcome: Outcome, { files, diagnostics }: UpgradeResult): object {
  return {
    formatVersion,
    command: "upgrade",
    outcome,
    items: files.map((upgraded) => ({ file: upgraded.file, diff: renderFileDiff(upgraded, createPaint(false)) })),
    diagnostics: diagnostics.map(diagnosticToJson),
  };
}

/** A unified diff of a file's lines, in which what may be secret is hidden. */
function renderFileDiff({ file, before, after }: UpgradedFile, paint: Paint): string {
  const text = (lines: readonly MaskedLine[]) => lines.map(({ written }) => written).join("\n");
  const name = escapeControls(file);
  const { hunks } = structuredPatch(file, file, text(before), text(after), undefined, undefined, { context: 3 });
  const rendered = hunks.map(({ oldStart, oldLines, newStart, newLines, lines }) => {
    let [old, fresh] = [oldStart - 1, newStart - 1];
    const shown = lines.flatMap((line) => {
      switch (line.charAt(0)) {
        case "-":
          old += 1;
          return [paint.red(`-${before[old - 1]?.masked ?? ""}`)];
        case "+":
          fresh += 1;
          return [paint.green(`+${after[fresh - 1]?.masked ?? ""}`)];
        case " ":
          old += 1;
          fresh += 1;
          return [` ${after[fresh - 1]?.masked ?? ""}`];
        default:
          return [line];
      }
    });
    const head = paint.bold(`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`);
    return [head, ...shown].map((line) => `${line}\n`).join("");
  });
  return `${paint.bold(`--- ${name}`)}\n${paint.bold(`+++ ${name}`)}\n${rendered.join("")}`;
}
