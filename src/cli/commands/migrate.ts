import { escapeControls } from "../../characters.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { databaseOptions, outputOptions, stepOptions } from "../options.js";
import { type Printed, printChanges, printResult } from "../print.js";

export const migrateCommand = defineCommand({
  name: "migrate",
  group: "Database commands:",
  summary: "create or upgrade the tables of the database",
  description:
    "Creates the tables that this version needs, or upgrades those of an earlier version, in one transaction. apply does so too: use this command where only another role may change tables, and run apply --no-migrate there.",
  options: { ...stepOptions, ...databaseOptions, ...outputOptions },
  examples: [
    { purpose: "Upgrade the default database", command: "vtb-setup migrate" },
    {
      purpose: "As the role that owns the tables, wait for the server",
      command: "vtb-setup migrate --database postgres://owner@db.example/auth --wait 2m",
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#migrate", "database.md", "postgresql.md"],
  run: async (context, settings) => {
    const [{ migrate }, { applyDefaults }, { loadStepModules }, { showDiagnostics }, { migrationsToJson }] =
      await Promise.all([
        import("../../apply/migrate.js"),
        import("../../apply/run.js"),
        import("../../apply/step-modules.js"),
        import("../show-diagnostics.js"),
        import("../../report/json.js"),
      ]);
    const { terminal, env, cwd, signal } = context;
    const { kinds } = await loadStepModules(settings.steps, cwd);
    const { database, wait, output } = settings;
    const result = await migrate({
      database,
      kinds,
      env,
      signal,
      waitMs: wait,
      lockTimeoutMs: Math.max(applyDefaults().lockTimeoutMs, wait),
      onWaiting: terminal.waiting,
    });
    const print = (): Printed => {
      showDiagnostics(context, result.diagnostics, settings);
      if (output === "json") return { kind: "json", value: migrationsToJson(result) };
      const names = result.migrations.map((name) => `  ${escapeControls(name)}\n`);
      const text = names.length === 0 ? "No changes. The tables are up to date.\n" : `Migrated:\n${names.join("")}`;
      return { kind: "text", text };
    };
    if (result.outcome === "applied") await printChanges(context, print, []);
    else await printResult(context, print());
    return exitStatus.done;
  },
});
