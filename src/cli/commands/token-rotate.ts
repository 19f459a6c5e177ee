import { setupError } from "../../errors.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { actorOptions, databaseOptions, duration, outputOptions, tokensOutOptions } from "../options.js";

export const tokenRotateCommand = defineCommand({
  name: "token rotate",
  group: "Token commands:",
  summary: "give an API token a new value",
  description:
    "Gives an API token a new, generated value and shows it once; the old value keeps working for a grace period. Use it to renew tokens with `generate: true` and those that no file manages. Where the value stands in a file, it is refused and names the files: change the value there.",
  argument: { terms: "<name>", description: "the token's identifier", completes: ["token"] },
  options: {
    grace: duration("token", "--grace <duration>", "how long the old value works; defaults to what the token says"),
    ...databaseOptions,
    ...actorOptions,
    ...outputOptions,
    ...tokensOutOptions,
  },
  examples: [
    {
      purpose: "Write a new value to a file; the old one works for a day",
      command: "vtb-setup token rotate open-formulieren --grace 24h --tokens-out tokens.json",
    },
    { purpose: "Print the new value as JSON", command: "vtb-setup token rotate open-formulieren --output json" },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#token-rotate", "command-line.md#generated-tokens"],
  run: async (context, settings, [name = ""]) => {
    const [
      { isCommitted },
      { rotateToken },
      { changeDatabase },
      { inFile, reportOperation, unknownTokens },
      { createTokenDoor },
    ] = await Promise.all([
      import("../../database/write-rows.js"),
      import("../../operations/rotate-token.js"),
      import("../use-database.js"),
      import("../report-operation.js"),
      import("../token-door.js"),
    ]);
    const { grace, output } = settings;
    const maxGrace = 365 * 86_400_000;
    if (grace !== undefined && grace > maxGrace) {
      throw setupError("usage", "COMMAND_LINE", "--grace is longer than a year", "write at most 365d");
    }
    const rotation = { ...actorOf(settings.actor), graceSeconds: grace === undefined ? undefined : grace / 1000 };
    const door = createTokenDoor(context, settings);
    const rotate = () =>
      changeDatabase(context, settings, async (tx, record) => {
        if (door.file?.hasDrafts()) await door.file.settleDrafts((runId) => isCommitted(tx, runId));
        const done = await rotateToken(tx, name, rotation, { ...record, through: "token rotate" });
        if (done.value.kind === "changed") await door.keep([done.value.generated], done.value.runId);
        return done;
      });
    const result = await rotate().catch((error: unknown) => {
      door.failed(error);
      throw error;
    });
    if (result.kind === "unknown_names") throw unknownTokens(result.positions, 1);
    if (result.kind === "in_file") {
      const message = `the token's value stands ${inFile(result)}`;
      const hint =
        "change the value there and apply it, or write `token: {generate: true}`; to end it now, use token revoke";
      throw setupError("refused", "TOKEN_IN_FILE", message, hint);
    }
    const shownTokens = door.publish([result.generated]);
    await reportOperation(context, result, {
      command: "token rotate",
      done: "Rotated",
      noun: "token",
      output,
      shownTokens,
    });
    door.tell([result.generated]);
    return exitStatus.done;
  },
});
