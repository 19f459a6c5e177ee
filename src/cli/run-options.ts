import type { RunOptions } from "../apply/options.js";
import type { Session } from "./context.js";
import type { PlanSettings } from "./settings.js";

/** What planning needs, from the command line and the process. */
export function runOptions(
  { env, signal, terminal }: Session,
  settings: Pick<PlanSettings, "database" | "owner" | "prune" | "strict" | "allow" | "deny" | "wait" | "offline">,
): Partial<RunOptions> {
  const { database, owner, prune, strict, allow, deny, wait, offline } = settings;
  return {
    ...{ database, owner, prune, strict, allow, deny, offline, env, signal },
    waitMs: wait,
    onWaiting: terminal.waiting,
    onProgress: terminal.progress,
  };
}
