import { loadStepModules } from "../../apply/step-modules.js";
import { coreSteps } from "../../resources/registry.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { printResult } from "../print.js";
import type { CommonSettings } from "../settings.js";

export async function runSteps(
  session: CliContext,
  _files: readonly string[],
  settings: CommonSettings & { readonly steps: readonly string[] },
): Promise<number> {
  const { steps } = await loadStepModules(settings.steps, session.cwd);
  const listed = [...coreSteps, ...steps].map(({ title, flag, namespace, kinds }) => ({
    title,
    flag,
    namespace,
    kinds,
  }));
  if (settings.output === "json") {
    await printResult(session, { kind: "json", value: { formatVersion: 1, command: "steps", steps: listed } });
    return exitStatus.done;
  }
  const { bold } = session.terminal.outPaint;
  const blocks = listed.map(
    ({ title, flag, namespace, kinds }) =>
      `${bold(title)}\n  enabled by  ${flag}: true\n  configured  ${namespace}:\n  declares    ${kinds.join(", ")}\n`,
  );
  await printResult(session, { kind: "text", text: blocks.join("\n") });
  return exitStatus.done;
}
