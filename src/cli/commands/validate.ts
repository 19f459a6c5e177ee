import { validate } from "../../apply/load.js";
import { escapeControls } from "../../characters.js";
import { renderDiagnostics } from "../../report/diagnostics.js";
import { outcomeToJson } from "../../report/json.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { printResult } from "../print.js";
import { loadOptions, type ValidateSettings } from "../settings.js";

export async function runValidate(
  session: CliContext,
  files: readonly string[],
  settings: ValidateSettings,
): Promise<number> {
  const { terminal } = session;
  const options = await loadOptions(session, settings);
  const warnings = await validate(files, { ...options, noEnv: !settings.env });
  if (settings.output === "json") {
    await printResult(session, { kind: "json", value: outcomeToJson("validate", "valid", warnings) });
  } else {
    terminal.talk(renderDiagnostics(warnings, terminal.talkStyle));
    await printResult(session, { kind: "text", text: `Valid: ${files.map(escapeControls).join(", ")}\n` });
  }
  return exitStatus.done;
}
