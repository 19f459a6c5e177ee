import type { RunResult } from "../../apply/run.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import {
  actorOptions,
  filesArgument,
  flag,
  loadOptions,
  planOptions,
  runOptions,
  runOutputOptions,
  tokensOutOptions,
} from "../options.js";

export const applyCommand = defineCommand({
  name: "apply",
  group: "Configuration commands:",
  summary: "make the database match the files",
  description:
    "Makes the auth database match the files, in one transaction under a lock: it makes all changes or none. Applying the same files again changes nothing, so that each replica of an API may run it before it starts, in an init container or a Job. Use plan to see the changes first.",
  argument: filesArgument,
  options: {
    ...planOptions,
    ...actorOptions,
    migrate: flag("database", "--no-migrate", "never change tables; refuse a database that lacks any"),
    ...runOutputOptions,
    ...tokensOutOptions,
  },
  examples: [
    { purpose: "Make the default database match a file", command: "vtb-setup apply config.yaml" },
    {
      purpose: "In an init container: a folder of files, and a database that is starting",
      command: "vtb-setup apply --wait 2m --database postgres://vtb@db.example/auth /config",
    },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#apply", "configuration.md", "kubernetes.md"],
  run: async (context, settings, files) => {
    const [{ apply }, { loadConfig }, { applyDefaults }, { reportRun }, { missingTokens }, { createTokenDoor }] =
      await Promise.all([
        import("../../apply/apply.js"),
        import("../../apply/load.js"),
        import("../../apply/run.js"),
        import("../report-run.js"),
        import("../token-file.js"),
        import("../token-door.js"),
      ]);
    const configuration = await loadConfig(files, await loadOptions(context, settings));
    const door = createTokenDoor(context, settings);
    let result: RunResult;
    try {
      result = await apply(configuration, {
        ...runOptions(context, settings),
        ...actorOf(settings.actor),
        lockTimeoutMs: Math.max(applyDefaults().lockTimeoutMs, settings.wait),
        migrate: settings.migrate,
        beforeGenerating: door.requirePlace,
        beforeCommit: door.keep,
        ...(door.file && { leftBehind: { exists: door.file.hasDrafts, settle: door.file.settleDrafts } }),
      });
    } catch (error) {
      door.failed(error);
      throw error;
    }
    const shownTokens = door.publish(result.generated);
    const diagnostics = [...result.diagnostics, ...(door.file ? missingTokens(configuration, door.file) : [])];
    await reportRun(context, { ...result, diagnostics }, { ...settings, files, shownTokens, drift: false });
    door.tell(result.generated);
    return exitStatus.done;
  },
});
