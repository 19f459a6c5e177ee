import { hostname, userInfo } from "node:os";
import { apply } from "../../apply/apply.js";
import { loadConfig } from "../../apply/load.js";
import { applyDefaults, type Configuration, type RunResult } from "../../apply/run.js";
import { escapeControls } from "../../characters.js";
import { type Diagnostic, type SetupError, setupError } from "../../errors.js";
import type { GeneratedSecret } from "../../plan/kind.js";
import { generatedKeys } from "../../plan/plan.js";
import type { CliContext } from "../context.js";
import { exitStatus, mayBeCommitted } from "../exit-status.js";
import { provePrintable } from "../print.js";
import { reportRun } from "../report-run.js";
import { type ApplySettings, loadOptions, runOptions } from "../settings.js";
import { createTokenFile, type TokenFile } from "../token-file.js";

export async function runApply(
  session: CliContext,
  files: readonly string[],
  settings: ApplySettings,
): Promise<number> {
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
      actor: currentActor(),
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
}

/** The value of a token that was only written to the database would be lost. */
function unseen(isNull: boolean): SetupError {
  const why = isNull
    ? "standard output is closed or the null device"
    : "standard output is not a terminal and does not show them";
  return setupError(
    "refused",
    "TOKENS_UNSEEN",
    `tokens would be generated, but ${why}`,
    "give --tokens-out FILE to write them to a file, or --output json to print them",
  );
}

/** The values of earlier runs exist only where those runs wrote them. */
function missingTokens(configuration: Configuration, file: TokenFile): readonly Diagnostic[] {
  const kept = file.identifiers();
  const missing = generatedKeys(configuration.kinds, configuration.resources).filter((key) => !kept.has(key));
  if (missing.length === 0) return [];
  return [
    {
      severity: "note",
      code: "TOKENS_NOT_IN_FILE",
      message: `${file.path} lacks generated tokens, of which the database has only digests: ${missing.join(", ")}`,
      hint: "where nobody has stored them, make each of them anew, by applying it once with `state: absent` and then again without",
    },
  ];
}

/** Who runs this, as `user@host`. */
function currentActor(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // Containers run as users without a name.
    return `uid ${process.getuid?.() ?? "unknown"}@${hostname()}`;
  }
}
