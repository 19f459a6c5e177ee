import { escapeControls } from "../../document/escape.js";
import { applyDefaults } from "../../engine/defaults.js";
import { migrate } from "../../engine/migrate.js";
import { loadStepModules } from "../../engine/step-modules.js";
import { migrationsToJson } from "../../report/json.js";
import { renderProblems } from "../../report/problems.js";
import { exitStatus } from "../exit-status.js";
import type { Session } from "../session.js";
import type { MigrateSettings } from "../settings.js";

export async function runMigrate(
  { terminal, env, cwd, signal }: Session,
  _files: readonly string[],
  settings: MigrateSettings,
): Promise<number> {
  const { kinds } = await loadStepModules(settings.steps, cwd);
  const { database, wait } = settings;
  const result = await migrate({
    ...{ database, kinds, env, signal, waitMs: wait },
    lockTimeoutMs: Math.max(applyDefaults().lockTimeoutMs, wait),
    onWaiting: terminal.waiting,
  });
  if (settings.output === "json") {
    terminal.out(`${JSON.stringify(migrationsToJson(result), undefined, 2)}\n`);
    return exitStatus.done;
  }
  terminal.talk(renderProblems(result.diagnostics, terminal.talkStyle));
  const names = result.migrations.map((name) => `  ${escapeControls(name)}\n`);
  terminal.out(
    names.length === 0 ? "Nothing to do: the tables are those of this version.\n" : `Migrated:\n${names.join("")}`,
  );
  return exitStatus.done;
}
