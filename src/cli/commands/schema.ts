import { configurationSchema } from "../../config/schema-file.js";
import { loadStepModules } from "../../engine/step-modules.js";
import { coreSteps } from "../../steps/registry.js";
import { exitStatus } from "../exit-status.js";
import type { Session } from "../session.js";

export async function runSchema(
  { terminal, cwd }: Session,
  _files: readonly string[],
  settings: { readonly steps: readonly string[] },
): Promise<number> {
  const { steps } = await loadStepModules(settings.steps, cwd);
  terminal.out(`${JSON.stringify(configurationSchema([...coreSteps, ...steps]), undefined, 2)}\n`);
  return exitStatus.done;
}
