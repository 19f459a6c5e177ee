import type { RunResult } from "../../apply/run.js";
import { escapeControls } from "../../characters.js";
import { type SetupError, setupError } from "../../errors.js";
import type { GeneratedSecret } from "../../plan/kind.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { exitStatus, mayBeCommitted } from "../exit-status.js";
import {
  actorOptions,
  filesArgument,
  flag,
  loadOptions,
  outputOptions,
  planOptions,
  runOptions,
  text,
} from "../options.js";
import { provePrintable } from "../print.js";

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
    ...outputOptions,
    tokensOut: text("output", "--tokens-out <file>", "write generated tokens to a file (mode 0600)"),
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
  run: async (session, settings, files) => {
    const [{ apply }, { loadConfig }, { applyDefaults }, { reportRun }, { createTokenFile, missingTokens }] =
      await Promise.all([
        import("../../apply/apply.js"),
        import("../../apply/load.js"),
        import("../../apply/run.js"),
        import("../report-run.js"),
        import("../token-file.js"),
      ]);
    const { terminal } = session;
    const configuration = await loadConfig(files, await loadOptions(session, settings));
    const tokenFile = settings.tokensOut === undefined ? undefined : createTokenFile(settings.tokensOut);
    const isSeen = settings.output === "json" ? !terminal.outIsNull : terminal.outIsTerminal;
    const requirePlace = (): void => {
      if (tokenFile) tokenFile.requirePlace();
      else if (!isSeen) throw unseen(terminal.outIsNull);
    };
    const keepTokens = async (generated: readonly GeneratedSecret[], runId: string): Promise<void> => {
      if (generated.length === 0) return;
      requirePlace();
      if (tokenFile) tokenFile.write(runId, generated);
      else if (settings.output === "json") await provePrintable(session);
    };
    let result: RunResult;
    try {
      result = await apply(configuration, {
        ...runOptions(session, settings),
        ...actorOf(settings.actor),
        lockTimeoutMs: Math.max(applyDefaults().lockTimeoutMs, settings.wait),
        migrate: settings.migrate,
        beforeGenerating: requirePlace,
        beforeCommit: keepTokens,
        ...(tokenFile && { leftBehind: { exists: tokenFile.hasDrafts, settle: tokenFile.settleDrafts } }),
      });
    } catch (error) {
      // The tokens of a possible commit must not be lost: the next run settles them.
      if (!mayBeCommitted(error)) tokenFile?.discard();
      throw error;
    }
    // A failed commit was retried, and by then another run may have made the first try's changes.
    if (result.generated.length === 0) tokenFile?.discard();
    else tokenFile?.publish();
    const diagnostics = [...result.diagnostics, ...(tokenFile ? missingTokens(configuration, tokenFile) : [])];
    const shownTokens = tokenFile ? [] : result.generated;
    await reportRun(session, { ...result, diagnostics }, { ...settings, files, shownTokens });
    if (settings.output === "text" && tokenFile && result.generated.length > 0) {
      const count = result.generated.length;
      const tokens = count === 1 ? "1 generated token was" : `${count} generated tokens were`;
      terminal.talk(`${tokens} written to ${escapeControls(tokenFile.path)}.\n`);
    }
    return exitStatus.done;
  },
});

/** The value of a token that was only written to the database would be lost. */
function unseen(isNull: boolean): SetupError {
  const why = isNull ? "standard output is closed or the null device" : "standard output is not a terminal";
  return setupError(
    "refused",
    "TOKENS_UNSEEN",
    `this run would generate tokens that nobody sees: ${why}`,
    "use --tokens-out FILE to write them to a file, or --output json to print them",
  );
}
