import { type MigrateResult, migrate } from "../../apply/migrate.js";
import { applyDefaults } from "../../apply/run.js";
import { loadStepModules } from "../../apply/step-modules.js";
import { escapeControls } from "../../characters.js";
import { renderDiagnostics } from "../../report/diagnostics.js";
import { migrationsToJson } from "../../report/json.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { type Printed, printChanges, printResult } from "../print.js";
import type { MigrateSettings } from "../settings.js";
import type { Terminal } from "../terminal.js";

export async function runMigrate(
  session: CliContext,
  _files: readonly string[],
  settings: MigrateSettings,
): Promise<number> {
  const { terminal, env, cwd, signal } = session;
  const { kinds } = await loadStepModules(settings.steps, cwd);
  const { database, wait } = settings;
  const result = await migrate({
    ...{ database, kinds, env, signal, waitMs: wait },
    lockTimeoutMs: Math.max(applyDefaults().lockTimeoutMs, wait),
    onWaiting: terminal.waiting,
  });
  const print = () => rendered(terminal, result, settings);
  if (result.outcome === "applied") await printChanges(session, print, []);
  else await printResult(session, print());
  return exitStatus.done;
}

function rendered(terminal: Terminal, result: MigrateResult, { output }: MigrateSettings): Printed {
  if (output === "json") return { kind: "json", value: migrationsToJson(result) };
  terminal.talk(renderDiagnostics(result.diagnostics, terminal.talkStyle));
  const names = result.migrations.map((name) => `  ${escapeControls(name)}\n`);
  const text = names.length === 0 ? "No changes. The tables are up to date.\n" : `Migrated:\n${names.join("")}`;
  return { kind: "text", text };
}
