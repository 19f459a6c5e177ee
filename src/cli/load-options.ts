import type { LoadOptions } from "../apply/options.js";
import { loadStepModules } from "../apply/step-modules.js";
import type { Session } from "./context.js";
import type { ConfigSettings } from "./settings.js";

/** What reading the configuration needs, from the command line and the process. */
export async function loadOptions(
  { env, cwd, stdin }: Session,
  { steps, strict, allow, deny, secretsDir }: ConfigSettings,
): Promise<LoadOptions> {
  const modules = await loadStepModules(steps, cwd);
  return { ...modules, strict, allow, deny, secretsDir, env, cwd, stdin, now: new Date() };
}
