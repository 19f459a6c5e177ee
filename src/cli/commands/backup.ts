import { escapeControls } from "../../characters.js";
import type { CarriedOver } from "../../operations/carry-over.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { actorOptions, databaseOptions, lockingOptions, outputOptions } from "../options.js";
import { type Printed, printChanges, printResult } from "../print.js";

export const backupCommand = defineCommand({
  name: "backup",
  group: "Database commands:",
  summary: "copy the database into a new file",
  description:
    "Copies an SQLite database, as it is at one moment, into a new file of mode 0600, while APIs and other runs read and write it. The copy holds no sealing key. For a PostgreSQL database, it shows the pg_dump command to use.",
  argument: { terms: "<file>", description: "the file to create; it must not exist" },
  options: { ...databaseOptions, ...outputOptions },
  examples: [
    { purpose: "Back the default database up", command: "vtb-setup backup vtb-auth.backup" },
    { purpose: "Back another one up", command: "vtb-setup backup today.db --database sqlite:/data/auth.db" },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#backup", "operations.md#back-up-and-restore-under-a-running-api", "database.md#backups"],
  run: async (context, settings, [file = ""]) => {
    const [{ backUp }, { formatVersion }] = await Promise.all([
      import("../../operations/backup.js"),
      import("../../report/json.js"),
    ]);
    const { command, outcome, bytes, run } = await backUp(file, await lockingOptions(context, settings));
    const json = { formatVersion, command, outcome, file, bytes, diagnostics: [], run };
    const text = `Backed up to ${escapeControls(file)} (${bytes} bytes).\n`;
    const printed: Printed = settings.output === "json" ? { kind: "json", value: json } : { kind: "text", text };
    await printResult(context, printed);
    return exitStatus.done;
  },
});

export const restoreCommand = defineCommand({
  name: "restore",
  group: "Database commands:",
  summary: "replace the database by a backup",
  description:
    "Replaces everything in an SQLite database by what a backup holds, in one transaction, while APIs go on with it. First it checks that the backup is one, of no newer version, and that the sealing key opens it. Use it after a loss, and apply the current files afterwards. For a PostgreSQL database, it shows the pg_restore command to use.",
  argument: { terms: "<file>", description: "a file that backup made" },
  options: { ...databaseOptions, ...actorOptions, ...outputOptions },
  examples: [
    { purpose: "Restore the default database", command: "vtb-setup restore vtb-auth.backup" },
    { purpose: "Make a new database of a backup", command: "vtb-setup restore old.db --database sqlite:new.db" },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#restore", "operations.md#back-up-and-restore-under-a-running-api", "database.md#backups"],
  run: async (context, settings, [file = ""]) => {
    const [{ restore }, { showDiagnostics }, { diagnosticToJson, formatVersion }] = await Promise.all([
      import("../../operations/backup.js"),
      import("../show-diagnostics.js"),
      import("../../report/json.js"),
    ]);
    const options = await lockingOptions(context, settings);
    const result = await restore({ ...options, file, ...actorOf(settings.actor) });
    await printChanges(context, () => {
      showDiagnostics(context, result.diagnostics, settings);
      const diagnostics = result.diagnostics.map(diagnosticToJson);
      if (settings.output === "json") return { kind: "json", value: { formatVersion, ...result, diagnostics } };
      const kept = keptSince(result);
      return { kind: "text", text: `Restored ${escapeControls(file)}.${kept} Apply the current files now.\n` };
    }, []);
    return exitStatus.done;
  },
});

function keptSince({ revocations, disabled, deactivated }: CarriedOver): string {
  const counts = [
    ...(revocations > 0 ? [`revoked: ${revocations}`] : []),
    ...(disabled > 0 ? [`disabled: ${disabled}`] : []),
    ...(deactivated > 0 ? [`deactivated: ${deactivated}`] : []),
  ];
  return counts.length === 0 ? "" : ` What commands ended since stays ended (${counts.join(", ")}).`;
}
