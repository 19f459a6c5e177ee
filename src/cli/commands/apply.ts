import { hostname, userInfo } from "node:os";
import { escapeControls } from "../../document/escape.js";
import { apply } from "../../engine/apply.js";
import { applyDefaults } from "../../engine/defaults.js";
import { loadConfig } from "../../engine/load.js";
import { setupError } from "../../errors.js";
import type { GeneratedSecret } from "../../plan/kind.js";
import { isCommitUnknown } from "../commit-unknown.js";
import { exitStatus } from "../exit-status.js";
import { loadOptions } from "../load-options.js";
import { reportRun } from "../report-run.js";
import { runOptions } from "../run-options.js";
import type { Session } from "../session.js";
import type { ApplySettings } from "../settings.js";
import { createTokenFile } from "../token-file.js";

export async function runApply(session: Session, files: readonly string[], settings: ApplySettings): Promise<number> {
  const { terminal } = session;
  const configuration = await loadConfig(files, await loadOptions(session, settings));
  const tokenFile = settings.tokensOut === undefined ? undefined : createTokenFile(settings.tokensOut);
  const isShown = tokenFile === undefined && (settings.output === "json" || terminal.outIsTerminal);
  const requirePlace = (): void => (tokenFile ? tokenFile.requireFree() : refuseUnseen(isShown));
  const keepTokens = (generated: readonly GeneratedSecret[]): void => {
    if (generated.length === 0) return;
    if (tokenFile) tokenFile.write(generated);
    else refuseUnseen(isShown);
  };
  let result: Awaited<ReturnType<typeof apply>>;
  try {
    result = await apply(configuration, {
      ...runOptions(session, settings),
      actor: currentActor(),
      lockTimeoutMs: Math.max(applyDefaults().lockTimeoutMs, settings.wait),
      migrate: settings.migrate,
      beforeGenerating: requirePlace,
      beforeCommit: async (generated) => keepTokens(generated),
    });
  } catch (error) {
    // What may have been committed must not be lost.
    if (!isCommitUnknown(error)) tokenFile?.discard();
    throw error;
  }
  // A commit that failed was tried again, and by then somebody else may have made what the first try made.
  if (result.generated.length === 0) tokenFile?.discard();
  reportRun(session, result, { ...settings, files, shownTokens: isShown ? result.generated : [] });
  if (settings.output === "text" && tokenFile && result.generated.length > 0) {
    const count = result.generated.length;
    const tokens = count === 1 ? "1 generated token was" : `${count} generated tokens were`;
    terminal.talk(`${tokens} written to ${escapeControls(tokenFile.path)}.\n`);
  }
  return exitStatus.done;
}

/** Nobody would ever know the value of a token that was only written to the database. */
function refuseUnseen(isShown: boolean): void {
  if (isShown) return;
  throw setupError(
    "refused",
    "TOKENS_UNSEEN",
    "tokens would be generated, but standard output is not a terminal and does not show them",
    "give --tokens-out FILE to write them to a file, or --output json to print them",
  );
}

/** Who runs this, as `user@host`. */
function currentActor(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // Containers run as users that have no name.
    return `uid ${process.getuid?.() ?? "unknown"}@${hostname()}`;
  }
}
