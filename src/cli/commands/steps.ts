import { loadStepModules } from "../../engine/step-modules.js";
import { coreSteps } from "../../steps/registry.js";
import { exitStatus } from "../exit-status.js";
import type { Session } from "../session.js";
import type { CommonSettings } from "../settings.js";

export async function runSteps(
  { terminal, cwd }: Session,
  _files: readonly string[],
  settings: CommonSettings & { readonly steps: readonly string[] },
): Promise<number> {
  const { steps } = await loadStepModules(settings.steps, cwd);
  const listed = [...coreSteps, ...steps].map(({ title, flag, namespace, kinds }) => ({
    title,
    flag,
    namespace,
    kinds,
  }));
  if (settings.output === "json") {
    terminal.out(`${JSON.stringify({ formatVersion: 1, command: "steps", steps: listed }, undefined, 2)}\n`);
    return exitStatus.done;
  }
  const { bold } = terminal.outPaint;
  const blocks = listed.map(
    ({ title, flag, namespace, kinds }) =>
      `${bold(title)}\n  enabled by  ${flag}: true\n  configured  ${namespace}:\n  declares    ${kinds.join(", ")}\n`,
  );
  terminal.out(blocks.join("\n"));
  return exitStatus.done;
}
