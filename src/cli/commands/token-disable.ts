import { setupError } from "../../errors.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { actorOptions, databaseOptions, outputOptions, type SettingsOf } from "../options.js";

const options = { ...databaseOptions, ...actorOptions, ...outputOptions };

const argument = { terms: "<name...>", description: "the tokens' identifiers", completes: ["token"] } as const;

export const tokenDisableCommand = defineCommand({
  name: "token disable",
  group: "Token commands:",
  summary: "make API tokens stop working until enabled",
  description:
    "Disables API tokens at once, with all their values, also those that a file manages: apply warns and leaves them so, until token enable or a new value in the file. Use it where it is not certain yet whether a token leaked; to end it for good, use token revoke.",
  argument,
  options,
  examples: [
    { purpose: "Disable a token of the default database", command: "vtb-setup token disable open-formulieren" },
    {
      purpose: "Disable two tokens, and say for whom",
      command: "vtb-setup token disable open-formulieren zaaksysteem --actor jan@example.nl",
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#token-disable", "tokens.md"],
  run: (context, settings, names) => runSwitch(context, settings, names, false),
});

export const tokenEnableCommand = defineCommand({
  name: "token enable",
  group: "Token commands:",
  summary: "make disabled API tokens work again",
  description:
    "Enables API tokens that token disable made stop working. Use it once a disabled token has proved to be safe. What was revoked or has expired stays so; where a file says enabled: false, it is refused and names the file.",
  argument,
  options,
  examples: [
    { purpose: "Enable a token of the default database", command: "vtb-setup token enable open-formulieren" },
    {
      purpose: "Enable it in a script, and read what changed",
      command: "vtb-setup token enable open-formulieren --output json",
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#token-enable", "tokens.md"],
  run: (context, settings, names) => runSwitch(context, settings, names, true),
});

async function runSwitch(
  context: CliContext,
  settings: SettingsOf<typeof options>,
  names: readonly string[],
  enabled: boolean,
): Promise<number> {
  const [{ switchTokens }, { changeDatabase }, { inFile, reportOperation, unknownTokens }] = await Promise.all([
    import("../../operations/disable-tokens.js"),
    import("../use-database.js"),
    import("../report-operation.js"),
  ]);
  const actor = actorOf(settings.actor);
  const [command, done] = enabled ? (["token enable", "Enabled"] as const) : (["token disable", "Disabled"] as const);
  const result = await changeDatabase(context, settings, (tx, record) =>
    switchTokens(tx, names, enabled, actor, { ...record, through: command }),
  );
  if (result.kind === "unknown_names") throw unknownTokens(result.positions, names.length);
  if (result.kind === "in_file") {
    const message = `api_token ${result.key} is disabled by \`enabled: false\` ${inFile(result)}`;
    throw setupError("refused", "TOKEN_IN_FILE", message, "remove `enabled: false` there and apply it");
  }
  await reportOperation(context, result, { command, done, noun: "token", output: settings.output });
  return exitStatus.done;
}
