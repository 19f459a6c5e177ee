import { loadConfig } from "../../apply/load.js";
import { plan } from "../../apply/plan.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { reportRun } from "../report-run.js";
import { loadOptions, type PlanSettings, runOptions } from "../settings.js";

export async function runPlan(session: CliContext, files: readonly string[], settings: PlanSettings): Promise<number> {
  const configuration = await loadConfig(files, {
    ...(await loadOptions(session, settings)),
    noEnv: !settings.env,
  });
  const result = await plan(configuration, runOptions(session, settings));
  await reportRun(session, result, { ...settings, files, shownTokens: [] });
  return settings.detailedExitcode && result.outcome === "planned" ? exitStatus.changesPlanned : exitStatus.done;
}
