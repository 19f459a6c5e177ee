import { hostname, userInfo } from "node:os";
import { escapeControls } from "../../document/escape.js";
import { apply } from "../../engine/apply.js";
import { applyDefaults } from "../../engine/defaults.js";
import { loadConfig } from "../../engine/load.js";
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
  let result: Awaited<ReturnType<typeof apply>>;
  try {
    result = await apply(configuration, {
      ...runOptions(session, settings),
      actor: currentActor(),
      lockTimeoutMs: Math.max(applyDefaults().lockTimeoutMs, settings.wait),
      beforeCommit: async (generated) => tokenFile?.write(generated),
    });
  } catch (error) {
    tokenFile?.discard();
    throw error;
  }
  const isShown = settings.output === "json" || terminal.outIsTerminal;
  const shownTokens = tokenFile === undefined && isShown ? result.generated : [];
  reportRun(session, result, { ...settings, files, shownTokens });
  if (settings.output === "text" && result.generated.length > 0 && shownTokens.length === 0) {
    terminal.talk(whereTokensAre(result.generated.length, settings.tokensOut));
  }
  return exitStatus.done;
}

function whereTokensAre(count: number, file: string | undefined): string {
  const tokens = count === 1 ? "1 generated token was" : `${count} generated tokens were`;
  if (file !== undefined) return `${tokens} written to ${escapeControls(file)}.\n`;
  return `${tokens} not shown, because standard output is not a terminal: use --tokens-out FILE or --output json to keep them. For new values, apply these tokens once with \`state: absent\`, and then again without.\n`;
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
