import { loadStepModules } from "../../apply/step-modules.js";
import { configurationSchema } from "../../config/schema-file.js";
import { coreSteps } from "../../resources/registry.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { printResult } from "../print.js";

export async function runSchema(
  session: CliContext,
  _files: readonly string[],
  settings: { readonly steps: readonly string[] },
): Promise<number> {
  const { steps } = await loadStepModules(settings.steps, session.cwd);
  await printResult(session, { kind: "json", value: configurationSchema([...coreSteps, ...steps]) });
  return exitStatus.done;
}
